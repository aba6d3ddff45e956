package redrive

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/normalise"
	"fanfare/internal/text"
)

// SQS is what is needed of SQS.
type SQS interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

const (
	// maxFresh is how many messages of a queue are looked at in one call, and maxTaken how
	// many are taken to find them.
	maxFresh, maxTaken = 100, 2000
	// hold is for how much longer than the batch is waited for a message is kept from
	// others: until then a function that died still holds it.
	hold = 2 * time.Minute
	// maxWords is how many characters of what went wrong are told.
	maxWords = 400
)

// message is one message, as far as it was understood.
type message struct {
	Message
	handle string
	// problem says why it is none of Fanfare's; then nothing else is known.
	problem string
	// execution is the ARN of the one that queued it; empty in the queue of events.
	execution  string
	deployment deployment.Deployment
	// event is the raw event; nil in the queue of deliveries.
	event json.RawMessage
}

// taken are the messages that no other call sees for now.
type taken struct {
	redriver Redriver
	ctx      context.Context // of the call, which release outlives
	fresh    []message
	// handles are by the queue, of all that is still there.
	handles map[Queue][]string
	// cut is true when there is more than was taken; count is what SQS says is there.
	cut   bool
	count map[Queue]int
}

func (r Redriver) url(queue Queue) *string {
	if queue == Events {
		return &r.EventQueue
	}
	return &r.DeliveryQueue
}

// take takes messages out of both queues, but leaves alone what was kept before, and what
// was queued after the first call.
func (r Redriver) take(ctx context.Context, in Input, before, until time.Time) (*taken, error) {
	t := &taken{redriver: r, ctx: ctx, handles: map[Queue][]string{}, count: map[Queue]int{}}
	seconds := int32((max(until.Sub(r.Now()), 0) + hold) / time.Second)
	for _, queue := range []Queue{Events, Deliveries} {
		ended, err := t.drain(ctx, queue, seconds, func(m message) bool {
			return !slices.Contains(in.Skip, m.ID) && !m.SentAt.After(before)
		})
		if err != nil {
			return t, err
		}
		t.cut = t.cut || !ended
		if !ended || len(t.handles[queue]) == 0 {
			if t.count[queue], err = r.countOf(ctx, queue); err != nil {
				return t, err
			}
		}
	}
	return t, nil
}

// drain takes messages until there are no more (ended), or enough are fresh.
func (t *taken) drain(ctx context.Context, queue Queue, seconds int32, isFresh func(message) bool) (ended bool, err error) {
	fresh := 0
	for fresh < maxFresh && len(t.handles[queue]) < maxTaken {
		out, err := t.redriver.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: t.redriver.url(queue), MaxNumberOfMessages: 10, VisibilityTimeout: seconds,
			WaitTimeSeconds:             1, // asks all of SQS's servers, and not only some
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameSentTimestamp},
		})
		if err != nil {
			return false, fmt.Errorf("reading the queue of %s: %w", queue, err)
		}
		if len(out.Messages) == 0 {
			return true, nil
		}
		for _, raw := range out.Messages {
			t.handles[queue] = append(t.handles[queue], aws.ToString(raw.ReceiptHandle))
			if m := parse(queue, raw, t.redriver.Account, t.redriver.Workflow); isFresh(m) {
				t.fresh = append(t.fresh, m)
				fresh++
			}
		}
	}
	return false, nil
}

// delete takes the messages out of their queues for good.
func (t *taken) delete(ctx context.Context, messages []message) error {
	for _, m := range messages {
		_, err := t.redriver.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: t.redriver.url(m.Queue), ReceiptHandle: &m.handle})
		if err != nil {
			return fmt.Errorf("deleting the message %s: %w", m.ID, err)
		}
		t.handles[m.Queue] = slices.DeleteFunc(t.handles[m.Queue], func(h string) bool { return h == m.handle })
		t.count[m.Queue]--
	}
	return nil
}

// release lets others see at once what is still there. What cannot be released comes back
// by itself.
func (t *taken) release() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), margin/2)
	defer cancel()
	for queue, handles := range t.handles {
		for _, handle := range handles {
			_, err := t.redriver.SQS.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
				QueueUrl: t.redriver.url(queue), ReceiptHandle: &handle, VisibilityTimeout: 0})
			if err != nil {
				slog.WarnContext(ctx, "a message comes back only later", "queue", queue, "error", failure.Classify(err).Error())
				return
			}
		}
	}
}

// left counts what is in the queues: what was seen there and not deleted, and what the
// workflow has queued anew. What SQS says counts where not all was seen.
func (t *taken) left(items []Item) Left {
	left := Left{
		Events:     max(len(t.handles[Events]), t.count[Events]),
		Deliveries: max(len(t.handles[Deliveries]), t.count[Deliveries]),
	}
	for _, item := range items {
		for _, c := range item.Channels {
			if c.Outcome == Again {
				left.Deliveries++
			}
		}
	}
	return left
}

// countOf is how many messages SQS says are in the queue, those included that are in
// somebody's hands.
func (r Redriver) countOf(ctx context.Context, queue Queue) (int, error) {
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := r.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: r.url(queue), AttributeNames: names})
	if err != nil {
		return 0, fmt.Errorf("counting the queue of %s: %w", queue, err)
	}
	sum := 0
	for _, name := range names {
		n, _ := strconv.Atoi(out.Attributes[string(name)])
		sum += n
	}
	return sum, nil
}

// parse understands a message. One that is none of Fanfare's has a problem.
func parse(queue Queue, raw types.Message, a account.Account, workflow string) message {
	m := message{Message: Message{Queue: queue, ID: aws.ToString(raw.MessageId)}, handle: aws.ToString(raw.ReceiptHandle)}
	if ms, err := strconv.ParseInt(raw.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64); err == nil {
		m.SentAt = time.UnixMilli(ms).UTC()
	}
	var err error
	if queue == Events {
		err = m.parseEvent(raw, a)
	} else {
		err = m.parseDelivery(aws.ToString(raw.Body), workflow)
	}
	if err != nil {
		m.problem = words(err.Error())
	}
	return m
}

// parseEvent reads an event as EventBridge puts it in its queue:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
func (m *message) parseEvent(raw types.Message, a account.Account) (err error) {
	body := json.RawMessage(aws.ToString(raw.Body))
	if m.deployment, err = normalise.Event(body, a); err != nil {
		return err
	}
	m.event = body
	var said []string
	for _, name := range []string{"ERROR_CODE", "ERROR_MESSAGE"} {
		if value := aws.ToString(raw.MessageAttributes[name].StringValue); value != "" {
			said = append(said, value)
		}
	}
	m.Why = words(strings.Join(said, ": "))
	return nil
}

// parseDelivery reads what the workflow's DeadLetter states queue.
func (m *message) parseDelivery(body, workflow string) error {
	var letter struct {
		Channel   string  `json:"channel"`
		Execution string  `json:"execution"`
		Failure   caught  `json:"failure"`
		Document  subject `json:"document"`
	}
	if err := json.Unmarshal([]byte(body), &letter); err != nil {
		return fmt.Errorf("a message of Fanfare's workflow expected: %w", err)
	}
	of := executionsOf(workflow)
	switch {
	case letter.Channel == "":
		return fmt.Errorf("channel: the name of a channel expected, found nothing")
	case !strings.HasPrefix(letter.Execution, of) || len(letter.Execution) == len(of):
		return fmt.Errorf("execution: one of Fanfare's workflow expected, found %q", text.Cut(letter.Execution, 100))
	case letter.Document.Deployment.Event == "":
		return fmt.Errorf("document.deployment.event: an event's id expected, found nothing")
	}
	m.Channel, m.execution, m.deployment = words(letter.Channel), letter.Execution, letter.Document.Deployment
	m.Why = letter.Failure.words()
	return nil
}

// subject is what is read of a document: the rest may be of an older version's shape.
type subject struct {
	Deployment deployment.Deployment `json:"deployment"`
}

// words are fit to be shown.
func words(s string) string { return text.Cut(text.Line(s), maxWords) }
