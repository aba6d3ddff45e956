// Package watch has the watchdog woken when a deployment ought to be over. ECS tells of a
// failure only where the circuit breaker is on, and of a deployment that never ends
// nothing at all: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/watchdog/order"
)

// Budget is the time for arming.
const Budget = 8 * time.Second

const (
	// soonest is how far ahead a schedule lies at least, because it has to be made first.
	soonest = time.Minute
	// What the Scheduler does where the watchdog cannot be called:
	// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
	patience = 6 * time.Hour
	attempts = 100
)

// The outcomes of a Result.
const (
	Armed = "armed" // the watchdog will look
	None  = "none"  // it need not, or cannot; Reason says why
)

// Result is what the step writes.
type Result struct {
	Outcome string `json:"outcome"`
	// At is when the watchdog looks; zero unless armed.
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason,omitempty"`
}

// Scheduler is the part of the EventBridge Scheduler's client that is used.
type Scheduler interface {
	CreateSchedule(context.Context, *scheduler.CreateScheduleInput, ...func(*scheduler.Options)) (*scheduler.CreateScheduleOutput, error)
}

// Step is the step Watch. All fields are needed.
type Step struct {
	Scheduler Scheduler
	Account   account.Account
	// Watchdog is the ARN of the watchdog's function, Role that of the role by which the
	// Scheduler calls it, and Group the name of the schedules' group.
	Watchdog, Role, Group string
	Now                   func() time.Time
}

// Arm makes the one schedule for the deployment that the document tells of, unless it is
// none that is looked after. A schedule that is there already is as good.
func (s Step) Arm(ctx context.Context, doc deployment.Document) (Result, error) {
	if reason := s.leaveAlone(doc); reason != "" {
		return Result{Outcome: None, Reason: reason}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	o := s.order(doc)
	input, err := s.schedule(o)
	if err != nil {
		return Result{}, err
	}
	_, err = s.Scheduler.CreateSchedule(ctx, input)
	var there *types.ConflictException
	if err != nil && !errors.As(err, &there) {
		return Result{}, fmt.Errorf("making the watchdog's schedule: %w", err)
	}
	return Result{Outcome: Armed, At: o.Due}, nil
}

// leaveAlone says why nobody needs to look after the deployment; empty when somebody does.
// Pipelines may wait days for an approval.
func (s Step) leaveAlone(doc deployment.Document) string {
	d := doc.Deployment
	switch {
	case d.Status != deployment.InProgress:
		return "the event tells of no beginning"
	case d.Pipeline != "" || d.Source != deployment.ECS:
		return "a pipeline may take days"
	case d.Drill != nil:
		return "a drill never ends by itself"
	case doc.Late():
		return "a later state is known already"
	case d.ID == "":
		return "the event does not name the deployment"
	case d.Account != s.Account.ID || d.Region != s.Account.Region:
		return "deployed in another account or region"
	case d.Cluster != "" && len(s.Account.Clusters) > 0 && !slices.Contains(s.Account.Clusters, d.Cluster):
		return "not one of the account file's clusters"
	default:
		return ""
	}
}

func (s Step) order(doc deployment.Document) order.Order {
	d := doc.Deployment
	after := s.Account.StuckAfter(d.Service)
	o := order.Order{Deployment: d, Kind: doc.Kind(), StartedAt: d.Time, Minutes: int(after / time.Minute)}
	if doc.Claim != nil && !doc.Claim.StartedAt.IsZero() {
		o.StartedAt = doc.Claim.StartedAt
	}
	o.Due = o.StartedAt.Add(after)
	if earliest := s.Now().Add(soonest); o.Due.Before(earliest) {
		o.Due = earliest
	}
	o.Due = o.Due.UTC().Truncate(time.Second)
	return o
}

func (s Step) schedule(o order.Order) (*scheduler.CreateScheduleInput, error) {
	input, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("writing the watchdog's input: %w", err)
	}
	return &scheduler.CreateScheduleInput{
		Name:                       aws.String(o.Name("stuck-")),
		GroupName:                  aws.String(s.Group),
		Description:                aws.String("Looks whether " + o.Deployment.Service + " is deployed."),
		ScheduleExpression:         aws.String("at(" + o.Due.Format("2006-01-02T15:04:05") + ")"),
		ScheduleExpressionTimezone: aws.String("UTC"),
		FlexibleTimeWindow:         &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		ActionAfterCompletion:      types.ActionAfterCompletionDelete,
		Target: &types.Target{
			Arn: aws.String(s.Watchdog), RoleArn: aws.String(s.Role), Input: aws.String(string(input)),
			RetryPolicy: &types.RetryPolicy{
				MaximumEventAgeInSeconds: aws.Int32(int32(patience / time.Second)), MaximumRetryAttempts: aws.Int32(attempts),
			},
		},
	}, nil
}
