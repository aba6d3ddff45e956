package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/channel"
	"fanfare/internal/cloud"
	"fanfare/statemachine"
)

// timeouts, in seconds, are a little under those of the states that call the programs,
// so that the workflow sees the function's own end.
var timeouts = map[string]float64{"claim": 5, "resolvetag": 5, "checkmaintenance": 3, "commits": 6, "send": 28}

const (
	defaultTimeout = 15
	memoryMB       = 256
)

// functions are the workflow's, by the name of the state that calls them. Each has a
// role of its own that allows what permissions.go says, and to write its own log and its
// traces, for which X-Ray knows no resource to name:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
func (s stack) functions(table awsdynamodb.Table) map[string]awslambda.Function {
	functions := map[string]awslambda.Function{}
	for _, step := range statemachine.Steps {
		functions[step.State] = s.function(step, table)
	}
	return functions
}

func (s stack) function(step statemachine.Step, table awsdynamodb.Table) awslambda.Function {
	name := functionName(step)
	group := awslogs.NewLogGroup(s.Stack, jsii.String(step.State+"Log"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/lambda/" + name),
		Retention:     awslogs.RetentionDays(retention(s.account.Logs.RetentionDays)),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(s.Stack, jsii.String(step.State+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("What the state " + step.State + " of Fanfare may do."),
	})
	group.GrantWrite(role)
	role.AddToPolicy(allow([]*string{jsii.String("*")}, "xray:PutTraceSegments", "xray:PutTelemetryRecords"))
	for _, statement := range s.permissions(step, table) {
		role.AddToPolicy(statement)
	}
	environment := map[string]*string{}
	if _, ok := ledgerActions[step.Program]; ok {
		environment[cloud.TableVariable] = table.TableName()
	}
	if step.Channel != "" {
		environment[channel.Variable] = jsii.String(step.Channel)
	}
	architecture := awslambda.Architecture_X86_64()
	if s.assets.ARM {
		architecture = awslambda.Architecture_ARM_64()
	}
	timeout, ok := timeouts[step.Program]
	if !ok {
		timeout = defaultTimeout
	}
	return awslambda.NewFunction(s.Stack, jsii.String(step.State), &awslambda.FunctionProps{
		FunctionName: jsii.String(name),
		Description:  jsii.String("The state " + step.State + " of Fanfare's workflow."),
		Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
		Architecture: architecture,
		Handler:      jsii.String("bootstrap"),
		Code:         awslambda.Code_FromAsset(jsii.String(s.assets.Program(step.Program)), nil),
		Role:         role.WithoutPolicyUpdates(nil),
		Environment:  &environment,
		LogGroup:     group,
		// The programs write JSON; so are Lambda's own lines, then.
		LoggingFormat: awslambda.LoggingFormat_JSON,
		Tracing:       awslambda.Tracing_ACTIVE,
		MemorySize:    jsii.Number(memoryMB),
		Timeout:       awscdk.Duration_Seconds(jsii.Number(timeout)),
	})
}
