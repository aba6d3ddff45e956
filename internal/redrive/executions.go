package redrive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// SFN is what is needed of Step Functions.
type SFN interface {
	StartExecution(context.Context, *sfn.StartExecutionInput, ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error)
	DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
	GetExecutionHistory(context.Context, *sfn.GetExecutionHistoryInput, ...func(*sfn.Options)) (*sfn.GetExecutionHistoryOutput, error)
}

// How often executions are asked after: less and less often, and far below what Step
// Functions allows, https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	firstNap = time.Second
	lastNap  = 5 * time.Second
)

// incomplete is the error of an execution that told whom it could, and queued the rest.
const incomplete = "DeliveryIncomplete"

// executionsOf is what the ARNs of the workflow's executions begin with.
func executionsOf(workflow string) string {
	return strings.Replace(workflow, ":stateMachine:", ":execution:", 1) + ":"
}

// prepare finds the event of messages that only name the execution that had it. As long as
// that execution is not done, the event is left to it.
func (r Redriver) prepare(ctx context.Context, j *job) {
	seen := map[string]bool{}
	for _, m := range j.messages {
		if m.execution == "" || seen[m.execution] {
			continue
		}
		seen[m.execution] = true
		out, err := r.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &m.execution})
		var gone *types.ExecutionDoesNotExist
		switch {
		case errors.As(err, &gone):
			continue
		case err != nil:
			j.keep(NotStarted, "the execution that had it could not be asked for the event: "+told(err))
			return
		case !over(out.Status):
			j.item.By = m.execution
			j.keep(UnderWay, "the execution that queued it is still under way")
			return
		case json.Valid([]byte(aws.ToString(out.Input))):
			j.event = json.RawMessage(aws.ToString(out.Input))
		}
	}
	if j.event == nil {
		j.keep(NotStarted, "Step Functions no longer knows the execution that had it, nor its event")
	}
}

// over tells whether an execution of this status has come to its end.
func over(status types.ExecutionStatus) bool {
	switch status {
	case types.ExecutionStatusSucceeded, types.ExecutionStatusFailed, types.ExecutionStatusTimedOut, types.ExecutionStatusAborted:
		return true
	default:
		return false
	}
}

// start starts the workflow with the job's event.
func (r Redriver) start(ctx context.Context, j *job) {
	if j.judged {
		return
	}
	out, err := r.SFN.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &r.Workflow, Input: aws.String(string(j.event)), Name: aws.String(r.name(j))})
	if err != nil {
		j.keep(NotStarted, "no execution could be started: "+told(err))
		return
	}
	j.started, j.item.Execution = true, aws.ToString(out.ExecutionArn)
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// name is one that no other execution has had, of 80 characters at most:
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
func (r Redriver) name(j *job) string {
	event := notInNames.ReplaceAllString(j.item.Event, "-")
	sum := sha256.Sum256(j.event)
	return "redrive-" + event[:min(len(event), 40)] + "-" + hex.EncodeToString(sum[:4]) + "-" + strconv.FormatInt(r.Now().UnixMilli(), 36)
}

// follow waits for the executions, and judges each when it has ended.
func (r Redriver) follow(ctx context.Context, jobs []*job, until time.Time, taken *taken) {
	for nap := firstNap; ; nap = min(nap*3/2, lastNap) {
		waiting := 0
		for _, j := range jobs {
			if j.judged {
				continue
			}
			if r.look(ctx, j); j.judged {
				r.tidy(ctx, j, taken)
			} else {
				waiting++
			}
		}
		if waiting == 0 || ctx.Err() != nil || r.Now().Add(nap).After(until) {
			break
		}
		r.Sleep(ctx, nap)
	}
	for _, j := range jobs {
		if !j.judged {
			j.keep(UnderWay, "its new execution is still under way, as one that waits for its turn or for a vendor is")
		}
	}
}

