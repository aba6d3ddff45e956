package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanfare/internal/redrive"
)

// most is how often the operator looks whether something is left to be done.
const most = 5

// operate does what an operator would once everything is repaired: it has the events told
// again whose executions failed before they told anybody, and redrives the queues, until
// there is nothing left.
func (s *stage) operate(ctx context.Context, plays []Play) error {
	for _, p := range plays {
		for _, f := range p.Operator {
			s.name(f.Key, p)
		}
		if err := s.set(ctx, p.Operator...); err != nil {
			return err
		}
		if p.Hand != "" {
			if err := s.byHandOf(ctx, p); err != nil {
				return err
			}
		}
	}
	for range most {
		if err := s.search(ctx); err != nil {
			return err
		}
		resent, err := s.resend(ctx)
		if err != nil {
			return err
		}
		redriven, err := s.redrive(ctx)
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

// redrive calls the function that tells what lies in the queues, as make redrive does. A
// call in which it dies is made again.
func (s *stage) redrive(ctx context.Context) (int, error) {
	config := s.direct()
	config.HTTPClient = &http.Client{Timeout: 10 * time.Minute}
	client := lambda.NewFromConfig(config)
	var in redrive.Input
	redriven := 0
	for {
		payload, err := json.Marshal(in)
		if err != nil {
			return redriven, fmt.Errorf("calling redrive: %w", err)
		}
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("fanfare-redrive"), Payload: payload})
		if err != nil {
			return redriven, fmt.Errorf("calling redrive: %w", err)
		}
		if out.FunctionError != nil {
			s.say("  redrive has died: " + string(out.Payload))
			redriven++ // so that there is another round
			return redriven, s.comeBack(ctx)
		}
		var result redrive.Result
		if err := json.Unmarshal(out.Payload, &result); err != nil {
			return redriven, fmt.Errorf("reading what redrive did: %w", err)
		}
		for _, item := range result.Items {
			if item.Execution != "" {
				redriven++
				if err := s.follow.noteAgain(ctx, item.Execution); err != nil {
					return redriven, err
				}
			}
			for _, message := range item.Messages {
				if item.Kept {
					in.Skip = append(in.Skip, message.ID)
				}
			}
		}
		if in.Before = result.Before; !result.More {
			return redriven, nil
		}
	}
}

// comeBack makes the messages visible that a function had in its hands when it died, as
// time does after some minutes.
func (s *stage) comeBack(ctx context.Context) error {
	client := sqs.NewFromConfig(s.direct())
	for _, queue := range s.queues() {
		messages, err := s.world.QueueMessages(ctx, queue)
		if err != nil {
			return err
		}
		if _, err := client.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: &queue}); err != nil {
			return fmt.Errorf("emptying a queue: %w", err)
		}
		for _, m := range messages {
			if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &m.Body}); err != nil {
				return fmt.Errorf("filling a queue: %w", err)
			}
		}
	}
	return nil
}

func (s *stage) queues() []string {
	return []string{s.world.Outputs["EventQueueUrl"], s.world.Outputs["DeliveryQueueUrl"]}
}

// playName is what a play's name looks like.
var playName = regexp.MustCompile(`c[0-9a-f]{6}-[0-9]{4}[ad]?|chaos-p[0-9]{2}`)

// namesIn are the plays that a text names.
func namesIn(text string) []string { return playName.FindAllString(text, -1) }
