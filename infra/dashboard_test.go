//go:build synth

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
	"fanfare/internal/record"
)

// TestDashboard has what each graph shows, as people read it: title, then a line a metric.
func TestDashboard(t *testing.T) {
	var text bytes.Buffer
	for _, graph := range graphs(t, example()) {
		fmt.Fprintln(&text, graph.title)
		for _, metric := range graph.metrics {
			fmt.Fprintln(&text, "  "+metric)
		}
	}
	golden(t, "dashboard.golden.txt", text.Bytes())
	has(t, "its name", example().the(t, "AWS::CloudWatch::Dashboard").Properties["DashboardName"], "fanfare-eu-west-1")
}

// TestDashboardMetrics shows no metric of Fanfare's own that the step Record does not
// write just so.
func TestDashboardMetrics(t *testing.T) {
	var written bytes.Buffer
	recorder := record.Recorder{Ledger: rows{}, Metrics: &written, Now: time.Now}
	for _, outcome := range []deployment.Outcome{deployment.Sent, deployment.Repeated, deployment.Absorbed, deployment.DeadLettered, deployment.Stranded} {
		doc := deployment.Document{Plan: deployment.Plan{}, Deliveries: map[string]deployment.Delivery{}}
		for _, name := range []string{"slack", "pagerduty", "sns"} {
			doc.Plan[name] = deployment.Decision{Decision: deployment.Deliver}
			delivery := deployment.Delivery{Outcome: outcome}
			if outcome == deployment.Sent {
				delivery.SentAt = time.Now()
			}
			doc.Deliveries[name] = delivery
		}
		if _, err := recorder.Record(t.Context(), doc, "an execution"); err != nil {
			t.Fatal(err)
		}
	}
	shown := 0
	for _, graph := range graphs(t, example()) {
		for _, metric := range graph.metrics {
			if metric[:len(record.Namespace)] != record.Namespace {
				continue
			}
			shown++
			if known := writtenMetrics(t, written.Bytes()); !slices.ContainsFunc(known, func(known string) bool {
				return len(metric) > len(known) && metric[:len(known)+1] == known+" "
			}) {
				t.Errorf("%s shows %s; Record writes %q", graph.title, metric, known)
			}
		}
	}
	if shown != 3*5+3*2 {
		t.Errorf("the dashboard shows %d metrics of Fanfare's own", shown)
	}
}

// rows is a ledger that keeps nothing.
type rows struct{}

func (rows) WriteAudit(context.Context, deployment.Document, ledger.Audit) error { return nil }

// writtenMetrics are those in log lines of the embedded metric format, written as those of
// the dashboard are.
func writtenMetrics(t *testing.T, text []byte) []string {
	t.Helper()
	var all []string
	for line := range bytes.Lines(text) {
		var directives struct {
			AWS struct {
				CloudWatchMetrics []struct {
					Namespace  string
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		var values map[string]any
		if err := json.Unmarshal(line, &directives); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(line, &values); err != nil {
			t.Fatal(err)
		}
		for _, d := range directives.AWS.CloudWatchMetrics {
			for _, dimensions := range d.Dimensions {
				for _, metric := range d.Metrics {
					name := d.Namespace + " " + metric.Name
					for _, dimension := range dimensions {
						name += fmt.Sprintf(" %s=%v", dimension, values[dimension])
					}
					all = append(all, name)
				}
			}
		}
	}
	return all
}

type graphOf struct {
	title   string
	metrics []string
}

// graphs are those of the stack's dashboard. A metric is written as its namespace, name,
// dimensions and statistic.
func graphs(t *testing.T, tpl template) []graphOf {
	t.Helper()
	var body struct {
		Widgets []struct {
			Type       string
			Properties struct {
				Title, Region string
				Metrics       [][]any
			}
		}
	}
	text, _ := tpl.the(t, "AWS::CloudWatch::Dashboard").Properties["DashboardBody"].(string)
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("the dashboard's body: %v\n%s", err, text)
	}
	var all []graphOf
	for _, widget := range body.Widgets {
		if widget.Properties.Region != "${AWS::Region}" {
			t.Errorf("%s is of %q", widget.Properties.Title, widget.Properties.Region)
		}
		graph := graphOf{title: widget.Properties.Title}
		for _, m := range widget.Properties.Metrics {
			options := m[len(m)-1].(map[string]any)
			name := fmt.Sprintf("%v %v", m[0], m[1])
			for i := 2; i+1 < len(m); i += 2 {
				name += fmt.Sprintf(" %v=%v", m[i], m[i+1])
			}
			if options["label"] == "" {
				t.Errorf("%s of %s has no name", name, graph.title)
			}
			statistic, ok := options["stat"]
			if !ok {
				statistic = "Average" // CloudWatch's own default
			}
			graph.metrics = append(graph.metrics, fmt.Sprintf("%s %v", name, statistic))
		}
		all = append(all, graph)
	}
	return all
}
