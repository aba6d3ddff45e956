package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"fanfare/internal/deployment"
)

// execution is one of the workflow's.
type execution struct {
	arn    string
	event  string
	input  string
	status types.ExecutionStatus
	reason string // the name of its error
	// duplicate is true when it found that another one tells the event.
	duplicate bool
	// again is true when it was started by the operator.
	again bool
	// told says in a few words what became of each channel, of one that succeeded.
	told string
}

// refused tells whether it failed because the event is none: red, and seen by an alarm.
func (x *execution) refused() bool {
	return x.status == types.ExecutionStatusFailed && x.reason == "Permanent"
}

func (x *execution) running() bool { return x.status == types.ExecutionStatusRunning }

// executions follows the workflow's executions, by one list of all that many wait for.
type executions struct {
	client  *sfn.Client
	machine string

	mu    sync.Mutex
	looks int // how often the list has been read
	byARN map[string]*execution
	list  []*execution
	// renewed is closed when the list has been read.
	renewed chan struct{}
	failed  error
}

func followExecutions(ctx context.Context, client *sfn.Client, machine string) *executions {
	e := &executions{client: client, machine: machine, byARN: map[string]*execution{}, renewed: make(chan struct{})}
	go e.follow(ctx)
	return e
}

// lookEvery is how often the list is read.
const lookEvery = 250 * time.Millisecond

func (e *executions) follow(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		err := e.look(ctx)
		e.mu.Lock()
		if e.failed = err; err == nil {
			e.looks++
			close(e.renewed)
			e.renewed = make(chan struct{})
		}
		e.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look reads the list, and looks closer at what has begun or ended since the last time.
func (e *executions) look(ctx context.Context) error {
	pages := sfn.NewListExecutionsPaginator(e.client, &sfn.ListExecutionsInput{StateMachineArn: &e.machine, MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing executions: %w", err)
		}
		for _, x := range page.Executions {
			e.mu.Lock()
			known := e.byARN[aws.ToString(x.ExecutionArn)]
			same := known != nil && known.status == x.Status
			e.mu.Unlock()
			if same {
				continue
			}
			if err := e.study(ctx, aws.ToString(x.ExecutionArn)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *executions) study(ctx context.Context, arn string) error {
	out, err := e.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return fmt.Errorf("looking at an execution: %w", err)
	}
	var input struct {
		ID string `json:"id"`
	}
	var output deployment.Document
	_ = json.Unmarshal([]byte(aws.ToString(out.Input)), &input)
	_ = json.Unmarshal([]byte(aws.ToString(out.Output)), &output) // of one that runs or failed there is none
	e.mu.Lock()
	defer e.mu.Unlock()
	x := e.byARN[arn]
	if x == nil {
		x = &execution{arn: arn, event: input.ID, input: aws.ToString(out.Input)}
		e.byARN[arn] = x
		e.list = append(e.list, x)
	}
	x.status, x.reason, x.duplicate = out.Status, aws.ToString(out.Error), output.Claim != nil && output.Claim.Outcome == deployment.Duplicate
	x.told = toldBy(output)
	return nil
}

// toldBy says in a few words what became of each channel.
func toldBy(doc deployment.Document) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(doc.Plan)) {
		word := fmt.Sprintf("%s %s %s", name, doc.Plan[name].Reason, doc.Deliveries[name].Outcome)
		if reason := doc.Deliveries[name].Reason; reason != "" && reason != string(doc.Plan[name].Reason) {
			word += " (" + reason + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// String tells a person what became of it.
func (x *execution) String() string {
	text := x.event + " " + string(x.status)
	if x.again {
		text += " (sent again)"
	}
	if x.reason != "" {
		text += ", " + x.reason
	}
	if x.duplicate {
		text += ", a duplicate"
	}
	if x.told != "" {
		text += ": " + x.told
	}
	return text
}

// of are the executions of the events whose id begins so, as far as they are known now.
func (e *executions) of(events string) []execution {
	e.mu.Lock()
	defer e.mu.Unlock()
	var found []execution
	for _, x := range e.list {
		if strings.HasPrefix(x.event, events) {
			found = append(found, *x)
		}
	}
	return found
}

// ended waits until all executions of such events have ended that were started before.
func (e *executions) ended(ctx context.Context, events string) ([]execution, error) {
	e.mu.Lock()
	since := e.looks + 1 // one that is being read now may have begun before
	e.mu.Unlock()
	for {
		e.mu.Lock()
		looks, renewed, failed := e.looks, e.renewed, e.failed
		e.mu.Unlock()
		all := e.of(events)
		if looks > since && !slices.ContainsFunc(all, func(x execution) bool { return x.running() }) {
			return all, nil
		}
		select {
		case <-renewed:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the executions of %s to end: %w", events, context.Cause(ctx))
		case <-time.After(patience):
			return nil, fmt.Errorf("nothing is heard of the executions for %v: %w", patience, failed)
		}
	}
}

// patience is how long the engine may say nothing.
const patience = 2 * time.Minute

// start starts the workflow with the input, as an operator would.
func (e *executions) start(ctx context.Context, input string) error {
	out, err := e.client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: &e.machine, Input: &input})
	if err != nil {
		return fmt.Errorf("starting the workflow again: %w", err)
	}
	return e.noteAgain(ctx, aws.ToString(out.ExecutionArn))
}

// noteAgain notes that the execution was started by the operator.
func (e *executions) noteAgain(ctx context.Context, arn string) error {
	if err := e.study(ctx, arn); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.byARN[arn].again = true
	return nil
}

// dispatched tells whether the execution came through Notify: what is wrong with it then
// is not that a channel was not told.
func (e *executions) dispatched(ctx context.Context, arn string) (bool, error) {
	pages := sfn.NewGetExecutionHistoryPaginator(e.client, &sfn.GetExecutionHistoryInput{ExecutionArn: &arn, MaxResults: 1000, IncludeExecutionData: aws.Bool(false)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, fmt.Errorf("reading an execution's history: %w", err)
		}
		for _, event := range page.Events {
			if exited := event.StateExitedEventDetails; exited != nil && aws.ToString(exited.Name) == "Notify" {
				return true, nil
			}
		}
	}
	return false, nil
}
