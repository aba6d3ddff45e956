package main

import (
	"slices"

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
var timeouts = map[string]float64{
	"claim": 5, "resolvetag": 5, "checkmaintenance": 3, "commits": 6, "send": 28, "escalate": 19, // called by the workflow
	"watchdog": 30, "doctor": 60, "why": 60, "redrive": 840, // called by a schedule or a person
}

const (
	defaultTimeout = 15
	memoryMB       = 256
)

// made is what the stack has made that functions must know of.
type made struct {
	table     awsdynamodb.Table
	queues    queues
	topics    topics
	scheduler awsiam.Role
}

// variables are the environment variables of each program, besides that of its channel.
var variables = map[string][]string{
	"claim":       {cloud.TableVariable},
	"resolvetag":  {cloud.TableVariable},
	"send":        {cloud.TableVariable},
	"record":      {cloud.TableVariable},
	"remembertag": {cloud.TableVariable},
	"watch":       {cloud.WatchdogVariable, cloud.SchedulerRoleVariable, cloud.ScheduleGroupVariable},
	"watchdog":    {cloud.TableVariable, cloud.WorkflowVariable},
	"escalate":    {cloud.TableVariable, cloud.OperationsTopicVariable},
	"redrive":     {cloud.WorkflowVariable, cloud.EventQueueVariable, cloud.DeliveryQueueVariable},
	"doctor":      {cloud.TableVariable, cloud.EventQueueVariable, cloud.DeliveryQueueVariable, cloud.OperationsTopicVariable, cloud.TextsTopicVariable},
	"why":         {cloud.TableVariable},
}

// value is that of an environment variable.
func (s stack) value(variable string, m made) *string {
	switch variable {
	case cloud.TableVariable:
		return m.table.TableName()
	case cloud.WorkflowVariable:
		return s.workflowARN()
	case cloud.EventQueueVariable:
		return m.queues.events.QueueUrl()
	case cloud.DeliveryQueueVariable:
		return m.queues.deliveries.QueueUrl()
	case cloud.OperationsTopicVariable:
		return m.topics.operations.TopicArn()
	case cloud.TextsTopicVariable:
		return m.topics.texts.TopicArn()
	case cloud.WatchdogVariable:
		return s.functionARN("watchdog")
	case cloud.SchedulerRoleVariable:
		return m.scheduler.RoleArn()
	case cloud.ScheduleGroupVariable:
		return jsii.String(scheduleGroup)
	default:
		panic("nobody knows the value of " + variable)
	}
}

// deployed are the functions of the stack: the workflow's, and those beside it.
func deployed() []statemachine.Step { return slices.Concat(statemachine.Steps, statemachine.Beside) }

// functions are the stack's, by the name of the state that calls them. Each has a
// role of its own that allows what permissions.go says, and to write its own log and its
// traces, for which X-Ray knows no resource to name:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
func (s stack) functions(m made) map[string]awslambda.Function {
	functions := map[string]awslambda.Function{}
	for _, step := range deployed() {
		functions[step.State] = s.function(step, m)
	}
	return functions
}

func (s stack) function(step statemachine.Step, m made) awslambda.Function {
	name := functionName(step)
	group := awslogs.NewLogGroup(s.Stack, jsii.String(step.State+"Log"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String("/aws/lambda/" + name),
		Retention:     awslogs.RetentionDays(retention(s.account.Logs.RetentionDays)),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	role := awsiam.NewRole(s.Stack, jsii.String(step.State+"Role"), &awsiam.RoleProps{
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
		Description: jsii.String("What the function " + step.State + " of Fanfare may do."),
	})
	group.GrantWrite(role)
	role.AddToPolicy(allow([]*string{jsii.String("*")}, "xray:PutTraceSegments", "xray:PutTelemetryRecords"))
	for _, statement := range s.permissions(step, m) {
		role.AddToPolicy(statement)
	}
	environment := map[string]*string{}
	for _, name := range variables[step.Program] {
		environment[name] = s.value(name, m)
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
		Description:  jsii.String(describe(step)),
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

// describe says what the function is for, in the console's list of functions.
func describe(step statemachine.Step) string {
	if about, ok := beside[step.State]; ok {
		return about
	}
	return "The state " + step.State + " of Fanfare's workflow."
}

// beside says what the functions are for that the workflow does not call.
var beside = map[string]string{
	"Watchdog": "Looks after a deployment of which no end has come in time.",
	"Redrive":  "Tells what waits in Fanfare's queues: make redrive.",
	"Doctor":   "Looks whether Fanfare can reach all that it needs: make doctor, and once a day.",
	"Why":      "Says who was told what of a deployment, and why not: make why.",
}
