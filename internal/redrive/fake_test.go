package redrive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

const (
	workflow  = "arn:aws:states:eu-west-1:123456789012:stateMachine:fanfare-notify"
	execution = "arn:aws:states:eu-west-1:123456789012:execution:fanfare-notify:"
)

var (
	noon    = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("connection refused")
	someone = account.Account{Environments: []account.Environment{{Name: "production", Production: true}}}
)

// world is SQS and Step Functions as far as they are needed, with a clock that only
// sleeping moves.
type world struct {
	t     *testing.T
	now   time.Time
	queue map[string][]*queued
	// executions are by their names; fates are what becomes of those that are started, by
	// the id of their event.
	executions map[string]*sfn.DescribeExecutionOutput
	histories  map[string][]sfntypes.HistoryEvent
	fates      map[string]fate
	started    []*sfn.StartExecutionInput
	// fail are the errors of the calls named.
	fail  map[string]error
	calls []string
}

type queued struct {
	message sqstypes.Message
	// hidden is until when others do not see it.
	hidden time.Time
}

// fate is how an execution ends, after so long.
type fate struct {
	after        time.Duration
	status       sfntypes.ExecutionStatus
	output       string
	error, cause string
	history      string
}

func newWorld(t *testing.T) *world {
	return &world{
		t: t, now: noon, queue: map[string][]*queued{}, executions: map[string]*sfn.DescribeExecutionOutput{},
		histories: map[string][]sfntypes.HistoryEvent{}, fates: map[string]fate{}, fail: map[string]error{},
	}
}

func (w *world) redriver() Redriver {
	return Redriver{
		Account: someone, SQS: w, SFN: w, Workflow: workflow, EventQueue: "events", DeliveryQueue: "deliveries",
		Now: func() time.Time { return w.now }, Sleep: func(_ context.Context, d time.Duration) { w.now = w.now.Add(d) },
	}
}

// put puts a message in a queue, an hour ago.
func (w *world) put(queue, id, body string, attributes map[string]string) {
	m := sqstypes.Message{
		MessageId: aws.String(id), ReceiptHandle: aws.String("handle-" + id), Body: aws.String(body),
		Attributes:        map[string]string{"SentTimestamp": strconv.FormatInt(w.now.Add(-time.Hour).UnixMilli(), 10)},
		MessageAttributes: map[string]sqstypes.MessageAttributeValue{},
	}
	for name, value := range attributes {
		m.MessageAttributes[name] = sqstypes.MessageAttributeValue{StringValue: aws.String(value)}
	}
	w.queue[queue] = append(w.queue[queue], &queued{message: m})
}

// died has an execution that ended incomplete, and queued what it could not tell.
func (w *world) died(name, event string, channels ...string) {
	w.executions[name] = &sfn.DescribeExecutionOutput{
		Status: sfntypes.ExecutionStatusFailed, Error: aws.String("DeliveryIncomplete"), Input: aws.String(eventOf(event))}
	for _, channel := range channels {
		w.put("deliveries", name+"-"+channel, letterOf(name, event, channel), nil)
	}
}

func (w *world) call(name string) error {
	w.calls = append(w.calls, name)
	return w.fail[name]
}

func (w *world) ReceiveMessage(_ context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	if err := w.call("ReceiveMessage " + *in.QueueUrl); err != nil {
		return nil, err
	}
	out := &sqs.ReceiveMessageOutput{}
	for _, q := range w.queue[*in.QueueUrl] {
		if len(out.Messages) < int(in.MaxNumberOfMessages) && !q.hidden.After(w.now) {
			q.hidden = w.now.Add(time.Duration(in.VisibilityTimeout) * time.Second)
			out.Messages = append(out.Messages, q.message)
		}
	}
	return out, nil
}

func (w *world) DeleteMessage(_ context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	if err := w.call("DeleteMessage"); err != nil {
		return nil, err
	}
	kept := []*queued{}
	for _, q := range w.queue[*in.QueueUrl] {
		if *q.message.ReceiptHandle != *in.ReceiptHandle {
			kept = append(kept, q)
		}
	}
	w.queue[*in.QueueUrl] = kept
	return &sqs.DeleteMessageOutput{}, nil
}

func (w *world) ChangeMessageVisibility(_ context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	for _, q := range w.queue[*in.QueueUrl] {
		if *q.message.ReceiptHandle == *in.ReceiptHandle {
			q.hidden = w.now.Add(time.Duration(in.VisibilityTimeout) * time.Second)
		}
	}
	return &sqs.ChangeMessageVisibilityOutput{}, w.call("ChangeMessageVisibility")
}

func (w *world) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	visible, hidden := 0, 0
	for _, q := range w.queue[*in.QueueUrl] {
		if q.hidden.After(w.now) {
			hidden++
		} else {
			visible++
		}
	}
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"ApproximateNumberOfMessages": strconv.Itoa(visible), "ApproximateNumberOfMessagesNotVisible": strconv.Itoa(hidden),
	}}, w.call("GetQueueAttributes")
}

