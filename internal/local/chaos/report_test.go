package chaos

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, r Report) {
	t.Helper()
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func report() Report {
	return Report{
		Seed: 7, Took: 93 * time.Second, Executions: 40,
		Rows: []tally{
			{Row: "ECS: malformed events", Played: 3, Faults: 3, Refused: 3},
			{Row: "slack: 500", Played: 2, Faults: 9, Sent: 8, DeadLettered: 2, Redriven: 2},
			{Row: mayRepeat, Played: 2, Faults: 3, Sent: 8, Repeated: 1, Problems: []string{"c000700-0003: a line in Slack came too often"}},
		},
		Secrets: Secrets{Histories: 40, Events: 1200, LogLines: 900, Messages: 4, Items: 80},
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	golden(t, "kept.golden", report())
}

func TestPrintBroken(t *testing.T) {
	t.Parallel()
	r := report()
	r.Asked, r.Row = 500, "slack"
	r.Rows[0].Unsaid = 1
	r.Rows[1].Lost, r.Rows[1].Problems = 1, []string{"c000700-0001: Slack's alert is missing"}
	r.Rows = append(r.Rows, tally{Row: "pagerduty: 503", Repeated: 2, Problems: []string{"c000700-0009: PagerDuty's change came too often"}})
	r.Secrets.Found = []string{"Slack's token in the ledger"}
	if len(r.Violations()) != 3 {
		t.Errorf("violations: %q", r.Violations())
	}
	golden(t, "broken.golden", r)
}

// TestAdd: rounds add up by row.
func TestAdd(t *testing.T) {
	t.Parallel()
	var r Report
	r.add(report())
	r.add(report())
	if len(r.Rows) != 3 || r.Faults() != 30 || r.total().Sent != 32 || r.Executions != 80 || r.Secrets.LogLines != 1800 {
		t.Errorf("%+v", r)
	}
}

func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	var s Secrets
	for range 2 {
		s.look("a log", "token=xoxb-local-0000000000-stand-in and glpat-local-stand-in")
	}
	s.look("a log", "nothing of interest")
	if len(s.Found) != 2 {
		t.Errorf("found: %q", s.Found)
	}
}
