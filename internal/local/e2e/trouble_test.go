//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/deployment"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/play"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/world"
	"fanfare/internal/step"
)

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// TestSuccessWithoutLedger may be a rollback's, for all that is known: it ends no incident.
func TestSuccessWithoutLedger(t *testing.T) {
	scaled(t, 0.02)
	faults(t, fault.Fault{Target: "aws", Match: "dynamodb:", Kind: fault.Status, Status: 500})
	r := send(t, tell("production", "checkout").succeeds())
	if got := line(r.Channels["pagerduty"]); got != "suppress not_claimed none" {
		t.Errorf("PagerDuty: %s", got)
	}
}

// TestTakenOver: an execution that is aborted while it waits for Slack leaves its event
// to the next that brings it, and what was told is not told twice.
func TestTakenOver(t *testing.T) {
	faults(t, fault.Fault{Target: "slack", Kind: fault.Status, Status: 429, RetryAfter: 8, Times: 1})
	event := tell("production", "checkout").fails()
	aborted := make(chan play.Result, 1)
	go func() {
		r, err := player.Send(t.Context(), event)
		if err != nil {
			t.Error(err)
		}
		aborted <- r
	}()
	stopWhenWaiting(t, event.ID)
	if r := <-aborted; r.Result != play.Failed || r.Execution.Status != "ABORTED" {
		t.Fatalf("the first execution is %s, %s", r.Result, r.Execution.Status)
	}
	r := send(t, event)
	if got := r.Document.Claim.Outcome; got != deployment.TakenOver {
		t.Errorf("the claim is %s", got)
	}
	if got := line(r.Channels["pagerduty"]); got != "deliver production_failure sent" {
		t.Errorf("PagerDuty was told before: %s", got)
	}
	if got := line(r.Channels["slack"]); got != slackFails {
		t.Errorf("Slack was not told before: %s", got)
	}
}

// stopWhenWaiting aborts the execution that told PagerDuty, and waits for Slack.
func stopWhenWaiting(t *testing.T, event string) {
	t.Helper()
	client := sfn.NewFromConfig(w.Config())
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		var slack, pagerduty []json.RawMessage
		control(t, "GET", "/requests?vendor=slack&event="+event, nil, &slack)
		control(t, "GET", "/requests?vendor=pagerduty&event="+event, nil, &pagerduty)
		if len(slack) == 1 && len(pagerduty) == 1 {
			break
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-t.Context().Done():
		}
	}
	list, err := client.ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(w.Outputs["StateMachineArn"]), StatusFilter: "RUNNING"})
	if err != nil || len(list.Executions) != 1 {
		t.Fatalf("one running execution expected: %v, %v", list, err)
	}
	if _, err := client.StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: list.Executions[0].ExecutionArn}); err != nil {
		t.Fatal(err)
	}
}

// heldFor: the queue holds everything that a redelivery to the channel needs.
func heldFor(channel string) func(*testing.T, edge.Event, play.Result) {
	return func(t *testing.T, event edge.Event, r play.Result) {
		messages, err := w.QueueMessages(t.Context(), w.Outputs["DeliveryQueueUrl"])
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			if !strings.Contains(m.Body, event.ID) {
				continue
			}
			var letter struct {
				Channel   string
				Execution string
				Failure   struct{ Error, Cause string }
				Document  step.Document
			}
			if err := json.Unmarshal([]byte(m.Body), &letter); err != nil {
				t.Fatal(err)
			}
			d := letter.Document
			if letter.Channel != channel || letter.Execution != r.Execution.ARN || letter.Failure.Error == "" || letter.Failure.Cause == "" ||
				d.Deployment.Event != event.ID || d.Release == nil || d.Commits == nil || d.Plan[channel].Decision != deployment.Deliver ||
				!strings.Contains(string(d.Message), production) {
				t.Errorf("something is missing in %s", m.Body)
			}
			return
		}
		t.Error("the queue has no message of the event")
	}
}

// waited: Retry-After is obeyed to the second. It may have waited for its turn before.
func waited(t *testing.T, event edge.Event, _ play.Result) {
	var received []standin.Request
	control(t, "GET", "/requests?vendor=slack&event="+event.ID, nil, &received)
	if len(received) < 2 {
		t.Fatalf("received %v", received)
	}
	if gap := received[1].At.Sub(received[0].At); gap < 2*time.Second || gap > 3*time.Second {
		t.Errorf("2 s were to be waited, and it was %v", gap)
	}
}

func died(t *testing.T, _ edge.Event, r play.Result) { wantDeath(t, r.Execution.ARN) }

// missing takes the account's parameter away until the test ends, and makes the functions
// forget it.
func missing(in *world.World, parameter string, functions ...string) func(*testing.T) {
	return func(t *testing.T) {
		client := ssm.NewFromConfig(in.Config())
		was, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(parameter), WithDecryption: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.DeleteParameter(t.Context(), &ssm.DeleteParameterInput{Name: aws.String(parameter)}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, err := client.PutParameter(context.Background(), &ssm.PutParameterInput{Name: aws.String(parameter), Type: was.Parameter.Type, Value: was.Parameter.Value})
			if err != nil {
				t.Error(err)
			}
		})
		for _, function := range functions {
			anew(function)(t)
		}
	}
}

// malformed passes the rule, and is no news of any service.
func malformed(t *testing.T) edge.Event {
	event := serviceFails(t)
	event.Resources = []string{}
	return event
}

// namesTheField: nothing is lost, since the execution that failed has the event as its input.
func namesTheField(t *testing.T, event edge.Event, r play.Result) {
	if r.Execution.Error != "Permanent" || !strings.Contains(r.Execution.Cause(), "resources") {
		t.Errorf("%s: %s", r.Execution.Error, r.Execution.Cause())
	}
	out, err := sfn.NewFromConfig(w.Config()).DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(r.Execution.ARN)})
	if err != nil || !strings.Contains(aws.ToString(out.Input), event.ID) {
		t.Errorf("the execution has lost the event: %v, %v", out, err)
	}
}

func failsInWindow(*testing.T) edge.Event {
	since, until := night(tell("production", "search").began)
	began = until.Add(time.Hour)
	return failsAt("search", since.Add(time.Hour))
}

func saysNoWindow(t *testing.T, _ edge.Event, r play.Result) {
	if m := r.Document.Maintenance; m == nil || len(m.Windows) != 0 || m.Reason != "the maintenance windows could not be looked up" {
		t.Errorf("the function has run: %+v", m)
	}
}
