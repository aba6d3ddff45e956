//go:build e2e

package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/deployment"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/play"
	"fanfare/internal/step"
)

// TestTrouble plays one thing that goes wrong at a time: what is told is shorter, or
// waits in the queue, and no other channel notices.
func TestTrouble(t *testing.T) {
	scaled(t, 0.02)
	for name, test := range map[string]struct {
		faults                []fault.Fault
		slack, pagerduty, sns string
		queued                int
		say                   string // in what Slack was told
	}{
		"Slack fails throughout": {
			faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 500}},
			slack:  "deliver every_deployment dead_lettered /api/chat.postMessage /api/chat.postMessage /api/chat.postMessage /api/chat.postMessage",
			queued: 1,
		},
		"Slack fails once": {
			faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 503, Times: 1}},
			slack:  "deliver every_deployment sent /api/chat.postMessage /api/chat.postMessage /api/chat.postMessage",
		},
		"Slack's channel is gone": {
			faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 200, Body: `{"ok":false,"error":"channel_not_found"}`}},
			slack:  "deliver every_deployment dead_lettered /api/chat.postMessage", queued: 1,
		},
		"Slack limits": {
			faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 429, RetryAfter: 3, Times: 1}},
			slack:  "deliver every_deployment sent /api/chat.postMessage /api/chat.postMessage /api/chat.postMessage",
		},
		"PagerDuty refuses": {
			faults:    []fault.Fault{{Target: "pagerduty", Kind: fault.Status, Status: 400, Body: `{"status":"invalid event","message":"Event object is invalid","errors":["x"]}`}},
			pagerduty: "deliver production_failure dead_lettered /v2/enqueue", queued: 1,
		},
		"PagerDuty hangs up": {
			faults:    []fault.Fault{{Target: "pagerduty", Kind: fault.Drop, Times: 1}},
			pagerduty: "deliver production_failure sent /v2/enqueue /v2/enqueue",
		},
		"GitLab answers HTML":  {faults: []fault.Fault{{Target: "gitlab", Kind: fault.HTML, Status: 502}}},
		"ECS throttles":        {faults: []fault.Fault{{Target: "aws", Match: "ecs:Describe", Kind: fault.Status, Status: 400}}, say: "ECS"},
		"the last tag is lost": {faults: []fault.Fault{{Target: "aws", Match: "ssm:GetParameter", Kind: fault.Status, Status: 500, Times: 3}}},
	} {
		t.Run(name, func(t *testing.T) {
			faults(t, test.faults...)
			r := send(t, tell("production", "checkout").fails())
			wantLines(t, r, or(test.slack, slackFails), or(test.pagerduty, pages), or(test.sns, texts))
			if got := r.Queues["fanfare-deliveries-dlq"]; got != test.queued {
				t.Errorf("the queue gained %d messages, %d expected", got, test.queued)
			}
			want := play.Carried
			if test.queued > 0 {
				want = play.Failed
			}
			if r.Result != want {
				t.Errorf("it is %s, %s expected (%s)", r.Result, want, r.Execution.Cause())
			}
			if !strings.Contains(string(r.Channels["slack"].Requests[0].Body), test.say) {
				t.Errorf("Slack was to be told %q: %s", test.say, r.Channels["slack"].Requests[0].Body)
			}
		})
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// TestNoLedger: with DynamoDB out of reach everybody is told all the same; the execution
// ends red, because it could not write down that they were.
func TestNoLedger(t *testing.T) {
	scaled(t, 0.02)
	faults(t, fault.Fault{Target: "aws", Match: "dynamodb:", Kind: fault.Status, Status: 500})
	r := send(t, tell("production", "checkout").fails())
	for name, want := range map[string]string{"pagerduty": pages, "sns": texts, "slack": slackFails} {
		if got := line(r.Channels[name]); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if r.Result != play.Failed {
		t.Errorf("without its audit row it is %s", r.Result)
	}
	// A success may be a rollback, for all that is known: it ends no incident.
	r = send(t, tell("production", "checkout").succeeds())
	if got := line(r.Channels["pagerduty"]); got != "suppress not_claimed none" {
		t.Errorf("PagerDuty: %s", got)
	}
}

// TestSlowGitLab holds a page up by no more than the budget.
func TestSlowGitLab(t *testing.T) {
	faults(t, fault.Fault{Target: "gitlab", Kind: fault.Delay, DelayMS: 60_000})
	r := rolloutFails(t, "search", "1.42.0")
	if c := r.Channels["pagerduty"]; c.Outcome != string(deployment.Sent) {
		t.Errorf("PagerDuty: %s", line(c))
	}
	if !strings.Contains(string(r.Channels["slack"].Requests[0].Body), "GitLab did not answer in time") {
		t.Errorf("Slack is not told why: %s", r.Channels["slack"].Requests[0].Body)
	}
	if r.MS > 8000 {
		t.Errorf("it took %d ms", r.MS)
	}
}

// TestRetryAfter is obeyed to the second.
func TestRetryAfter(t *testing.T) {
	faults(t, fault.Fault{Target: "slack", Kind: fault.Status, Status: 429, RetryAfter: 2, Times: 1})
	r := send(t, tell("staging", "orders").starts())
	if got := line(r.Channels["slack"]); got != slackPosts+" /api/chat.postMessage" {
		t.Errorf("Slack: %s", got)
	}
	if r.MS < 2000 || r.Document.Deliveries["slack"].Waited != 2 {
		t.Errorf("2 s were to be waited: it took %d ms, %+v", r.MS, r.Document.Deliveries["slack"])
	}
}

// TestTakenOver: an execution that is aborted while it waits for Slack leaves its event
// to the next that brings it, and what was told is not told twice.
func TestTakenOver(t *testing.T) {
	faults(t, fault.Fault{Target: "slack", Kind: fault.Status, Status: 429, RetryAfter: 600, Times: 1})
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

// TestDeadLetterHoldsEverything that a redelivery needs.
func TestDeadLetterHoldsEverything(t *testing.T) {
	scaled(t, 0.02)
	faults(t, fault.Fault{Target: "pagerduty", Kind: fault.Status, Status: 400})
	event := tell("production", "checkout").fails()
	r := send(t, event)
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
		if letter.Channel != "pagerduty" || letter.Execution != r.Execution.ARN || letter.Failure.Error != "Permanent" ||
			d.Deployment.Event != event.ID || d.Release == nil || d.Commits == nil || d.Plan["pagerduty"].Decision != deployment.Deliver ||
			!strings.Contains(string(d.Message), `"trigger"`) {
			t.Errorf("something is missing in %s", m.Body)
		}
		return
	}
	t.Error("the queue has no message of the event")
}
