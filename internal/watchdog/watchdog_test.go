package watchdog

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	executions "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/normalise"
	"fanfare/internal/watchdog/order"
)

// The real clients are what the function is given in the end.
var (
	_ Ledger   = (*ledger.Ledger)(nil)
	_ ECS      = (*ecs.Client)(nil)
	_ Workflow = (*sfn.Client)(nil)
)

const (
	id    = "ecs-svc/2222222222222222222"
	newer = "ecs-svc/3333333333333333333"
)

var (
	began = time.Date(2026, 3, 14, 9, 26, 53, 500, time.UTC)
	due   = began.Add(30 * time.Minute).Truncate(time.Second)
	shop  = account.Account{
		ID: "123456789012", Region: "eu-west-1",
		Environments: []account.Environment{{Name: "production", Production: true}},
	}
	errBroken = &smithy.GenericAPIError{Code: "AccessDeniedException"}
)

func ordered(kind deployment.Kind) order.Order {
	return order.Order{
		Deployment: deployment.Deployment{
			Event: "5f0c8a1e", Source: deployment.ECS, Account: "123456789012", Region: "eu-west-1", Partition: "aws",
			Cluster: "production", Service: "checkout", ID: id, Status: deployment.InProgress, Kind: kind, Time: began,
		},
		Kind: kind, StartedAt: began, Minutes: 30, Due: due,
	}
}

// world is all that the watchdog asks, as it answers, and what it was told.
type world struct {
	known    ledger.Progress
	unread   error
	service  *types.Service // nil when ECS does not know it
	failure  string         // why not; MISSING when empty
	unasked  error
	refusal  error // of the workflow
	asked    int
	started  []*sfn.StartExecutionInput
	progress string // the key that was asked for
}

func (w *world) Progress(_ context.Context, key string) (ledger.Progress, error) {
	w.progress = key
	return w.known, w.unread
}

func (w *world) DescribeServices(_ context.Context, in *ecs.DescribeServicesInput, _ ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error) {
	w.asked++
	if *in.Cluster != "production" || len(in.Services) != 1 || in.Services[0] != "checkout" {
		return nil, errors.New("asked for another service")
	}
	if w.unasked != nil {
		return nil, w.unasked
	}
	if w.service == nil {
		reason := "MISSING"
		if w.failure != "" {
			reason = w.failure
		}
		return &ecs.DescribeServicesOutput{Failures: []types.Failure{{Reason: aws.String(reason)}}}, nil
	}
	return &ecs.DescribeServicesOutput{Services: []types.Service{*w.service}}, nil
}

func (w *world) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	w.started = append(w.started, in)
	return &sfn.StartExecutionOutput{}, w.refusal
}

func (w *world) watchdog(now time.Time) Watchdog {
	return Watchdog{Ledger: w, ECS: w, Workflow: w, StateMachine: "arn:aws:states:eu-west-1:123456789012:stateMachine:fanfare",
		Account: shop, Now: func() time.Time { return now }}
}

// handle hands the order over as the Scheduler does.
func (w *world) handle(t *testing.T, o order.Order, now time.Time) (Result, error) {
	t.Helper()
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return w.watchdog(now).Handle(t.Context(), raw)
}

