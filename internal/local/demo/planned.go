package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
	_ "time/tzdata" // the window's time zone, whatever this machine knows

	"fanfare/internal/deployment"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/world"
)

// version is what the pipeline brings: the short id of its commit.
func (t *theatre) version(release string) string { return t.world.Commit(release)[:8] }

// pipelineFailure: the pipeline of production takes a commit out, and fails at it.
func pipelineFailure(t *theatre, ctx context.Context) error {
	commit := t.world.Commit("1.42.0")
	start := map[string]any{"pipeline": pipeline, "revisions": []edge.Revision{{
		Name: "Checkout", ID: commit, Summary: `{"ProviderType":"GitLab","CommitMessage":"Keep vouchers in the cart"}`,
		URL: t.world.GitLab + "/shop/checkout/-/commit/" + commit,
	}}}
	err := t.step(ctx, "/executions", start, "production: the pipeline "+pipeline+" starts", expected{
		slack: []string{post}, reasons: reasons(deployment.NotFailed, deployment.NotFailed),
		says: []string{pipeline, t.version("1.41.0"), t.version("1.42.0")}, commits: true,
	})
	if err != nil {
		return err
	}
	fail := map[string]any{
		"pipeline": pipeline, "outcome": edge.Fail, "stage": "Deploy", "action": "DeployToECS",
		"summary": "The deployment failed because the service did not become stable", "url": "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/production/services/checkout",
	}
	err = t.step(ctx, "/executions/finish", fail, "production: the pipeline "+pipeline+" fails at Deploy", expected{
		slack: []string{edit, aloud}, pagerduty: []string{trigger}, sms: []string{pipeline},
		reasons: reasons(deployment.ProductionFailure, deployment.ProductionFailure),
		says:    []string{"DeployToECS", "did not become stable", t.version("1.42.0")},
	})
	if err != nil {
		return err
	}
	return t.openIncidents(ctx, 1)
}

// pipelineRetry: the failed stage is started once more, and succeeds.
func pipelineRetry(t *theatre, ctx context.Context) error {
	err := t.step(ctx, "/executions/retry", map[string]any{"pipeline": pipeline}, "production: somebody retries the failed stage, attempt 2", expected{
		slack: []string{post}, reasons: reasons(deployment.NotFailed, deployment.NotFailed), says: []string{"attempt 2"},
	})
	if err != nil {
		return err
	}
	succeed := map[string]any{"pipeline": pipeline, "outcome": edge.Succeed}
	err = t.step(ctx, "/executions/finish", succeed, "production: attempt 2 succeeds, the incident is resolved", expected{
		slack: []string{edit}, pagerduty: []string{resolve, change}, reasons: reasons(deployment.ProductionSuccess, deployment.NotFailed),
		says: []string{t.version("1.42.0")},
	})
	if err != nil {
		return err
	}
	if err := t.openIncidents(ctx, 0); err != nil {
		return err
	}
	return t.kept(ctx, "/codepipeline/deployments/"+pipeline+"/last-revision", t.world.Commit("1.42.0"))
}

// step does something to a pipeline; the event that it emits is held against what is expected.
func (t *theatre) step(ctx context.Context, path string, in map[string]any, title string, want expected) error {
	mark, err := t.player.Mark(ctx, "")
	if err != nil {
		return err
	}
	var done struct {
		Event  edge.Event   `json:"event"`
		Events []edge.Event `json:"events"`
	}
	if err := t.control.Call(ctx, http.MethodPost, path, in, &done); err != nil {
		return fmt.Errorf("%s: %w", title, err)
	}
	if len(done.Events) == 1 {
		done.Event = done.Events[0]
	}
	return t.observe(ctx, mark, []edge.Event{done.Event}, []string{title}, []expected{want})
}

