package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/channel"
	"fanfare/internal/secret"
)

// outputs are what a person needs after the deployment.
func (s stack) outputs(workflow awsstepfunctions.StateMachine, queues queues, topics topics, table awsdynamodb.Table) {
	output := func(id, description string, value *string) {
		awscdk.NewCfnOutput(s.Stack, jsii.String(id), &awscdk.CfnOutputProps{Value: value, Description: jsii.String(description)})
	}
	region := s.account.Region
	link := fmt.Sprintf("https://%s.%s/states/home?region=%s#/statemachines/view/", region, consoleHost(region), region)
	output("StateMachineArn", "The workflow.", workflow.StateMachineArn())
	output("StateMachineConsole", "Its executions, in the console.", awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String(link), workflow.StateMachineArn()}))
	output("DashboardConsole", "How Fanfare is doing, in the console.",
		jsii.String(fmt.Sprintf("https://%s.%s/cloudwatch/home?region=%s#dashboards/dashboard/%s", region, consoleHost(region), region, s.dashboardName())))
	output("EventQueueUrl", "Events that EventBridge could not hand over.", queues.events.QueueUrl())
	output("DeliveryQueueUrl", "Messages that a channel did not take.", queues.deliveries.QueueUrl())
	output("LedgerTable", "Who was told what, when, and why not.", table.TableName())
	output("TextsTopicArn", "Subscribe phones here.", topics.texts.TopicArn())
	output("OperationsTopicArn", "Tells when Fanfare itself needs somebody.", topics.operations.TopicArn())
	if names := s.secretNames(); len(names) > 0 {
		output("Secrets", "SecureStrings that must exist in SSM Parameter Store.", jsii.String(strings.Join(names, " ")))
	}
}

// secretNames are the parameters that the account's channels read.
func (s stack) secretNames() []string {
	var names []string
	add := func(owner, name string) { names = append(names, s.account.Secrets.Prefix+"/"+owner+"/"+name) }
	if slack := s.account.Slack; slack != nil {
		if slack.Via == "webhook" {
			add(channel.Slack, secret.SlackWebhookURL)
		} else {
			add(channel.Slack, secret.SlackBotToken)
		}
	}
	if s.account.PagerDuty != nil {
		add(channel.PagerDuty, secret.PagerDutyRoutingKey)
	}
	if s.account.GitLab != nil {
		add("gitlab", secret.GitLabToken)
	}
	return names
}

func consoleHost(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "console.amazonaws-us-gov.com"
	default:
		return "console.aws.amazon.com"
	}
}
