//go:build synth

package main

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// TestLocal undoes the three things in which the stack for the local engine differs from
// that for AWS, as local.go has them. What is left is the same, to the letter.
func TestLocal(t *testing.T) {
	for name, tpl := range map[string]template{"AWS": example(), "the local engine": local()} {
		if got, want := len(engineGrants(tpl)), map[string]int{"AWS": 0, "the local engine": 2}[name]; got != want {
			t.Errorf("%s: %d permissions that only the local engine needs, wanted %d", name, got, want)
		}
		if got, want := len(tlsStatements(tpl)), map[string]int{"AWS": 4, "the local engine": 0}[name]; got != want {
			t.Errorf("%s: %d refusals of what does not come by TLS, wanted %d", name, got, want)
		}
	}
	clusters := map[string]any{"Effect": "Allow", "Action": "ecs:DescribeServices", "Resource": []string{
		"arn:${AWS::Partition}:ecs:eu-west-1:123456789012:cluster/production", "arn:${AWS::Partition}:ecs:eu-west-1:123456789012:cluster/prod-eu", "arn:${AWS::Partition}:ecs:eu-west-1:123456789012:cluster/staging"}}
	has(t, "the permissions", engineGrants(local()), []any{clusters, clusters})
	has(t, "all but the three things", alike(t, local()), alike(t, example()))
}

// alike is the template without the three things.
func alike(t *testing.T, tpl template) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(tpl.raw, &all); err != nil {
		t.Fatal(err)
	}
	resources := all["Resources"].(map[string]any)
	maps.DeleteFunc(resources, func(_ string, value any) bool {
		r := value.(map[string]any)
		properties, _ := r["Properties"].(map[string]any)
		if r["Type"] == "AWS::Lambda::Function" {
			properties["Architectures"] = "this machine's"
			properties["Code"].(map[string]any)["S3Key"] = "this machine's"
		}
		document, ok := properties["PolicyDocument"].(map[string]any)
		if !ok {
			return false
		}
		left := slices.DeleteFunc(document["Statement"].([]any), func(statement any) bool {
			evaluated := tpl.evaluate(statement).(map[string]any)
			return isEngineGrant(evaluated) || isTLS(evaluated)
		})
		document["Statement"] = left
		return len(left) == 0
	})
	return all
}

func engineGrants(tpl template) []map[string]any  { return statementsThat(tpl, isEngineGrant) }
func tlsStatements(tpl template) []map[string]any { return statementsThat(tpl, isTLS) }

func statementsThat(tpl template, is func(map[string]any) bool) []map[string]any {
	var found []map[string]any
	for _, r := range tpl.Resources {
		if _, ok := r.Properties["PolicyDocument"]; ok {
			for _, statement := range statements(r, "PolicyDocument") {
				if is(statement) {
					found = append(found, statement)
				}
			}
		}
	}
	return found
}

func isEngineGrant(statement map[string]any) bool {
	return statement["Action"] == "ecs:DescribeServices" && slices.ContainsFunc(list(statement["Resource"]), func(arn string) bool {
		return covers("arn:${AWS::Partition}:ecs:*:*:cluster/*", arn)
	})
}

func isTLS(statement map[string]any) bool {
	condition, _ := statement["Condition"].(map[string]any)
	transport, _ := condition["Bool"].(map[string]any)
	return statement["Effect"] == "Deny" && transport["aws:SecureTransport"] == "false"
}
