package edge

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Errors of the pipelines' control, to be told apart with errors.Is.
var (
	ErrNoPipeline  = errors.New("no such pipeline")
	ErrNoExecution = errors.New("no such execution")
	ErrNotFailed   = errors.New("the execution has not failed")
)

// StartExecution begins an execution of the pipeline with what its sources gave: nothing,
// one revision, or several. An empty id gets a new one. The answer's Event is the one
// emitted; none when silent, for an execution whose events somebody else makes.
func (e *Edge) StartExecution(ctx context.Context, pipeline, id string, revisions []Revision, silent bool) (Execution, error) {
	if !e.hasPipeline(pipeline) {
		return Execution{}, fmt.Errorf("pipeline %q: %w", pipeline, ErrNoPipeline)
	}
	if id == "" {
		id = newUUID()
	}
	if !executionID.MatchString(id) {
		return Execution{}, badInput("id: %q is no execution's id, which is a UUID", id)
	}
	if err := checkRevisions(revisions); err != nil {
		return Execution{}, err
	}
	e.changes.Lock()
	defer e.changes.Unlock()
	if _, err := e.execution(pipeline, id); err == nil {
		return Execution{}, badInput("id: the pipeline %s has an execution %s already", pipeline, id)
	}
	now := e.now()
	x := Execution{Account: e.account, Pipeline: pipeline, ID: id, Attempt: 1, Status: executionRunning, Revisions: revisions, Started: now, Updated: now}
	return e.tell(ctx, x, silent, "STARTED")
}

// EndExecution ends an execution of the pipeline, its newest when the id is empty, and
// returns it with the events that were emitted, in order.
func (e *Edge) EndExecution(ctx context.Context, pipeline, id string, how Ending) (Execution, []Event, error) {
	if err := how.check(); err != nil {
		return Execution{}, nil, err
	}
	e.changes.Lock()
	defer e.changes.Unlock()
	x, err := e.execution(pipeline, id)
	if err != nil {
		return x, nil, err
	}
	if x.Status != executionRunning {
		return x, nil, fmt.Errorf("execution %s of %s: %w", x.ID, pipeline, ErrFinished)
	}
	x = x.ended(how, e.now())
	var events []Event
	for _, moment := range endings[how.Outcome] {
		x.Status = moment.status
		if x, err = e.tell(ctx, x, how.Silent, moment.event); err != nil {
			return x, events, err
		}
		if !how.Silent {
			events = append(events, x.Event)
		}
	}
	return x, events, nil
}

// RetryExecution starts the failed stage of an execution once more: its next attempt.
// ErrNotFailed tells that there is no failed stage.
func (e *Edge) RetryExecution(ctx context.Context, pipeline, id string, silent bool) (Execution, error) {
	e.changes.Lock()
	defer e.changes.Unlock()
	x, err := e.execution(pipeline, id)
	if err != nil {
		return x, err
	}
	if x.Status != executionFailed {
		return x, fmt.Errorf("execution %s of %s: %w", x.ID, pipeline, ErrNotFailed)
	}
	return e.tell(ctx, x.retried(e.now()), silent, "RESUMED")
}

// Executions returns all executions of the account, oldest first.
func (e *Edge) Executions() []Execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := []Execution{}
	for _, x := range e.executions {
		if x.Account == e.account {
			list = append(list, x)
		}
	}
	return list
}

func (e *Edge) hasPipeline(name string) bool { return slices.Contains(e.pipelines, name) }

// execution returns the pipeline's execution of this id, or its newest when the id is empty.
func (e *Edge) execution(pipeline, id string) (Execution, error) {
	if !e.hasPipeline(pipeline) {
		return Execution{}, fmt.Errorf("pipeline %q: %w", pipeline, ErrNoPipeline)
	}
	for _, x := range slices.Backward(e.Executions()) {
		if x.Pipeline == pipeline && (id == "" || x.ID == id) {
			return x, nil
		}
	}
	return Execution{}, fmt.Errorf("execution %q of %s: %w", id, pipeline, ErrNoExecution)
}

// tell keeps the execution and then puts its event: whom it wakes must find the execution
// as it says.
func (e *Edge) tell(ctx context.Context, x Execution, silent bool, state string) (Execution, error) {
	e.keepExecution(x)
	if silent {
		return x, nil
	}
	event, err := e.put(ctx, x.event(e, state))
	if err != nil {
		return x, err
	}
	x.Event = event
	e.keepExecution(x)
	return x, nil
}

func (e *Edge) keepExecution(x Execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, known := range e.executions {
		if known.Account == x.Account && known.Pipeline == x.Pipeline && known.ID == x.ID {
			e.executions[i] = x
			return
		}
	}
	e.executions = append(e.executions, x)
}
