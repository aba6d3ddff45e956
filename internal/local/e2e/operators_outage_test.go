//go:build e2e

package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/play"
	"fanfare/internal/local/standin"
)

// incomplete holds the execution against one that could not tell everybody, and has put
// what is missing in the queue.
func incomplete(t *testing.T, r play.Result) {
	t.Helper()
	if r.Execution.Status != "FAILED" || r.Execution.Error != "DeliveryIncomplete" {
		t.Errorf("the execution is %s: %s", r.Execution.Status, r.Execution.Error)
	}
	if got := r.Queues["fanfare-deliveries-dlq"]; got != 1 {
		t.Errorf("the queue of deliveries gained %d messages", got)
	}
}

// inNotice holds the notice against what a person at night needs of it.
func inNotice(t *testing.T, notices []string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if len(notices) == 0 || !strings.Contains(notices[0], text) {
			t.Errorf("the notice was to say %q: %q", text, notices)
		}
	}
}

// title is the first line by which the operator's program tells of a failed deployment.
func title(s story) string {
	at := s.fails().Time.Format("2006-01-02 15:04:05 UTC")
	return s.service + " in production, FAILED, " + s.id + ", of " + at + ": "
}

// TestArchived: Slack's channel is archived while two production deployments fail.
func TestArchived(t *testing.T) {
	scaled(t, 0.02)
	quiet(t)
	ear := listens(t)
	archive := func(archived bool) {
		control(t, "POST", "/slack/channels", map[string]any{"id": channelID, "archived": archived}, nil)
	}
	archive(true)
	var events []edge.Event
	stories := []story{tell("production", "checkout"), tell("production", "search")}
	for _, s := range stories {
		event := s.fails()
		events = append(events, event)
		r := send(t, event)
		wantLines(t, r, slackDead+post, pages, texts)
		incomplete(t, r)
	}
	inNotice(t, ear.hears(t, "Fanfare cannot reach the Slack channel "+channelID),
		"is_archived", "checkout in production", "fanfare-deliveries-dlq", "unarchive the channel", "make redrive ACCOUNT=")

	operated(t, "redrive", "-dry").says(t, 0, title(stories[0])+"would be told", title(stories[1])+"would be told",
		"0 messages in the queue of events, 2 messages in that of deliveries. Nothing was done: `make redrive ACCOUNT=local` does it.")
	operated(t, "redrive").says(t, 1, title(stories[0])+"not all could be told", "  pagerduty: told before, skipped",
		"/  slack: NOT TOLD, again in the queue: Unreachable: .*is_archived.*/", "  sns: told before, skipped",
		title(stories[1])+"not all could be told", "/Left: 0 messages in the queue of events, 2 messages in that of deliveries\\..*make doctor ACCOUNT=local.*/")
	ear.hears(t)

	archive(false)
	operated(t, "redrive").says(t, 0, title(stories[0])+"done", "  pagerduty: told before, skipped", "  slack: told now", "  sns: told before, skipped",
		title(stories[1])+"done", "  slack: told now", "Nothing is left in the queues.")
	for i, event := range events {
		wantTaken(t, event, map[string]int{"slack": 2, "pagerduty": 1, "sns": 1})
		wantOneMessage(t, stories[i].id, "failed")
	}
	operated(t, "redrive").says(t, 0, "Nothing waits in the queues.")
	if events, deliveries := waiting(t, eventQueue()), waiting(t, deliveryQueue()); events+deliveries != 0 {
		t.Errorf("%d events and %d deliveries are left", events, deliveries)
	}

	// Doctor finds that the outage is over; the next one is told anew.
	if d := operated(t, "doctor"); d.code != 0 {
		t.Fatalf("doctor: %+v", d)
	}
	archive(true)
	incomplete(t, send(t, tell("production", "checkout").fails()))
	ear.hears(t, "Fanfare cannot reach the Slack channel "+channelID)
}

// wantTaken holds what the vendors have taken of an event, whoever sent it, against numbers.
func wantTaken(t *testing.T, event edge.Event, want map[string]int) {
	t.Helper()
	for vendor, n := range want {
		var received []standin.Request
		control(t, "GET", "/requests?vendor="+vendor+"&event="+event.ID, nil, &received)
		got := 0
		for _, request := range received {
			if request.Accepted {
				got++
			}
		}
		if got != n {
			t.Errorf("%s has taken %d messages of %s, want %d", vendor, got, event.ID, n)
		}
	}
}

