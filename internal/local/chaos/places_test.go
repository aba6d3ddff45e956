package chaos

import (
	"encoding/json"
	"strings"
	"testing"

	"fanfare/internal/local/standin"
)

// TestDigest: each line of a digest is its own deployment's.
func TestDigest(t *testing.T) {
	t.Parallel()
	of := vendors{slack: []standin.SlackMessage{{
		Channel: crowdedChannel, TS: "1", Text: "2 deployments: 1 succeeded, 1 in progress.",
		Metadata: json.RawMessage(`{"event_payload":{"key":"k","part":"digest"}}`),
		Blocks:   json.RawMessage(`[{"text":{"text":"✅ c000100-0001d · production\n🚀 c000100-0002d · production"}}]`),
	}}}.sort()
	p := Play{Name: "c000100-0001d", Story: succeeds}
	if got := judge(p, *of[p.Name]); got.Sent != 1 || got.Lost+got.Repeated > 0 {
		t.Errorf("the end of the first: %+v", got)
	}
	p.Name = "c000100-0002d"
	if got := judge(p, *of[p.Name]); got.Lost != 1 {
		t.Errorf("the end of the second, which is not shown: %+v", got)
	}
}

func TestNotices(t *testing.T) {
	t.Parallel()
	plays := []Play{{Name: "c000100-0001"}, {Name: "c000100-0002a", Place: inArchive}}
	notice := standin.SlackMessage{Channel: fallback, Text: "Fanfare cannot reach Slack: " + archivedChannel}
	elsewhere := standin.SlackMessage{Channel: fallback, Text: "Fanfare cannot reach Slack: C0CHAOS001"}
	for name, tt := range map[string]struct {
		messages []standin.SlackMessage
		plays    []Play
		problems int
	}{
		"once":                {[]standin.SlackMessage{elsewhere, notice}, plays, 0},
		"never":               {[]standin.SlackMessage{elsewhere}, plays, 1},
		"twice":               {[]standin.SlackMessage{notice, notice}, plays, 1},
		"nothing is archived": {nil, plays[:1], 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := noticesOf(tt.messages, tt.plays)
			if len(got) != tt.problems || len(got) > 0 && !strings.HasPrefix(got[0], plays[1].Name) {
				t.Errorf("problems: %q", got)
			}
		})
	}
}

// TestStorms: the ledger is never away for longer than the SDK bears, for then a message
// may come twice, and nobody has to look for what Slack may have taken.
func TestStorms(t *testing.T) {
	t.Parallel()
	for _, p := range matrix(7, 0, "everything at once") {
		if p.slow() || len(p.Faults) < 7 || len(p.Later) == 0 {
			t.Errorf("%s: %d faults, slow %t", p.Row, len(p.Faults), p.slow())
		}
		for _, f := range p.Faults {
			if strings.HasPrefix(f.Match, "dynamodb:") && f.Times != 1 || f.Target == "slack" && f.Status != 429 {
				t.Errorf("%s: %+v", p.Row, f)
			}
		}
	}
}
