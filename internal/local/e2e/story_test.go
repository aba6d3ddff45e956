//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/play"
	"fanfare/internal/local/world"
)

func TestUnknownServiceIsTold(t *testing.T) {
	r := send(t, tell("staging", "nobody-knows").starts())
	wantLines(t, r, slackPosts, notProd, notProd)
	if text := fmt.Sprint(string(r.Channels["slack"].Requests[0].Body)); !strings.Contains(text, "ECS does not know the service") {
		t.Errorf("Slack is not told why the version is unknown: %s", text)
	}
}

func TestServiceThatIsNotPaged(t *testing.T) {
	r := send(t, tell("production", "batch").fails())
	wantLines(t, r, slackFails, "suppress service_not_paged none", texts)
}

func TestOldServiceARN(t *testing.T) {
	event := tell("production", "checkout").starts()
	event.Resources = []string{"arn:aws:ecs:eu-west-1:123456789012:service/checkout"}
	wantLines(t, send(t, event), slackPosts, notFailed, notFailed)
	var detail map[string]any
	if err := json.Unmarshal(event.Detail, &detail); err != nil {
		t.Fatal(err)
	}
	delete(detail, "clusterArn")
	event.ID += "-2"
	event.Detail, _ = json.Marshal(detail)
	r := send(t, event)
	wantLines(t, r, slackPosts, "suppress unknown_environment none", "suppress unknown_environment none")
}

func TestIgnored(t *testing.T) {
	action, elsewhere := tell("production", "checkout").starts(), tell("experiments", "checkout").starts()
	action.DetailType = "ECS Service Action"
	for name, event := range map[string]edge.Event{"another detail type": action, "a cluster that the account file does not name": elsewhere} {
		t.Run(name, func(t *testing.T) {
			r := send(t, event)
			if r.Result != play.Ignored || r.Execution != nil {
				t.Errorf("it is %s, in %v", r.Result, r.Execution)
			}
			wantLines(t, r, notTold, notTold, notTold)
		})
	}
}

// TestClusterInTheServiceAlone: the rule lets it through, Route looks closer.
func TestClusterInTheServiceAlone(t *testing.T) {
	for cluster, want := range map[string]string{"staging": slackPosts, "experiments": "suppress other_cluster none"} {
		event := tell(cluster, "orders").starts()
		event.Detail = json.RawMessage(strings.Replace(string(event.Detail), `"clusterArn"`, `"was"`, 1))
		if got := line(send(t, event).Channels["slack"]); got != want {
			t.Errorf("%s: %s, want %s", cluster, got, want)
		}
	}
}

// TestOlderSuccess must not end the incident of a newer failure.
func TestOlderSuccess(t *testing.T) {
	older, newer := tell("production", "search"), tell("production", "search")
	newer.began = newer.began.Add(2 * time.Minute)
	wantLines(t, send(t, newer.fails()), slackFails, pages, texts)
	wantLines(t, send(t, older.succeeds()), slackPosts, "suppress newer_failure none", notFailed)
	if got := incident(t, "search"); got != "triggered" {
		t.Errorf("the incident is %s", got)
	}
	newer.id, newer.began = "ecs-svc/"+digits(19), newer.began.Add(time.Minute)
	wantLines(t, send(t, newer.succeeds()), slackPosts, resolves, notFailed)
}

// TestRollbackEnds: it reads as a rollback, pages nobody, ends no incident and moves no tag.
func TestRollbackEnds(t *testing.T) {
	r := rolloutFails(t, "checkout", "1.43.0")
	if got := line(r.Channels["pagerduty"]); got != pages {
		t.Fatalf("PagerDuty: %s", got)
	}
	before := lastTag(t, "production", "checkout")
	var state struct{ Rollouts []edge.Rollout }
	control(t, "GET", "/rollouts", nil, &state)
	for _, rollout := range state.Rollouts {
		if rollout.Cluster != "production" || rollout.Service != "checkout" {
			continue
		}
		s := story{"production", "checkout", rollout.DeploymentID, tell("", "").began}
		event := s.event("COMPLETED", 1, "ECS deployment completed.")
		wantLines(t, send(t, event), slackEdits, "suppress rollback_not_paged none", notFailed)
	}
	if got := incident(t, "checkout"); got != "triggered" {
		t.Errorf("the incident is %s", got)
	}
	if got := lastTag(t, "production", "checkout"); got != before {
		t.Errorf("the last good tag went from %s to %s", before, got)
	}
}

func TestSameEventAtOnce(t *testing.T) {
	event := tell("staging", "orders").starts()
	outcomes := make(chan string, 5)
	var group sync.WaitGroup
	for range cap(outcomes) {
		group.Go(func() {
			r, err := play.New(w.Address).Send(t.Context(), event)
			if err != nil {
				t.Error(err)
			}
			outcomes <- line(r.Channels["slack"])
		})
	}
	group.Wait()
	close(outcomes)
	count := map[string]int{}
	for outcome := range outcomes {
		count[outcome]++
	}
	if count[slackPosts] != 1 || count[notToldTwice] != 4 {
		t.Errorf("got %v", count)
	}
}

