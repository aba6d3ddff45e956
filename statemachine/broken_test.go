package statemachine

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// node is an object of a definition that is about to be broken.
type node map[string]any

// state finds a state on any level.
func (n node) state(t *testing.T, name string) node {
	t.Helper()
	if found := find(n, name); found != nil {
		return found
	}
	t.Fatalf("there is no state %s to break", name)
	return nil
}

func find(n node, name string) node {
	states, _ := n["States"].(map[string]any)
	if state, ok := states[name].(map[string]any); ok {
		return state
	}
	for _, state := range states {
		branches, _ := state.(map[string]any)["Branches"].([]any)
		for _, branch := range branches {
			if found := find(branch.(map[string]any), name); found != nil {
				return found
			}
		}
	}
	return nil
}

// in follows names and indexes down from a node.
func (n node) in(path ...any) node {
	var at any = map[string]any(n)
	for _, step := range path {
		if i, ok := step.(int); ok {
			at = at.([]any)[i]
		} else {
			at = at.(map[string]any)[step.(string)]
		}
	}
	return at.(map[string]any)
}

// set gives a field another value, and takes it away when the value is nil.
func (n node) set(field string, value any) {
	if value == nil {
		delete(n, field)
	} else {
		n[field] = value
	}
}

// in is where a mistake is made: a state, and the way down from it.
func in(state string, path ...any) []any { return append([]any{state}, path...) }

