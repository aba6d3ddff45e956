//go:build synth

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"fanfare/internal/account"
)

// template is a template, in whose resources and outputs the expressions have been put
// in the place of what CloudFormation makes of them: {"Ref": "TextsA1B2C3D4"} is the
// topic's ARN. What only a deployment tells stands in braces: {Ledger} is the name that
// the table gets, ${AWS::Partition} the partition.
type template struct {
	Parameters map[string]any
	Resources  map[string]resource
	Outputs    map[string]output

	account account.Account
	// out is where the template and its assets lie.
	out string
	// raw is the template with its expressions.
	raw []byte
}

type resource struct {
	Type                string
	Properties          map[string]any
	DependsOn           []string
	DeletionPolicy      string
	UpdateReplacePolicy string
}

type output struct {
	Description string
	Value       any
}

func newTemplate(text []byte, a account.Account, out string) template {
	t := template{account: a, out: out, raw: text}
	if err := json.Unmarshal(text, &t); err != nil {
		panic(err)
	}
	resources := map[string]resource{}
	for id, r := range t.Resources {
		if r.Properties != nil {
			r.Properties = t.evaluate(r.Properties).(map[string]any)
		}
		resources[id] = r
	}
	for name, o := range t.Outputs {
		o.Value = t.evaluate(o.Value)
		t.Outputs[name] = o
	}
	t.Resources = resources
	return t
}

// evaluate puts what expressions stand for in their place. Expressions that the
// template has no use for so far are a panic.
func (t template) evaluate(value any) any {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = t.evaluate(v[i])
		}
		return list
	case map[string]any:
		if ref, ok := v["Ref"].(string); ok && len(v) == 1 {
			return t.attribute(ref, "Ref")
		}
		if pair, ok := v["Fn::GetAtt"].([]any); ok && len(v) == 1 {
			return t.attribute(pair[0].(string), pair[1].(string))
		}
		if pair, ok := v["Fn::Join"].([]any); ok && len(v) == 1 {
			var parts []string
			for _, part := range t.evaluate(pair[1]).([]any) {
				parts = append(parts, part.(string))
			}
			return strings.Join(parts, pair[0].(string))
		}
		object := map[string]any{}
		for key, member := range v {
			if strings.HasPrefix(key, "Fn::") {
				panic("the tests do not know the function " + key)
			}
			object[key] = t.evaluate(member)
		}
		return object
	default:
		return v
	}
}

// attributes are what Ref and GetAtt give for each type: NAME, REGION and ACCOUNT stand
// for those. The CloudFormation reference has them under "Return values" of each type.
var attributes = map[string]map[string]string{
	"AWS::DynamoDB::Table":             {"Ref": "NAME", "Arn": "arn:${AWS::Partition}:dynamodb:REGION:ACCOUNT:table/NAME"},
	"AWS::Events::Rule":                {"Ref": "NAME", "Arn": "arn:${AWS::Partition}:events:REGION:ACCOUNT:rule/NAME"},
	"AWS::IAM::Role":                   {"Ref": "NAME", "Arn": "arn:${AWS::Partition}:iam::ACCOUNT:role/NAME"},
	"AWS::Lambda::Function":            {"Ref": "NAME", "Arn": "arn:${AWS::Partition}:lambda:REGION:ACCOUNT:function:NAME"},
	"AWS::Logs::LogGroup":              {"Ref": "NAME", "Arn": "arn:${AWS::Partition}:logs:REGION:ACCOUNT:log-group:NAME:*"},
	"AWS::Scheduler::Schedule":         {"Ref": "NAME"},
	"AWS::Scheduler::ScheduleGroup":    {"Ref": "NAME"},
	"AWS::SNS::Topic":                  {"Ref": "arn:${AWS::Partition}:sns:REGION:ACCOUNT:NAME", "TopicName": "NAME"},
	"AWS::SQS::Queue":                  {"Ref": "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", "Arn": "arn:${AWS::Partition}:sqs:REGION:ACCOUNT:NAME", "QueueName": "NAME"},
	"AWS::StepFunctions::StateMachine": {"Ref": "arn:${AWS::Partition}:states:REGION:ACCOUNT:stateMachine:NAME", "Name": "NAME"},
}

func (t template) attribute(id, name string) string {
	if strings.HasPrefix(id, "AWS::") {
		return "${" + id + "}"
	}
	r, ok := t.Resources[id]
	if !ok {
		panic("the template speaks of " + id + ", which it does not have")
	}
	pattern, ok := attributes[r.Type][name]
	if !ok {
		panic(fmt.Sprintf("the tests do not know what %s of a %s is", name, r.Type))
	}
	return strings.NewReplacer("NAME", r.name(id), "REGION", t.account.Region, "ACCOUNT", t.account.ID).Replace(pattern)
}

// name is the resource's own name, or the one under which it stands in braces.
func (r resource) name(id string) string {
	for _, key := range []string{"FunctionName", "LogGroupName", "QueueName", "StateMachineName", "TopicName"} {
		if name, ok := r.Properties[key].(string); ok {
			return name
		}
	}
	if name, ok := r.Properties["Name"].(string); ok && strings.HasPrefix(r.Type, "AWS::Scheduler::") {
		return name
	}
	return "{" + id[:len(id)-8] + "}" // the CDK appends eight digits of a hash
}

// of are the resources of a type by their names.
func (t template) of(kind string) map[string]resource {
	found := map[string]resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			found[r.name(id)] = r
		}
	}
	return found
}

// the is the one resource of a type.
func (t template) the(tb testing.TB, kind string) resource {
	tb.Helper()
	found := t.of(kind)
	if len(found) != 1 {
		tb.Fatalf("one %s expected, found %q", kind, slices.Collect(maps.Keys(found)))
	}
	for _, r := range found {
		return r
	}
	panic("unreachable")
}

// TestEvaluate keeps the helper honest: it makes of the expressions what CloudFormation
// would.
func TestEvaluate(t *testing.T) {
	tpl := template{account: account.Account{ID: "123456789012", Region: "eu-west-1"}, Resources: map[string]resource{
		"QueueA11633D0": {Type: "AWS::SQS::Queue", Properties: map[string]any{"QueueName": "q"}},
		"Role1D938E09":  {Type: "AWS::IAM::Role"},
	}}
	for name, test := range map[string]struct{ in, want string }{
		"text":               {`"a"`, "a"},
		"a pseudo parameter": {`{"Ref": "AWS::Partition"}`, "${AWS::Partition}"},
		"a Ref":              {`{"Ref": "QueueA11633D0"}`, "https://sqs.eu-west-1.amazonaws.com/123456789012/q"},
		"a GetAtt":           {`{"Fn::GetAtt": ["QueueA11633D0", "Arn"]}`, "arn:${AWS::Partition}:sqs:eu-west-1:123456789012:q"},
		"another GetAtt":     {`{"Fn::GetAtt": ["QueueA11633D0", "QueueName"]}`, "q"},
		"a Join":             {`{"Fn::Join": ["-", ["a", {"Ref": "AWS::Partition"}]]}`, "a-${AWS::Partition}"},
		"a generated name":   {`{"Fn::GetAtt": ["Role1D938E09", "Arn"]}`, "arn:${AWS::Partition}:iam::123456789012:role/{Role}"},
	} {
		var in any
		if err := json.Unmarshal([]byte(test.in), &in); err != nil {
			t.Fatal(err)
		}
		if got := tpl.evaluate(in); got != test.want {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
	}
}
