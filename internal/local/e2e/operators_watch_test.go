//go:build e2e

package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"

	"fanfare/internal/deployment"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/play"
	"fanfare/internal/local/world"
	"fanfare/internal/watchdog"
)

// armed is the input of the schedule that looks after the deployment.
func armed(t *testing.T, id string) json.RawMessage {
	t.Helper()
	client := scheduler.NewFromConfig(w.Config())
	pages := scheduler.NewListSchedulesPaginator(client, &scheduler.ListSchedulesInput{GroupName: aws.String("fanfare"), NamePrefix: aws.String("stuck-")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.Schedules {
			whole, err := client.GetSchedule(t.Context(), &scheduler.GetScheduleInput{GroupName: s.GroupName, Name: s.Name})
			if err != nil {
				t.Fatal(err)
			}
			if input := aws.ToString(whole.Target.Input); strings.Contains(input, `"`+id+`"`) {
				if target := aws.ToString(whole.Target.Arn); !strings.HasSuffix(target, ":function:fanfare-watchdog") {
					t.Errorf("the schedule calls %s", target)
				}
				return json.RawMessage(input)
			}
		}
	}
	t.Fatalf("no schedule looks after %s", id)
	return nil
}

// looks has the watchdog look, as the schedule does when it is due, and returns what it has
// found, and what came of the event that it has told, if any.
func looks(t *testing.T, order json.RawMessage) (string, play.Result) {
	t.Helper()
	var found watchdog.Result
	invoke(t, "watchdog", order, &found)
	if found.Event == "" {
		return found.Found, play.Result{}
	}
	r, err := player.Observe(t.Context(), found.Event, play.Mark{})
	if err != nil {
		t.Fatal(err)
	}
	return found.Found, r
}

// forgotten has the ledger know of no end of the service: those of other tests lie in the
// future, and what ECS tells in these tests is told now.
func forgotten(t *testing.T, cluster, service string) {
	t.Helper()
	for _, sort := range []string{"ended", "failed"} {
		_, err := dynamodb.NewFromConfig(w.Config()).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
			TableName: aws.String(w.Outputs["LedgerTable"]),
			Key: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: "service#" + w.Account + "/" + w.Region + "/" + cluster + "/" + service},
				"sk": &types.AttributeValueMemberS{Value: sort},
			}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// version is what rollsOut rolls out.
const version = "1.44.0"

// rollsOut begins a rollout that ends only when it is told to, and waits until it is told.
func rollsOut(t *testing.T, cluster, service string) edge.Rollout {
	t.Helper()
	definition, err := world.RegisterVersion(t.Context(), ecs.NewFromConfig(w.Config()), w.Address, cluster, service, version)
	if err != nil {
		t.Fatal(err)
	}
	var r edge.Rollout
	control(t, "POST", "/rollouts", map[string]string{"cluster": cluster, "service": service, "taskDefinition": definition}, &r)
	if _, err := player.Observe(t.Context(), r.Event.ID, play.Mark{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // whatever became of the test
		_ = world.Control(w.Control).Call(context.Background(), "POST", "/rollouts/finish", map[string]string{"cluster": cluster, "service": service, "outcome": edge.Succeed}, nil)
	})
	return r
}

// TestStuck: a production deployment of which no end comes is told of once, and pages once;
// what then comes of it is told as ever.
func TestStuck(t *testing.T) {
	scaled(t, 0.02)
	forgotten(t, "production", "checkout")
	live := "is live in production"
	if lastTag(t, "production", "checkout") == version {
		live = "was redeployed to production"
	}
	began := rollsOut(t, "production", "checkout")
	order := armed(t, began.DeploymentID)

	found, r := looks(t, order)
	if found != "SERVICE_DEPLOYMENT_STUCK" {
		t.Fatalf("the watchdog found %s", found)
	}
	wantLines(t, r, slackTurns, "deliver production_stuck sent /v2/enqueue", "deliver production_stuck sent /")
	told(t, r, "slack", "no end after 30 minutes")
	told(t, r, "pagerduty", `"event_action":"trigger"`, "no end after 30 minutes")
	wantOneMessage(t, began.DeploymentID, "stuck")
	if got := incident(t, "checkout"); got != "triggered" {
		t.Errorf("the incident is %s", got)
	}

	executions := executionsOf(t, w)
	if again, _ := looks(t, order); again != found {
		t.Errorf("looking again it found %s", again)
	}
	if more := len(executionsOf(t, w)) - len(executions); more != 0 {
		t.Errorf("%d more executions told it again", more)
	}

	var finished struct{ Events []edge.Event }
	control(t, "POST", "/rollouts/finish", map[string]string{"cluster": "production", "service": "checkout", "outcome": edge.Succeed}, &finished)
	r, err := player.Observe(t.Context(), finished.Events[0].ID, play.Mark{})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, r, slackEdits, resolves, notFailed)
	wantOneMessage(t, began.DeploymentID, live)
	if got := incident(t, "checkout"); got != "resolved" {
		t.Errorf("after the success the incident is %s", got)
	}
	if found, _ := looks(t, order); found != watchdog.Ended {
		t.Errorf("once the end is known it found %s", found)
	}
}

