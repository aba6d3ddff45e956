package statemachine

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"fanfare/internal/deployment"
	"fanfare/internal/step"
)

// flow follows the document through the workflow, on every way at once: what is
// certain at a state is what all the ways that lead there have in common.
type flow struct {
	problems problems
	// silent is true while it is not yet settled what is certain.
	silent bool
	// kept are the promises that a Choice has asked for.
	kept map[promise]bool
}

// way is one way out of a state, and the document on it. It leads nowhere at an end.
type way struct {
	to  string
	doc *shape
}

// checkPaths finds the paths that a state reads although they are not written on every
// way that leads there, the functions that are not given what they need, and the
// values that are not what the Go type on the other side takes.
func checkPaths(_ string, m *Machine) problems {
	f := &flow{kept: map[promise]bool{}}
	f.run(m, &shape{}, false)
	for _, p := range promises {
		if !f.kept[p] {
			f.problems.add("promises: no Choice asks for %s %s of a %v, which would bring %s", p.field, p.value, p.of, p.brings)
		}
	}
	return f.problems
}

// run follows a document through a machine, until nothing new shows, and returns what
// is certain at its ends. Those of a branch are deliveries.
func (f *flow) run(m *Machine, in *shape, branch bool) *shape {
	silent := f.silent
	f.silent = true
	at := map[string]*shape{m.StartAt: in}
	for settled := false; !settled; {
		settled = true
		for _, s := range m.States {
			if at[s.Name] == nil {
				continue
			}
			for _, way := range f.leave(s, at[s.Name]) {
				joined := join(at[way.to], way.doc)
				if !reflect.DeepEqual(joined, at[way.to]) {
					at[way.to] = joined
					settled = false
				}
			}
		}
	}
	f.silent = silent
	for _, s := range m.States {
		if at[s.Name] == nil || silent {
			continue
		}
		for _, way := range f.leave(s, at[s.Name]) {
			if branch && way.to == "" {
				f.require(s, "output", way.doc, delivery)
			}
		}
	}
	if end := at[""]; branch && end != nil {
		return end.as(delivery)
	}
	return at[""]
}

var delivery = reflect.TypeFor[deployment.Delivery]()

// leave returns the ways out of a state that the document enters. The order in which a
// state treats it: https://states-language.net/spec.html#filters
func (f *flow) leave(s *State, doc *shape) []way {
	in := f.filter(s, "InputPath", s.InputPath, doc)
	if s.Type == "Choice" {
		return f.choose(s, in)
	}
	var ways []way
	for _, catcher := range s.Catch {
		ways = append(ways, way{catcher.Next, f.write(s, "Catch.ResultPath", catcher.ResultPath, doc, caught)})
	}
	if s.SecondsPath+s.TimestampPath != "" {
		f.read(s, "SecondsPath", s.SecondsPath+s.TimestampPath, in)
	}
	if s.Parameters != nil {
		in = f.fill(s, "Parameters", s.Parameters, in)
	}
	out := in
	switch s.Type {
	case "Task":
		out = f.call(s, in)
	case "Parallel":
		out = object(map[string]*shape{})
		for i, branch := range s.Branches {
			if end := f.run(&branch, in, true); end != nil {
				out.fields[index(i)] = end
			}
		}
	case "Pass":
		if s.Result != nil {
			out = literal(s.Result)
		}
	case "Fail":
		return ways
	}
	if s.ResultSelector != nil {
		out = f.fill(s, "ResultSelector", s.ResultSelector, out)
	}
	if slices.Contains(fieldsOf[s.Type], "ResultPath") {
		out = f.write(s, "ResultPath", s.ResultPath, doc, out)
	}
	return append(ways, way{s.Next, f.filter(s, "OutputPath", s.OutputPath, out)})
}

// call is what a task returns.
func (f *flow) call(s *State, in *shape) *shape {
	result, ok := results[stateOf(s.Name)]
	if ok {
		f.require(s, "Parameters", in, reflect.TypeFor[step.Input]())
		for _, key := range needs[s.Name] {
			f.report(s, "Parameters.document", at(in, "document", key))
		}
		return result
	}
	if result, ok = integrationResults[integrationName(s.Resource)]; !ok {
		f.report(s, "Resource", "it is not known what "+s.Resource+" returns")
		return &shape{}
	}
	return result
}

// stateOf is the state after which the function is named that the state calls.
func stateOf(state string) string {
	for _, step := range Steps {
		if step.Again == state {
			return step.State
		}
	}
	return state
}

