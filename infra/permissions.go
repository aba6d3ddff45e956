package main

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/ledger"
	"fanfare/internal/secret"
	"fanfare/statemachine"
)

// ledgerActions are the calls that each program makes on the ledger; one that is not
// here does not know the ledger.
var ledgerActions = map[string][]string{
	"claim":       {"dynamodb:GetItem", "dynamodb:UpdateItem"},
	"resolvetag":  {"dynamodb:GetItem", "dynamodb:UpdateItem"},
	"send":        {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"},
	"record":      {"dynamodb:UpdateItem"},
	"remembertag": {"dynamodb:GetItem", "dynamodb:UpdateItem"},
	"watchdog":    {"dynamodb:GetItem"},
	"escalate":    {"dynamodb:UpdateItem"},
	"doctor":      {"dynamodb:GetItem", "dynamodb:UpdateItem"},
}

// permissions is what a function may do, beyond writing its own log: the calls that
// its program makes, on the resources that it makes them on, and nothing else.
func (s stack) permissions(step statemachine.Step, m made) []awsiam.PolicyStatement {
	var statements []awsiam.PolicyStatement
	if actions, ok := ledgerActions[step.Program]; ok {
		statements = append(statements, allow([]*string{m.table.TableArn()}, actions...))
	}
	executions := s.arn("states", "execution:"+workflowName+":*")
	switch step.Program {
	case "claim":
		return append(statements, allow([]*string{executions}, "states:DescribeExecution"))
	case "resolvetag":
		statements = append(append(statements, s.localEngine()...),
			allow(s.services(), "ecs:DescribeServices"),
			// ECS knows no resource-level permission for it.
			allow([]*string{jsii.String("*")}, "ecs:DescribeTaskDefinition"),
			allow(s.remembered(), "ssm:GetParameter"))
		if pipelines := s.pipelines(); len(pipelines) > 0 {
			statements = append(statements, allow(pipelines, "codepipeline:GetPipelineExecution", "codepipeline:ListActionExecutions"))
		}
		return statements
	case "commits":
		if s.account.GitLab == nil {
			return statements
		}
		return append(statements, s.secret("gitlab", secret.GitLabToken)...)
	case "send":
		return append(statements, s.channelSecret(step.Channel)...)
	case "remembertag":
		return append(statements, allow(s.remembered(), "ssm:PutParameter"))
	case "watch":
		return append(statements,
			allow([]*string{s.arn("scheduler", "schedule/"+scheduleGroup+"/*")}, "scheduler:CreateSchedule"),
			allow([]*string{m.scheduler.RoleArn()}, "iam:PassRole"))
	case "watchdog":
		return append(append(statements, s.localEngine()...), allow(s.services(), "ecs:DescribeServices"), allow([]*string{s.workflowARN()}, "states:StartExecution"))
	case "escalate":
		return append(append(statements, s.fallbackSecret()...), allow([]*string{m.topics.operations.TopicArn()}, "sns:Publish"))
	case "redrive":
		return append(statements,
			allow([]*string{m.queues.events.QueueArn(), m.queues.deliveries.QueueArn()}, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"),
			allow([]*string{s.workflowARN()}, "states:StartExecution"), allow([]*string{executions}, "states:DescribeExecution", "states:GetExecutionHistory"))
	case "doctor":
		return append(append(statements, s.everySecret()...),
			allow([]*string{m.topics.texts.TopicArn(), m.topics.operations.TopicArn()}, "sns:ListSubscriptionsByTopic"),
			allow([]*string{m.topics.operations.TopicArn()}, "sns:Publish"),
			allow([]*string{m.queues.events.QueueArn(), m.queues.deliveries.QueueArn()}, "sqs:GetQueueAttributes"))
	case "why":
		return append(statements,
			allow([]*string{m.table.TableArn(), jsii.String(*m.table.TableArn() + "/index/" + ledger.Index)}, "dynamodb:Query"),
			allow([]*string{executions}, "states:DescribeExecution"))
	default: // record writes the ledger; normalise, checkmaintenance, route and format are pure
		return statements
	}
}

// fallbackSecret allows the token with which the fallback channel is told, where there is one.
func (s stack) fallbackSecret() []awsiam.PolicyStatement {
	if s.account.Slack == nil || s.account.Slack.Fallback == "" || s.account.Slack.Via == "webhook" {
		return nil
	}
	return s.channelSecret(channel.Slack)
}

// everySecret allows all secrets that the account has.
func (s stack) everySecret() []awsiam.PolicyStatement {
	statements := append(s.channelSecret(channel.Slack), s.channelSecret(channel.PagerDuty)...)
	if s.account.GitLab != nil {
		statements = append(statements, s.secret("gitlab", secret.GitLabToken)...)
	}
	return statements
}

// channelSecret allows a sender its own channel's one secret.
func (s stack) channelSecret(name string) []awsiam.PolicyStatement {
	switch {
	case name == channel.Slack && s.account.Slack != nil && s.account.Slack.Via == "webhook":
		return s.secret(name, secret.SlackWebhookURL)
	case name == channel.Slack && s.account.Slack != nil:
		return s.secret(name, secret.SlackBotToken)
	case name == channel.PagerDuty && s.account.PagerDuty != nil:
		return s.secret(name, secret.PagerDutyRoutingKey)
	default:
		return nil
	}
}

func (s stack) secret(owner, name string) []awsiam.PolicyStatement {
	statements := []awsiam.PolicyStatement{
		allow([]*string{s.parameter(s.account.Secrets.Prefix + "/" + owner + "/" + name)}, "ssm:GetParameter")}
	if s.account.Secrets.KeyARN != "" {
		statements = append(statements, allow([]*string{jsii.String(s.account.Secrets.KeyARN)}, "kms:Decrypt"))
	}
	return statements
}

// services are the ECS services of the clusters that the account file names, else all.
func (s stack) services() []*string {
	var arns []*string
	for _, cluster := range s.clusters() {
		arns = append(arns, s.arn("ecs", "service/"+cluster+"/*"))
	}
	return arns
}

// pipelines are those that the account file names.
func (s stack) pipelines() []*string {
	var arns []*string
	for _, name := range s.pipelineNames() {
		arns = append(arns, s.arn("codepipeline", name))
	}
	return arns
}

// remembered are the parameters that keep last good tags, as narrow as the account file's
// template allows, and those that keep the last good revision of each pipeline.
func (s stack) remembered() []*string {
	clusters := s.clusters()
	if !strings.Contains(s.account.LastTag, "{cluster}") {
		clusters = []string{"*"}
	}
	var arns []*string
	for _, cluster := range clusters {
		arns = append(arns, s.parameter(account.Fill(s.account.LastTag, cluster, "*")))
	}
	for _, name := range s.pipelineNames() {
		arns = append(arns, s.parameter(s.account.LastRevisionParameter(name)))
	}
	return arns
}

func (s stack) clusters() []string {
	if len(s.account.Clusters) == 0 {
		return []string{"*"}
	}
	return s.account.Clusters
}

func (s stack) parameter(name string) *string {
	return s.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

func allow(resources []*string, actions ...string) awsiam.PolicyStatement {
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Effect: awsiam.Effect_ALLOW, Actions: jsii.Strings(actions...), Resources: &resources,
	})
}