// plannedWork: a deployment fails while its service is being worked on at night.
func plannedWork(t *theatre, ctx context.Context) error {
	at, err := lastWindow(time.Now())
	if err != nil {
		return err
	}
	return t.put(ctx, serviceEvent(t.world, "aws.ecs", search, failed, at, nil), "production: search fails inside its maintenance window, nobody is paged", expected{
		slack: []string{post, aloud}, reasons: reasons(deployment.MaintenanceWindow, deployment.MaintenanceWindow),
		says: []string{"search-reindex until", "nightly rebuild of the index"},
	})
}

// lastWindow is half an hour into the nightly window of the local account file that was
// in force last, on a night on which no clock was changed.
func lastWindow(now time.Time) (time.Time, error) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return now, fmt.Errorf("finding the window's time zone: %w", err)
	}
	for day := now.In(berlin); ; day = day.AddDate(0, 0, -1) {
		midnight := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, berlin)
		at := midnight.Add(2*time.Hour + 30*time.Minute)
		if at.Before(now) && midnight.AddDate(0, 0, 1).Sub(midnight) == 24*time.Hour {
			return at, nil
		}
	}
}

// drill: people are woken for an exercise, and then let go.
func drill(t *theatre, ctx context.Context) error {
	page, began := map[string]any{"page": true}, time.Now().Add(-time.Minute)
	err := t.put(ctx, serviceEvent(t.world, "fanfare.drill", checkout, failed, began, page), "a drill that pages: checkout fails, as an exercise", expected{
		slack: []string{post, aloud}, pagerduty: []string{"DRILL: "}, sms: []string{"DRILL: "},
		reasons: reasons(deployment.ProductionFailure, deployment.ProductionFailure), says: []string{"DRILL"},
	})
	if err != nil {
		return err
	}
	if err := t.openIncidents(ctx, 1); err != nil {
		return err
	}
	err = t.put(ctx, serviceEvent(t.world, "fanfare.drill", checkout, completed, time.Now(), page), "the drill is over", expected{
		slack: []string{edit}, pagerduty: []string{resolve, change}, reasons: reasons(deployment.ProductionSuccess, deployment.NotFailed), says: []string{"DRILL"},
	})
	if err != nil {
		return err
	}
	return t.openIncidents(ctx, 0)
}

// put puts an event that is made by hand.
func (t *theatre) put(ctx context.Context, event edge.Event, title string, want expected) error {
	mark, err := t.player.Mark(ctx, "")
	if err != nil {
		return err
	}
	var put edge.Event
	if err := t.control.Call(ctx, http.MethodPost, "/events", event, &put); err != nil {
		return fmt.Errorf("%s: %w", title, err)
	}
	return t.observe(ctx, mark, []edge.Event{put}, []string{title}, []expected{want})
}

// What a deployment of a service comes to, as ECS names it.
const (
	failed    = "SERVICE_DEPLOYMENT_FAILED"
	completed = "SERVICE_DEPLOYMENT_COMPLETED"
)

// serviceEvent is an event of a deployment of the production service that nobody has
// started, with more in its detail where that is not nil.
func serviceEvent(a world.Address, source, service, name string, at time.Time, more map[string]any) edge.Event {
	detail := map[string]any{
		"eventType": "INFO", "eventName": name, "deploymentId": "ecs-svc/7305514292861938472",
		"clusterArn": fmt.Sprintf("arn:aws:ecs:%s:%s:cluster/%s", a.Region, a.Account, prod),
		"updatedAt":  at.UTC().Format(time.RFC3339), "reason": "ECS deployment ecs-svc/7305514292861938472 completed.",
	}
	if name == failed {
		detail["eventType"], detail["reason"] = "ERROR", "ECS deployment circuit breaker: tasks failed to start."
	}
	maps.Copy(detail, more)
	body, _ := json.Marshal(detail) // texts and truths only
	return edge.Event{
		Source: source, DetailType: "ECS Deployment State Change", Time: at, Detail: body,
		Resources: []string{fmt.Sprintf("arn:aws:ecs:%s:%s:service/%s/%s", a.Region, a.Account, prod, service)},
	}
}
