package statemachine

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// checkPlaceholders finds placeholders that are missing, unknown, or in a wrong place,
// and functions that are not listed in the order in which the workflow calls them.
func checkPlaceholders(definition string, m *Machine) problems {
	var found problems
	unread := placeholder.ReplaceAllString(definition, "")
	if strings.Contains(unread, "${") {
		found.add("the definition: after ${ comes no placeholder of letters and digits, closed by }")
	}
	var called []string
	used := map[string]int{}
	for _, s := range m.Reached() {
		for _, name := range placeholdersIn(s.Resource, s.Parameters, s.Result) {
			used[name]++
			if known := slices.ContainsFunc(Steps, func(step Step) bool { return step.Placeholder() == name }); known {
				if s.Resource != "${"+name+"}" || stateOf(s.Name)+"Arn" != name {
					found.add("%s: it uses ${%s}, which is another state's Resource", s.Name, name)
				}
			} else if !slices.Contains([]string{Partition, TopicArn, DeliveryQueueUrl}, name) {
				found.add("%s: nobody fills ${%s}", s.Name, name)
			}
		}
		if isLambda(s) {
			if stateOf(s.Name) == s.Name {
				called = append(called, s.Name)
			}
		} else if s.Type == "Task" && !strings.HasPrefix(s.Resource, "arn:${"+Partition+"}:states:::") {
			found.add("%s.Resource: %q is neither a function's placeholder nor an integration of any partition", s.Name, s.Resource)
		}
	}
	for _, name := range placeholdersIn(definition) {
		if used[name]--; used[name] == -1 {
			found.add("the definition: ${%s} stands where no state uses it", name)
		}
	}
	for _, step := range Steps {
		if !slices.Contains(called, step.State) {
			found.add("%s.Resource: Steps lists it, and no state of this name calls ${%s}", step.State, step.Placeholder())
		}
	}
	return append(found, checkOrder(called)...)
}

func checkOrder(called []string) problems {
	var found problems
	var listed []string
	for _, step := range Steps {
		listed = append(listed, step.State)
	}
	if !slices.Equal(called, listed) {
		found.add("Steps: the workflow calls %q, in this order, and Steps lists %q", called, listed)
	}
	return found
}

var function = regexp.MustCompile(`^\$\{[A-Za-z0-9]+\}$`)

// isLambda tells whether a state calls a function.
func isLambda(s *State) bool { return s.Type == "Task" && function.MatchString(s.Resource) }

func placeholdersIn(values ...any) []string {
	raw, _ := json.Marshal(values) // what JSON was decoded to can be encoded again
	var names []string
	for _, match := range placeholder.FindAllSubmatch(raw, -1) {
		names = append(names, string(match[1]))
	}
	return names
}

func everyValue() map[string]string {
	values := map[string]string{
		Partition:        "aws-cn",
		TopicArn:         "arn:aws-cn:sns:cn-north-1:123456789012:texts",
		DeliveryQueueUrl: "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/deliveries",
	}
	for _, step := range Steps {
		values[step.Placeholder()] = "arn:aws-cn:lambda:cn-north-1:123456789012:function:" + step.Name()
	}
	return values
}

func TestFill(t *testing.T) {
	t.Parallel()
	filled, err := Fill(everyValue())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(filled, "${") {
		t.Error("a placeholder is left")
	}
	m, err := Parse(filled)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range m.All() {
		if i := slices.IndexFunc(Steps, func(step Step) bool { return step.State == stateOf(s.Name) }); i >= 0 {
			if want := everyValue()[Steps[i].Placeholder()]; s.Resource != want {
				t.Errorf("%s calls %s, want %s", s.Name, s.Resource, want)
			}
		}
	}
}

func TestFillRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(values map[string]string)
		want   string
	}{
		"a missing value":  {func(values map[string]string) { delete(values, "RouteArn") }, "no value for [RouteArn]"},
		"a value too many": {func(values map[string]string) { values["CheckArn"] = "arn" }, "no placeholder for [CheckArn]"},
		"no values":        {func(values map[string]string) { clear(values) }, "SendSlackArn"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := everyValue()
			test.change(values)
			filled, err := Fill(values)
			if err == nil || filled != "" || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Fill = %d bytes, %v; want the error to say %q", len(filled), err, test.want)
			}
		})
	}
}

func TestStepNames(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, step := range slices.Concat(Steps, Beside) {
		if other, twice := seen[step.Name()]; twice {
			t.Errorf("%s and %s are both deployed as %s", other, step.State, step.Name())
		}
		seen[step.Name()] = step.State
		if want := strings.ToLower(step.Program + step.Channel); strings.ToLower(step.State) != want {
			t.Errorf("the state %s runs %s for %q: one word a step, everywhere", step.State, step.Program, step.Channel)
		}
	}
}
