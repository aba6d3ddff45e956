package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/deployment"
	"fanfare/internal/doctor"
	"fanfare/internal/local/fault"
	"fanfare/internal/watchdog/order"
	"fanfare/internal/why"
)

// handRows: the functions that are called by hand, or by the clock, die while they ask AWS.
func handRows() []row {
	killed := func(operation, key string, after bool) fault.Fault {
		return fault.Fault{Target: "aws", Match: operation, Key: key, Kind: fault.Kill, After: after, Times: 1}
	}
	of := func(function string, story Story, faults ...fault.Fault) row {
		return row{function + " is killed", 1, func(dice, int) Play {
			return Play{Source: ecsSource, Story: story, Real: true, Hand: function, Operator: append([]fault.Fault{}, faults...)}
		}}
	}
	return []row{
		of("why", fails, killed("dynamodb:Query", "", false)),
		of("doctor", fails, killed("sqs:GetQueueAttributes", "QueueUrl", false)),
		of("watchdog", unheard, killed("ecs:DescribeServices", "", false), killed("states:StartExecution", "", true)),
	}
}

// byHandOf calls the play's function until it does not die, and looks at its answer.
func (s *stage) byHandOf(ctx context.Context, p Play) error {
	payload, err := s.payloadOf(ctx, p)
	if err != nil {
		return err
	}
	client := lambda.NewFromConfig(s.direct())
	for range most {
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("fanfare-" + p.Hand), Payload: payload})
		if err != nil {
			return fmt.Errorf("calling %s: %w", p.Hand, err)
		}
		if out.FunctionError != nil {
			continue
		}
		var answer struct {
			Found  any   `json:"found"` // of why whether, of the watchdog what
			Checks []any `json:"checks"`
		}
		if err := json.Unmarshal(out.Payload, &answer); err != nil {
			return fmt.Errorf("reading the answer of %s: %w", p.Hand, err)
		}
		if len(answer.Checks) == 0 && (answer.Found == nil || answer.Found == false || answer.Found == "") {
			s.problems = append(s.problems, fmt.Sprintf("%s: %s answers %s", p.Name, p.Hand, out.Payload))
		}
		_, err = s.follow.ended(ctx, "")
		return err
	}
	s.problems = append(s.problems, fmt.Sprintf("%s: %s died %d times", p.Name, p.Hand, most))
	return nil
}

func (s *stage) payloadOf(ctx context.Context, p Play) ([]byte, error) {
	switch p.Hand {
	case "why":
		return json.Marshal(why.Input{Deployment: cluster + "/" + p.Name})
	case "doctor":
		return json.Marshal(doctor.Input{})
	default:
		return s.orderOf(ctx, p)
	}
}

// orderMinutes is how long the watchdog is told that the deployment was given.
const orderMinutes = 30

// orderOf is what the clock would give to the watchdog when the deployment's time is over.
// It is made of what the workflow knew, and not read from the schedule: the local engine
// looks for schedules' permissions in another group than they are in.
func (s *stage) orderOf(ctx context.Context, p Play) ([]byte, error) {
	executions := s.follow.of(p.Name)
	if len(executions) == 0 {
		return nil, fmt.Errorf("no execution tells of %s", p.Name)
	}
	out, err := sfn.NewFromConfig(s.direct()).DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &executions[0].arn})
	if err != nil {
		return nil, fmt.Errorf("looking at an execution: %w", err)
	}
	var doc deployment.Document
	if err := json.Unmarshal([]byte(aws.ToString(out.Output)), &doc); err != nil {
		return nil, fmt.Errorf("reading what came of %s: %w", executions[0].event, err)
	}
	began := doc.Deployment.Time
	return json.Marshal(order.Order{
		Deployment: doc.Deployment, Kind: doc.Kind(), StartedAt: began, Minutes: orderMinutes, Due: began.Add(orderMinutes * time.Minute),
	})
}
