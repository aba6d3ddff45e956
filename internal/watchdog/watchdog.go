// Package watchdog looks after a deployment of which no end has come in the time that it
// is given. What it finds out it tells as an event, through the workflow, as any other: an
// end whose event never came, that a newer deployment took its place, or that it is stuck.
package watchdog

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/account"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/watchdog/order"
)

// Time limits of the three calls, which together fit well into the function's timeout.
const (
	ledgerLimit   = 3 * time.Second
	ecsLimit      = 5 * time.Second
	workflowLimit = 8 * time.Second
)

// lastResort is how long after it was due the ledger is waited for. Lambda calls again a
// minute after the first failure and two minutes after the second, and then no more:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
// The Scheduler is up to a minute late, so that this lies between the second call and
// the last.
const lastResort = 150 * time.Second

// Ledger is what the watchdog needs of the ledger.
type Ledger interface {
	Progress(ctx context.Context, key string) (ledger.Progress, error)
}

// ECS is the part of the ECS client that is used.
type ECS interface {
	DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
}

// Workflow is the part of the Step Functions client that is used.
type Workflow interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
}

// Watchdog is the function. All fields are needed.
type Watchdog struct {
	Ledger   Ledger
	ECS      ECS
	Workflow Workflow
	// StateMachine is the ARN of the workflow.
	StateMachine string
	Account      account.Account
	Now          func() time.Time
}

// Ended is what a Result has found where the end was told already.
const Ended = "ENDED"

// Result is what the function returns, and logs.
type Result struct {
	// Found is [Ended], or the name of the event that was told.
	Found string `json:"found"`
	// Event is the id of that event; empty when none was told.
	Event string `json:"event,omitempty"`
}

// Handle reads the order and carries it out. Its errors are of package failure.
func (w Watchdog) Handle(ctx context.Context, raw json.RawMessage) (Result, error) {
	o, err := order.Parse(raw)
	if err != nil {
		slog.ErrorContext(ctx, "failed", "error", err.Error())
		return Result{}, err
	}
	log := slog.With("service", o.Deployment.Service, "deployment", o.Deployment.ID)
	result, err := w.Look(ctx, o)
	if err = failure.Classify(err); err != nil {
		log.ErrorContext(ctx, "failed", "error", err.Error())
		return Result{}, err
	}
	log.InfoContext(ctx, "done", "found", result.Found, "event", result.Event)
	return result, nil
}

// Look tells what became of the deployment, unless its end is known.
//
// A ledger that cannot be read makes it impossible to say what was told already. Where ECS
// says that the deployment goes on that makes no difference; else the error is Transient,
// until nobody will call again: then it is told, since twice is better than not at all.
func (w Watchdog) Look(ctx context.Context, o order.Order) (Result, error) {
	over, unread := w.over(ctx, o)
	if over {
		return Result{Found: Ended}, nil
	}
	found := w.ask(ctx, o)
	if unread != nil {
		if !found.goesOn && w.Now().Before(o.Due.Add(lastResort)) {
			return Result{}, failure.Transientf("asking the ledger whether the end is known: %w", unread)
		}
		slog.WarnContext(ctx, "telling without the ledger", "key", o.Key(), "error", failure.Classify(unread).Error())
	}
	id, err := w.tell(ctx, o, found)
	if err != nil {
		return Result{}, fmt.Errorf("starting the workflow: %w", err)
	}
	return Result{Found: found.name, Event: id}, nil
}

// over tells whether an end is known; or that another rollback to the same deployment has
// begun since, which has a watch of its own.
func (w Watchdog) over(ctx context.Context, o order.Order) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, ledgerLimit)
	defer cancel()
	known, err := w.Ledger.Progress(ctx, o.Key())
	if err != nil {
		return false, err
	}
	return known.Seen && (known.Status.Final() || known.StartedAt.After(o.StartedAt)), nil
}
