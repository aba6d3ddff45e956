package why

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	service   = "123456789012/eu-west-1/shop/checkout"
	execution = "arn:aws:states:eu-west-1:123456789012:execution:fanfare-notify:"
)

var (
	noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	shop = account.Account{
		ID: "123456789012", Region: "eu-west-1", Clusters: []string{"shop", "staging"}, Pipelines: []account.Pipeline{{Name: "checkout-production"}}}
	errDown = errors.New("connection refused")
)

func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// memory is a ledger: trails by their ids, and by their services.
type memory struct {
	ids, services map[string][]ledger.Trail
	asked         []string
	down          string
}

func (m *memory) EventsOf(_ context.Context, id string) ([]ledger.Trail, error) {
	m.asked = append(m.asked, id)
	if m.down == id {
		return nil, errDown
	}
	return m.ids[id], nil
}

func (m *memory) LatestOf(_ context.Context, key string, n int) ([]ledger.Trail, error) {
	m.asked = append(m.asked, key)
	if n != latest || m.down == key {
		return nil, errDown
	}
	return m.services[key], nil
}

// ended is how an execution is found; what has no status is under way.
type ended struct {
	status       types.ExecutionStatus
	error, cause string
	err          error
}

func (e ended) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	if !strings.HasPrefix(*in.ExecutionArn, execution) {
		return nil, errors.New("asked for " + *in.ExecutionArn)
	}
	out := &sfn.DescribeExecutionOutput{Status: e.status, StartDate: aws.Time(at(1)), StopDate: aws.Time(at(9))}
	if e.error != "" {
		out.Error, out.Cause = aws.String(e.error), aws.String(e.cause)
	}
	return out, e.err
}

