//go:build e2e

package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/local/play"
)

// row is one fault in the table, as text.
type row []string

var columns = row{"fault", "Slack", "PagerDuty", "SMS", "events' queue / deliveries' queue", "execution ended", "paged after", "seconds"}

func rowOf(name string, r play.Result, paged time.Duration) row {
	after := "-"
	if paged > 0 {
		after = fmt.Sprintf("%.1f", paged.Seconds())
	}
	return row{
		name, became(r, "slack") + gapIn(r), became(r, "pagerduty"), became(r, "sns"),
		fmt.Sprintf("%d / %d", r.Queues["fanfare-events-dlq"], r.Queues["fanfare-deliveries-dlq"]),
		ended(r.Execution), after, fmt.Sprintf("%.1f", float64(r.MS)/1000),
	}
}

// became says what became of the channel.
func became(r play.Result, channel string) string {
	c, delivery := r.Channels[channel], r.Document.Deliveries[channel]
	said := "not told: " + c.Reason
	outcome := deployment.Outcome(c.Outcome)
	if delivery.Outcome == deployment.Absorbed {
		outcome = deployment.Absorbed
	}
	switch outcome {
	case deployment.Absorbed:
		said = "told, once: what was sent again was absorbed"
	case deployment.Sent:
		said = "told"
	case deployment.Repeated:
		said = "told, marked as perhaps twice"
	case deployment.DeadLettered:
		return fmt.Sprintf("in the queue after %d requests", len(c.Requests))
	}
	if delivery.Attempts > 1 {
		said += fmt.Sprintf(", attempt %d", delivery.Attempts)
	}
	if delivery.Waited > 0 {
		said += fmt.Sprintf(" after %d s", delivery.Waited)
	}
	return said
}

// gap is what the message says is missing in it.
func gapIn(r play.Result) string {
	gap := ""
	if release := r.Document.Release; release != nil && release.Reason != "" {
		gap = release.Reason
	} else if commits := r.Document.Commits; commits != nil {
		gap = commits.Reason
	}
	if gap == "" {
		return ""
	}
	gap, _, _ = strings.Cut(gap, "; ") // the first will do
	return ": " + gap
}

func ended(e *play.Execution) string {
	last := "-"
	if len(e.States) > 0 {
		last = e.States[len(e.States)-1]
	}
	if e.Error != "" {
		return "red, at " + last + ": " + e.Error
	}
	return "green, at " + last
}

// writeTable prints the table and keeps it in build/faults.txt.
func writeTable(t *testing.T, rows []row) {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, r := range append([]row{columns}, rows...) {
		_, _ = fmt.Fprintln(table, strings.Join(r, "\t")) // a strings.Builder takes everything
	}
	_ = table.Flush()
	fmt.Fprint(&text, "The workflow's waits and the delays of its retries are a fiftieth of what they are on AWS, but where Slack asks for 2 s.\n",
		"ECS does not know an image of a deployment that the test made up. Seconds are those from the event to the page, and to the end.\n")
	t.Log("\n" + text.String())
	if err := os.WriteFile(filepath.Join(w.Root, "build", "faults.txt"), []byte(text.String()), 0o644); err != nil {
		t.Error(err)
	}
}
