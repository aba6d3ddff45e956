//go:build synth

package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"fanfare/infra/needs"
	"fanfare/internal/channel"
	"fanfare/internal/secret"
	"fanfare/statemachine"
)

// analysis are the calls that the programs make.
var analysis = sync.OnceValues(func() (needs.Analysis, error) { return needs.Analyse(".") })

// deriver works out what each role needs: from the programs' calls, from the tasks of the
// definition, and from how the template wires rules, logs and traces. It does not look at
// what is granted.
type deriver struct {
	template
	// needed says, for each role and permission, who needs it.
	needed map[string]map[grant]string
	// problems are calls that nobody has said on what they are made.
	problems []string
}

func (d *deriver) need(role, why string, action string, resources ...string) {
	if d.needed[role] == nil {
		d.needed[role] = map[grant]string{}
	}
	for _, resource := range resources {
		d.needed[role][grant{action, resource}] = why
	}
}

// place is the ARN of something in the account and its region.
func (d *deriver) place(service, resource string) string {
	return fmt.Sprintf("arn:${AWS::Partition}:%s:%s:%s:%s", service, d.account.Region, d.account.ID, resource)
}

// onWhat says on what a package makes a call in the function of a step.
var onWhat = map[string]func(*deriver, statemachine.Step) []string{
	"ledger dynamodb:GetItem":                      (*deriver).table,
	"ledger dynamodb:UpdateItem":                   (*deriver).table,
	"ledger dynamodb:Query":                        (*deriver).tableAndIndex,
	"claim states:DescribeExecution":               (*deriver).executions,
	"resolvetag ecs:DescribeServices":              (*deriver).services,
	"resolvetag ecs:DescribeTaskDefinition":        (*deriver).everything,
	"resolvetag ssm:GetParameter":                  (*deriver).remembered,
	"resolvetag codepipeline:GetPipelineExecution": (*deriver).pipelines,
	"resolvetag codepipeline:ListActionExecutions": (*deriver).pipelines,
	"remembertag ssm:PutParameter":                 (*deriver).remembered,
	"parameter ssm:GetParameter":                   (*deriver).secrets,
	"watch scheduler:CreateSchedule":               (*deriver).schedules,
	"watchdog ecs:DescribeServices":                (*deriver).services,
	"watchdog states:StartExecution":               (*deriver).workflow,
	"escalate/notice sns:Publish":                  variablesOf("FANFARE_OPERATIONS_TOPIC"),
	"doctor sns:ListSubscriptionsByTopic":          variablesOf("FANFARE_OPERATIONS_TOPIC", "FANFARE_TEXTS_TOPIC"),
	"doctor sqs:GetQueueAttributes":                (*deriver).queues,
	"doctor ssm:GetParameter":                      (*deriver).secrets,
	"redrive sqs:ReceiveMessage":                   (*deriver).queues,
	"redrive sqs:DeleteMessage":                    (*deriver).queues,
	"redrive sqs:ChangeMessageVisibility":          (*deriver).queues,
	"redrive sqs:GetQueueAttributes":               (*deriver).queues,
	"redrive states:StartExecution":                (*deriver).workflow,
	"redrive states:DescribeExecution":             (*deriver).executions,
	"redrive states:GetExecutionHistory":           (*deriver).executions,
	"why states:DescribeExecution":                 (*deriver).executions,
}

// everything is for actions for which there is no resource to name.
func (d *deriver) everything(statemachine.Step) []string { return []string{"*"} }

// value is that of a variable of the function's environment.
func (d *deriver) value(step statemachine.Step, variable string) string {
	environment, _ := d.of("AWS::Lambda::Function")[functionName(step)].Properties["Environment"].(map[string]any)
	all, _ := environment["Variables"].(map[string]any)
	value, ok := all[variable].(string)
	if !ok {
		d.problems = append(d.problems, step.State+" makes calls on what "+variable+" names, and has it not")
	}
	return value
}

// variablesOf are the things whose ARNs the variables have.
func variablesOf(variables ...string) func(*deriver, statemachine.Step) []string {
	return func(d *deriver, step statemachine.Step) []string {
		var arns []string
		for _, variable := range variables {
			arns = append(arns, d.value(step, variable))
		}
		return arns
	}
}

// workflow is the one that the function's environment names.
func (d *deriver) workflow(step statemachine.Step) []string {
	return []string{d.value(step, "FANFARE_WORKFLOW")}
}

// queues are those that the function's environment names.
func (d *deriver) queues(step statemachine.Step) []string {
	return []string{d.queueOf(d.value(step, "FANFARE_EVENT_QUEUE")), d.queueOf(d.value(step, "FANFARE_DELIVERY_QUEUE"))}
}

