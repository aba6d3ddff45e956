//go:build synth

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// allGrants are those of the roles, and those that queues and topics give to services.
func allGrants(t *testing.T, tpl template) map[string][]grant {
	t.Helper()
	all := grants(t, tpl)
	for _, kind := range []string{"AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"} {
		for _, policy := range tpl.of(kind) {
			for _, statement := range statements(policy, "PolicyDocument") {
				if statement["Effect"] == "Deny" {
					continue
				}
				who := whoOf(statement)
				for _, action := range list(statement["Action"]) {
					for _, resource := range list(statement["Resource"]) {
						all[who] = append(all[who], grant{action, resource})
					}
				}
			}
		}
	}
	return all
}

// whoOf is the service that a statement lets in, and for what.
func whoOf(statement map[string]any) string {
	principal, _ := statement["Principal"].(map[string]any)
	condition, _ := statement["Condition"].(map[string]any)
	for _, operator := range []string{"ArnEquals", "ArnLike"} {
		if source, ok := condition[operator].(map[string]any); ok && len(principal) == 1 && len(condition) == 1 && len(source) == 1 {
			return fmt.Sprintf("%v for %v", principal["Service"], source["aws:SourceArn"])
		}
	}
	return fmt.Sprintf("whoever (%v, %v)", statement["Principal"], condition)
}

// problems are the differences between what may be done in the template and what is
// needed: permissions that are missing, and permissions that nothing needs.
func problems(t *testing.T, tpl template) []string {
	t.Helper()
	found, err := analysis()
	if err != nil {
		t.Fatal(err)
	}
	d := &deriver{template: tpl, needed: map[string]map[grant]string{}}
	d.functions(t, found.Programs)
	d.workflows(t)
	d.operations()
	all := d.problems
	for role, granted := range allGrants(t, tpl) {
		for _, g := range granted {
			if _, ok := d.needed[role][g]; !ok {
				all = append(all, fmt.Sprintf("%s may %s on %s, and does not need it", role, g.action, g.resource))
			}
			delete(d.needed[role], g)
		}
	}
	for role, missing := range d.needed {
		for g, why := range missing {
			all = append(all, fmt.Sprintf("%s may not %s on %s: %s", role, g.action, g.resource, why))
		}
	}
	slices.Sort(all)
	return all
}

// TestNeeds grants what is needed, derived from the programs, the definition and the
// wiring, and nothing else.
func TestNeeds(t *testing.T) {
	for _, tpl := range []template{example(), minimal()} {
		for _, problem := range problems(t, tpl) {
			t.Errorf("%s: %s", tpl.account.Region, problem)
		}
	}
	found, _ := analysis()
	for _, call := range found.Unreached {
		t.Errorf("no program leads to %s in package %s", call.Action, call.From)
	}
	made := map[string]bool{}
	for _, calls := range found.Programs {
		for _, call := range calls {
			made[call.From+" "+call.Action] = true
		}
	}
	has(t, "the calls of which is said on what they are made", slices.Sorted(maps.Keys(onWhat)), slices.Sorted(maps.Keys(made)))
}

// TestNeedsFails takes each permission away, in turn, and gives each role, in turn, what
// another has, or its own on everything: each time, TestNeeds would fail.
func TestNeedsFails(t *testing.T) {
	tpl := example()
	removed, added, widened := 0, 0, 0
	everything := allGrants(t, tpl)
	others := map[grant]bool{{"s3:GetObject", "*"}: true, {"iam:PassRole", "*"}: true}
	for _, granted := range everything {
		for _, g := range granted {
			others[g] = true
		}
	}
	for who, granted := range everything {
		for _, g := range granted {
			removed++
			fails(t, changed(tpl, who, g, nil), fmt.Sprintf("%s may not %s on %s: ", who, g.action, g.resource))
			if g.resource != "*" {
				widened++
				fails(t, changed(tpl, who, g, &grant{g.action, "*"}), fmt.Sprintf("%s may %s on *, and", who, g.action))
			}
		}
		for other := range others {
			if !slices.Contains(granted, other) {
				added++
				fails(t, changed(tpl, who, grant{}, &other), fmt.Sprintf("%s may %s on %s, and", who, other.action, other.resource))
			}
		}
	}
	t.Logf("%d permissions taken away, %d widened, %d given besides", removed, widened, added)
	if removed < 100 || added < 1000 {
		t.Error("there are to be more")
	}
}

// fails fails the test unless the template has a problem that begins so.
func fails(t *testing.T, tpl template, wanted string) {
	t.Helper()
	found := problems(t, tpl)
	if !slices.ContainsFunc(found, func(problem string) bool { return strings.HasPrefix(problem, wanted) }) {
		t.Errorf("wanted the problem %q, found %q", wanted, found)
	}
}

// changed is the template with one permission taken from the policies of a role or a
// service, and one given to it; none where it is empty or nil.
func changed(tpl template, who string, taken grant, given *grant) template {
	tpl.Resources = maps.Clone(tpl.Resources)
	for id, r := range tpl.Resources {
		if _, ok := r.Properties["PolicyDocument"]; !ok {
			continue
		}
		kept := []any{}
		for _, statement := range statements(r, "PolicyDocument") {
			if owner(r, statement) != who || statement["Effect"] == "Deny" {
				kept = append(kept, statement)
				continue
			}
			kept = append(kept, without(statement, taken)...)
			if given != nil {
				further := maps.Clone(statement)
				further["Action"], further["Resource"] = given.action, given.resource
				kept = append(kept, further)
			}
		}
		r.Properties = maps.Clone(r.Properties)
		r.Properties["PolicyDocument"] = map[string]any{"Version": "2012-10-17", "Statement": kept}
		tpl.Resources[id] = r
	}
	return tpl
}

// owner is whom the policy's statement lets do something.
func owner(policy resource, statement map[string]any) string {
	if roles, ok := policy.Properties["Roles"]; ok {
		return list(roles)[0]
	}
	return whoOf(statement)
}

// without are the statement's permissions but one, a statement each.
func without(statement map[string]any, taken grant) []any {
	var kept []any
	for _, action := range list(statement["Action"]) {
		for _, resource := range list(statement["Resource"]) {
			if (grant{action, resource}) != taken {
				one := maps.Clone(statement)
				one["Action"], one["Resource"] = action, resource
				kept = append(kept, one)
			}
		}
	}
	return kept
}
