package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

// entriesOf are deployments of as many services, in all states.
func entriesOf(n int) []channel.Entry {
	statuses := []deployment.Status{
		deployment.InProgress, deployment.InProgress, deployment.Succeeded, deployment.Succeeded, deployment.Succeeded,
		deployment.Failed, deployment.Stuck, deployment.Stopping, deployment.Stopped, deployment.Superseded, deployment.Canceled, deployment.Unknown,
	}
	names := []string{"checkout", "cart-and-recommendation-service-for-everyone", "payments", "search", "stock & <prices>"}
	succeeded := channeltest.Documents()["succeeded"]
	var entries []channel.Entry
	for i := range n {
		doc := succeeded
		d := &doc.Deployment
		d.Status, d.Time = statuses[i%len(statuses)], time.Date(2026, 3, 14, 2, 7, i, 0, time.UTC)
		d.Service = fmt.Sprintf("%s-%d", names[i%len(names)], i)
		d.Environment = []string{"production", "staging", ""}[i%3]
		if i%7 == 0 {
			d.Kind, doc.Claim, doc.Release = deployment.Rollback, nil, nil
		}
		if i%31 == 0 {
			d.Drill = &deployment.Drill{}
		}
		entries = append(entries, entryOf(doc))
	}
	slices.Reverse(entries)
	return entries
}

func TestDigest(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"digest_of_one": 1, "digest": 24, "digest_full": 150} {
		made := digestOf(entriesOf(n))
		channeltest.Golden(t, "testdata/"+name+".golden.json", made, *update)
		for _, problem := range problemsOf(Message{Text: made.Text, Blocks: made.Blocks}) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// TestDigestHasEveryLine holds that a full digest names every deployment.
func TestDigestHasEveryLine(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 20, 75, 76, 149, 150} {
		shown := Render(Message{Blocks: digestOf(entriesOf(n)).Blocks})
		for _, entry := range entriesOf(n) {
			if number := entry.Name[strings.LastIndex(entry.Name, "-"):]; len(entry.Name) < 20 && !strings.Contains(entry.Name, "&") && !strings.Contains(shown, number) {
				t.Errorf("of %d: %s is missing", n, entry.Name)
			}
		}
		if lines := strings.Count(shown, "🚀") + strings.Count(shown, "⏪"); n > 7 && lines < 2 {
			t.Errorf("of %d: states are missing", n)
		}
	}
	if shown := Render(Message{Blocks: digestOf(entriesOf(170)).Blocks}); !strings.Contains(shown, "and 21 more") {
		t.Errorf("more than fit: %s", shown)
	}
}

// TestDigestIsStable gives the same message for the same entries in any order, and leaves
// them as they are.
func TestDigestIsStable(t *testing.T) {
	t.Parallel()
	entries := entriesOf(40)
	other := slices.Clone(entries)
	slices.Reverse(other)
	before := fmt.Sprint(entries)
	a, _ := json.Marshal(digestOf(entries))
	b, _ := json.Marshal(digestOf(other))
	if string(a) != string(b) || fmt.Sprint(entries) != before {
		t.Error("the order of the entries shows, or is changed")
	}
}

func hostileEntries(n int, name, version, environment string, choice uint8) []channel.Entry {
	statuses := []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed, deployment.Unknown, deployment.Superseded, "paused"}
	var entries []channel.Entry
	for i := range n {
		entries = append(entries, channel.Entry{
			Key: fmt.Sprint(i), Status: statuses[(i+int(choice))%len(statuses)], Name: name, Version: version, Environment: environment, Drill: choice&8 != 0,
			Kind: map[bool]deployment.Kind{true: deployment.Rollback, false: deployment.Ordinary}[choice&16 != 0],
		})
	}
	return entries
}

// TestHostileDigests is full of names that grow when they are escaped.
func TestHostileDigests(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"a", "&", "<", "`", "ÿ", "決", "🚀", " a", "*", "́", "\n", "\\", "\"", ""} {
		for _, n := range []int{0, 1, 75, 150, 400} {
			text := strings.Repeat(letter, 300)
			made := digestOf(hostileEntries(n, text, text, text, 8))
			for _, problem := range problemsOf(Message{Text: made.Text, Blocks: made.Blocks}) {
				t.Errorf("%d of %q: %s", n, letter, problem)
			}
		}
	}
}

// FuzzDigest looks for a digest that Slack would refuse or misread.
func FuzzDigest(f *testing.F) {
	f.Add(150, "checkout", "1.42.0", "production", uint8(2))
	f.Add(151, "<!channel>", "\u202e", "&amp;`", uint8(8))
	f.Add(75, strings.Repeat("&", 400), strings.Repeat("🚀", 400), strings.Repeat("<", 400), uint8(31))
	f.Fuzz(func(t *testing.T, n int, name, version, environment string, choice uint8) {
		if n < 0 || n > 500 || !utf8.ValidString(name+version+environment) {
			return
		}
		made := digestOf(hostileEntries(n, name, version, environment, choice))
		for _, problem := range problemsOf(Message{Text: made.Text, Blocks: made.Blocks}) {
			t.Error(problem)
		}
		if _, err := contentOf(made); err != nil {
			t.Error(err)
		}
	})
}
