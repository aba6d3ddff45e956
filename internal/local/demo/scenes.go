package demo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/local/edge"
)

// Requests, as what is expected names them.
const (
	post     = "/api/chat.postMessage"
	edit     = "/api/chat.update"
	trigger  = `"event_action":"trigger"`
	resolve  = `"event_action":"resolve"`
	change   = "/v2/change/enqueue"
	prod     = "production"
	staging  = "staging"
	checkout = "checkout"
	search   = "search"
	pipeline = "checkout-production"
	aloud    = `"reply_broadcast":"true"`
)

// scenes are played in this order; each stands on those before it.
var scenes = []func(*theatre, context.Context) error{
	success, failure, stagingFailure, recovery, duplicate, pipelineFailure, pipelineRetry, plannedWork, drill,
}

func reasons(pagerduty, sns deployment.Reason) map[string]deployment.Reason {
	return map[string]deployment.Reason{channel.Slack: deployment.EveryDeployment, channel.PagerDuty: pagerduty, channel.SNS: sns}
}

// success: a production deployment starts and succeeds.
func success(t *theatre, ctx context.Context) error {
	err := t.start(ctx, "production: checkout 1.42.0 goes out", prod, checkout, "1.42.0", expected{
		slack: []string{post}, reasons: reasons(deployment.NotFailed, deployment.NotFailed), says: []string{"1.41.0", "1.42.0"}, commits: true,
	})
	if err != nil {
		return err
	}
	err = t.finish(ctx, prod, checkout, edge.Succeed, []string{"production: checkout 1.42.0 is live"}, []expected{{
		slack: []string{edit}, pagerduty: []string{resolve, change}, reasons: reasons(deployment.ProductionSuccess, deployment.NotFailed),
		says: []string{"1.41.0", "1.42.0"},
	}})
	if err != nil {
		return err
	}
	return t.lastTag(ctx, prod, checkout, "1.42.0")
}

// failure: a production deployment fails, and its circuit breaker takes it back.
func failure(t *theatre, ctx context.Context) error {
	err := t.start(ctx, "production: checkout 1.43.0 goes out", prod, checkout, "1.43.0", expected{
		slack: []string{post}, reasons: reasons(deployment.NotFailed, deployment.NotFailed), says: []string{"1.42.0", "1.43.0"},
	})
	if err != nil {
		return err
	}
	err = t.finish(ctx, prod, checkout, edge.Fail,
		[]string{"production: checkout 1.43.0 fails, its circuit breaker trips", "production: the circuit breaker rolls checkout back"},
		[]expected{{
			slack: []string{edit, aloud}, pagerduty: []string{trigger}, sms: []string{"checkout"},
			reasons: reasons(deployment.ProductionFailure, deployment.ProductionFailure), says: []string{"tasks failed to start"},
		}, {
			slack: []string{post}, reasons: reasons(deployment.RollbackNotPaged, deployment.NotFailed), says: []string{"1.43.0", "1.42.0"},
		}})
	if err != nil {
		return err
	}
	if err := t.openIncidents(ctx, 1); err != nil {
		return err
	}
	err = t.finish(ctx, prod, checkout, edge.Succeed, []string{"production: checkout is back on 1.42.0"}, []expected{{
		slack: []string{edit}, reasons: reasons(deployment.RollbackNotPaged, deployment.NotFailed), says: []string{"1.43.0", "1.42.0"},
	}})
	if err != nil {
		return err
	}
	return t.lastTag(ctx, prod, checkout, "1.42.0")
}

// stagingFailure: a staging deployment fails and nobody is paged.
func stagingFailure(t *theatre, ctx context.Context) error {
	quiet := reasons(deployment.NotProduction, deployment.NotProduction)
	err := t.start(ctx, "staging: search 1.42.0 goes out", staging, search, "1.42.0", expected{slack: []string{post}, reasons: quiet})
	if err != nil {
		return err
	}
	return t.finish(ctx, staging, search, edge.Fail,
		[]string{"staging: search 1.42.0 fails, nobody is paged", "staging: the circuit breaker rolls search back"},
		[]expected{
			{slack: []string{edit, aloud}, reasons: quiet, says: []string{"tasks failed to start"}},
			{slack: []string{post}, reasons: quiet},
		})
}

// recovery: the next success resolves the incident.
func recovery(t *theatre, ctx context.Context) error {
	err := t.start(ctx, "production: checkout 1.44.0 goes out", prod, checkout, "1.44.0", expected{
		slack: []string{post}, reasons: reasons(deployment.NotFailed, deployment.NotFailed), says: []string{"1.42.0", "1.44.0"},
	})
	if err != nil {
		return err
	}
	err = t.finish(ctx, prod, checkout, edge.Succeed, []string{"production: checkout 1.44.0 is live, the incident is resolved"}, []expected{{
		slack: []string{edit}, pagerduty: []string{resolve, change}, reasons: reasons(deployment.ProductionSuccess, deployment.NotFailed),
	}})
	if err != nil {
		return err
	}
	if err := t.openIncidents(ctx, 0); err != nil {
		return err
	}
	return t.lastTag(ctx, prod, checkout, "1.44.0")
}

// duplicate: EventBridge delivers an event once more.
func duplicate(t *theatre, ctx context.Context) error {
	return t.repeat(ctx, "the same event once more: nothing is sent", expected{
		end: "Duplicate", reasons: map[string]deployment.Reason{channel.Slack: "duplicate", channel.PagerDuty: "duplicate", channel.SNS: "duplicate"},
	})
}

// lastTag notes a problem unless the service's last good tag is this.
func (t *theatre) lastTag(ctx context.Context, cluster, service, want string) error {
	return t.kept(ctx, "/ecs/deployments/"+cluster+"/"+service+"/last-tag", want)
}

// kept notes a problem unless the parameter holds this.
func (t *theatre) kept(ctx context.Context, parameter, want string) error {
	out, err := ssm.NewFromConfig(t.world.Config()).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(parameter)})
	if err != nil {
		return fmt.Errorf("reading what was remembered: %w", err)
	}
	if got := aws.ToString(out.Parameter.Value); got != want {
		t.problem("%s was to hold %s, it holds %s", parameter, want, got)
	}
	return nil
}

// openIncidents notes a problem unless so many incidents are open.
func (t *theatre) openIncidents(ctx context.Context, want int) error {
	open, err := t.incidents(ctx)
	if err == nil && len(open) != want {
		t.problem("%d incidents were to be open, %d are", want, len(open))
	}
	return err
}