// schedules are those of the group. To make one is to hand over the role that it takes on.
func (d *deriver) schedules(step statemachine.Step) []string {
	role := nameOf(d.of("AWS::Lambda::Function")[functionName(step)].Properties["Role"])
	d.need(role, "its schedules take it on", "iam:PassRole", d.value(step, "FANFARE_SCHEDULER_ROLE"))
	return []string{d.place("scheduler", "schedule/"+d.value(step, "FANFARE_SCHEDULE_GROUP")+"/*")}
}

// table is the one that the function's environment names.
func (d *deriver) table(step statemachine.Step) []string {
	return []string{d.place("dynamodb", "table/"+d.value(step, "FANFARE_TABLE"))}
}

// tableAndIndex is for those who read what belongs together, and, to find it, the index.
func (d *deriver) tableAndIndex(step statemachine.Step) []string {
	table := d.table(step)
	if step.Program == "send" { // it knows what it looks for
		return table
	}
	return append(table, table[0]+"/index/by-service")
}

// executions are those of the workflow, whose own name is in each ARN.
func (d *deriver) executions(statemachine.Step) []string {
	var arns []string
	for name := range d.of("AWS::StepFunctions::StateMachine") {
		arns = append(arns, d.place("states", "execution:"+name+":*"))
	}
	return arns
}

func (d *deriver) clusters() []string {
	if len(d.account.Clusters) == 0 {
		return []string{"*"}
	}
	return d.account.Clusters
}

func (d *deriver) services(statemachine.Step) []string {
	var arns []string
	for _, cluster := range d.clusters() {
		arns = append(arns, d.place("ecs", "service/"+cluster+"/*"))
	}
	return arns
}

func (d *deriver) pipelines(statemachine.Step) []string {
	var arns []string
	for _, pipeline := range d.account.Pipelines {
		arns = append(arns, d.place("codepipeline", pipeline.Name))
	}
	return arns
}

// remembered are the parameters of what was last good.
func (d *deriver) remembered(statemachine.Step) []string {
	var arns []string
	for _, cluster := range d.clusters() {
		arns = append(arns, d.place("ssm", "parameter"+d.account.LastTagParameter(cluster, "*")))
	}
	for _, pipeline := range d.account.Pipelines {
		arns = append(arns, d.place("ssm", "parameter"+d.account.LastRevisionParameter(pipeline.Name)))
	}
	return arns
}

// secrets is the one of the channel, or of GitLab, if the account has it at all: one
// program serves all channels.
func (d *deriver) secrets(step statemachine.Step) []string {
	var name string
	switch {
	case step.Program == "doctor":
		var all []string
		for _, other := range []statemachine.Step{{Channel: channel.Slack}, {Channel: channel.PagerDuty}, {Program: "commits"}} {
			all = append(all, d.secrets(other)...)
		}
		return all
	case step.Program == "escalate" && (d.account.Slack == nil || d.account.Slack.Fallback == ""):
		return nil
	case step.Program == "escalate":
		return d.secrets(statemachine.Step{Channel: channel.Slack})
	case step.Program == "commits" && d.account.GitLab != nil:
		name = "gitlab/" + secret.GitLabToken
	case step.Channel == channel.Slack && d.account.Slack != nil && d.account.Slack.Via == "webhook":
		name = "slack/" + secret.SlackWebhookURL
	case step.Channel == channel.Slack && d.account.Slack != nil:
		name = "slack/" + secret.SlackBotToken
	case step.Channel == channel.PagerDuty && d.account.PagerDuty != nil:
		name = "pagerduty/" + secret.PagerDutyRoutingKey
	default:
		return nil
	}
	return []string{d.place("ssm", "parameter"+d.account.Secrets.Prefix+"/"+name)}
}

// functions need what their programs call, and to write their logs and traces.
func (d *deriver) functions(t *testing.T, programs map[string][]needs.Call) {
	t.Helper()
	for _, step := range deployed() {
		role, function := roleOf(t, d.template, step), d.of("AWS::Lambda::Function")[functionName(step)]
		for _, call := range programs[step.Program] {
			key := call.From + " " + call.Action
			resources, ok := onWhat[key]
			if !ok {
				d.problems = append(d.problems, fmt.Sprintf("%s calls %s in package %s: say in onWhat on what", step.State, call.Action, call.From))
				continue
			}
			on := resources(d, step)
			d.need(role, "its program calls it in package "+call.From, call.Action, on...)
			if call.Decrypts && len(on) > 0 && d.account.Secrets.KeyARN != "" {
				d.need(role, "its program reads secrets in package "+call.From, "kms:Decrypt", d.account.Secrets.KeyARN)
			}
		}
		if logging, ok := function.Properties["LoggingConfig"].(map[string]any); ok {
			streams := d.place("logs", fmt.Sprintf("log-group:%v:*", logging["LogGroup"]))
			for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
				d.need(role, "it writes its log", action, streams)
			}
		}
		if tracing, ok := function.Properties["TracingConfig"].(map[string]any); ok && tracing["Mode"] == "Active" {
			for _, action := range []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"} {
				d.need(role, "it is traced", action, "*")
			}
		}
	}
}