func at(s *shape, path ...string) string {
	_, problem := s.at(path)
	return problem
}

// choose returns the ways out of a Choice, on each of which its rule has become certain.
func (f *flow) choose(s *State, in *shape) []way {
	var ways []way
	for i, rule := range s.Choices {
		ways = append(ways, way{rule.Next, f.apply(s, fmt.Sprintf("Choices[%d]", i), rule, in)})
	}
	if s.Default != "" {
		ways = append(ways, way{s.Default, in})
	}
	for i := range ways {
		ways[i].doc = f.filter(s, "OutputPath", s.OutputPath, ways[i].doc)
	}
	return ways
}

// apply reads what a rule reads, and returns what is certain when it applies.
func (f *flow) apply(s *State, field string, rule Rule, in *shape) *shape {
	certain := in
	for _, inner := range rule.Rules {
		applied := f.apply(s, field+"."+rule.Operator, inner, certain)
		if rule.Operator == "And" {
			certain = applied
		}
	}
	if rule.Rules != nil {
		return certain
	}
	_, path, _ := splitPath(rule.Variable)
	if rule.Operator == "IsPresent" {
		if rule.Operand == true && at(in, path...) != "" {
			return in.with(path, &shape{})
		}
		return in
	}
	variable := f.read(s, field+".Variable", rule.Variable, in)
	if strings.HasSuffix(rule.Operator, "Path") {
		f.read(s, field+"."+rule.Operator, fmt.Sprint(rule.Operand), in)
	}
	if _, text := rule.Operand.(string); !text || rule.Operator != "StringEquals" || len(path) == 0 {
		return in
	}
	if variable.of != nil {
		f.report(s, field+"."+rule.Operator, conformsToScalar(rule.Operand, variable.of)...)
	}
	return f.keepPromises(path, rule.Operand, in.with(path, &shape{of: variable.of, value: rule.Operand}))
}

// keepPromises adds what is certain to be there, once a field has the value.
func (f *flow) keepPromises(path []string, value any, in *shape) *shape {
	parent := path[:len(path)-1]
	holder, problem := in.at(parent)
	if problem != "" {
		return in
	}
	for _, p := range promises {
		if holder.of == p.of && path[len(path)-1] == p.field && value == p.value {
			in = in.with(slices.Concat(parent, []string{p.brings}), shapeOf(jsonFields(p.of)[p.brings].of))
			f.kept[p] = true
		}
	}
	return in
}

// filter is what InputPath and OutputPath do; null makes an empty object.
func (f *flow) filter(s *State, field string, path *string, doc *shape) *shape {
	if path == nil {
		return object(nil)
	}
	return f.read(s, field, *path, doc)
}

// write is what ResultPath does; null keeps the document as it is.
func (f *flow) write(s *State, field string, path *string, doc, result *shape) *shape {
	if path == nil {
		return doc
	}
	root, names, ok := splitPath(*path)
	if !ok || root != "$" {
		f.report(s, field, *path+" names no place in the document")
		return doc
	}
	if len(names) == 1 {
		if key, ok := jsonFields(reflect.TypeFor[step.Document]())[names[0]]; ok {
			f.require(s, field, result, key.of)
			result = result.as(key.of)
		}
	}
	return doc.with(names, result)
}

// read is the value at a path.
func (f *flow) read(s *State, field, path string, in *shape) *shape {
	root, names, ok := splitPath(path)
	if !ok {
		f.report(s, field, path+" is not a path to one value")
		return &shape{}
	}
	if root == "$$" {
		value, known := contextObject[path]
		if !known {
			f.report(s, field, path+" is not in the context object")
			return &shape{}
		}
		return value
	}
	value, problem := in.at(names)
	if problem != "" {
		f.report(s, field, problem)
		return &shape{}
	}
	return value
}

// require reports in which ways a value is not what the Go type takes.
func (f *flow) require(s *State, field string, value *shape, t reflect.Type) {
	f.report(s, field, conforms(value, t)...)
}

// report adds problems with a state's field, unless it is still unsettled whether they
// are any, or there is none.
func (f *flow) report(s *State, field string, found ...string) {
	if f.silent {
		return
	}
	for _, problem := range found {
		if problem != "" {
			f.problems.add("%s.%s: %s", s.Name, field, strings.TrimSpace(problem))
		}
	}
}