// mistakes are what somebody may do to the definition, and how the check tells it.
// Without a place, the mistake is made on the workflow itself.
var mistakes = []struct {
	name  string
	place []any
	field string
	value any
	check string
	want  string
}{
	{"a Next to nowhere", in("Claim"), "Next", "Duplicated?", "graph", `Claim.Next: there is no state "Duplicated?"`},
	{"a Catch to nowhere", in("Claim", "Catch", 0), "Next", "Unclaim", "graph", `Claim.Next: there is no state "Unclaim"`},
	{"a Default to nowhere", in("Complete?"), "Default", "Failed", "graph", `Complete?.Next: there is no state "Failed"`},
	{"a rule to nowhere", in("Complete?", "Choices", 0), "Next", "Done", "graph", `Complete?.Next: there is no state "Done"`},
	{"a jump out of a branch", in("SendSlack"), "Next", "Record", "graph", `SendSlack.Next: there is no state "Record"`},
	{"a StartAt to nowhere", nil, "StartAt", "Normalize", "graph", `the workflow.StartAt: there is no state "Normalize"`},
	{"a branch's StartAt to nowhere", in("Notify", "Branches", 1), "StartAt", "Go", "graph", `Notify.Branches[1].StartAt: there is no state "Go"`},
	{"a state that is passed by", in("Record"), "Next", "Complete?", "graph", "RememberTag: nothing leads to it"},
	{"a state in a branch that is passed by", in("SendSlack"), "Next", "SlackTold", "graph", "WaitSlack: nothing leads to it"},
	{"no Default", in("SlackSent?"), "Default", nil, "graph", "SlackSent?.Default: is missing"},
	{"no rules", in("SlackSent?"), "Choices", []any{}, "graph", "SlackSent?.Choices: there are none"},
	{"a rule to nothing", in("SlackSent?", "Choices", 0), "Next", nil, "graph", "SlackSent?.Choices[0].Next: is missing"},
	{"neither Next nor End", in("SlackTold"), "End", nil, "graph", "SlackTold.Next: a Pass needs either"},
	{"both Next and End", in("Claim"), "End", true, "graph", "Claim.Next: a Task needs either"},
	{"a loop without an end", in("Complete?"), "Default", "Record", "graph", "Record.Next: it comes back to itself without a Wait"},
	{"a loop that never ends", in("WaitSlack"), "Next", "WaitSlack", "graph", "WaitSlack.Next: no end can be reached"},
	{"no limit to the execution", nil, "TimeoutSeconds", nil, "graph", "TimeoutSeconds: an execution could hang"},
	{"a wait of no length", in("WaitSlack"), "SecondsPath", nil, "graph", "WaitSlack.Seconds: it does not say how long"},
	{"no branches", in("Notify"), "Branches", []any{}, "graph", "Notify.Branches: there are none"},
	{"a definition that is too long", nil, "Comment", strings.Repeat("x", largestDefinition), "graph", "bytes, of which 1048576 are allowed"},
	{"a name that is too long", in("Notify", "Branches", 0, "States"), strings.Repeat("ä", 81), map[string]any{"Type": "Pass", "End": true}, "graph", "the name has 81 characters"},
	{"a name used twice", in("Notify", "Branches", 0, "States"), "Record", map[string]any{"Type": "Pass", "End": true}, "graph", "Record: there are two states of this name"},

	{"an ARN in place of a placeholder", in("Route"), "Resource", "arn:aws:lambda:eu-west-1:1:function:route", "placeholders", `Route.Resource: "arn:aws:lambda`},
	{"a placeholder that is missing", in("Route"), "Resource", "arn:aws:lambda:eu-west-1:1:function:route", "placeholders", "Route.Resource: Steps lists it"},
	{"another state's function", in("SendSlack"), "Resource", "${SendPagerDutyArn}", "placeholders", "SendSlack: it uses ${SendPagerDutyArn}"},
	{"a function as a parameter", in("DeadLetterSns", "Parameters"), "QueueUrl", "${RouteArn}", "placeholders", "DeadLetterSns: it uses ${RouteArn}"},
	{"a placeholder that nobody fills", in("PublishSns", "Parameters"), "TopicArn", "${Topic}", "placeholders", "PublishSns: nobody fills ${Topic}"},
	{"a placeholder in a comment", nil, "Comment", "calls ${RouteArn}", "placeholders", "${RouteArn} stands where no state uses it"},
	{"a placeholder that is none", in("PublishSns", "Parameters"), "TopicArn", "${Topic-Arn}", "placeholders", "comes no placeholder of letters and digits"},
	{"a function that is not called", in("Record"), "Next", "Complete?", "placeholders", "RememberTag.Resource: Steps lists it"},
	{"another order", in("ResolveTag"), "Next", "Route", "placeholders", "Steps: the workflow calls"},

	{"one partition", in("PublishSns"), "Resource", "arn:aws:states:::sns:publish", "integrations", "PublishSns.Resource: "},
	{"an action that does not exist", in("DeadLetterSns"), "Resource", "arn:${Partition}:states:::sqs:sendmessage", "integrations", "DeadLetterSns.Resource: sqs:sendmessage"},
	{"an SDK action that does not exist", in("DeadLetterSns"), "Resource", "arn:${Partition}:states:::aws-sdk:sqs:putMessage", "integrations", "DeadLetterSns.Resource: sqs has no action putMessage"},
	{"a parameter that does not exist", in("DeadLetterSns", "Parameters"), "QueueURL", "${DeliveryQueueUrl}", "integrations", "DeadLetterSns.Parameters.QueueURL: a SendMessageInput has no QueueURL"},
	{"a path as a parameter that does not exist", in("PublishSns", "Parameters"), "Text.$", "$.message.message", "integrations", "PublishSns.Parameters.Text.$: a PublishInput has no Text"},

	{"no limit to a task", in("Commits"), "TimeoutSeconds", nil, "errors", "Commits.TimeoutSeconds: "},
	{"an error misspelt in a Retry", in("Record", "Retry", 1), "ErrorEquals", []any{"Transistent"}, "errors", "Record.Retry[1].ErrorEquals: Transistent is neither"},
	{"an error misspelt in a Catch", in("Claim", "Catch", 0), "ErrorEquals", []any{"States.All"}, "errors", "Claim.Catch[0].ErrorEquals: States.All is neither"},
	{"an error of AWS misspelt", in("Record", "Retry", 0), "ErrorEquals", []any{"Lambda.Timeout"}, "errors", "Record.Retry[0].ErrorEquals: Lambda.Timeout is neither"},
	{"an error of another service", in("PublishSns", "Retry", 0), "ErrorEquals", []any{"SQS.QueueDoesNotExist"}, "errors", "PublishSns.Retry[0].ErrorEquals: SQS.QueueDoesNotExist is neither"},
	{"a function's error where none is called", in("PublishSns", "Retry", 0), "ErrorEquals", []any{"Transient"}, "errors", "PublishSns.Retry[0].ErrorEquals: Transient is neither"},
	{"an error that is not Lambda's any more", in("Route", "Retry", 0), "ErrorEquals", []any{"States.Timeout"}, "errors", "Route.Retry: Lambda.TooManyRequestsException is not tried again"},
	{"an error that is tried no times", in("Route", "Retry", 0), "MaxAttempts", 0.0, "errors", "Route.Retry: Sandbox.Timedout is not tried again"},
	{"States.ALL with others", in("Record", "Retry", 1), "ErrorEquals", []any{"States.ALL", "Transient"}, "errors", "Record.Retry[1].ErrorEquals: States.ALL must stand alone"},
	{"States.ALL before others", in("Record", "Retry", 0), "ErrorEquals", []any{"States.ALL"}, "errors", "Record.Retry[0].ErrorEquals: States.ALL must stand alone, and last"},
	{"States.ALL with others in a Catch", in("Claim", "Catch", 0), "ErrorEquals", []any{"States.ALL", "Permanent"}, "errors", "Claim.Catch[0].ErrorEquals: States.ALL must stand alone"},
	{"what cannot be caught", in("Claim", "Catch", 0), "ErrorEquals", []any{"States.Runtime"}, "errors", "Claim.Catch[0].ErrorEquals: States.Runtime must not"},
	{"what cannot be retried", in("Record", "Retry", 1), "ErrorEquals", []any{"States.DataLimitExceeded"}, "errors", "Record.Retry[1].ErrorEquals: States.DataLimitExceeded must not"},
	{"what never helps", in("SendSlack", "Retry", 1), "ErrorEquals", []any{"Transient", "Permanent"}, "errors", "SendSlack.Retry[1].ErrorEquals: Permanent must not"},
	{"what a wait is for", in("SendSlack", "Retry", 1), "ErrorEquals", []any{"RateLimited"}, "errors", "SendSlack.Retry[1].ErrorEquals: RateLimited must not"},
	{"too many attempts", in("SendSlack", "Retry", 1), "MaxAttempts", 9.0, "errors", "SendSlack.Retry[1].MaxAttempts: Transient is tried 9 times"},
	{"what is matched already", in("SendSlack", "Retry", 1), "ErrorEquals", []any{"Sandbox.Timedout"}, "errors", "SendSlack.Retry[1].ErrorEquals: Sandbox.Timedout is matched before"},
	{"behind what matches everything", in("PublishSns", "Retry", 0), "ErrorEquals", []any{"States.TaskFailed"}, "errors", "PublishSns.Retry[1].ErrorEquals: States.TaskFailed is matched before"},
	{"no error", in("PublishSns", "Retry", 0), "ErrorEquals", []any{}, "errors", "PublishSns.Retry[0].ErrorEquals: names no error"},
	{"no jitter", in("DeadLetterSlack", "Retry", 0), "JitterStrategy", nil, "errors", "DeadLetterSlack.Retry[0].JitterStrategy: "},
	{"no longest delay", in("DeadLetterSlack", "Retry", 0), "MaxDelaySeconds", nil, "errors", "DeadLetterSlack.Retry[0]: attempts 6"},
	{"the document lost at a Catch", in("SendSlack", "Catch", 0), "ResultPath", nil, "errors", "SendSlack.Catch[0].ResultPath: "},

	{"no Catch in a branch", in("SendSlack"), "Catch", nil, "branches", "SendSlack.Catch: nothing catches States.ALL"},
	{"no Catch on a dead letter", in("DeadLetterSlack"), "Catch", nil, "branches", "DeadLetterSlack.Catch: nothing catches States.ALL"},
	{"a Catch of one error only", in("SendSlack", "Catch", 0), "ErrorEquals", []any{"Permanent"}, "branches", "SendSlack.Catch: nothing catches States.ALL"},
	{"a Catch that passes the dead letter by", in("SendSlack", "Catch", 0), "Next", "SlackStranded", "branches", "SendSlack.Catch[0].Next: SlackStranded is not"},
	{"a dead letter that goes on", in("DeadLetterSlack", "Catch", 0), "Next", "SendSlack", "branches", "DeadLetterSlack.Catch[0].Next: SendSlack is not the end"},
	{"no dead letter", in("DeadLetterSlack", "Parameters"), "QueueUrl", "${TopicArn}", "branches", "Notify.Branches[0]: has the dead-letter states []"},
	{"a failure in a branch", in("Notify", "Branches", 0, "States"), "SlackStranded", map[string]any{"Type": "Fail"}, "branches", "SlackStranded.Type: a Fail in a branch"},
	{"a Catch on all branches", in("Notify"), "Catch", []any{map[string]any{"ErrorEquals": []any{"States.ALL"}, "ResultPath": "$.failure", "Next": "Record"}}, "branches", "Notify.Catch: "},
	{"a Retry of all branches", in("Notify"), "Retry", []any{map[string]any{"ErrorEquals": []any{"States.ALL"}}}, "branches", "Notify.Retry: "},
	{"a step that must not stop the page", in("Commits"), "Catch", nil, "branches", "Commits.Catch: nothing catches States.ALL"},
	{"a branch whose outcome is dropped", in("Notify", "ResultSelector"), "sns.$", "$[1]", "branches", "Notify.ResultSelector: the outcome of branch 2 is dropped"},
	{"two branches that change places", in("Notify", "ResultSelector"), "slack.$", "$[2]", "branches", "Notify.ResultSelector: the outcome of branch 0 is dropped"},
	{"another channel's decision", in("DeliverPagerDuty?", "Choices", 0), "Variable", "$.plan.slack.decision", "branches", "DeliverPagerDuty?: reads $.plan.slack, in the branch of pagerduty"},
	{"another channel's reason", in("SnsNotTold", "Parameters"), "reason.$", "$.plan.slack.reason", "branches", "SnsNotTold: reads $.plan.slack, in the branch of sns"},
	{"another channel's function", in("Notify", "Branches", 0, "States"), "FormatSns", map[string]any{"Type": "Pass", "End": true}, "branches", `FormatSns.Resource: runs for the channel "sns", in the branch of slack`},
	{"another channel's dead letter", in("DeadLetterSns", "Parameters", "MessageBody"), "channel", "slack", "branches", "DeadLetterSns.Parameters.MessageBody.channel: is slack"},

	{"a path before it is written", in("Claim", "Parameters"), "document.$", "$.release", "paths", "Claim.Parameters.document.$: $.release is not written"},
	{"a path that is misspelt", in("DeliverSlack?", "Choices", 0), "Variable", "$.plan.slack.descision", "paths", "DeliverSlack?.Choices[0].Variable: $.plan.slack.descision does not exist"},
	{"a path of a catch on a way without it", in("SlackNotTold", "Parameters"), "reason.$", "$.failure.Error", "paths", "SlackNotTold.Parameters.reason.$: $.failure is not written"},
	{"a result that a catch has not", in("SlackStranded", "Parameters"), "reason.$", "$.queued.MessageId", "paths", "SlackStranded.Parameters.reason.$: $.queued.MessageId is not written"},
	{"a result on one way only", in("Unclaimed"), "ResultPath", "$.unclaimed", "paths", "ResolveTag.Parameters.document: $.document.claim is not written"},
	{"an optional field", in("SlackTold"), "OutputPath", "$.delivery.receipt", "paths", "SlackTold.OutputPath: $.delivery.receipt may be left out"},
	{"an optional field behind the wrong word", in("SlackSent?", "Choices", 0), "StringEquals", "sent", "paths", "WaitSlack.SecondsPath: $.delivery.seconds may be left out"},
	{"an optional field without its Choice", in("SendSlack"), "Next", "WaitSlack", "paths", "WaitSlack.SecondsPath: $.delivery.seconds may be left out"},
	{"a word that does not exist", in("Duplicate?", "Choices", 0), "StringEquals", "dupe", "paths", `Duplicate?.Choices[0].StringEquals: is "dupe"`},
	{"a word of a function that does not exist", in("Complete?", "Choices", 0), "StringEquals", "done", "paths", `Complete?.Choices[0].StringEquals: is "done"`},
	{"an outcome that does not exist", in("SlackDeadLettered", "Parameters"), "outcome", "dead_letter", "paths", `SlackDeadLettered.output: .outcome is "dead_letter"`},
	{"an end without an outcome", in("SlackDeadLettered", "Parameters"), "outcome", nil, "paths", "SlackDeadLettered.output: .outcome is missing"},
	{"an end with the whole document", in("SlackTold"), "OutputPath", nil, "paths", "SlackTold.output: .outcome is missing"},
	{"an end with a field that nobody reads", in("SlackDeadLettered", "Parameters"), "why", "x", "paths", "SlackDeadLettered.output: .why is no field"},
	{"an end with a text for a number", in("SnsUnmarked", "Parameters"), "attempts.$", "$$.State.Name", "paths", "SnsUnmarked.output: .attempts is a string, not a int"},
	{"an end with a number for a text", in("SnsUnmarked", "Parameters"), "receipt", map[string]any{"message_id": 5.0}, "paths", "SnsUnmarked.output: .receipt.message_id is 5"},
	{"an end with an outcome that may be anything", in("SnsUnmarked", "Parameters"), "outcome.$", "States.Format('{}', $.message.message)", "paths", "SnsUnmarked.output: .outcome may be anything"},
	{"a key with and without .$", in("SnsUnmarked", "Parameters"), "outcome.$", "$.message.message", "paths", "SnsUnmarked.Parameters.outcome.$: stands beside outcome"},
	{"a promise that nothing relies on", nil, "StartAt", "Duplicate", "paths", "promises: no Choice asks for outcome wait"},
	{"a stand-in that is no claim", in("Unclaimed", "Parameters"), "late", "no", "paths", "Unclaimed.ResultPath: .late is "},
	{"a stand-in that lacks a field", in("CommitsUnknown", "Result"), "total", nil, "paths", "CommitsUnknown.ResultPath: .total is missing"},
	{"planned work that must not stop the page", in("CheckMaintenance"), "Catch", nil, "branches", "CheckMaintenance.Catch: nothing catches States.ALL"},
	{"no windows where nothing is known of them", in("MaintenanceUnknown", "Result"), "windows", nil, "paths", "MaintenanceUnknown.ResultPath: .windows is missing"},
	{"a stand-in under another name", in("ReleaseUnknown"), "ResultPath", "$.released", "paths", "Commits.Parameters.document: $.document.release is not written"},
	{"a function without the document", in("Route", "Parameters"), "document.$", nil, "paths", "Route.Parameters.document: $.document is not written"},
	{"an input that no function reads", in("Route", "Parameters"), "doc.$", "$", "paths", "Route.Parameters: .doc is no field of step.Input"},
	{"a step that overwrites the document", in("ResolveTag"), "ResultPath", nil, "paths", "Commits.Parameters.document: $.document.deployment "},
	{"a step before its turn", in("Duplicate?"), "Default", "Commits", "paths", "Commits.Parameters.document: $.document.release is not written"},
	{"a path without its .$", in("SnsStranded", "Parameters"), "reason", "$.failure.Error", "paths", "SnsStranded.Parameters.reason: $.failure.Error is taken as a text"},
	{"an unknown part of the context", in("Claim", "Parameters"), "execution.$", "$$.Execution.Arn", "paths", "Claim.Parameters.execution.$: $$.Execution.Arn is not in the context object"},
	{"a part of the context that only AWS has", in("Claim", "Parameters"), "execution.$", "$$.Execution.RedriveCount", "paths", "$$.Execution.RedriveCount is not in the context object"},
	{"a path to many values", in("WaitSlack"), "SecondsPath", "$..seconds", "paths", "WaitSlack.SecondsPath: $..seconds is not a path to one value"},
	{"a path inside an intrinsic function", in("SnsStranded", "Parameters"), "reason.$", "States.Format('$.x {}', $.fault)", "paths", "SnsStranded.Parameters.reason.$: $.fault is not written"},
	{"an unknown intrinsic function", in("SnsStranded", "Parameters"), "reason.$", "States.Concat($.failure.Error)", "paths", "SnsStranded.Parameters.reason.$: States.Concat is no intrinsic"},
	{"a ResultPath that is no place", in("Claim"), "ResultPath", "$$.claim", "paths", "Claim.ResultPath: $$.claim names no place"},
	{"an InputPath that is not written", in("DeliverSns?"), "InputPath", "$.message", "paths", "DeliverSns?.InputPath: $.message is not written"},
	{"what a branch has not got", in("Notify", "ResultSelector"), "sns.$", "$[3]", "paths", "Notify.ResultSelector.sns.$: $.[3] is not written"},
	{"what a call does not return", in("SnsUnmarked", "Parameters", "receipt"), "message_id.$", "$.published.SequenceNumber", "paths", "SnsUnmarked.Parameters.receipt.message_id.$: "},
	{"a mark that sends again", in("MarkSns", "Catch", 0), "Next", "DeadLetterSns", "branches", "MarkSns.Catch[0].Next: DeadLetterSns is not the end of the branch"},
	{"a mark of another channel", in("MarkSns"), "Resource", "${SendSlackArn}", "placeholders", "MarkSns: it uses ${SendSlackArn}, which is another state's Resource"},
	{"a mark of what was not published", in("SnsSent?", "Choices", 0), "Next", "MarkSns", "paths", "MarkSns.Parameters.document: $.document.published is not written"},
	{"a watch that stops the execution", in("Watch"), "Catch", []any{}, "branches", "Watch.Catch: nothing catches States.ALL"},
	{"a call of which nothing is known", in("PublishSns"), "Resource", "arn:${Partition}:states:::events:putEvents", "paths", "PublishSns.Resource: it is not known what"},
}

// TestMistakes makes every mistake, one at a time, and wants it told. A check that
// cannot fail is worth nothing.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, mistake := range mistakes {
		t.Run(mistake.name, func(t *testing.T) {
			t.Parallel()
			var broken node
			if err := json.Unmarshal([]byte(Definition), &broken); err != nil {
				t.Fatal(err)
			}
			place := broken
			if mistake.place != nil {
				place = broken.state(t, mistake.place[0].(string)).in(mistake.place[1:]...)
			}
			place.set(mistake.field, mistake.value)
			raw, err := json.Marshal(broken)
			if err != nil {
				t.Fatal(err)
			}
			m, err := Parse(string(raw))
			if err != nil {
				t.Fatal(err)
			}
			found := checks[mistake.check](string(raw), m)
			if !slices.ContainsFunc(found, func(problem string) bool { return strings.Contains(problem, mistake.want) }) {
				t.Errorf("found\n%s\nwant %s", strings.Join(found, "\n"), mistake.want)
			}
		})
	}
}
