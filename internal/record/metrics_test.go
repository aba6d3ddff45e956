package record

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"fanfare/internal/deployment"
)

// line is a log line in the embedded metric format, as CloudWatch reads it:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type line struct {
	AWS struct {
		Timestamp         *int64
		CloudWatchMetrics []struct {
			Namespace  string
			Dimensions [][]string
			Metrics    []struct{ Name, Unit string }
		}
	} `json:"_aws"`
	members map[string]any
}

// parse checks what the format asks of every line.
func parse(t *testing.T, text []byte) line {
	t.Helper()
	var l line
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&l); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &l.members); err != nil {
		t.Fatal(err)
	}
	if l.AWS.Timestamp == nil || len(l.AWS.CloudWatchMetrics) == 0 {
		t.Fatalf("no metadata: %s", text)
	}
	for _, directive := range l.AWS.CloudWatchMetrics {
		if directive.Namespace == "" || len(directive.Dimensions) == 0 || len(directive.Metrics) == 0 {
			t.Errorf("a directive is not complete: %s", text)
		}
		for _, set := range directive.Dimensions {
			for _, name := range set {
				if value, ok := l.members[name].(string); !ok || value == "" {
					t.Errorf("the dimension %s is %v: a text expected", name, l.members[name])
				}
			}
		}
		for _, metric := range directive.Metrics {
			if _, ok := l.members[metric.Name].(float64); !ok {
				t.Errorf("the metric %s is %v: a number expected", metric.Name, l.members[metric.Name])
			}
			if !slices.Contains([]string{"Count", "Milliseconds"}, metric.Unit) {
				t.Errorf("the unit of %s is %q", metric.Name, metric.Unit)
			}
		}
	}
	return l
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	doc := document(
		deployment.Plan{"pagerduty": deliver, "slack": deliver, "sns": suppress},
		map[string]deployment.Delivery{
			"pagerduty": delivery(deployment.DeadLettered), "slack": delivery(deployment.Sent), "sns": delivery(deployment.None),
		})
	var out bytes.Buffer
	if _, err := recorder(&rows{}, &out).Record(t.Context(), doc, execution); err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n"))
	want := []map[string]any{
		{"Channel": "pagerduty", "Outcome": "dead_lettered", "Decision": "deliver", "Reason": "production_failure"},
		{"Channel": "slack", "Outcome": "sent", "Decision": "deliver", "Reason": "production_failure", "Latency": 2500.0},
		{"Channel": "sns", "Outcome": "none", "Decision": "suppress", "Reason": "not_production"},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d lines:\n%s", len(lines), out.Bytes())
	}
	for i, text := range lines {
		l := parse(t, text)
		for name, value := range map[string]any{"Deliveries": 1.0, "Environment": "production", "Event": "e1", "Deployment": "ecs-svc/1"} {
			want[i][name] = value
		}
		delete(l.members, "_aws")
		if !reflect.DeepEqual(l.members, want[i]) {
			t.Errorf("got  %v\nwant %v", l.members, want[i])
		}
		directive := l.AWS.CloudWatchMetrics[0]
		if *l.AWS.Timestamp != 1773454089000 || directive.Namespace != Namespace || !reflect.DeepEqual(directive.Dimensions, [][]string{{"Channel", "Outcome"}}) {
			t.Errorf("got %+v", l.AWS)
		}
		if _, measured := want[i]["Latency"]; len(directive.Metrics) == 2 != measured {
			t.Errorf("%s: metrics %+v", l.members["Channel"], directive.Metrics)
		}
	}
}
