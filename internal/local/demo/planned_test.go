package demo

import (
	"strings"
	"testing"
	"time"

	"fanfare/internal/local/play"
	"fanfare/internal/local/world"
)

func TestLastWindow(t *testing.T) {
	t.Parallel()
	for now, want := range map[string]string{
		"2026-11-21T14:00:00Z": "2026-11-21T01:30:00Z", // 02:30 in Berlin
		"2026-11-21T01:00:00Z": "2026-11-20T01:30:00Z", // in force, but not for half an hour
		"2026-07-01T12:00:00Z": "2026-07-01T00:30:00Z", // in summer
		"2026-03-29T12:00:00Z": "2026-03-28T01:30:00Z", // there is no 02:30 in that night
		"2026-10-25T12:00:00Z": "2026-10-24T00:30:00Z", // there are two
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := lastWindow(at)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("at %s it is %s, want %s (%v)", now, got.UTC(), want, err)
		}
	}
}

func TestServiceEvent(t *testing.T) {
	t.Parallel()
	a := world.Address{Account: "123456789012", Region: "eu-west-1"}
	event := serviceEvent(a, "fanfare.drill", checkout, failed, time.Unix(0, 0), map[string]any{"page": true})
	for _, want := range []string{`"page":true`, `"eventType":"ERROR"`, `cluster/production`} {
		if !strings.Contains(string(event.Detail), want) {
			t.Errorf("%s lacks %s", event.Detail, want)
		}
	}
	if event.Resources[0] != "arn:aws:ecs:eu-west-1:123456789012:service/production/checkout" || event.Time.Unix() != 0 {
		t.Errorf("got %+v", event)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	_, r := asExpected()
	r.MS = 12
	for name, outcome := range map[string]string{"slack": "sent", "pagerduty": "dead_lettered"} {
		r.Channels[name] = play.Channel{Outcome: outcome, Requests: r.Channels[name].Requests}
	}
	r.Channels["sns"] = play.Channel{Outcome: "none", Reason: "maintenance_window"}
	var b strings.Builder
	if _, err := Print(&b, []Told{{Title: "one", Result: r}, {Title: "two", Result: play.Broken("e", world.ErrDown)}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if got := strings.Join(strings.Fields(lines[len(lines)-2]), " "); got != "1 one Delivered sent dead lettered - maintenance window 12" {
		t.Errorf("got %q", got)
	}
	if got := lines[len(lines)-1]; !strings.HasPrefix(got, "2") || !strings.Contains(got, "failed") {
		t.Errorf("got %q", got)
	}
}
