package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// What the services call their news of a deployment.
const (
	ecsDetailType      = "ECS Deployment State Change"
	pipelineDetailType = "CodePipeline Pipeline Execution State Change"
)

// trigger wakes the workflow when a deployment has changed: one rule for each source of
// such news.
func (s stack) trigger(workflow awsstepfunctions.StateMachine, queues queues) {
	var target awsevents.IRuleTarget = awseventstargets.NewSfnStateMachine(workflow, &awseventstargets.SfnStateMachineProps{
		// EventBridge tries for 24 hours, then puts the event in its queue.
		DeadLetterQueue: queues.events,
		RetryAttempts:   jsii.Number(185),
		MaxEventAge:     awscdk.Duration_Hours(jsii.Number(24)),
	})
	rule := func(id, description string, pattern *awsevents.EventPattern) awsevents.Rule {
		return awsevents.NewRule(s.Stack, jsii.String(id), &awsevents.RuleProps{
			Description: jsii.String(description), EventPattern: pattern, Targets: &[]awsevents.IRuleTarget{target}})
	}
	ecs := rule("EcsDeployments", "ECS deployments that begin, succeed or fail, for Fanfare.", &awsevents.EventPattern{
		Source: jsii.Strings("aws.ecs"),
		// The names of deployment events occur under "ECS Service Action", too: without
		// the detail type, some would come twice.
		DetailType: jsii.Strings(ecsDetailType),
		Detail:     &map[string]any{"eventName": []any{map[string]any{"prefix": "SERVICE_DEPLOYMENT_"}}},
	})
	if len(s.account.Clusters) > 0 {
		ecs.Node().DefaultChild().(awsevents.CfnRule).AddPropertyOverride(jsii.String("EventPattern.$or"), ofClusters(s.account.Clusters))
	}
	if names := s.pipelineNames(); len(names) > 0 {
		rule("Pipelines", "Executions of the named pipelines, for Fanfare.", &awsevents.EventPattern{
			Source:     jsii.Strings("aws.codepipeline"),
			DetailType: jsii.Strings(pipelineDetailType),
			// No state is left out: one that was superseded, canceled or resumed changes the
			// Slack message that would else say for ever that it is under way. Route tells
			// the states apart.
			Detail: &map[string]any{"pipeline": names},
		})
	}
	rule("Drills", "Drills: deployments that somebody plays, for Fanfare, which marks them as such.", &awsevents.EventPattern{
		// Services of AWS alone may say aws.ecs or aws.codepipeline. A drill of another
		// kind than theirs fails in Normalise, which says why, and does not vanish here.
		Source: jsii.Strings("fanfare.drill"),
	})
}

// pipelineNames are the pipelines that the account file names.
func (s stack) pipelineNames() []string {
	var names []string
	for _, pipeline := range s.account.Pipelines {
		names = append(names, pipeline.Name)
	}
	return names
}

// ofClusters matches the events of the named clusters. An event that does not say its
// cluster's ARN is let through: Route looks at the service's, which may name it. Patterns
// on the service's ARN would need two wildcards a cluster, and EventBridge refuses a rule
// with more than a few.
func ofClusters(clusters []string) []any {
	var named []any
	for _, cluster := range clusters {
		named = append(named, map[string]any{"suffix": ":cluster/" + cluster})
	}
	return []any{
		map[string]any{"detail": map[string]any{"clusterArn": named}},
		map[string]any{"detail": map[string]any{"clusterArn": []any{map[string]any{"exists": false}}}},
	}
}
