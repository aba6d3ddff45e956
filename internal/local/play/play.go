package play

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"fanfare/internal/deployment"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/engine"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/world"
)

// Patience is how long an execution is watched before it is given up.
const Patience = 10 * time.Minute

// notTaken is how long to look for an execution before saying that no rule took the
// event. The engine starts executions before it answers, so this is generous.
const notTaken = time.Second

// Player plays events in one world.
type Player struct {
	world   world.Address
	sfn     *sfn.Client
	control world.Control
	engine  *engine.Control

	mu sync.Mutex
	// events is the event of each execution that was looked at.
	events map[string]string
}

// New returns a player for the world at the address.
func New(a world.Address) *Player {
	// The engine itself is asked, so that no fault that is played at the edge hits us.
	direct := a.Config()
	direct.BaseEndpoint = aws.String(a.Engine)
	return &Player{world: a, sfn: sfn.NewFromConfig(direct), control: world.Control(a.Control), engine: engine.At(a.Engine, a.Region), events: map[string]string{}}
}

// Mark is a moment before an event was put, from which on to look for what came of it.
type Mark struct {
	at       time.Time
	existing map[string]bool
	waiting  map[string]int
}

// Mark notes the present moment. For an event that may have been played before, it
// notes the executions and messages that are there already.
func (p *Player) Mark(ctx context.Context, event string) (Mark, error) {
	m := Mark{existing: map[string]bool{}}
	arns, err := p.executions(ctx, event, time.Now())
	if err != nil {
		return m, err
	}
	for _, arn := range arns {
		m.existing[arn] = true
	}
	m.waiting, err = p.waiting(ctx, event)
	m.at = time.Now()
	return m, err
}

// Send puts the event on the bus and returns what came of it.
func (p *Player) Send(ctx context.Context, event edge.Event) (Result, error) {
	mark, err := p.Mark(ctx, event.ID)
	if err != nil {
		return Result{}, err
	}
	var put edge.Event
	if err := p.control.Call(ctx, http.MethodPost, "/events", event, &put); err != nil {
		return Result{}, fmt.Errorf("putting the event: %w", err)
	}
	return p.Observe(ctx, put.ID, mark)
}

// Observe returns what came of an event that was put since the mark.
func (p *Player) Observe(ctx context.Context, event string, since Mark) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	result := emptyResult(event)
	arn, err := p.find(ctx, event, since)
	if err != nil {
		return result, err
	}
	if arn == "" {
		result.Result, result.MS = Ignored, time.Since(since.at).Milliseconds()
		result.Error = noRule
		return result, p.gained(ctx, &result, since)
	}
	out, err := p.await(ctx, arn)
	if err != nil {
		return result, err
	}
	end := aws.ToTime(out.StopDate)
	if end.Before(since.at) { // the engine tells whole seconds of some times
		end = time.Now()
	}
	result.MS = end.Sub(since.at).Milliseconds()
	execution, doc, err := p.history(ctx, out)
	if err != nil {
		return result, err
	}
	result.Execution = &execution
	var received []standin.Request
	if err := p.control.Call(ctx, http.MethodGet, "/requests?event="+url.QueryEscape(event), nil, &received); err != nil {
		return result, fmt.Errorf("asking the stand-ins what they received: %w", err)
	}
	var recent []standin.Request
	duplicate := doc.Claim != nil && doc.Claim.Outcome == deployment.Duplicate // whose requests are another's
	for _, request := range received {
		if !duplicate && !request.At.Before(since.at) {
			recent = append(recent, request)
		}
	}
	result.tell(doc, recent)
	if doc.Plan == nil && execution.Error != "" {
		result.because(execution.Error)
	}
	if err := p.gained(ctx, &result, since); err != nil {
		return result, err
	}
	result.Result = Carried
	if out.Status != types.ExecutionStatusSucceeded {
		result.Result = Failed
	}
	for _, n := range result.Queues {
		if n > 0 {
			result.Result = Failed
		}
	}
	return result, nil
}

// find returns the execution that the event started since the mark; empty when none.
func (p *Player) find(ctx context.Context, event string, since Mark) (string, error) {
	for deadline := time.Now().Add(notTaken); ; {
		arns, err := p.executions(ctx, event, since.at)
		if err != nil {
			return "", err
		}
		slices.Reverse(arns) // they come newest first
		for _, arn := range arns {
			if !since.existing[arn] && p.mine(arn) {
				return arn, nil
			}
		}
		if time.Now().After(deadline) {
			return "", nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// mine tells whether the execution is this player's, and not that of another who plays
// the same event at the same moment: the first to make the execution's file has it.
func (p *Player) mine(arn string) bool {
	if p.world.Dir == "" {
		return true
	}
	dir := filepath.Join(p.world.Dir, "played")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return true // without a disk to agree on, everybody may have it
	}
	file, err := os.OpenFile(filepath.Join(dir, arn[strings.LastIndex(arn, ":")+1:]), os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return !errors.Is(err, os.ErrExist)
	}
	_ = file.Close()
	return true
}

// executions lists those of the event that started about or after the given time.
func (p *Player) executions(ctx context.Context, event string, after time.Time) ([]string, error) {
	var found []string
	pages := sfn.NewListExecutionsPaginator(p.sfn, &sfn.ListExecutionsInput{
		StateMachineArn: aws.String(p.world.Outputs["StateMachineArn"]), MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing executions: %w", err)
		}
		for _, execution := range page.Executions {
			if aws.ToTime(execution.StartDate).Before(after.Add(-2 * time.Second)) {
				continue
			}
			of, err := p.eventOf(ctx, aws.ToString(execution.ExecutionArn))
			if err != nil {
				return nil, err
			}
			if of == event {
				found = append(found, aws.ToString(execution.ExecutionArn))
			}
		}
	}
	return found, nil
}

// eventOf is the id of the event that started an execution.
func (p *Player) eventOf(ctx context.Context, arn string) (string, error) {
	p.mu.Lock()
	known, ok := p.events[arn]
	p.mu.Unlock()
	if ok {
		return known, nil
	}
	out, err := p.sfn.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return "", fmt.Errorf("looking at an execution: %w", err)
	}
	var input struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal([]byte(aws.ToString(out.Input)), &input) // an execution that somebody started by hand
	p.mu.Lock()
	p.events[arn] = input.ID
	p.mu.Unlock()
	return input.ID, nil
}

// await returns the execution once it has ended.
func (p *Player) await(ctx context.Context, arn string) (*sfn.DescribeExecutionOutput, error) {
	for {
		out, err := p.sfn.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		if err != nil {
			return nil, fmt.Errorf("watching the execution: %w", err)
		}
		if out.Status != types.ExecutionStatusRunning {
			return out, nil
		}
		if err := pause(ctx, 40*time.Millisecond); err != nil {
			return nil, fmt.Errorf("watching the execution %s: it is still running: %w", arn, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
