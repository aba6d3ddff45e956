//go:build synth

package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// reason says why some roles hold a permission that is wider than one thing.
type reason struct {
	roles   []string
	actions []string
	why     string
}

// reasons are for each star in what a role may do. There is to be none without a reason,
// and no reason without a star.
var reasons = []reason{
	{everyFunction(), []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		"The streams of its own log, which Lambda names."},
	{everyFunction(), []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
		"X-Ray knows no resource-level permission for it."},
	{[]string{"{WorkflowRole}"}, []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"},
		"X-Ray knows no resource-level permission for it."},
	{[]string{"{ResolveTagRole}"}, []string{"ecs:DescribeTaskDefinition"},
		"ECS knows no resource-level permission for it."},
	{[]string{"{ResolveTagRole}", "{WatchdogRole}"}, []string{"ecs:DescribeServices"},
		"Services come and go without Fanfare; so do clusters, where the account file names none."},
	{[]string{"{ResolveTagRole}"}, []string{"ssm:GetParameter"}, "Each service has its own last good tag."},
	{[]string{"{RememberTagRole}"}, []string{"ssm:PutParameter"}, "Each service has its own last good tag."},
	{[]string{"{ClaimRole}", "{WhyRole}"}, []string{"states:DescribeExecution"}, "Each event has an execution of its own."},
	{[]string{"{RedriveRole}"}, []string{"states:DescribeExecution", "states:GetExecutionHistory"}, "Each event has an execution of its own."},
	{[]string{"{WatchRole}"}, []string{"scheduler:CreateSchedule"}, "Each deployment has a schedule of its own."},
}

// everyFunction is the role of every function.
func everyFunction() []string {
	var roles []string
	for _, step := range deployed() {
		roles = append(roles, "{"+step.State+"Role}")
	}
	return roles
}

// reasonFor is the index of the reason why the role's permission has a star; -1 when
// there is none.
func reasonFor(role, action string) int {
	return slices.IndexFunc(reasons, func(r reason) bool { return slices.Contains(r.roles, role) && slices.Contains(r.actions, action) })
}

// TestReasons finds the permissions with stars, and wants a reason for each, and a
// permission for each reason.
func TestReasons(t *testing.T) {
	unused := map[string]int{}
	for i, r := range reasons {
		if r.why == "" {
			t.Errorf("%v of %v: no reason is written", r.actions, r.roles)
		}
		for _, role := range r.roles {
			for _, action := range r.actions {
				unused[role+" "+action] = i
			}
		}
	}
	for _, tpl := range []template{example(), minimal()} {
		for role, all := range grants(t, tpl) {
			for _, g := range all {
				if strings.Contains(g.action, "*") {
					t.Errorf("%s: the action %s has a star", role, g.action)
				}
				if !strings.ContainsAny(g.resource, "*?") {
					continue
				}
				if reasonFor(role, g.action) < 0 {
					t.Errorf("%s: no reason is written for %s on %s", role, g.action, g.resource)
				}
				delete(unused, role+" "+g.action)
			}
		}
	}
	for _, permission := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("there is a reason for a star in %s, where there is none: %s", permission, reasons[unused[permission]].why)
	}
}
