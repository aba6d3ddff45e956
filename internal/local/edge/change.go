package edge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The ways in which a rollout can end, or not.
const (
	Succeed = "succeed" // every task runs
	Fail    = "fail"    // tasks fail to start
	Stall   = "stall"   // tasks stay pending for ever
)

// Errors of Start and Finish, to be told apart with errors.Is.
var (
	ErrNoService = errors.New("no such active service")
	ErrFinished  = errors.New("nothing is in progress")
)

// Start begins a rollout of the service to the task definition, given as ARN, as
// family:revision or as family; empty forces a new deployment of the present one. An
// empty cluster is the one named default. The answer's Event is the one emitted.
// ErrNoService tells that the engine does not have the service. When the event cannot
// be put the rollout is in progress all the same.
func (e *Edge) Start(ctx context.Context, cluster, service, taskDefinition string) (Rollout, error) {
	e.changes.Lock()
	defer e.changes.Unlock()
	before, err := e.describe(ctx, cluster, service)
	if err != nil {
		return Rollout{}, err
	}
	if len(before.Deployments) == 0 {
		return Rollout{}, badInput("service: %s has no deployments; its deployment controller is not ECS", service)
	}
	if taskDefinition == "" {
		taskDefinition = aws.ToString(before.TaskDefinition)
	}
	after, err := e.update(ctx, before, taskDefinition)
	if err != nil {
		return Rollout{}, err
	}
	return e.begin(ctx, before, after, false)
}

// Finish ends the rollout of the service in progress with Succeed, Fail or Stall, and
// returns the events that it emitted, in order: none for a stall, and none for a failure
// that no circuit breaker sees. A rollback that follows a failure is a rollout to be
// finished in turn. ErrNoService and ErrFinished tell what is missing.
func (e *Edge) Finish(ctx context.Context, cluster, service, outcome string) ([]Event, error) {
	if err := checkOutcome(outcome); err != nil {
		return nil, err
	}
	e.changes.Lock()
	defer e.changes.Unlock()
	s, err := e.describe(ctx, cluster, service)
	if err != nil {
		return nil, err
	}
	return e.finish(ctx, s, outcome)
}

// Next decides how the next rollout of the service ends that a client starts with
// UpdateService and that finishes by itself; without it, it succeeds.
func (e *Edge) Next(ctx context.Context, cluster, service, outcome string) error {
	if err := checkOutcome(outcome); err != nil {
		return err
	}
	s, err := e.describe(ctx, cluster, service)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next[aws.ToString(s.ServiceArn)] = outcome
	return nil
}

// Rollouts returns the newest rollout of every service of the account that had one, by service ARN.
func (e *Edge) Rollouts() []Rollout {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []Rollout{}
	for _, r := range e.rollouts {
		if strings.Contains(r.ServiceARN, ":"+e.account+":") {
			list = append(list, r.at(e.now()))
		}
	}
	slices.SortFunc(list, func(a, b Rollout) int { return strings.Compare(a.ServiceARN, b.ServiceARN) })
	return list
}

func checkOutcome(outcome string) error {
	switch outcome {
	case Succeed, Fail, Stall:
		return nil
	}
	return badInput("outcome: %q is none of %s, %s, %s", outcome, Succeed, Fail, Stall)
}

// begin lays a rollout over the deployment that the engine has started, and emits its
// event.
func (e *Edge) begin(ctx context.Context, before, after types.Service, unattended bool) (Rollout, error) {
	deployments := describedDeployments(before)
	if r, ok := e.rollout(aws.ToString(before.ServiceArn), engineID(before)); ok {
		deployments = r.scaled(int(before.DesiredCount)).Deployments
	}
	r := started(deployments, after, e.now())
	r.unattended = unattended
	events, err := e.emit(ctx, r, r.event(eventInProgress, e.now()))
	if len(events) > 0 {
		r.Event = events[0]
	}
	return r, err
}

// finish changes the service's rollout as the outcome says.
func (e *Edge) finish(ctx context.Context, s types.Service, outcome string) ([]Event, error) {
	r, ok := e.rollout(aws.ToString(s.ServiceArn), engineID(s))
	if !ok || !r.InProgress() {
		return nil, fmt.Errorf("service %s: %w", aws.ToString(s.ServiceName), ErrFinished)
	}
	now := e.now()
	breaker := circuitBreaker(s)
	switch {
	case outcome == Succeed:
		r = r.completed(now)
		return e.emit(ctx, r, r.event(eventCompleted, now))
	case outcome == Stall:
		return e.emit(ctx, r.stalled())
	case !breaker.Enable || r.Rollback: // a rollback is not rolled back
		return e.emit(ctx, r.failing(now))
	}
	r = r.failed(now)
	fallen := r.event(eventFailed, now)
	good, ok := r.lastGood()
	if !breaker.Rollback || !ok {
		return e.emit(ctx, r, fallen)
	}
	after, err := e.update(ctx, s, good.TaskDefinition)
	if err != nil {
		return nil, fmt.Errorf("rolling back: %w", err)
	}
	r = r.rolledBack(good, after, now)
	e.finishLater(r, Succeed)
	return e.emit(ctx, r, fallen, r.event(eventInProgress, now))
}

// emit keeps the rollout and then puts its events: whom they wake must find the
// service as they say. It returns the events that went out.
func (e *Edge) emit(ctx context.Context, r Rollout, events ...Event) ([]Event, error) {
	e.keep(r)
	sent := []Event{}
	for _, event := range events {
		event, err := e.put(ctx, event)
		if err != nil {
			return sent, err
		}
		sent = append(sent, event)
		r.Event = event
		e.keep(r)
	}
	return sent, nil
}

func (e *Edge) keep(r Rollout) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rollouts[r.ServiceARN] = r
}

// rollout is the service's rollout, unless the engine has started a deployment since
// that did not come by here, as when the service was made anew.
func (e *Edge) rollout(serviceARN, engineID string) (Rollout, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r, ok := e.rollouts[serviceARN]
	if !ok || r.engineID != engineID {
		return Rollout{}, false
	}
	return r.at(e.now()), true
}
