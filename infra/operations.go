package main

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"
)

// queues hold what could not be done.
type queues struct {
	events     awssqs.Queue // events that EventBridge could not hand over
	deliveries awssqs.Queue // messages that a channel did not take
}

func (s stack) queues() queues {
	queue := func(id, name string) awssqs.Queue {
		return awssqs.NewQueue(s.Stack, jsii.String(id), &awssqs.QueueProps{
			QueueName:       jsii.String(StackName + "-" + name),
			RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)),
			Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
			EnforceSSL:      s.enforceSSL(),
		})
	}
	return queues{events: queue("EventQueue", "events-dlq"), deliveries: queue("DeliveryQueue", "deliveries-dlq")}
}

// topics are where things are published.
type topics struct {
	texts      awssns.Topic // the channel sns: short texts about deployments
	operations awssns.Topic // what is wrong with Fanfare itself
}

func (s stack) topics() topics {
	topic := func(id, name string) awssns.Topic {
		return awssns.NewTopic(s.Stack, jsii.String(id), &awssns.TopicProps{
			TopicName: jsii.String(StackName + "-" + name), EnforceSSL: s.enforceSSL()})
	}
	t := topics{texts: topic("Texts", "texts"), operations: topic("Operations", "operations")}
	// A topic with a policy of its own takes nothing from whom the policy does not name,
	// not even from the account's alarms:
	// https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
	t.operations.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AllowAlarms"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{t.operations.TopicArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": s.arn("cloudwatch", "alarm:"+StackName+"-*")}},
	}))
	if email := s.account.Operations.Email; email != "" {
		t.operations.AddSubscription(awssnssubscriptions.NewEmailSubscription(jsii.String(email), nil))
	}
	if s.account.SNS != nil {
		for _, phone := range s.account.SNS.Phones {
			t.texts.AddSubscription(awssnssubscriptions.NewSmsSubscription(jsii.String(phone), nil))
		}
	}
	return t
}

// alarms tell the operations topic when a queue is not empty, and when an execution
// did not end well, which includes one whose delivery is incomplete.
func (s stack) alarms(workflow awsstepfunctions.StateMachine, functions map[string]awslambda.Function, queues queues, topics topics) {
	minute := awscdk.Duration_Minutes(jsii.Number(1))
	alarm := func(id, description string, metric awscloudwatch.Metric) {
		awscloudwatch.NewAlarm(s.Stack, jsii.String(id), &awscloudwatch.AlarmProps{
			AlarmName: jsii.String(StackName + "-" + id), AlarmDescription: jsii.String(description),
			Metric: metric, Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1),
			ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			TreatMissingData:   awscloudwatch.TreatMissingData_NOT_BREACHING,
		}).AddAlarmAction(awscloudwatchactions.NewSnsAction(topics.operations))
	}
	depth := func(q awssqs.Queue) awscloudwatch.Metric {
		return q.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Maximum")})
	}
	sum := &awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Sum")}
	alarm("events-waiting", "EventBridge could not hand events to Fanfare's workflow. They wait in the queue "+StackName+"-events-dlq.", depth(queues.events))
	alarm("deliveries-waiting", "A channel did not take a message. It waits in the queue "+StackName+"-deliveries-dlq.", depth(queues.deliveries))
	alarm("executions-failed", "An execution of Fanfare's workflow failed. If it ended in DeliveryIncomplete, mend the channel and make redrive; else redrive it in the Step Functions console.", workflow.MetricFailed(sum))
	alarm("executions-timed-out", "An execution of Fanfare's workflow took too long. It can be redriven in the Step Functions console.", workflow.MetricTimedOut(sum))
	for _, state := range []string{"Watch", "Watchdog", "Doctor"} {
		alarm(strings.ToLower(state)+"-failed", "Fanfare's function "+state+" failed, which ends no execution. Its log says why.",
			functions[state].MetricErrors(&awscloudwatch.MetricOptions{Period: minute, Statistic: jsii.String("Sum")}))
	}
	alarm("executions-aborted", "Somebody aborted an execution of Fanfare's workflow.", workflow.MetricAborted(sum))
}

// retention is a number of days as the CDK names it.
func retention(days int) string {
	names := map[int]string{
		1: "ONE_DAY", 3: "THREE_DAYS", 5: "FIVE_DAYS", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH", 60: "TWO_MONTHS",
		90: "THREE_MONTHS", 120: "FOUR_MONTHS", 150: "FIVE_MONTHS", 180: "SIX_MONTHS", 365: "ONE_YEAR", 400: "THIRTEEN_MONTHS",
		545: "EIGHTEEN_MONTHS", 731: "TWO_YEARS", 1096: "THREE_YEARS", 1827: "FIVE_YEARS", 2192: "SIX_YEARS",
		2557: "SEVEN_YEARS", 2922: "EIGHT_YEARS", 3288: "NINE_YEARS", 3653: "TEN_YEARS",
	}
	name, ok := names[days]
	if !ok {
		panic(fmt.Sprintf("logs.retentionDays: %d passed the account file's check", days))
	}
	return name
}
