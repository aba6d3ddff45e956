package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"fanfare/statemachine"
)

// workflow is the state machine, whose role may do what its states do: call each
// function, publish texts, and put what could not be delivered in its queue; and it may
// write its traces. A definition from a file brings no permissions along, so they are
// given here.
func (s stack) workflow(functions map[string]awslambda.Function, queues queues, topics topics) awsstepfunctions.StateMachine {
	role := awsiam.NewRole(s.Stack, jsii.String("WorkflowRole"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("states.amazonaws.com"), nil),
		Description: jsii.String("What the states of Fanfare's workflow may do."),
	})
	values := map[string]*string{
		statemachine.Partition:        s.Partition(),
		statemachine.TopicArn:         topics.texts.TopicArn(),
		statemachine.DeliveryQueueUrl: queues.deliveries.QueueUrl(),
	}
	var arns []*string
	for _, step := range statemachine.Steps {
		arn := functions[step.State].FunctionArn()
		values[step.Placeholder()] = arn
		arns = append(arns, arn)
	}
	role.AddToPolicy(allow(arns, "lambda:InvokeFunction"))
	role.AddToPolicy(allow([]*string{topics.texts.TopicArn()}, "sns:Publish"))
	role.AddToPolicy(allow([]*string{queues.deliveries.QueueArn()}, "sqs:SendMessage"))
	// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
	role.AddToPolicy(allow([]*string{jsii.String("*")},
		"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"))
	return awsstepfunctions.NewStateMachine(s.Stack, jsii.String("Workflow"), &awsstepfunctions.StateMachineProps{
		StateMachineName:        jsii.String(workflowName),
		DefinitionBody:          awsstepfunctions.DefinitionBody_FromString(jsii.String(statemachine.Definition)),
		DefinitionSubstitutions: &values,
		Role:                    role.WithoutPolicyUpdates(nil),
		TracingEnabled:          jsii.Bool(true),
		RemovalPolicy:           awscdk.RemovalPolicy_DESTROY,
	})
}
