//go:build synth

package main

import (
	"maps"
	"slices"
	"testing"
)

const (
	eventQueue    = "arn:${AWS::Partition}:sqs:eu-west-1:123456789012:fanfare-events-dlq"
	deliveryQueue = "arn:${AWS::Partition}:sqs:eu-west-1:123456789012:fanfare-deliveries-dlq"
	textsARN      = "arn:${AWS::Partition}:sns:eu-west-1:123456789012:fanfare-texts"
	operationsARN = "arn:${AWS::Partition}:sns:eu-west-1:123456789012:fanfare-operations"
	workflowARN   = "arn:${AWS::Partition}:states:eu-west-1:123456789012:stateMachine:fanfare-notify"
)

// refusesPlain is the statement that refuses the action to all who come without TLS.
func refusesPlain(action string, principal any, resource string) map[string]any {
	return map[string]any{
		"Effect": "Deny", "Action": action, "Principal": principal, "Resource": resource,
		"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}
}

// withoutSid takes the names off the statements, which mean nothing.
func withoutSid(statements []map[string]any) []map[string]any {
	for i := range statements {
		statements[i] = maps.Clone(statements[i])
		delete(statements[i], "Sid")
	}
	return statements
}

// TestQueues keeps what waits for as long as SQS does, encrypted.
func TestQueues(t *testing.T) {
	queues := example().of("AWS::SQS::Queue")
	has(t, "the queues", slices.Sorted(maps.Keys(queues)), []string{"fanfare-deliveries-dlq", "fanfare-events-dlq"})
	for name, queue := range queues {
		has(t, name, queue.Properties, map[string]any{"QueueName": name, "MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": true})
	}
}

// TestQueuePolicies lets the rules, and none but the rules, put events in their queue.
// That of deliveries is open to the workflow's role alone, which TestPermissions has.
func TestQueuePolicies(t *testing.T) {
	all := map[string]any{"AWS": "*"}
	events := []map[string]any{refusesPlain("sqs:*", all, eventQueue)}
	for _, rule := range []string{"{EcsDeployments}", "{Pipelines}", "{Drills}"} {
		events = append(events, map[string]any{
			"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": eventQueue,
			"Principal": map[string]any{"Service": "events.amazonaws.com"},
			"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": ruleARN(rule)}},
		})
	}
	wanted := map[string][]map[string]any{
		"https://sqs.eu-west-1.amazonaws.com/123456789012/fanfare-deliveries-dlq": {refusesPlain("sqs:*", all, deliveryQueue)},
		"https://sqs.eu-west-1.amazonaws.com/123456789012/fanfare-events-dlq":     events,
	}
	found := map[string][]map[string]any{}
	for _, policy := range example().of("AWS::SQS::QueuePolicy") {
		for _, queue := range list(policy.Properties["Queues"]) {
			found[queue] = append(found[queue], withoutSid(statements(policy, "PolicyDocument"))...)
		}
	}
	has(t, "the queues' policies", found, wanted)
}

// TestTopicPolicies lets Fanfare's alarms publish on the operations topic. A topic whose
// policy did not name them would take nothing from them, and nobody would hear of it.
func TestTopicPolicies(t *testing.T) {
	wanted := map[string][]map[string]any{
		textsARN: {refusesPlain("sns:Publish", "*", textsARN)},
		operationsARN: {refusesPlain("sns:Publish", "*", operationsARN), {
			"Effect": "Allow", "Action": "sns:Publish", "Resource": operationsARN,
			"Principal": map[string]any{"Service": "cloudwatch.amazonaws.com"},
			"Condition": map[string]any{"ArnLike": map[string]any{
				"aws:SourceArn": "arn:${AWS::Partition}:cloudwatch:eu-west-1:123456789012:alarm:fanfare-*"}},
		}},
	}
	found := map[string][]map[string]any{}
	for _, policy := range example().of("AWS::SNS::TopicPolicy") {
		for _, topic := range list(policy.Properties["Topics"]) {
			found[topic] = append(found[topic], withoutSid(statements(policy, "PolicyDocument"))...)
		}
	}
	has(t, "the topics' policies", found, wanted)
}

// TestTopics subscribes those whom the account file names.
func TestTopics(t *testing.T) {
	for name, test := range map[string]struct {
		tpl    template
		wanted map[string]any
	}{
		"example": {example(), map[string]any{
			"+491701234567":        map[string]any{"Protocol": "sms", "Endpoint": "+491701234567", "TopicArn": textsARN},
			"platform@example.com": map[string]any{"Protocol": "email", "Endpoint": "platform@example.com", "TopicArn": operationsARN},
		}},
		"minimal": {minimal(), map[string]any{}},
	} {
		topics := test.tpl.of("AWS::SNS::Topic")
		has(t, name+": the topics", slices.Sorted(maps.Keys(topics)), []string{"fanfare-operations", "fanfare-texts"})
		found := map[string]any{}
		for _, subscription := range test.tpl.of("AWS::SNS::Subscription") {
			found[subscription.Properties["Endpoint"].(string)] = subscription.Properties
		}
		has(t, name+": who is subscribed", found, test.wanted)
	}
}

// TestAlarms tells the operations topic of whatever waits in a queue, and of each
// execution that did not end well.
func TestAlarms(t *testing.T) {
	depth := func(queue string) map[string]any {
		return map[string]any{"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Statistic": "Maximum",
			"Dimensions": []any{map[string]any{"Name": "QueueName", "Value": queue}}}
	}
	executions := func(metric string) map[string]any {
		return map[string]any{"Namespace": "AWS/States", "MetricName": metric, "Statistic": "Sum",
			"Dimensions": []any{map[string]any{"Name": "StateMachineArn", "Value": workflowARN}}}
	}
	errors := func(function string) map[string]any {
		return map[string]any{"Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum",
			"Dimensions": []any{map[string]any{"Name": "FunctionName", "Value": function}}}
	}
	wanted := map[string]map[string]any{
		"fanfare-watch-failed":         errors("fanfare-watch"),
		"fanfare-watchdog-failed":      errors("fanfare-watchdog"),
		"fanfare-doctor-failed":        errors("fanfare-doctor"),
		"fanfare-events-waiting":       depth("fanfare-events-dlq"),
		"fanfare-deliveries-waiting":   depth("fanfare-deliveries-dlq"),
		"fanfare-executions-failed":    executions("ExecutionsFailed"),
		"fanfare-executions-timed-out": executions("ExecutionsTimedOut"),
		"fanfare-executions-aborted":   executions("ExecutionsAborted"),
	}
	for name, alarm := range wanted {
		maps.Copy(alarm, map[string]any{
			"AlarmName": name, "Period": 60, "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
			"TreatMissingData": "notBreaching", "AlarmActions": []string{operationsARN},
		})
	}
	found := map[string]map[string]any{}
	for _, alarm := range example().of("AWS::CloudWatch::Alarm") {
		name := alarm.Properties["AlarmName"].(string)
		if description, _ := alarm.Properties["AlarmDescription"].(string); description == "" {
			t.Errorf("%s does not say what is wrong", name)
		}
		found[name] = maps.Clone(alarm.Properties)
		delete(found[name], "AlarmDescription")
	}
	has(t, "the alarms", found, wanted)
}