func TestDuplicate(t *testing.T) {
	event := tell("production", "search").fails()
	wantLines(t, send(t, event), slackFails, pages, texts)
	for range 2 {
		r := send(t, event)
		wantLines(t, r, notToldTwice, notToldTwice, notToldTwice)
		if states := r.Execution.States; states[len(states)-1] != "Duplicate" {
			t.Errorf("it ended in %v", states)
		}
	}
}

// TestAnyOrder plays the events of one deployment in every order: in the end there is
// one message, and it shows the failure.
func TestAnyOrder(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			s := tell("staging", "orders")
			events := []edge.Event{s.starts(), s.event("IN_PROGRESS", 2, "ECS deployment "+s.id+" in progress."), s.fails()}
			for _, i := range order {
				send(t, events[i])
			}
			wantOneMessage(t, s.id, "failed")
		})
	}
}

// TestAtOnce plays them all at the same moment.
func TestAtOnce(t *testing.T) {
	s := tell("staging", "orders")
	var group sync.WaitGroup
	for _, event := range []edge.Event{s.starts(), s.event("IN_PROGRESS", 2, "ECS deployment in progress."), s.succeeds(), s.succeeds()} {
		group.Go(func() {
			if _, err := player.Send(t.Context(), event); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	wantOneMessage(t, s.id, "was deployed")
}

func wantOneMessage(t *testing.T, id, text string) {
	t.Helper()
	var main []string
	for _, m := range slackMessages(t, id) {
		if m.ThreadTS == "" {
			main = append(main, m.Text)
		}
	}
	if len(main) != 1 || !strings.Contains(main[0], text) {
		t.Errorf("one message that says %q expected, there are %d: %q", text, len(main), main)
	}
}

// TestIncident: a rollback does not end it, and a late event does not turn anything back.
func TestIncident(t *testing.T) {
	s := tell("production", "search")
	wantLines(t, send(t, s.fails()), slackFails, pages, texts)
	back := tell("production", "search")
	r := send(t, back.event("IN_PROGRESS", 6, "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1."))
	wantLines(t, r, slackPosts, "suppress rollback_not_paged none", notFailed)
	wantLines(t, send(t, back.event("COMPLETED", 7, "ECS deployment completed.")), slackEdits, "suppress rollback_not_paged none", notFailed)
	if got := incident(t, "search"); got != "triggered" {
		t.Errorf("after the rollback the incident is %s", got)
	}
	next := tell("production", "search")
	wantLines(t, send(t, next.succeeds()), slackPosts, resolves, notFailed)
	if got := incident(t, "search"); got != "resolved" {
		t.Errorf("after the next success the incident is %s", got)
	}
	wantLines(t, send(t, next.starts()), "suppress late_event none", "suppress late_event none", "suppress late_event none")
}

// TestOlderDeploymentFinishingLate must not move the last good tag back.
func TestOlderDeploymentFinishingLate(t *testing.T) {
	client := ecs.NewFromConfig(w.Config())
	rollout := func(version string) edge.Rollout {
		definition, err := world.RegisterVersion(t.Context(), client, w.Address, "staging", "checkout", version)
		if err != nil {
			t.Fatal(err)
		}
		var r edge.Rollout
		control(t, "POST", "/rollouts", map[string]string{"cluster": "staging", "service": "checkout", "taskDefinition": definition}, &r)
		if _, err := player.Observe(t.Context(), r.Event.ID, play.Mark{}); err != nil {
			t.Fatal(err)
		}
		return r
	}
	older := rollout("1.43.0")
	newer := rollout("1.44.0")
	var finished struct{ Events []edge.Event }
	control(t, "POST", "/rollouts/finish", map[string]string{"cluster": "staging", "service": "checkout", "outcome": edge.Succeed}, &finished)
	if _, err := player.Observe(t.Context(), finished.Events[0].ID, play.Mark{}); err != nil {
		t.Fatal(err)
	}
	if got := lastTag(t, "staging", "checkout"); got != "1.44.0" {
		t.Fatalf("after %s the last good tag is %s", newer.DeploymentID, got)
	}
	s := story{"staging", "checkout", older.DeploymentID, time.Now().UTC()}
	r := send(t, s.succeeds())
	if r.Result != play.Carried {
		t.Errorf("it is %s: %s", r.Result, r.Execution.Cause())
	}
	if got := lastTag(t, "staging", "checkout"); got != "1.44.0" {
		t.Errorf("the older deployment, finishing late, moved the last good tag to %s", got)
	}
}

func lastTag(t *testing.T, cluster, service string) string {
	t.Helper()
	return kept(t, w, "/ecs/deployments/"+cluster+"/"+service+"/last-tag")
}

// kept is what a parameter of the account holds.
func kept(t *testing.T, in *world.World, parameter string) string {
	t.Helper()
	out, err := ssm.NewFromConfig(in.Config()).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(parameter)})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Parameter.Value)
}
