package statemachine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const small = `{"StartAt": "Ask", "TimeoutSeconds": 60, "States": {
	"Late": {"Type": "Wait", "Seconds": 5, "Next": "Ask"},
	"Ask": {"Type": "Task", "Resource": "${AskArn}", "ResultPath": null, "Next": "Well?",
		"Retry": [{"ErrorEquals": ["Transient"]}],
		"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Both"}]},
	"Well?": {"Type": "Choice", "Default": "Both", "Choices": [
		{"Variable": "$.n", "NumericEquals": 0, "Next": "Late"},
		{"And": [{"Variable": "$.a", "IsPresent": true}, {"Not": {"Variable": "$.a", "StringEquals": ""}}], "Next": "Done"}]},
	"Both": {"Type": "Parallel", "Next": "Done", "Branches": [
		{"StartAt": "B", "States": {"A": {"Type": "Pass", "End": true}, "B": {"Type": "Pass", "Next": "A"}}},
		{"StartAt": "C", "States": {"C": {"Type": "Pass", "Result": {"n": 1}, "End": true}}}]},
	"Done": {"Type": "Succeed", "OutputPath": null},
	"Lost": {"Type": "Fail", "Error": "Lost", "Cause": "nobody comes here"}}}`

func names(states []*State) string {
	var all []string
	for _, s := range states {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}

func TestParse(t *testing.T) {
	t.Parallel()
	m, err := Parse(small)
	if err != nil {
		t.Fatal(err)
	}
	ask, well := m.State("Ask"), m.State("Well?")
	rule := well.Choices[1]
	for name, test := range map[string]struct{ got, want any }{
		"the states, in document order": {names(m.All()), "Late Ask Well? Both A B C Done Lost"},
		"the states, as first reached":  {names(m.Reached()), "Ask Well? Both B A C Late Done"},
		"where an error leads last":     {ask.Targets(), []string{"Well?", "Both"}},
		"where rules lead":              {well.Targets(), []string{"Late", "Done", "Both"}},
		"a path that is left out":       {*ask.InputPath, "$"},
		"a path that is null":           {ask.ResultPath == nil && m.State("Done").OutputPath == nil, true},
		"attempts that are left out":    {ask.Retry[0].MaxAttempts, 3},
		"a path of a catcher":           {*ask.Catch[0].ResultPath, "$"},
		"a comparison":                  {well.Choices[0], Rule{Variable: "$.n", Operator: "NumericEquals", Operand: 0.0, Next: "Late"}},
		"rules over rules":              {rule.Operator + " " + rule.Rules[0].Operator + " " + rule.Rules[1].Operator + " " + rule.Rules[1].Rules[0].Operator, "And IsPresent Not StringEquals"},
		"a result":                      {m.State("Both").Branches[1].State("C").Result, any(map[string]any{"n": 1.0})},
		"a wait":                        {m.State("Late").Seconds, 5},
		"a failure":                     {m.State("Lost").Error, "Lost"},
		"which states end":              {fmt.Sprint(m.State("Done").Ends(), m.State("Lost").Ends(), ask.Ends()), "true true false"},
		"no such state":                 {m.State("A") == nil, true},
		"the limit":                     {m.TimeoutSeconds, 60},
	} {
		if !reflect.DeepEqual(test.got, test.want) {
			t.Errorf("%s: got %v, want %v", name, test.got, test.want)
		}
	}
}

// TestParseRefuses has the mistakes that make a definition something else than what it
// looks like, above all the query language that the local engine does not run.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, new, want string }{
		"no JSON":                       {small, "{", "unexpected end"},
		"no object":                     {small, "[]", "expected an object"},
		"null":                          {small, `{"StartAt": "A", "States": null}`, "States: expected an object"},
		"another query language":        {`"StartAt": "Ask"`, `"QueryLanguage": "JSONata", "StartAt": "Ask"`, "unknown field QueryLanguage"},
		"one state's query language":    {`"Type": "Wait"`, `"Type": "Wait", "QueryLanguage": "JSONata"`, "state Late: unknown field QueryLanguage"},
		"variables":                     {`"Type": "Task"`, `"Type": "Task", "Assign": {"a": 1}`, "state Ask: unknown field Assign"},
		"arguments":                     {`"Type": "Task"`, `"Type": "Task", "Arguments": {}`, "state Ask: unknown field Arguments"},
		"an output":                     {`"Type": "Parallel"`, `"Type": "Parallel", "Output": {}`, "state Both: unknown field Output"},
		"a condition":                   {`"NumericEquals": 0`, `"Condition": "{% true %}"`, "state Well?: unknown field Condition"},
		"a misspelt field":              {`"Default"`, `"Defualt"`, "state Well?: unknown field Defualt"},
		"a field in another case":       {`"ResultPath"`, `"resultPath"`, "state Ask: unknown field resultPath"},
		"a field of another type":       {`"Type": "Wait"`, `"Type": "Wait", "Resource": "x"`, "state Late: unknown field Resource"},
		"a field of a retrier":          {`["Transient"]`, `["Transient"], "Jitter": "FULL"`, "state Ask: unknown field Jitter"},
		"a field of a catcher":          {`"Next": "Both"}]`, `"Goto": "Both"}]`, "state Ask: unknown field Goto"},
		"a branch's field":              {`"StartAt": "B"`, `"StartAt": "B", "TimeOut": 1`, "state Both: unknown field TimeOut"},
		"a type that is not understood": {`"Type": "Wait"`, `"Type": "Map"`, `state Late: the Type "Map"`},
		"no type":                       {`"Type": "Wait",`, ``, `state Late: the Type ""`},
		"a state given twice":           {`"Lost":`, `"Done":`, "States: Done is given twice"},
		"a field given twice":           {`"Seconds": 5`, `"Seconds": 5, "Seconds": 6`, "state Late: Seconds is given twice"},
		"an unknown comparison":         {`"NumericEquals"`, `"NumberEquals"`, "state Well?: unknown field NumberEquals"},
		"two comparisons":               {`"NumericEquals": 0`, `"NumericEquals": 0, "IsNull": false`, "state Well?: IsNull beside NumericEquals"},
		"no comparison":                 {`"NumericEquals": 0,`, ``, "state Well?: a rule needs a Variable"},
		"no variable":                   {`"Variable": "$.n",`, ``, "state Well?: a rule needs a Variable"},
		"a number that is a text":       {`"Seconds": 5`, `"Seconds": "5"`, "Seconds"},
		"a branch that is null":         {`{"StartAt": "C"`, `null, {"StartAt": "C"`, "state Both: expected an object"},
		"a rule that is null":           {`{"Variable": "$.n"`, `null, {"Variable": "$.n"`, "state Well?: expected an object"},
		"a state that is null":          {`"Done": {"Type": "Succeed", "OutputPath": null}`, `"Done": null`, "state Done: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Parse(strings.Replace(small, test.old, test.new, 1))
			if m != nil || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Parse = %v, %v; want the error to say %q", m, err, test.want)
			}
		})
	}
}

// FuzzParse makes sure that neither Parse nor a check is brought down by a definition.
func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add(`{"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{"Not": null, "Next": "A"}]}}}`)
	f.Add(`{"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": [{"a.$": 1}], "ResultPath": "$[0]", "Next": "A"}}}`)
	f.Add(`{"StartAt": "A", "States": {"A": {"Type": "Parallel", "ResultSelector": {"$": "$[0]"}, "Branches": [{"StartAt": "B", "States": {}}]}}}`)
	f.Fuzz(func(t *testing.T, definition string) {
		m, err := Parse(definition)
		if err != nil {
			return
		}
		if !json.Valid([]byte(definition)) {
			t.Error("what is no JSON was read")
		}
		if reached, all := m.Reached(), m.All(); len(reached) > len(all) {
			t.Errorf("%d states are reached, and there are %d", len(reached), len(all))
		} else if i := slices.IndexFunc(reached, func(s *State) bool { return !slices.Contains(all, s) }); i >= 0 {
			t.Errorf("%s is reached, and is none of the states", reached[i].Name)
		}
		for _, check := range checks {
			check(definition, m)
		}
	})
}