// look judges the job if its execution has ended.
func (r Redriver) look(ctx context.Context, j *job) {
	out, err := r.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &j.item.Execution})
	if err != nil || !over(out.Status) {
		return // it is asked again
	}
	failed := caught{Error: aws.ToString(out.Error), Cause: aws.ToString(out.Cause)}
	switch {
	case out.Status == types.ExecutionStatusSucceeded:
		r.succeeded(ctx, j, out)
	case out.Status == types.ExecutionStatusFailed && failed.Error == incomplete:
		r.incomplete(ctx, j, out)
	case out.Status == types.ExecutionStatusFailed:
		j.keep(Failed, "its new execution failed: "+failed.words())
	default:
		j.keep(Failed, "its new execution ended as "+string(out.Status))
	}
}

// succeeded judges an execution that told the event, or found that another does.
func (r Redriver) succeeded(ctx context.Context, j *job, out *sfn.DescribeExecutionOutput) {
	doc, ok := document(aws.ToString(out.Output))
	switch {
	case !ok:
		j.keep(Failed, "its new execution succeeded, but what it did cannot be read")
	case doc.Claim != nil && doc.Claim.Outcome == deployment.Duplicate:
		r.duplicate(ctx, j, doc.Claim.Holder)
	default:
		j.item.Outcome, j.item.Kept, j.judged = Done, false, true
		j.item.Channels = channelsOf(doc, aws.ToTime(out.StartDate))
	}
}

// duplicate judges an event that another execution holds: only one that succeeded has told
// all of it.
func (r Redriver) duplicate(ctx context.Context, j *job, holder string) {
	j.item.By = holder
	out, err := r.SFN.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &holder})
	switch {
	case err != nil:
		j.keep(UnderWay, "another execution has it, which could not be asked how it ended: "+told(err))
	case out.Status == types.ExecutionStatusSucceeded:
		j.item.Outcome, j.item.Kept, j.judged = Meanwhile, false, true
	case !over(out.Status):
		j.keep(UnderWay, "another execution is telling it")
	default:
		j.keep(Failed, "another execution had it, and ended as "+string(out.Status))
	}
}

// incomplete judges an execution that could not tell every channel. Its messages go only
// if the workflow has queued anew all that is missing.
func (r Redriver) incomplete(ctx context.Context, j *job, out *sfn.DescribeExecutionOutput) {
	doc, err := r.lastDocument(ctx, j.item.Execution)
	if err != nil {
		j.keep(Incomplete, "a channel could not be told, and it cannot be read which: "+told(err))
		return
	}
	j.item.Outcome, j.item.Kept, j.judged = Incomplete, false, true
	j.item.Channels = channelsOf(doc, aws.ToTime(out.StartDate))
	for _, c := range j.item.Channels {
		if c.Outcome == Lost {
			j.keep(Incomplete, "not even the queue took it anew for "+c.Name)
		}
	}
}

// lastDocument is the document with which the execution came to the state that failed it.
func (r Redriver) lastDocument(ctx context.Context, execution string) (deployment.Document, error) {
	out, err := r.SFN.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{
		ExecutionArn: &execution, ReverseOrder: true, MaxResults: 10, IncludeExecutionData: aws.Bool(true)})
	if err != nil {
		return deployment.Document{}, fmt.Errorf("reading its history: %w", err)
	}
	for _, event := range out.Events {
		if event.StateEnteredEventDetails == nil {
			continue
		}
		if doc, ok := document(aws.ToString(event.StateEnteredEventDetails.Input)); ok && len(doc.Deliveries) > 0 {
			return doc, nil
		}
	}
	return deployment.Document{}, errors.New("its history does not say")
}

// document reads the workflow's document.
func document(output string) (deployment.Document, bool) {
	var doc deployment.Document
	err := json.Unmarshal([]byte(output), &doc)
	return doc, err == nil && doc.Deployment.Event != ""
}

// tidy deletes the messages of a job that is done.
func (r Redriver) tidy(ctx context.Context, j *job, taken *taken) {
	if j.item.Kept {
		return
	}
	if err := taken.delete(ctx, j.messages); err != nil {
		j.item.Kept, j.item.Reason = true, "its message could not be taken out of the queue: "+told(err)
	}
}

// caught is an error as Step Functions has it.
type caught struct{ Error, Cause string }

// words are the error's name and its sentence: a function's is inside its cause.
func (c caught) words() string {
	return words(strings.Trim(c.Error+": "+deployment.Said(c.Cause).Words(), ": "))
}

// told is an error in words, without an address in it.
func told(err error) string { return words(failure.Classify(err).Error()) }
