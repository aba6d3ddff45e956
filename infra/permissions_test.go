//go:build synth

package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fanfare/internal/channel"
	"fanfare/internal/secret"
	"fanfare/statemachine"
)

// grant is one thing that a role may do.
type grant struct{ action, resource string }

// grants are what each role may do, by the role's name. They are all there is: a role
// with a policy of another kind, or a statement that does anything but allow actions on
// resources, fails the test.
func grants(t *testing.T, tpl template) map[string][]grant {
	t.Helper()
	found := map[string][]grant{}
	for name, role := range tpl.of("AWS::IAM::Role") {
		found[name] = nil
		for key := range role.Properties {
			if key != "AssumeRolePolicyDocument" && key != "Description" && key != "Tags" {
				t.Errorf("the role %s has %s: its permissions are to be in its policy", name, key)
			}
		}
	}
	for name, policy := range tpl.of("AWS::IAM::Policy") {
		roles := list(policy.Properties["Roles"])
		if len(roles) != 1 || len(policy.Properties) != 3 {
			t.Fatalf("the policy %s is to be that of one role: %v", name, policy.Properties)
		}
		for _, statement := range statements(policy, "PolicyDocument") {
			if len(statement) != 3 || statement["Effect"] != "Allow" {
				t.Errorf("the policy %s: one that allows actions on resources expected, found %v", name, statement)
			}
			for _, action := range list(statement["Action"]) {
				for _, resource := range list(statement["Resource"]) {
					found[roles[0]] = append(found[roles[0]], grant{action, resource})
				}
			}
		}
	}
	for _, all := range found {
		slices.SortFunc(all, func(a, b grant) int { return strings.Compare(a.action+" "+a.resource, b.action+" "+b.resource) })
	}
	return found
}

func statements(r resource, document string) []map[string]any {
	var all []map[string]any
	for _, statement := range r.Properties[document].(map[string]any)["Statement"].([]any) {
		all = append(all, statement.(map[string]any))
	}
	return all
}

// list is what a policy may write as one text or as several.
func list(value any) []string {
	if one, ok := value.(string); ok {
		return []string{one}
	}
	var all []string
	values, _ := value.([]any)
	for _, v := range values {
		all = append(all, v.(string))
	}
	return all
}

// roleOf is the name of the function's role.
func roleOf(t *testing.T, tpl template, step statemachine.Step) string {
	t.Helper()
	arn, _ := tpl.of("AWS::Lambda::Function")[functionName(step)].Properties["Role"].(string)
	_, name, ok := strings.Cut(arn, ":role/")
	if !ok {
		t.Fatalf("the function %s: a role of the stack expected, found %q", functionName(step), arn)
	}
	return name
}

// TestPermissions has the lists that people review: what each role may do, on what, and
// what queues and topics let services do.
func TestPermissions(t *testing.T) {
	for _, test := range []struct {
		file, title string
		tpl         template
	}{
		{"permissions.golden.txt", "What each role may do, and whom queues and topics let in, with infra/accounts/example.yaml and a KMS key for the secrets.", example()},
		{"permissions-minimal.golden.txt", "What each role may do, and whom queues and topics let in, with the least of account files: no clusters named, a Slack webhook, nothing else.", minimal()},
	} {
		all := allGrants(t, test.tpl)
		text := strings.Builder{}
		text.WriteString("# " + test.title + "\n")
		for _, role := range slices.Sorted(maps.Keys(all)) {
			name := role
			if inBraces := strings.TrimPrefix(role, "{"); inBraces != role {
				name = strings.TrimSuffix(inBraces, "}")
			}
			text.WriteString("\n" + name + "\n")
			action := ""
			for _, g := range all[role] {
				if g.action != action {
					action = g.action
					text.WriteString("  " + action + "\n")
				}
				text.WriteString("    " + g.resource + "\n")
			}
		}
		golden(t, test.file, []byte(text.String()))
	}
}

// TestRoles has one role a function, that Lambda alone may take on.
func TestRoles(t *testing.T) {
	tpl := example()
	owners := map[string]string{}
	for _, step := range deployed() {
		role := roleOf(t, tpl, step)
		if owner := owners[role]; owner != "" {
			t.Errorf("%s and %s share the role %s", owner, step.State, role)
		}
		owners[role] = step.State
	}
	trusted := map[string]string{"{WorkflowRole}": "states.amazonaws.com", "{WorkflowEventsRole}": "events.amazonaws.com", "{SchedulerRole}": "scheduler.amazonaws.com"}
	for role := range owners {
		trusted[role] = "lambda.amazonaws.com"
	}
	roles := tpl.of("AWS::IAM::Role")
	has(t, "the roles", slices.Sorted(maps.Keys(roles)), slices.Sorted(maps.Keys(trusted)))
	for name, role := range roles {
		wanted := map[string]any{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": map[string]any{"Service": trusted[name]}}
		if name == "{SchedulerRole}" { // nobody else's schedules
			wanted["Condition"] = map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012",
				"aws:SourceArn": "arn:${AWS::Partition}:scheduler:eu-west-1:123456789012:schedule-group/fanfare"}}
		}
		has(t, "who may take on "+name, statements(role, "AssumeRolePolicyDocument"), []any{wanted})
	}
	if n := len(tpl.of("AWS::Lambda::Function")); n != len(deployed()) {
		t.Errorf("%d functions for %d steps", n, len(deployed()))
	}
}