func (w *world) StartExecution(_ context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	if err := w.call("StartExecution"); err != nil {
		return nil, err
	}
	var event struct{ ID string }
	if err := json.Unmarshal([]byte(*in.Input), &event); err != nil || *in.StateMachineArn != workflow {
		w.t.Errorf("started %s with %s", *in.StateMachineArn, *in.Input)
	}
	w.started = append(w.started, in)
	end := w.fates[event.ID]
	out := &sfn.DescribeExecutionOutput{
		Input: in.Input, StartDate: aws.Time(w.now), StopDate: aws.Time(w.now.Add(end.after)), Status: end.status, Output: aws.String(end.output)}
	if end.error != "" {
		out.Error, out.Cause = aws.String(end.error), aws.String(end.cause)
	}
	w.executions[*in.Name] = out
	w.histories[*in.Name] = []sfntypes.HistoryEvent{
		{Type: sfntypes.HistoryEventTypeExecutionFailed},
		{Type: sfntypes.HistoryEventTypeFailStateEntered, StateEnteredEventDetails: &sfntypes.StateEnteredEventDetails{Input: aws.String(end.history)}},
	}
	return &sfn.StartExecutionOutput{ExecutionArn: aws.String(execution + *in.Name)}, nil
}

func (w *world) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	if err := w.call("DescribeExecution"); err != nil {
		return nil, err
	}
	found, ok := w.executions[strings.TrimPrefix(*in.ExecutionArn, execution)]
	if !ok {
		return nil, &sfntypes.ExecutionDoesNotExist{}
	}
	if found.StopDate != nil && found.StopDate.After(w.now) {
		return &sfn.DescribeExecutionOutput{Status: sfntypes.ExecutionStatusRunning}, nil
	}
	return found, nil
}

func (w *world) GetExecutionHistory(_ context.Context, in *sfn.GetExecutionHistoryInput, _ ...func(*sfn.Options)) (*sfn.GetExecutionHistoryOutput, error) {
	if !in.ReverseOrder {
		w.t.Error("the history is read from its beginning")
	}
	return &sfn.GetExecutionHistoryOutput{Events: w.histories[strings.TrimPrefix(*in.ExecutionArn, execution)]}, w.call("GetExecutionHistory")
}

// ids are those of the messages in a queue.
func (w *world) ids(queue string) string {
	var ids []string
	for _, q := range w.queue[queue] {
		ids = append(ids, *q.message.MessageId)
		if q.hidden.After(w.now) {
			w.t.Errorf("the message %s is still hidden", *q.message.MessageId)
		}
	}
	return strings.Join(ids, " ")
}

// eventOf is a raw event, emitted as many minutes before noon as its id has characters.
func eventOf(id string) string {
	return fmt.Sprintf(`{"version":"0","id":%q,"detail-type":"ECS Deployment State Change","source":"aws.ecs","account":"123456789012",
		"time":%q,"region":"eu-west-1","resources":["arn:aws:ecs:eu-west-1:123456789012:service/shop/checkout"],
		"detail":{"eventType":"ERROR","eventName":"SERVICE_DEPLOYMENT_FAILED","deploymentId":"ecs-svc/1","reason":"ECS deployment circuit breaker: tasks failed to start."}}`,
		id, noon.Add(-time.Duration(len(id))*time.Minute).Format(time.RFC3339))
}

// about is the deployment of that event.
func aboutEvent(id string) deployment.Deployment {
	return deployment.Deployment{
		Event: id, Source: deployment.ECS, Name: "SERVICE_DEPLOYMENT_FAILED", Account: "123456789012", Region: "eu-west-1", Partition: "aws",
		Cluster: "shop", Service: "checkout", ID: "ecs-svc/1", Status: deployment.Failed, Kind: deployment.Ordinary,
		Time: noon.Add(-time.Duration(len(id)) * time.Minute), Environment: "production", Production: true,
	}
}

// letterOf is what the workflow queues.
func letterOf(name, event, channel string) string {
	text, _ := json.Marshal(map[string]any{
		"channel": channel, "execution": execution + name,
		"failure":  map[string]string{"Error": "Unreachable", "Cause": `{"errorMessage":"slack: channel_not_found","errorType":"Unreachable"}`},
		"document": deployment.Document{Deployment: aboutEvent(event)},
	})
	return string(text)
}

// docOf is the document that an execution ends with: decisions and deliveries by channel.
func docOf(event string, plan deployment.Plan, deliveries map[string]deployment.Delivery) string {
	text, _ := json.Marshal(deployment.Document{Deployment: aboutEvent(event), Claim: &deployment.Claim{Outcome: deployment.TakenOver}, Plan: plan, Deliveries: deliveries})
	return string(text)
}
