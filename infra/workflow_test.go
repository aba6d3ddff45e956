//go:build synth

package main

import (
	"maps"
	"slices"
	"testing"

	"fanfare/statemachine"
)

// TestWorkflow deploys the very definition that package statemachine has, with a value
// for each placeholder and the right one.
func TestWorkflow(t *testing.T) {
	tpl := example()
	workflow := tpl.the(t, "AWS::StepFunctions::StateMachine")
	has(t, "its properties", slices.Sorted(maps.Keys(workflow.Properties)),
		[]string{"DefinitionString", "DefinitionSubstitutions", "RoleArn", "StateMachineName", "TracingConfiguration"})
	has(t, "its tracing", workflow.Properties["TracingConfiguration"], map[string]any{"Enabled": true})
	has(t, "its name", workflow.Properties["StateMachineName"], "fanfare-notify")
	has(t, "its role", workflow.Properties["RoleArn"], "arn:${AWS::Partition}:iam::123456789012:role/{WorkflowRole}")
	if workflow.Properties["DefinitionString"] != statemachine.Definition {
		t.Error("its definition is not that of package statemachine")
	}
	values := map[string]any{
		"Partition":        "${AWS::Partition}",
		"TopicArn":         "arn:${AWS::Partition}:sns:eu-west-1:123456789012:fanfare-texts",
		"DeliveryQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/fanfare-deliveries-dlq",
	}
	for _, step := range statemachine.Steps {
		values[step.State+"Arn"] = "arn:${AWS::Partition}:lambda:eu-west-1:123456789012:function:fanfare-" + step.Name()
	}
	has(t, "the values", workflow.Properties["DefinitionSubstitutions"], values)
	has(t, "the placeholders", slices.Sorted(maps.Keys(values)), statemachine.Placeholders())
	// A workflow that is woken before its permissions are there fails.
	if !slices.ContainsFunc(workflow.DependsOn, func(id string) bool { return tpl.Resources[id].Type == "AWS::IAM::Policy" }) {
		t.Error("it does not wait for its permissions")
	}
}
