// Package record writes down who was told what, when, and why not: an audit row a
// channel in the ledger, and the metrics.
package record

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
)

// How an execution ends.
const (
	Delivered  = "delivered"
	Nothing    = "nothing_to_say"
	Incomplete = "incomplete"
)

// Ledger keeps the rows.
type Ledger interface {
	WriteAudit(ctx context.Context, doc deployment.Document, row ledger.Audit) error
}

// Result is what the step writes.
type Result struct {
	// Result is delivered, nothing_to_say, or incomplete when a channel that was to
	// be told was not.
	Result string `json:"result"`
}

// Recorder is the step.
type Recorder struct {
	Ledger Ledger
	// Metrics takes a line for each channel in the embedded metric format.
	Metrics io.Writer
	Now     func() time.Time
}

// Record writes a row for every channel of the plan, then the metrics. It can be
// repeated: the rows are then written again, the same.
func (r Recorder) Record(ctx context.Context, doc deployment.Document, execution string) (Result, error) {
	result := Result{Result: Nothing}
	var rows []ledger.Audit
	for _, name := range slices.Sorted(maps.Keys(doc.Plan)) {
		delivery := doc.Deliveries[name]
		row := ledger.Audit{
			Channel: name, Decision: doc.Plan[name], Delivery: delivery, Execution: execution,
			Latency: latency(doc.Deployment, delivery),
		}
		if doc.Release != nil {
			row.Version = doc.Release.Version()
		}
		if err := r.Ledger.WriteAudit(ctx, doc, row); err != nil {
			return Result{}, fmt.Errorf("recording what became of %s: %w", name, err)
		}
		rows = append(rows, row)
		switch delivery.Outcome {
		case deployment.None:
		case deployment.Sent, deployment.Repeated, deployment.Absorbed:
			if result.Result == Nothing {
				result.Result = Delivered
			}
		default: // in a queue, stranded, or nobody knows where
			if row.Decision.Decision == deployment.Deliver {
				result.Result = Incomplete
			}
		}
	}
	for _, row := range rows { // last, since they count again when they are written again
		if err := r.measure(doc.Deployment, row); err != nil {
			return Result{}, err
		}
	}
	return result, nil
}

func latency(d deployment.Deployment, delivery deployment.Delivery) time.Duration {
	if delivery.SentAt.IsZero() {
		return 0
	}
	return max(delivery.SentAt.Sub(d.Time), 0)
}

// Namespace is where CloudWatch shows the metrics.
const Namespace = "Fanfare"

// measure writes the row's metrics as a log line from which CloudWatch makes them:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (r Recorder) measure(d deployment.Deployment, row ledger.Audit) error {
	type metric struct {
		Name string
		Unit string
	}
	type directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []metric
	}
	line := map[string]any{
		"Channel": row.Channel, "Outcome": row.Delivery.Outcome, "Decision": row.Decision.Decision, "Reason": row.Decision.Reason,
		"Environment": d.Environment, "Event": d.Event, "Deployment": d.ID, "Deliveries": 1,
	}
	metrics := []metric{{"Deliveries", "Count"}}
	if !row.Delivery.SentAt.IsZero() {
		line["Latency"] = row.Latency.Milliseconds()
		metrics = append(metrics, metric{"Latency", "Milliseconds"})
	}
	line["_aws"] = map[string]any{
		"Timestamp":         r.Now().UnixMilli(),
		"CloudWatchMetrics": []directive{{Namespace, [][]string{{"Channel", "Outcome"}}, metrics}},
	}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("writing the metrics: %w", err)
	}
	if _, err := r.Metrics.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("writing the metrics: %w", err)
	}
	return nil
}
