package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/account"
	"fanfare/statemachine"
)

// StackName is the stack's name, and what the names of its resources begin with.
const StackName = "fanfare"

// Props say what the stack is to be.
type Props struct {
	Account account.Account
	Assets  Assets
	// Local is true when the stack is for the local engine; see local.go.
	Local bool
}

// stack is what the files of this package build together, one concern each.
type stack struct {
	awscdk.Stack
	account account.Account
	assets  Assets
	local   bool
}

// NewStack builds the stack of one account.
func NewStack(scope constructs.Construct, props Props) awscdk.Stack {
	s := stack{account: props.Account, assets: props.Assets, local: props.Local, Stack: awscdk.NewStack(scope, jsii.String(StackName), &awscdk.StackProps{
		StackName:   jsii.String(StackName),
		Description: jsii.String("Fanfare tells people what was deployed, where it should be told, and never twice."),
		Env:         &awscdk.Environment{Account: jsii.String(props.Account.ID), Region: jsii.String(props.Account.Region)},
		Tags:        tags(props.Account),
	})}
	queues := s.queues()
	topics := s.topics()
	table := s.ledger()
	made := made{table: table, queues: queues, topics: topics, scheduler: s.schedules()}
	functions := s.functions(made)
	workflow := s.workflow(functions, queues, topics)
	s.trigger(workflow, queues)
	s.alarms(workflow, functions, queues, topics)
	s.dashboard(workflow, queues)
	s.outputs(workflow, queues, topics, table)
	return s.Stack
}

// tags are those that CloudFormation gives to all that it makes: by them the costs of
// Fanfare are told from others, and whom to ask is found.
func tags(a account.Account) *map[string]*string {
	all := map[string]*string{"application": jsii.String("fanfare")}
	if a.Operations.Email != "" {
		all["owner"] = jsii.String(a.Operations.Email)
	}
	return &all
}

// arn is the ARN of something of this account and region that the stack does not make.
func (s stack) arn(service, resource string) *string {
	return s.FormatArn(&awscdk.ArnComponents{Service: jsii.String(service), Resource: jsii.String(resource), ArnFormat: awscdk.ArnFormat_NO_RESOURCE_NAME})
}

// workflowName is fixed, so that a function may be allowed to ask about executions of
// a workflow that in turn must be allowed to call the function.
const workflowName = StackName + "-notify"

func functionName(step statemachine.Step) string { return StackName + "-" + step.Name() }