// TestOwnLog lets each function write its own log and no other, and those that are pure
// do nothing else.
func TestOwnLog(t *testing.T) {
	pure := []string{"Normalise", "CheckMaintenance", "Route", "FormatSlack", "FormatPagerDuty", "FormatSns"}
	for name, test := range map[string]struct {
		tpl  template
		pure []string
	}{
		"example": {example(), pure},
		"minimal": {minimal(), append(pure, "Commits")},
	} {
		all := grants(t, test.tpl)
		for _, step := range deployed() {
			log := fmt.Sprintf("arn:${AWS::Partition}:logs:%s:%s:log-group:/aws/lambda/%s:*", test.tpl.account.Region, test.tpl.account.ID, functionName(step))
			var logs, others []grant
			for _, g := range all[roleOf(t, test.tpl, step)] {
				if strings.HasPrefix(g.action, "logs:") {
					logs = append(logs, g)
				} else if !strings.HasPrefix(g.action, "xray:") {
					others = append(others, g)
				}
			}
			if !slices.Equal(logs, []grant{{"logs:CreateLogStream", log}, {"logs:PutLogEvents", log}}) {
				t.Errorf("%s: %s writes %v", name, step.State, logs)
			}
			if pure := slices.Contains(test.pure, step.State); pure != (len(others) == 0) {
				t.Errorf("%s: %s, which is pure: %t, may %v", name, step.State, pure, others)
			}
		}
	}
}

// TestSecrets lets each function read the one secret that it needs, and the doctor all, and
// no function read or change another, however the stars in its permissions are read.
func TestSecrets(t *testing.T) {
	bot, webhook := channel.Slack+"/"+secret.SlackBotToken, channel.Slack+"/"+secret.SlackWebhookURL
	routing, token := channel.PagerDuty+"/"+secret.PagerDutyRoutingKey, "gitlab/"+secret.GitLabToken
	for name, test := range map[string]struct {
		tpl  template
		want map[string][]string
	}{
		"example": {example(), map[string][]string{"SendSlack": {bot}, "SendPagerDuty": {routing}, "Commits": {token}, "Escalate": {bot}, "Doctor": {bot, routing, token}}},
		"minimal": {minimal(), map[string][]string{"SendSlack": {webhook}, "Doctor": {webhook}}},
	} {
		roles := map[string]string{}
		for _, step := range deployed() {
			roles[roleOf(t, test.tpl, step)] = step.State
		}
		for role, all := range grants(t, test.tpl) {
			var keys []string
			for _, known := range []string{bot, webhook, routing, token} {
				arn := fmt.Sprintf("arn:${AWS::Partition}:ssm:%s:%s:parameter/fanfare/%s", test.tpl.account.Region, test.tpl.account.ID, known)
				var actions []string
				for _, g := range all {
					if strings.HasPrefix(g.action, "ssm:") && covers(g.resource, arn) {
						actions = append(actions, g.action)
					}
				}
				var want []string
				if slices.Contains(test.want[roles[role]], known) {
					want = []string{"ssm:GetParameter"}
				}
				if !slices.Equal(actions, want) {
					t.Errorf("%s: on the secret %s, %s may %v, wanted %v", name, known, role, actions, want)
				}
			}
			for _, g := range all {
				if strings.HasPrefix(g.action, "kms:") {
					keys = append(keys, g.action+" "+g.resource)
				}
			}
			var want []string
			if test.tpl.account.Secrets.KeyARN != "" && test.want[roles[role]] != nil {
				want = []string{"kms:Decrypt " + keyARN}
			}
			if !slices.Equal(keys, want) {
				t.Errorf("%s: of keys, %s may %v, wanted %v", name, role, keys, want)
			}
		}
	}
}

// covers tells whether the policy's resource is or includes the ARN. A star stands for
// any characters, slashes too:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
func covers(resource, arn string) bool {
	pattern := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(resource))
	return regexp.MustCompile("^" + pattern + "$").MatchString(arn)
}
