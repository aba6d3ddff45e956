//go:build synth

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fanfare/internal/normalise"
)

// rules are the stack's, by the names of their golden files.
var rules = map[string]string{"rule-ecs": "{EcsDeployments}", "rule-pipelines": "{Pipelines}", "rule-drills": "{Drills}"}

func ruleARN(name string) string {
	return "arn:${AWS::Partition}:events:eu-west-1:123456789012:rule/" + name
}

// TestRules wake the workflow, for as long as EventBridge tries at most, and then keep
// the event in the queue.
func TestRules(t *testing.T) {
	found := example().of("AWS::Events::Rule")
	has(t, "the rules", slices.Sorted(maps.Keys(found)), slices.Sorted(maps.Values(rules)))
	for name, rule := range found {
		has(t, name+": its state", rule.Properties["State"], "ENABLED")
		has(t, name+": its targets", rule.Properties["Targets"], []any{map[string]any{
			"Id":               "Target0",
			"Arn":              "arn:${AWS::Partition}:states:eu-west-1:123456789012:stateMachine:fanfare-notify",
			"RoleArn":          "arn:${AWS::Partition}:iam::123456789012:role/{WorkflowEventsRole}",
			"DeadLetterConfig": map[string]any{"Arn": "arn:${AWS::Partition}:sqs:eu-west-1:123456789012:fanfare-events-dlq"},
			"RetryPolicy":      map[string]any{"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400},
		}})
		if description, _ := rule.Properties["Description"].(string); description == "" {
			t.Errorf("%s does not say what it is for", name)
		}
		if bus, ok := rule.Properties["EventBusName"]; ok {
			t.Errorf("%s: AWS's own events are on the default bus, not on %v", name, bus)
		}
	}
	// Without a pipeline in the account file, there is no rule for pipelines: one without
	// names would tell of all.
	has(t, "the least of rules", slices.Sorted(maps.Keys(minimal().of("AWS::Events::Rule"))), []string{"{Drills}", "{EcsDeployments}"})
}

// TestPatterns has the patterns as people read them.
func TestPatterns(t *testing.T) {
	for file, name := range rules {
		golden(t, file+".golden.json", pretty(t, example().of("AWS::Events::Rule")[name].Properties["EventPattern"]))
	}
	golden(t, "rule-ecs-minimal.golden.json", pretty(t, minimal().of("AWS::Events::Rule")["{EcsDeployments}"].Properties["EventPattern"]))
}

// woken are the rules of the stack that the event matches.
func (t template) woken(event map[string]any) []string {
	var names []string
	for name, rule := range t.of("AWS::Events::Rule") {
		if matches(rule.Properties["EventPattern"].(map[string]any), event) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestPatternMatches tries the patterns on the shapes that events come in, with a
// matcher of the tests' own, after what EventBridge says about its operators:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
func TestPatternMatches(t *testing.T) {
	const event = `{"source": "SOURCE", "detail-type": "TYPE", "resources": ["arn:aws:ecs:eu-west-1:123456789012:service/SERVICE"],
		"detail": {"eventName": "NAME"CLUSTER}}`
	named := func(cluster string) string {
		return `, "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/` + cluster + `"`
	}
	for name, test := range map[string]struct {
		replace          []string
		example, minimal bool
	}{
		"a named cluster":                      {[]string{"CLUSTER", named("production")}, true, true},
		"another named cluster":                {[]string{"CLUSTER", named("staging"), "SERVICE", "staging/checkout"}, true, true},
		"a cluster that is not named":          {[]string{"CLUSTER", named("playground"), "SERVICE", "playground/checkout"}, false, true},
		"a cluster that ends like a named":     {[]string{"CLUSTER", named("pre-production"), "SERVICE", "pre-production/checkout"}, false, true},
		"the cluster in the service alone":     {nil, true, true},
		"not named, in the service alone":      {[]string{"SERVICE", "playground/checkout"}, true, true}, // Route looks closer
		"no cluster anywhere":                  {[]string{"SERVICE", "checkout"}, true, true},
		"the old service ARN, named cluster":   {[]string{"SERVICE", "checkout", "CLUSTER", named("production")}, true, true},
		"the old service ARN, other cluster":   {[]string{"SERVICE", "checkout", "CLUSTER", named("playground")}, false, true},
		"China":                                {[]string{"arn:aws:", "arn:aws-cn:"}, true, true},
		"a failure":                            {[]string{"NAME", "SERVICE_DEPLOYMENT_FAILED"}, true, true},
		"a name that ECS has not invented yet": {[]string{"NAME", "SERVICE_DEPLOYMENT_PAUSED"}, true, true},
		"another name":                         {[]string{"NAME", "SERVICE_STEADY_STATE"}, false, false},
		"the same news under another type":     {[]string{"TYPE", "ECS Service Action"}, false, false},
		"somebody else's event":                {[]string{"SOURCE", "shop.ecs"}, false, false},
	} {
		defaults := []string{"SOURCE", "aws.ecs", "TYPE", "ECS Deployment State Change", "SERVICE", "production/checkout", "NAME", "SERVICE_DEPLOYMENT_COMPLETED", "CLUSTER", ""}
		text := strings.NewReplacer(append(slices.Clone(test.replace), defaults...)...).Replace(event)
		var e map[string]any
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for of, want := range map[*template]bool{new(example()): test.example, new(minimal()): test.minimal} {
			if got := of.woken(e); want != slices.Equal(got, []string{"{EcsDeployments}"}) || !want && len(got) > 0 {
				t.Errorf("%s, in %s: woken by %v, wanted: %t", name, of.account.Region, got, want)
			}
		}
	}
}

// TestPipelinesAndDrills takes every state of the named pipelines, and whatever is played
// as a drill; each by one rule, as two would tell it twice.
func TestPipelinesAndDrills(t *testing.T) {
	for name, test := range map[string]struct{ source, kind, pipeline, state, want string }{
		"a named pipeline":               {"aws.codepipeline", pipelineDetailType, "search-production", "STARTED", "{Pipelines}"},
		"superseded":                     {"aws.codepipeline", pipelineDetailType, "search-staging", "SUPERSEDED", "{Pipelines}"},
		"a state of later days":          {"aws.codepipeline", pipelineDetailType, "search-staging", "PAUSED", "{Pipelines}"},
		"a pipeline that is not named":   {"aws.codepipeline", pipelineDetailType, "search", "FAILED", ""},
		"a stage of a named one":         {"aws.codepipeline", "CodePipeline Stage Execution State Change", "search-staging", "FAILED", ""},
		"an action of a named one":       {"aws.codepipeline", "CodePipeline Action Execution State Change", "search-staging", "FAILED", ""},
		"a drill of a pipeline":          {"fanfare.drill", pipelineDetailType, "search-staging", "FAILED", "{Drills}"},
		"a drill of one that nobody has": {"fanfare.drill", pipelineDetailType, "search", "FAILED", "{Drills}"}, // it is told that it is unknown
		"a drill of a service":           {"fanfare.drill", ecsDetailType, "", "", "{Drills}"},
		"a drill of something else":      {"fanfare.drill", "ECS Task State Change", "", "", "{Drills}"}, // Normalise says why not
		"somebody else's event":          {"shop.codepipeline", pipelineDetailType, "search-production", "FAILED", ""},
	} {
		event := map[string]any{"source": test.source, "detail-type": test.kind, "detail": map[string]any{"pipeline": test.pipeline, "state": test.state}}
		if got := strings.Join(example().woken(event), " "); got != test.want {
			t.Errorf("%s: woken by %q, wanted %q", name, got, test.want)
		}
	}
}

// TestUnderstood wakes the workflow for no kind of AWS's events that its first step does
// not know.
func TestUnderstood(t *testing.T) {
	tpl, tried := example(), 0
	for name, rule := range tpl.of("AWS::Events::Rule") {
		pattern := rule.Properties["EventPattern"].(map[string]any)
		for _, source := range list(pattern["source"]) {
			for _, kind := range list(pattern["detail-type"]) {
				tried++
				event := fmt.Sprintf(`{"id": "1", "source": %q, "detail-type": %q, "detail": {}}`, source, kind)
				_, err := normalise.Event([]byte(event), tpl.account)
				if err == nil || strings.HasPrefix(err.Error(), "source:") || strings.HasPrefix(err.Error(), "detail-type:") {
					t.Errorf("%s wakes for %s from %s, of which Normalise says %v", name, kind, source, err)
				}
			}
		}
	}
	if tried != 2 {
		t.Errorf("%d kinds of events tried", tried)
	}
}

// matches tells whether the event has for each of the pattern's fields a value that one
// of its rules takes, and for $or whether one of its patterns matches.
func matches(pattern, event map[string]any) bool {
	for field, rules := range pattern {
		ok := false
		switch rules := rules.(type) {
		case map[string]any:
			below, _ := event[field].(map[string]any)
			ok = matches(rules, below)
		case []any:
			for _, rule := range rules {
				if field == "$or" {
					ok = ok || matches(rule.(map[string]any), event)
				} else {
					ok = ok || takes(rule, list(event[field]))
				}
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

// takes tells whether the rule takes one of the values, or their absence.
func takes(rule any, values []string) bool {
	operator, _ := rule.(map[string]any)
	if exists, ok := operator["exists"]; ok {
		return exists == (len(values) > 0)
	}
	return slices.ContainsFunc(values, func(value string) bool { return takesOne(rule, value) })
}

func takesOne(rule any, value string) bool {
	operators, ok := rule.(map[string]any)
	if !ok {
		return rule == value
	}
	for operator, operand := range operators {
		switch operator {
		case "prefix":
			return strings.HasPrefix(value, operand.(string))
		case "suffix":
			return strings.HasSuffix(value, operand.(string))
		case "wildcard":
			pattern := strings.ReplaceAll(regexp.QuoteMeta(operand.(string)), `\*`, ".*")
			return regexp.MustCompile("^" + pattern + "$").MatchString(value)
		case "anything-but":
			return !takesOne(operand, value)
		}
		panic("the tests do not know the operator " + operator)
	}
	return false
}