// workflows need what the tasks of the definition call.
func (d *deriver) workflows(t *testing.T) {
	t.Helper()
	machine, err := statemachine.Parse(statemachine.Definition)
	if err != nil {
		t.Fatal(err)
	}
	workflow := d.the(t, "AWS::StepFunctions::StateMachine")
	role := nameOf(workflow.Properties["RoleArn"])
	values, _ := workflow.Properties["DefinitionSubstitutions"].(map[string]any)
	fill := func(value any) string {
		text := fmt.Sprint(value)
		for name, value := range values {
			text = strings.ReplaceAll(text, "${"+name+"}", fmt.Sprint(value))
		}
		return text
	}
	for _, state := range machine.All() {
		if state.Type != "Task" {
			continue
		}
		parameters, _ := state.Parameters.(map[string]any)
		why := "the state " + state.Name + " calls it"
		switch resource := fill(state.Resource); {
		case strings.Contains(resource, ":lambda:"):
			d.need(role, why, "lambda:InvokeFunction", resource)
		case strings.HasSuffix(resource, ":states:::sns:publish"):
			d.need(role, why, "sns:Publish", fill(parameters["TopicArn"]))
		case strings.HasSuffix(resource, ":states:::sqs:sendMessage"):
			d.need(role, why, "sqs:SendMessage", d.queueOf(fill(parameters["QueueUrl"])))
		default:
			d.problems = append(d.problems, fmt.Sprintf("the state %s calls %s: say which permission that needs", state.Name, resource))
		}
	}
	if tracing, ok := workflow.Properties["TracingConfiguration"].(map[string]any); ok && tracing["Enabled"] == true {
		for _, action := range []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"} {
			d.need(role, "it is traced", action, "*")
		}
	}
}

// operations needs what the rules, their queue and the alarms do. Who asks is a service, for
// the thing that it asks for.
func (d *deriver) operations() {
	for name, rule := range d.of("AWS::Events::Rule") {
		targets, _ := rule.Properties["Targets"].([]any)
		for _, target := range targets {
			target := target.(map[string]any)
			arn := fmt.Sprint(target["Arn"])
			if !strings.Contains(arn, ":states:") {
				d.problems = append(d.problems, fmt.Sprintf("the rule %s wakes %s: say which permission that needs", name, arn))
			}
			d.need(nameOf(target["RoleArn"]), "the rule "+name+" wakes it", "states:StartExecution", arn)
			if queue, ok := target["DeadLetterConfig"].(map[string]any); ok {
				d.need("events.amazonaws.com for "+d.place("events", "rule/"+name), "it puts there what it cannot hand over", "sqs:SendMessage", fmt.Sprint(queue["Arn"]))
			}
		}
	}
	for name, schedule := range d.of("AWS::Scheduler::Schedule") {
		target, _ := schedule.Properties["Target"].(map[string]any)
		d.need(nameOf(target["RoleArn"]), "the schedule "+name+" calls it", "lambda:InvokeFunction", fmt.Sprint(target["Arn"]))
	}
	for _, step := range statemachine.Steps { // whoever makes schedules names their target
		if step.Program == "watch" {
			d.need(nameOf(d.value(step, "FANFARE_SCHEDULER_ROLE")), "the schedules of "+step.State+" call it", "lambda:InvokeFunction", d.value(step, "FANFARE_WATCHDOG"))
		}
	}
	ours := d.place("cloudwatch", "alarm:"+StackName+"-*")
	for _, alarm := range d.of("AWS::CloudWatch::Alarm") {
		name := fmt.Sprint(alarm.Properties["AlarmName"])
		if !covers(ours, d.place("cloudwatch", "alarm:"+name)) {
			d.problems = append(d.problems, "the alarm "+name+" has another name than those that may publish")
		}
		d.need("cloudwatch.amazonaws.com for "+ours, "the alarm "+name+" publishes there", "sns:Publish", list(alarm.Properties["AlarmActions"])...)
	}
}

// queueOf is the ARN of the queue with the URL.
func (d *deriver) queueOf(url string) string {
	return d.place("sqs", url[strings.LastIndex(url, "/")+1:])
}

func nameOf(role any) string {
	_, name, _ := strings.Cut(fmt.Sprint(role), ":role/")
	return name
}
