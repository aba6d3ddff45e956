package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// most is how often the operator looks whether something is left to be done.
const most = 5

// operate does what an operator would once everything is repaired: it has the events told
// again whose executions failed before they told anybody, and redrives the queues, until
// there is nothing left.
func (s *stage) operate(ctx context.Context) error {
	for round := range most {
		if err := s.search(ctx); err != nil {
			return err
		}
		resent, err := s.resend(ctx)
		if err != nil {
			return err
		}
		redriven, err := s.redrive(ctx, round)
		if err != nil {
			return err
		}
		s.say(fmt.Sprintf("  as an operator: %d events sent again, %d messages redriven", resent, redriven))
		if resent+redriven == 0 {
			return nil
		}
		if _, err := s.follow.ended(ctx, ""); err != nil {
			return err
		}
	}
	return nil
}

// resend starts the workflow again for the events that nobody was told of, since the last
// of their executions failed before it had dispatched. What is no event fails every time,
// and is left alone.
func (s *stage) resend(ctx context.Context) (int, error) {
	last := map[string]execution{}
	for _, x := range s.follow.of("") {
		if before := last[x.event]; !x.duplicate && before.status != types.ExecutionStatusSucceeded {
			last[x.event] = x
		}
	}
	resent := 0
	for _, x := range last {
		if x.status == types.ExecutionStatusSucceeded || x.refused() {
			continue
		}
		dispatched, err := s.follow.dispatched(ctx, x.arn)
		if err != nil {
			return resent, err
		}
		if dispatched {
			continue
		}
		if err := s.follow.start(ctx, x.input); err != nil {
			return resent, err
		}
		resent++
	}
	return resent, nil
}

// redrive starts the workflow again for what lies in the queues.
func (s *stage) redrive(ctx context.Context, _ int) (int, error) {
	client := sqs.NewFromConfig(s.direct())
	redriven := 0
	for _, queue := range s.queues() {
		for {
			out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10})
			if err != nil {
				return redriven, fmt.Errorf("receiving from a queue: %w", err)
			}
			if len(out.Messages) == 0 {
				break
			}
			for _, message := range out.Messages {
				input, err := s.inputOf(ctx, aws.ToString(message.Body))
				if err != nil {
					return redriven, err
				}
				if err := s.follow.start(ctx, input); err != nil {
					return redriven, err
				}
				if _, err := client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &queue, ReceiptHandle: message.ReceiptHandle}); err != nil {
					return redriven, fmt.Errorf("taking a message out of a queue: %w", err)
				}
				redriven++
			}
		}
	}
	return redriven, nil
}

func (s *stage) queues() []string {
	return []string{s.world.Outputs["EventQueueUrl"], s.world.Outputs["DeliveryQueueUrl"]}
}

// inputOf is the event that a message of the queues is about: it names the execution, or
// is the event itself.
func (s *stage) inputOf(ctx context.Context, body string) (string, error) {
	var letter struct {
		Execution string `json:"execution"`
	}
	if err := json.Unmarshal([]byte(body), &letter); err != nil || letter.Execution == "" {
		return body, nil
	}
	if err := s.follow.study(ctx, letter.Execution); err != nil {
		return "", err
	}
	s.follow.mu.Lock()
	defer s.follow.mu.Unlock()
	return s.follow.byARN[letter.Execution].input, nil
}

// playName is what a play's name looks like.
var playName = regexp.MustCompile(`c[0-9a-f]{6}-[0-9]{4}|chaos-p[0-9]{2}`)

// namesIn are the plays that a text names.
func namesIn(text string) []string { return playName.FindAllString(text, -1) }
