package record

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
)

const execution = "arn:aws:states:eu-west-1:123456789012:execution:fanfare:one"

var emitted = time.Date(2026, 3, 14, 2, 7, 9, 0, time.UTC)

// rows is a ledger that keeps the audit rows in the order in which they are written.
type rows struct {
	written []ledger.Audit
	fail    string // the channel whose row cannot be written
}

var errWrite = errors.New("the table is away")

func (r *rows) WriteAudit(_ context.Context, doc deployment.Document, row ledger.Audit) error {
	if row.Channel == r.fail {
		return errWrite
	}
	if doc.Deployment.Event != "e1" {
		return errors.New("a row of another event")
	}
	r.written = append(r.written, row)
	return nil
}

var (
	deliver  = deployment.Decision{Decision: deployment.Deliver, Reason: deployment.ProductionFailure}
	suppress = deployment.Decision{Decision: deployment.Suppress, Reason: deployment.NotProduction}
)

func delivery(outcome deployment.Outcome) deployment.Delivery {
	d := deployment.Delivery{Outcome: outcome, Attempts: 1}
	if outcome == deployment.Sent || outcome == deployment.Repeated {
		d.SentAt, d.Receipt = emitted.Add(2500*time.Millisecond), map[string]string{"ts": "1.2"}
	}
	return d
}

// document is one whose channels were decided on and ended as given.
func document(decisions deployment.Plan, deliveries map[string]deployment.Delivery) deployment.Document {
	return deployment.Document{
		Deployment: deployment.Deployment{Event: "e1", ID: "ecs-svc/1", Time: emitted, Environment: "production"},
		Release:    &deployment.Release{Image: deployment.Image{Repository: "checkout", Tag: "1.42.0"}},
		Plan:       decisions, Deliveries: deliveries,
	}
}

func recorder(l Ledger, metrics *bytes.Buffer) Recorder {
	return Recorder{Ledger: l, Metrics: metrics, Now: func() time.Time { return emitted.Add(time.Minute) }}
}

func TestResult(t *testing.T) {
	t.Parallel()
	type ends = map[string]deployment.Outcome
	tests := []struct {
		name string
		told ends // channels that were to be told
		not  ends // channels that were not
		want string
	}{
		{"no plan", nil, nil, Nothing},
		{"nobody was to be told", nil, ends{"slack": deployment.None, "sns": deployment.None}, Nothing},
		{"sent", ends{"slack": deployment.Sent}, ends{"sns": deployment.None}, Delivered},
		{"repeated", ends{"slack": deployment.Repeated}, nil, Delivered},
		{"nothing was left to send", ends{"slack": deployment.None}, nil, Nothing},
		{"nothing was left to send for one", ends{"pagerduty": deployment.None, "slack": deployment.Sent}, nil, Delivered},
		{"dead-lettered", ends{"slack": deployment.DeadLettered}, nil, Incomplete},
		{"stranded", ends{"slack": deployment.Stranded}, nil, Incomplete},
		{"the first dead-lettered, the second sent", ends{"pagerduty": deployment.DeadLettered, "slack": deployment.Sent}, nil, Incomplete},
		{"the first sent, the second stranded", ends{"pagerduty": deployment.Sent, "slack": deployment.Stranded}, nil, Incomplete},
		{"to be told, and nothing is known of it", ends{"slack": ""}, nil, Incomplete},
		{"to be told, and still waiting", ends{"slack": deployment.Wait}, nil, Incomplete},
		{"to be told, and ended as nobody knows", ends{"slack": "lost"}, nil, Incomplete},
		{"not to be told, and nothing is known of it", nil, ends{"slack": ""}, Nothing},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			plan, deliveries := deployment.Plan{}, map[string]deployment.Delivery{}
			add := func(decision deployment.Decision, all ends) {
				for name, outcome := range all {
					plan[name] = decision
					if outcome != "" {
						deliveries[name] = delivery(outcome)
					}
				}
			}
			add(deliver, test.told)
			add(suppress, test.not)
			l := &rows{}
			got, err := recorder(l, new(bytes.Buffer)).Record(t.Context(), document(plan, deliveries), execution)
			if err != nil || got.Result != test.want {
				t.Errorf("got %q, %v, want %q", got.Result, err, test.want)
			}
			if len(l.written) != len(plan) {
				t.Errorf("%d rows for %d channels", len(l.written), len(plan))
			}
		})
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	early := delivery(deployment.Sent)
	early.SentAt = emitted.Add(-time.Second) // the vendor's clock and AWS's are not the same
	doc := document(
		deployment.Plan{"slack": deliver, "pagerduty": deliver, "sns": suppress, "letters": deliver},
		map[string]deployment.Delivery{
			"slack": delivery(deployment.Sent), "pagerduty": delivery(deployment.DeadLettered), "sns": delivery(deployment.None), "letters": early,
		})
	row := func(name string, decision deployment.Decision, latency time.Duration) ledger.Audit {
		return ledger.Audit{Channel: name, Decision: decision, Delivery: doc.Deliveries[name], Execution: execution, Version: "1.42.0", Latency: latency}
	}
	want := []ledger.Audit{
		row("letters", deliver, 0), row("pagerduty", deliver, 0), row("slack", deliver, 2500*time.Millisecond), row("sns", suppress, 0),
	}
	l := &rows{}
	r := recorder(l, new(bytes.Buffer))
	for range 2 { // recorded again, it says the same
		l.written = nil
		if _, err := r.Record(t.Context(), doc, execution); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(l.written, want) {
			t.Errorf("got\n%+v\nwant\n%+v", l.written, want)
		}
	}
	doc.Release = nil
	l.written = nil
	if _, err := r.Record(t.Context(), doc, execution); err != nil || l.written[0].Version != "" {
		t.Errorf("without a release: %+v, %v", l.written[0], err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	doc := document(deployment.Plan{"pagerduty": deliver, "slack": deliver}, nil)
	metrics := new(bytes.Buffer)
	got, err := recorder(&rows{fail: "slack"}, metrics).Record(t.Context(), doc, execution)
	if !errors.Is(err, errWrite) || got != (Result{}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if metrics.Len() > 0 {
		t.Errorf("counted, and counted once more when it is repeated: %s", metrics)
	}
	if _, err := (Recorder{Ledger: &rows{}, Metrics: full{}, Now: time.Now}).Record(t.Context(), doc, execution); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}

// full is a log that takes nothing more.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }
