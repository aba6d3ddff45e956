package play

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/deployment"
)

// history reads the states that an execution passed, and the document as the last of
// them that had it knew it: an execution that ends red has no output.
func (p *Player) history(ctx context.Context, out *sfn.DescribeExecutionOutput) (Execution, deployment.Document, error) {
	e := Execution{
		ARN: aws.ToString(out.ExecutionArn), Status: string(out.Status), Error: aws.ToString(out.Error), States: []string{},
		cause: causeOf(aws.ToString(out.Cause)),
	}
	var doc deployment.Document
	pages := sfn.NewGetExecutionHistoryPaginator(p.sfn, &sfn.GetExecutionHistoryInput{ExecutionArn: out.ExecutionArn, MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return e, doc, fmt.Errorf("reading the execution's history: %w", err)
		}
		for _, event := range page.Events {
			if entered := event.StateEnteredEventDetails; entered != nil {
				e.States = append(e.States, aws.ToString(entered.Name))
				learn(&doc, entered.Input)
			}
			if exited := event.StateExitedEventDetails; exited != nil {
				learn(&doc, exited.Output)
			}
		}
	}
	return e, doc, nil
}

// learn takes the document over when the text is one.
func learn(doc *deployment.Document, text *string) {
	var found deployment.Document
	if err := json.Unmarshal([]byte(aws.ToString(text)), &found); err == nil && found.Deployment.Event != "" {
		*doc = found
	}
}

// causeOf is the sentence inside a failed function's error, or the cause as it is.
func causeOf(cause string) string {
	var told struct {
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal([]byte(cause), &told); err == nil && told.Message != "" {
		return told.Message
	}
	return cause
}

// queues are the stack's dead-letter queues, by name.
func (p *Player) queues() map[string]string {
	urls := map[string]string{}
	for _, output := range []string{"EventQueueUrl", "DeliveryQueueUrl"} {
		address := p.world.Outputs[output]
		urls[path.Base(address)] = address
	}
	return urls
}

// waiting counts the messages of each queue that speak of the event.
func (p *Player) waiting(ctx context.Context, event string) (map[string]int, error) {
	count := map[string]int{}
	for name, address := range p.queues() {
		messages, err := p.engine.QueueMessages(ctx, address)
		if err != nil {
			return nil, fmt.Errorf("looking into the queue %s: %w", name, err)
		}
		count[name] = 0
		for _, message := range messages {
			if event != "" && strings.Contains(message.Body, event) {
				count[name]++
			}
		}
	}
	return count, nil
}

// gained fills in how many messages of the event each queue has more than at the mark.
func (p *Player) gained(ctx context.Context, result *Result, since Mark) error {
	now, err := p.waiting(ctx, result.Event)
	for name, n := range now {
		result.Queues[name] = n - since.waiting[name]
	}
	return err
}