// told is the deployment that the workflow makes of the last event.
func (w *world) told(t *testing.T) deployment.Deployment {
	t.Helper()
	if len(w.started) == 0 {
		t.Fatal("the workflow was not started")
	}
	d, err := normalise.Event(json.RawMessage(*w.started[len(w.started)-1].Input), shop)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func entry(id, status string, state types.DeploymentRolloutState, reason string) types.Deployment {
	return types.Deployment{Id: aws.String(id), Status: aws.String(status), RolloutState: state, RolloutStateReason: aws.String(reason),
		CreatedAt: aws.Time(began.Add(-time.Second)), UpdatedAt: aws.Time(began.Add(4 * time.Minute)), DesiredCount: 2, RunningCount: 1, PendingCount: 1}
}

func service(entries ...types.Deployment) *types.Service {
	return &types.Service{Status: aws.String("ACTIVE"), Deployments: entries}
}

const (
	going = types.DeploymentRolloutStateInProgress
	done  = types.DeploymentRolloutStateCompleted
	fell  = types.DeploymentRolloutStateFailed

	goingBack = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."
	fellWhy   = "ECS deployment circuit breaker: tasks failed to start."
)

func TestWhatECSSays(t *testing.T) {
	t.Parallel()
	const ordinary, rollback = deployment.Ordinary, deployment.Rollback
	unknown := entry(id, "PRIMARY", "", "")
	running := unknown
	running.RunningCount, running.PendingCount = 2, 0
	tests := []struct {
		name    string
		kind    deployment.Kind
		service *types.Service
		want    deployment.Status
		reason  string
	}{
		{"goes on", ordinary, service(entry(id, "PRIMARY", going, "")), deployment.Stuck, "no end after 30 minutes"},
		{"has ended well", ordinary, service(entry(id, "PRIMARY", done, "ECS deployment completed.")), deployment.Succeeded, "ECS deployment completed."},
		{"has ended well, and a newer one runs", ordinary, service(entry(newer, "PRIMARY", going, ""), entry(id, "ACTIVE", done, "")), deployment.Succeeded, ""},
		{"has failed", ordinary, service(entry(newer, "PRIMARY", going, goingBack), entry(id, "ACTIVE", fell, fellWhy)), deployment.Failed, fellWhy},
		{"has failed and stays", ordinary, service(entry(id, "PRIMARY", fell, fellWhy)), deployment.Failed, fellWhy},
		{"is not listed", ordinary, service(entry(newer, "PRIMARY", done, "")), deployment.Superseded, "a newer deployment took its place"},
		{"makes way for a newer one", ordinary, service(entry(newer, "PRIMARY", going, ""), entry(id, "ACTIVE", going, "")), deployment.Superseded, "a newer deployment took its place"},
		{"its id is now a rollback's", ordinary, service(entry(id, "PRIMARY", going, goingBack)), deployment.Superseded, "a newer deployment took its place"},
		{"has no rollout state and is not done", ordinary, service(unknown), deployment.Stuck, "no end after 30 minutes"},
		{"has no rollout state and is done", ordinary, service(running), deployment.Succeeded, ""},
		{"has no rollout state and drains another", ordinary, service(running, entry("ecs-svc/1", "ACTIVE", "", "")), deployment.Stuck, "no end after 30 minutes"},
		{"a rollback goes on", rollback, service(entry(id, "PRIMARY", going, goingBack)), deployment.Stuck, "no end after 30 minutes"},
		{"a rollback of another id goes on", rollback, service(entry(newer, "PRIMARY", going, goingBack), entry(id, "ACTIVE", fell, fellWhy)), deployment.Stuck, "no end after 30 minutes"},
		{"a rollback has ended", rollback, service(entry(id, "PRIMARY", done, "")), deployment.Succeeded, ""},
		{"a rollback has failed", rollback, service(entry(id, "PRIMARY", fell, fellWhy)), deployment.Failed, fellWhy},
		{"a rollback made way", rollback, service(entry(newer, "PRIMARY", going, "")), deployment.Superseded, "a newer deployment took its place"},
		{"the service is not there", ordinary, nil, deployment.Superseded, "the service is no longer there"},
		{"the service was deleted", ordinary, &types.Service{Status: aws.String("INACTIVE")}, deployment.Superseded, "the service is no longer there"},
		{"deployed by somebody else", ordinary, service(), deployment.Stuck, "no end after 30 minutes; ECS does not show the service's deployments"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := &world{service: test.service, known: ledger.Progress{Seen: true, Status: deployment.InProgress, At: began, StartedAt: began}}
			o, now := ordered(test.kind), due.Add(20*time.Second)
			result, err := w.handle(t, o, now)
			if err != nil {
				t.Fatal(err)
			}
			d := w.told(t)
			if d.Status != test.want || d.Reason != test.reason || !d.Time.Equal(now) || d.Kind != deployment.Ordinary {
				t.Errorf("told %+v", d)
			}
			if d.Event != result.Event || d.Name != result.Found || *w.started[0].Name != d.Event || len(d.Event) > 80 {
				t.Errorf("result %+v, event %s, execution %s", result, d.Event, *w.started[0].Name)
			}
			if w.progress != o.Key() || deployment.Key(d, o.Kind) != o.Key() || d.ServiceKey() != o.Deployment.ServiceKey() {
				t.Errorf("asked for %q, told of %q, ordered %q", w.progress, deployment.Key(d, o.Kind), o.Key())
			}
		})
	}
}

func TestWhatTheLedgerKnows(t *testing.T) {
	t.Parallel()
	seen := func(status deployment.Status, startedAt time.Time) ledger.Progress {
		return ledger.Progress{Seen: true, Status: status, At: began.Add(5 * time.Minute), StartedAt: startedAt}
	}
	for name, test := range map[string]struct {
		known ledger.Progress
		tells bool
	}{
		"nothing":               {ledger.Progress{}, true},
		"the beginning":         {seen(deployment.InProgress, began), true},
		"an unknown event":      {seen(deployment.Unknown, began), true},
		"stuck, told before":    {seen(deployment.Stuck, began), true}, // and absorbed by the claim
		"success":               {seen(deployment.Succeeded, began), false},
		"failure":               {seen(deployment.Failed, began), false},
		"superseded":            {seen(deployment.Superseded, began), false},
		"another rollback then": {seen(deployment.InProgress, began.Add(time.Minute)), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{service: service(entry(id, "PRIMARY", going, "")), known: test.known}
			result, err := w.handle(t, ordered(deployment.Ordinary), due)
			if err != nil || (len(w.started) == 1) != test.tells || (w.asked == 1) != test.tells || (result.Found == Ended) == test.tells {
				t.Errorf("got %+v, %v, asked %d, started %d", result, err, w.asked, len(w.started))
			}
		})
	}
}