// event is one that an execution of its own has claimed; the rows are what it recorded.
func event(id string, seconds float64, status deployment.Status, rows ...ledger.Row) ledger.Trail {
	t := ledger.Trail{
		Event: "event-" + id, Name: "SERVICE_DEPLOYMENT_" + strings.ToUpper(string(status)), Deployment: service + "/ecs-svc/1234567890123456789",
		Status: status, Kind: deployment.Ordinary, Environment: "production", Time: at(seconds),
		Holder: execution + "execution-" + id, ClaimedAt: at(seconds + 0.4),
	}
	for _, row := range rows {
		if !row.RecordedAt.IsZero() && row.Execution == "" {
			row.Execution = t.Holder
		}
		if !row.Delivery.SentAt.IsZero() {
			row.Delivery.SentAt = t.Time.Add(2100 * time.Millisecond)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func row(channel string, verdict deployment.Verdict, reason deployment.Reason, d deployment.Delivery) ledger.Row {
	return ledger.Row{
		Audit:      ledger.Audit{Channel: channel, Decision: deployment.Decision{Decision: verdict, Reason: reason}, Delivery: d},
		RecordedAt: at(3), Begun: d.Attempts,
	}
}

func told(channel string, reason deployment.Reason, receipt map[string]string) ledger.Row {
	return row(channel, deployment.Deliver, reason, deployment.Delivery{Outcome: deployment.Sent, SentAt: at(0), Attempts: 1, Receipt: receipt})
}

func not(channel string, reason deployment.Reason) ledger.Row {
	return row(channel, deployment.Suppress, reason, deployment.Delivery{Outcome: deployment.None})
}

var (
	inSlack = told("slack", deployment.EveryDeployment, map[string]string{"channel": "C0123456789", "ts": "1773489602.000100"})
	paged   = told("pagerduty", deployment.ProductionFailure, map[string]string{"dedup_key": service})
	texted  = told("sns", deployment.StatusChosen, map[string]string{"message_id": "m-1"})
)

func changed[T any](of T, change func(*T)) T {
	change(&of)
	return of
}

func TestGolden(t *testing.T) {
	t.Parallel()
	begun := event("start", 0, deployment.InProgress, not("pagerduty", deployment.NotFailed), inSlack, not("sns", deployment.NotFailed))
	failed := changed(event("fail", 300, deployment.Failed, paged, inSlack, texted), func(e *ledger.Trail) { e.Said = "tasks failed to start" })
	window := changed(not("pagerduty", deployment.MaintenanceWindow), func(r *ledger.Row) { r.Window = "database-upgrade" })
	for name, test := range map[string]struct {
		trails []ledger.Trail
		ended  ended
	}{
		"paged": {trails: []ledger.Trail{begun, failed, changed(event("back", 301, deployment.InProgress, not("pagerduty", deployment.RollbackNotPaged), inSlack), func(e *ledger.Trail) {
			e.Kind, e.Deployment = deployment.Rollback, e.Deployment+"/rollback"
		})}},
		"window": {trails: []ledger.Trail{event("fail", 300, deployment.Failed, window, inSlack, not("sns", deployment.ChannelOff))}},
		"repeated": {trails: []ledger.Trail{changed(event("fail", 300, deployment.Failed,
			changed(paged, func(r *ledger.Row) { r.Delivery.Outcome, r.Delivery.Attempts, r.Begun = deployment.Absorbed, 2, 3 }),
			changed(inSlack, func(r *ledger.Row) { r.Delivery.Outcome, r.Begun = deployment.Repeated, 2 })),
			func(e *ledger.Trail) { e.Repeats, e.RepeatedAt, e.TakenFrom = 2, at(400), execution+"execution-dead" })}},
		"dead_lettered": {trails: []ledger.Trail{event("fail", 300, deployment.Failed, paged,
			row("slack", deployment.Deliver, deployment.EveryDeployment, deployment.Delivery{Outcome: deployment.DeadLettered, Reason: "Unreachable: slack: channel_not_found", Attempts: 2}),
			row("sns", deployment.Deliver, deployment.StatusChosen, deployment.Delivery{Outcome: deployment.Stranded, Reason: "SNS.NotFoundException"}))}},
		"execution_failed": {
			trails: []ledger.Trail{begun, event("fail", 300, deployment.Failed, ledger.Row{Audit: paged.Audit, Begun: 1}, ledger.Row{Audit: ledger.Audit{Channel: "slack"}, Begun: 2},
				ledger.Row{Audit: ledger.Audit{Channel: "sns"}, Begun: 1, Sending: at(302)})},
			ended: ended{status: types.ExecutionStatusFailed, error: "Permanent", cause: `{"errorMessage":"route: no environment\nof this name","errorType":"Permanent"}`}},
		"taken_over_and_failed": {
			trails: []ledger.Trail{changed(event("fail", 300, deployment.Failed, changed(row("pagerduty", deployment.Deliver, deployment.ProductionFailure,
				deployment.Delivery{Outcome: deployment.DeadLettered, Reason: "Unreachable: invalid routing key"}), func(r *ledger.Row) { r.Execution = execution + "execution-dead" })),
				func(e *ledger.Trail) { e.TakenFrom = execution + "execution-dead" })},
			ended: ended{status: types.ExecutionStatusAborted}},
		"under_way":   {trails: []ledger.Trail{event("start", 0, deployment.InProgress)}, ended: ended{status: types.ExecutionStatusRunning}},
		"timed_out":   {trails: []ledger.Trail{event("start", 0, deployment.InProgress)}, ended: ended{status: types.ExecutionStatusTimedOut}},
		"redriven":    {trails: []ledger.Trail{event("start", 0, deployment.InProgress)}, ended: ended{status: types.ExecutionStatusPendingRedrive}},
		"no_rows":     {trails: []ledger.Trail{event("start", 0, deployment.InProgress)}, ended: ended{status: types.ExecutionStatusSucceeded}},
		"forgotten":   {trails: []ledger.Trail{event("start", 0, deployment.InProgress)}, ended: ended{err: &types.ExecutionDoesNotExist{}}},
		"not_allowed": {trails: []ledger.Trail{event("start", 0, deployment.InProgress)}, ended: ended{err: errDown}},
		"stuck": {trails: []ledger.Trail{begun, event("stuck", 1800, deployment.Stuck, told("pagerduty", deployment.ProductionStuck, map[string]string{"dedup_key": service}), inSlack),
			event("end", 1900, deployment.Succeeded, told("pagerduty", deployment.ProductionSuccess, nil), inSlack)}},
		"unclaimed": {trails: []ledger.Trail{changed(event("start", 0, deployment.Succeeded, not("pagerduty", deployment.NotClaimed), inSlack), func(e *ledger.Trail) { e.Holder = "" })}},
		"late": {trails: []ledger.Trail{event("late", 0, deployment.InProgress, not("pagerduty", deployment.LateEvent),
			row("slack", deployment.Deliver, deployment.EveryDeployment, deployment.Delivery{Outcome: deployment.None, Reason: "a later state is shown"}),
			row("sns", deployment.Suppress, deployment.LateEvent, deployment.Delivery{Outcome: deployment.Sent, SentAt: at(0)}))}},
		"two_deployments": {trails: []ledger.Trail{begun, changed(event("other", 900, deployment.Superseded, inSlack), func(e *ledger.Trail) {
			e.Deployment, e.Environment = "123456789012/eu-west-1/pipeline:checkout-production/aa-bb/attempt-2", "staging"
		})}},
		"nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := Explainer{Account: shop, Ledger: &memory{ids: map[string][]ledger.Trail{"ecs-svc/1": test.trails}}, Executions: test.ended}
			got, err := e.Explain(t.Context(), Input{Deployment: " ecs-svc/1\n"})
			if err != nil || got.Found != (len(test.trails) > 0) || got.Deployment != "ecs-svc/1" {
				t.Fatalf("got %+v, %v", got, err)
			}
			golden(t, name, got.Text)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, got, want)
	}
}

// TestAsked: whatever a deployment or a service may be called, it is looked for under
// every name that it may have.
func TestAsked(t *testing.T) {
	t.Parallel()
	const here = "123456789012/eu-west-1/"
	for asked, want := range map[string][]string{
		"ecs-svc/1":                         {"ecs-svc/1", here + "ecs-svc/1"},
		"1234567890123456789":               {"1234567890123456789", "ecs-svc/1234567890123456789", here + "pipeline:1234567890123456789", here + "shop/1234567890123456789", here + "staging/1234567890123456789"},
		"shop/checkout":                     {"shop/checkout", here + "shop/checkout"},
		"checkout":                          {"checkout", here + "pipeline:checkout", here + "shop/checkout", here + "staging/checkout"},
		"pipeline:checkout":                 {"pipeline:checkout", here + "pipeline:checkout", here + "shop/pipeline:checkout", here + "staging/pipeline:checkout"},
		service:                             {service, service},
		service + "/ecs-svc/1":              {"ecs-svc/1", service + "/ecs-svc/1", service + "/ecs-svc/1"},
		here + "pipeline:a/aa-bb/attempt-2": {"aa-bb", here + "pipeline:a/aa-bb/attempt-2", here + "pipeline:a/aa-bb/attempt-2"},
		"arn:aws:ecs:eu-west-1:1:service/shop/web": {"arn:aws:ecs:eu-west-1:1:service/shop/web", here + "shop/web"},
	} {
		m := &memory{}
		got, err := Explainer{Account: shop, Ledger: m}.Explain(t.Context(), Input{Deployment: asked})
		if err != nil || got.Found || !slices.Equal(m.asked, want) {
			t.Errorf("%s: %v, looked for %q, want %q", asked, err, m.asked, want)
		}
		for _, name := range want {
			down := &memory{down: name}
			if _, err := (Explainer{Account: shop, Ledger: down}).Explain(t.Context(), Input{Deployment: asked}); !errors.Is(err, errDown) {
				t.Errorf("%s, and %s is down: %v", asked, name, err)
			}
		}
	}
	if _, err := (Explainer{}).Explain(t.Context(), Input{Deployment: "\n"}); err == nil || !strings.HasPrefix(err.Error(), "deployment: ") {
		t.Errorf("asked for nothing: %v", err)
	}
}

// TestWholeKey: a whole key names one service's deployment, though others have the id.
func TestWholeKey(t *testing.T) {
	t.Parallel()
	other := changed(event("other", 0, deployment.Failed), func(e *ledger.Trail) {
		e.Deployment = strings.Replace(e.Deployment, "/shop/", "/staging/", 1)
	})
	m := &memory{ids: map[string][]ledger.Trail{"ecs-svc/1234567890123456789": {other, event("mine", 1, deployment.Failed, paged)}}}
	got, err := Explainer{Account: shop, Ledger: m}.Explain(t.Context(), Input{Deployment: service + "/ecs-svc/1234567890123456789/rollback"})
	if err != nil || !strings.Contains(got.Text, "event-mine") || strings.Contains(got.Text, "event-other") {
		t.Errorf("got %s, %v", got.Text, err)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]string{
		execution + "a": "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/" + execution + "a",
		"arn:aws-cn:states:cn-north-1:1:execution:f:a":       "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#/v2/executions/details/arn:aws-cn:states:cn-north-1:1:execution:f:a",
		"arn:aws-eusc:states:eusc-de-east-1:1:execution:f:a": "",
		"somebody": "",
	} {
		if got := executionLink(arn); got != want {
			t.Errorf("%s: got %s", arn, got)
		}
	}
	if workflowsLink("us-gov-west-1") != "https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?region=us-gov-west-1#/statemachines" || workflowsLink("eusc-de-east-1") != "" {
		t.Error("the workflows' link")
	}
}