// TestEndWithoutAnEvent: what ECS says of a deployment whose end no event told is told by
// the watchdog, as if the event had come.
func TestEndWithoutAnEvent(t *testing.T) {
	scaled(t, 0.02)
	for _, test := range []struct {
		name, deployments string // as ECS shows them; %s stands for the deployment's id
		found, shows      string
		slack             string
	}{
		{"it succeeded", `[{"id":%q,"status":"PRIMARY","rolloutState":"COMPLETED","rolloutStateReason":"ECS deployment completed."}]`,
			"SERVICE_DEPLOYMENT_COMPLETED", "was deployed", slackEdits},
		{"it failed", `[{"id":%q,"status":"PRIMARY","rolloutState":"FAILED","rolloutStateReason":"tasks failed to start."}]`,
			"SERVICE_DEPLOYMENT_FAILED", "failed", slackTurns},
		{"another took its place", `[{"id":"ecs-svc/1","status":"PRIMARY","rolloutState":"COMPLETED"},{"id":"not %s"}]`,
			"SERVICE_DEPLOYMENT_SUPERSEDED", "was superseded", slackEdits},
		{"it goes on", `[{"id":%q,"status":"PRIMARY","rolloutState":"IN_PROGRESS"}]`,
			"SERVICE_DEPLOYMENT_STUCK", "stuck", slackTurns},
	} {
		t.Run(test.name, func(t *testing.T) {
			forgotten(t, "staging", "orders")
			s := story{"staging", "orders", "ecs-svc/" + digits(19), time.Now().UTC().Add(-31 * time.Minute).Truncate(time.Second)}
			wantLines(t, send(t, s.starts()), slackPosts, notProd, notProd)
			order := armed(t, s.id)
			faults(t, fault.Fault{Target: "aws", Match: "ecs:DescribeServices", Kind: fault.Status, Status: 200, Times: 1,
				Body: fmt.Sprintf(`{"services":[{"serviceName":"orders","status":"ACTIVE","deployments":`+test.deployments+`}],"failures":[]}`, s.id)})
			found, r := looks(t, order)
			if found != test.found {
				t.Errorf("it found %s, want %s", found, test.found)
			}
			if got := line(r.Channels["slack"]); got != test.slack {
				t.Errorf("Slack: %s, want %s", got, test.slack)
			}
			wantOneMessage(t, s.id, test.shows)
			if why := operated(t, "why", s.id); why.code != 0 || !strings.Contains(why.out, "2 events") {
				t.Errorf("why: %+v", why)
			}
			if r.Document.Deployment.Status == deployment.Stuck {
				return
			}
			if found, _ := looks(t, order); found != watchdog.Ended {
				t.Errorf("once it is told it found %s", found)
			}
		})
	}
}
