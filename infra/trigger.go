package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// trigger wakes the workflow when ECS says that a deployment has changed. EventBridge
// tries for 24 hours, then puts the event in its queue.
func (s stack) trigger(workflow awsstepfunctions.StateMachine, queues queues) {
	rule := awsevents.NewRule(s.Stack, jsii.String("EcsDeployments"), &awsevents.RuleProps{
		Description: jsii.String("ECS deployments that begin, succeed or fail, for Fanfare."),
		EventPattern: &awsevents.EventPattern{
			Source: jsii.Strings("aws.ecs"),
			// The names of deployment events occur under "ECS Service Action", too: without
			// the detail type, some would come twice.
			DetailType: jsii.Strings("ECS Deployment State Change"),
			Detail: &map[string]any{
				"eventName": []any{map[string]any{"prefix": "SERVICE_DEPLOYMENT_"}},
			},
		},
	})
	if len(s.account.Clusters) > 0 {
		rule.Node().DefaultChild().(awsevents.CfnRule).AddPropertyOverride(jsii.String("EventPattern.$or"), ofClusters(s.account.Clusters))
	}
	rule.AddTarget(awseventstargets.NewSfnStateMachine(workflow, &awseventstargets.SfnStateMachineProps{
		DeadLetterQueue: queues.events,
		RetryAttempts:   jsii.Number(185),
		MaxEventAge:     awscdk.Duration_Hours(jsii.Number(24)),
	}))
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
