package chaos

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/accountfile"
	"fanfare/internal/local/standin"
)

func readAccount(t *testing.T) *account.Account {
	t.Helper()
	a, err := accountfile.Read(filepath.Join("..", "..", "..", AccountFile))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestLanes: all lanes that the account's plays wait in are emptied.
func TestLanes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("account.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, channel := range readAccount(t).Services {
		if !strings.Contains(strings.Join(lanes, " "), "slack:"+channel.SlackChannel) {
			t.Errorf("the lane of %s is not emptied", channel.SlackChannel)
		}
	}
	if !strings.Contains(string(text), fallback) {
		t.Errorf("%s is not the account's fallback", fallback)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	line, alert := "c failed to deploy to production.", "c failed to deploy"
	whole := seen{lines: []string{line}, alerts: []string{alert}, incidents: 1, texts: 1}
	for name, tt := range map[string]struct {
		story Story
		seen  seen
		want  tally
	}{
		"all of it":               {fails, whole, tally{Sent: 4}},
		"nothing":                 {fails, seen{}, tally{Lost: 4}},
		"a line of another state": {fails, seen{lines: []string{"c is being deployed"}, alerts: whole.alerts, incidents: 1, texts: 1}, tally{Sent: 3, Lost: 1}},
		"a line too many":         {fails, seen{lines: []string{line, "c is being deployed"}, alerts: whole.alerts, incidents: 1, texts: 1}, tally{Sent: 4, Repeated: 1}},
		"too many of all":         {fails, seen{lines: whole.lines, alerts: []string{alert, alert}, incidents: 2, texts: 3}, tally{Sent: 4, Repeated: 4}},
		"success":                 {succeeds, seen{lines: []string{"c 1 is live in production."}, changes: 1}, tally{Sent: 2}},
		"a change too many":       {succeeds, seen{lines: []string{"c was deployed"}, changes: 2}, tally{Sent: 2, Repeated: 1}},
		"a change too few":        {succeeds, seen{lines: []string{"c was deployed"}}, tally{Sent: 1, Unsaid: 1}},
		"a page of a success":     {succeeds, seen{lines: []string{"c was deployed"}, changes: 1, incidents: 1}, tally{Sent: 2, Repeated: 1}},
		"a rollback":              {rolledBack, seen{lines: []string{line, "c is being rolled back"}, alerts: whole.alerts, incidents: 1, texts: 1}, tally{Sent: 5}},
		"a stop":                  {stopped, seen{lines: []string{"Pipeline c was stopped"}}, tally{Sent: 1}},
		"refused":                 {malformed, seen{refused: 1}, tally{Refused: 1}},
		"not refused":             {malformed, seen{}, tally{Lost: 1}},
		"what is counted":         {stopped, seen{lines: []string{"c was stopped"}, absorbed: 3, letters: 2, again: 1}, tally{Sent: 1, Absorbed: 3, DeadLettered: 2, Redriven: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := judge(Play{Name: "c", Story: tt.story}, tt.seen)
			problems := got.Problems
			tt.want.Played, got.Problems = 1, nil
			if !sameTally(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if wrong := got.Lost+got.Repeated > 0; wrong != (len(problems) > 0) {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

func sameTally(a, b tally) bool {
	a.Problems, b.Problems = nil, nil
	return a.Row == b.Row && a.Played == b.Played && a.Faults == b.Faults && a.Sent == b.Sent && a.Repeated == b.Repeated && a.Absorbed == b.Absorbed &&
		a.DeadLettered == b.DeadLettered && a.Redriven == b.Redriven && a.Refused == b.Refused && a.Lost == b.Lost && a.Unsaid == b.Unsaid
}

func TestHostileTextsAreEscaped(t *testing.T) {
	t.Parallel()
	got := judge(Play{Story: stopped}, seen{lines: []string{"c was stopped: <!channel>"}})
	if len(got.Problems) != 1 {
		t.Errorf("problems: %q", got.Problems)
	}
}

// TestVendors: everything is given to the play that it names, and nothing to others.
func TestVendors(t *testing.T) {
	t.Parallel()
	of := vendors{
		slack: []standin.SlackMessage{
			{Channel: "C0CHAOS001", TS: "1", Text: "c000100-0001 is live"},
			{Channel: "C0CHAOS001", TS: "2", ThreadTS: "1", Text: "c000100-0001 failed"},
			{Channel: fallback, TS: "3", Text: "c000100-0001 could not be told"},
			{Channel: "C0CHAOS001", TS: "4", Text: "somebody else's"},
		},
		incidents: []standin.Incident{{DedupKey: "1/eu/production/c000100-0002", Triggers: 3}, {DedupKey: "1/eu/pipeline:chaos-p01", Triggers: 1}},
		changes:   []standin.Change{{Source: "1/eu/production/c000100-0001"}},
		phone:     []standin.PhoneMessage{{Text: "chaos-p01 failed"}},
	}.sort()
	first, second, third := of["c000100-0001"], of["c000100-0002"], of["chaos-p01"]
	if len(of) != 3 || len(first.lines) != 1 || len(first.alerts) != 1 || first.changes != 1 ||
		second.incidents != 1 || second.absorbed != 2 || third.incidents != 1 || third.texts != 1 {
		t.Errorf("%+v %+v %+v", first, second, third)
	}
}