func TestECSCannotBeAsked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		world  world
		change func(*order.Order)
		reason string
	}{
		"refused":         {world{unasked: errBroken}, nil, "no end after 30 minutes; ECS could not be asked (AccessDeniedException)"},
		"no answer":       {world{unasked: context.DeadlineExceeded}, nil, "no end after 30 minutes; ECS could not be asked (no answer in time)"},
		"broken":          {world{unasked: errors.New("https://secret.example")}, nil, "no end after 30 minutes; ECS could not be asked"},
		"strange failure": {world{failure: "ODD"}, nil, "no end after 30 minutes; ECS does not show the service"},
		"no cluster": {world{}, func(o *order.Order) { o.Deployment.Cluster = "" },
			"no end after 30 minutes; ECS could not be asked (the event does not name the cluster)"},
		"elsewhere": {world{}, func(o *order.Order) { o.Deployment.Account = "210987654321" },
			"no end after 30 minutes; ECS could not be asked (another account or region)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := ordered(deployment.Ordinary)
			if test.change != nil {
				test.change(&o)
			}
			w := test.world
			if _, err := w.handle(t, o, due); err != nil {
				t.Fatal(err)
			}
			if d := w.told(t); d.Status != deployment.Stuck || d.Reason != test.reason {
				t.Errorf("told %s: %q", d.Status, d.Reason)
			}
		})
	}
}

// TestLedgerDown: what was told already is not told again for as long as somebody will call
// once more, and after that at any rate.
func TestLedgerDown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		world world
		after time.Duration
		want  deployment.Status // empty when the call is to be repeated
	}{
		"ECS says that it goes on":          {world{service: service(entry(id, "PRIMARY", going, ""))}, 0, deployment.Stuck},
		"ECS says that it failed":           {world{service: service(entry(id, "PRIMARY", fell, ""))}, time.Minute, ""},
		"ECS says that it failed, at last":  {world{service: service(entry(id, "PRIMARY", fell, ""))}, 4 * time.Minute, deployment.Failed},
		"ECS is down, too":                  {world{unasked: errBroken}, 2 * time.Minute, ""},
		"ECS is down, too, at last":         {world{unasked: errBroken}, 4 * time.Minute, deployment.Stuck},
		"it may have made way":              {world{service: service(entry(newer, "PRIMARY", done, ""))}, 0, ""},
		"it may have made way, and at last": {world{service: service(entry(newer, "PRIMARY", done, ""))}, lastResort, deployment.Superseded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := test.world
			w.unread = errBroken
			_, err := w.handle(t, ordered(deployment.Ordinary), due.Add(test.after))
			var transient *failure.Transient
			switch {
			case test.want == "" && (!errors.As(err, &transient) || len(w.started) > 0):
				t.Errorf("got %v, started %d", err, len(w.started))
			case test.want != "" && (err != nil || w.told(t).Status != test.want):
				t.Errorf("got %v, told %+v", err, w.started)
			}
		})
	}
}

// TestTwice: a second call tells the same event by the same name, whatever the time.
func TestTwice(t *testing.T) {
	t.Parallel()
	w := &world{service: service(entry(id, "PRIMARY", going, ""))}
	first, _ := w.handle(t, ordered(deployment.Ordinary), due)
	w.refusal = &executions.ExecutionAlreadyExists{}
	second, err := w.handle(t, ordered(deployment.Ordinary), due.Add(time.Hour))
	if err != nil || first != second || *w.started[0].Name != *w.started[1].Name {
		t.Errorf("got %+v and %+v, %v", first, second, err)
	}
	w.service = service(entry(id, "PRIMARY", done, ""))
	if third, _ := w.handle(t, ordered(deployment.Ordinary), due); third.Event == first.Event {
		t.Error("another finding has the same id")
	}
	back, _ := w.handle(t, ordered(deployment.Rollback), due)
	if again, _ := w.handle(t, ordered(deployment.Ordinary), due); again.Event == back.Event {
		t.Error("a rollback has the id of the deployment")
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	w := &world{service: service(entry(id, "PRIMARY", going, "")), refusal: &smithy.GenericAPIError{Code: "ThrottlingException"}}
	var transient *failure.Transient
	if _, err := w.handle(t, ordered(deployment.Ordinary), due); !errors.As(err, &transient) {
		t.Errorf("the workflow is throttled: %v", err)
	}
	var permanent *failure.Permanent
	if _, err := w.watchdog(due).Handle(t.Context(), []byte(`{"version":"0"}`)); !errors.As(err, &permanent) {
		t.Errorf("no order: %v", err)
	}
}