// TestKeyRevoked: PagerDuty's key is revoked while two production deployments fail.
func TestKeyRevoked(t *testing.T) {
	scaled(t, 0.02)
	quiet(t)
	wantLines(t, send(t, tell("production", "checkout").succeeds()), slackPosts, resolves, notFailed) // whatever was open
	ear := listens(t)
	control(t, "POST", "/pagerduty/keys", map[string]any{"revoked": true}, nil)
	stories := []story{tell("production", "checkout"), tell("production", "search")}
	var events []edge.Event
	for _, s := range stories {
		event := s.fails()
		events = append(events, event)
		r := send(t, event)
		wantLines(t, r, slackFails, "deliver production_failure dead_lettered /v2/enqueue", texts)
		incomplete(t, r)
	}
	inNotice(t, ear.hears(t, "Fanfare cannot reach PagerDuty"), "nobody is paged", "checkout in production", "/fanfare/pagerduty/routing-key", "make redrive ACCOUNT=")
	if got := incident(t, "checkout"); got != "resolved" {
		t.Errorf("the incident is %s", got)
	}

	control(t, "DELETE", "/pagerduty/keys", nil, nil)
	operated(t, "redrive").says(t, 0, title(stories[0])+"done", "  pagerduty: told now", "  slack: told before, skipped", "  sns: told before, skipped",
		title(stories[1])+"done", "  pagerduty: told now", "Nothing is left in the queues.")
	for _, event := range events {
		wantTaken(t, event, map[string]int{"slack": 2, "pagerduty": 1, "sns": 1})
	}
	var incidents []standin.Incident
	control(t, "GET", "/pagerduty/incidents", nil, &incidents)
	open := 0
	for _, i := range incidents {
		if strings.HasSuffix(i.DedupKey, "/production/checkout") && i.Status == "triggered" {
			open += i.Triggers
		}
	}
	if open != 1 {
		t.Errorf("checkout's incident is open %d times", open)
	}
	operated(t, "redrive").says(t, 0, "Nothing waits in the queues.")
	ear.hears(t)
}

// TestEventsQueue: what EventBridge could not hand over is told by redrive; what is no
// event stays, and is named.
func TestEventsQueue(t *testing.T) {
	scaled(t, 0.02)
	quiet(t)
	put := func(body string) string {
		said := func(s string) types.MessageAttributeValue {
			return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(s)}
		}
		out, err := sqs.NewFromConfig(w.Config()).SendMessage(t.Context(), &sqs.SendMessageInput{
			QueueUrl: aws.String(eventQueue()), MessageBody: aws.String(body),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"ERROR_CODE": said("NO_PERMISSIONS"), "ERROR_MESSAGE": said("not authorized to perform: states:StartExecution"),
				"RULE_ARN": said("arn:aws:events:eu-west-1:123456789012:rule/fanfare-ecs"), "TARGET_ARN": said(w.Outputs["StateMachineArn"]),
			}})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.MessageId)
	}
	s := tell("production", "checkout")
	event := s.fails()
	event.Version = "0"
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	put(string(body))
	put(string(body)) // which EventBridge may do
	odd := put(`{"hello":`)

	operated(t, "redrive", "-dry").says(t, 1, "/A message: not one of Fanfare's: .*/", "  in the queue of events: message "+odd,
		title(s)+"would be told", "/  in the queue of events: message .*, put there because NO_PERMISSIONS: not authorized to perform: states:StartExecution/")
	wantTaken(t, event, map[string]int{"slack": 0, "pagerduty": 0, "sns": 0})
	operated(t, "redrive").says(t, 1, "/A message: not one of Fanfare's: .*/", "  in the queue of events: message "+odd,
		"  it stays there until somebody deletes it: look at it in the SQS console",
		title(s)+"done", "  pagerduty: told now", "  slack: told now", "  sns: told now", "/Left: 1 message in the queue of events, 0 messages in that of deliveries\\..*/")
	wantTaken(t, event, map[string]int{"slack": 2, "pagerduty": 1, "sns": 1})
	if got := waiting(t, eventQueue()); got != 1 {
		t.Errorf("%d messages are left in the queue of events", got)
	}
	operated(t, "redrive").says(t, 1, "  in the queue of events: message "+odd)
	wantTaken(t, event, map[string]int{"slack": 2, "pagerduty": 1, "sns": 1})
	if why := operated(t, "why", s.id); why.code != 0 || !strings.Contains(why.out, ": 1 event ") {
		t.Errorf("why: %+v", why)
	}
}
