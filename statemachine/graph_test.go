package statemachine

import (
	"slices"
	"unicode/utf8"
)

// Quotas of Step Functions:
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const (
	longestName       = 80      // characters
	largestDefinition = 1 << 20 // bytes
)

// checkGraph finds states that lead nowhere, states that nothing leads to, and loops
// without a pause or an end.
func checkGraph(definition string, m *Machine) problems {
	var found problems
	if len(definition) > largestDefinition {
		found.add("the definition has %d bytes, of which %d are allowed", len(definition), largestDefinition)
	}
	if m.TimeoutSeconds < 1 {
		found.add("TimeoutSeconds: an execution could hang for a year")
	}
	var names []string
	for _, s := range m.All() {
		if slices.Contains(names, s.Name) {
			found.add("%s: there are two states of this name", s.Name)
		}
		names = append(names, s.Name)
		if n := utf8.RuneCountInString(s.Name); n < 1 || n > longestName {
			found.add("%s: the name has %d characters, of which 1 to %d are allowed", s.Name, n, longestName)
		}
		found = append(found, checkExits(s)...)
	}
	return append(found, checkLevel("the workflow", m)...)
}

// checkExits finds states with no way out, or with one too many.
func checkExits(s *State) problems {
	var found problems
	switch s.Type {
	case "Choice":
		if len(s.Choices) == 0 {
			found.add("%s.Choices: there are none", s.Name)
		}
		if s.Default == "" {
			found.add("%s.Default: is missing, so that the execution fails when no rule applies", s.Name)
		}
		for i, rule := range s.Choices {
			if rule.Next == "" {
				found.add("%s.Choices[%d].Next: is missing", s.Name, i)
			}
		}
	case "Succeed", "Fail":
	default:
		if (s.Next == "") != s.End {
			found.add("%s.Next: a %s needs either Next or End", s.Name, s.Type)
		}
	}
	if s.Type == "Wait" && s.Seconds == 0 && s.SecondsPath == "" && s.Timestamp == "" && s.TimestampPath == "" {
		found.add("%s.Seconds: it does not say how long to wait", s.Name)
	}
	if s.Type == "Parallel" && len(s.Branches) == 0 {
		found.add("%s.Branches: there are none", s.Name)
	}
	return found
}

// checkLevel looks at how the states of one level hang together, and then at the
// branches below it.
func checkLevel(owner string, m *Machine) problems {
	var found problems
	if m.State(m.StartAt) == nil {
		found.add("%s.StartAt: there is no state %q", owner, m.StartAt)
	}
	reached := m.Reached()
	for _, s := range m.States {
		for _, target := range s.Targets() {
			if m.State(target) == nil {
				found.add("%s.Next: there is no state %q on its level", s.Name, target)
			}
		}
		if !slices.Contains(reached, s) {
			found.add("%s: nothing leads to it", s.Name)
		}
		if !leads(m, s, (*State).Ends, nil) {
			found.add("%s.Next: no end can be reached from it", s.Name)
		}
		back := func(other *State) bool { return slices.Contains(other.Targets(), s.Name) }
		if s.Type != "Wait" && leads(m, s, back, func(other *State) bool { return other.Type == "Wait" }) {
			found.add("%s.Next: it comes back to itself without a Wait", s.Name)
		}
		for i, branch := range s.Branches {
			found = append(found, checkLevel(s.Name+".Branches"+index(i), &branch)...)
		}
	}
	return found
}

// leads tells whether a state that is wanted can be reached from s, s included, without
// passing one that is to be avoided.
func leads(m *Machine, s *State, wanted, avoided func(*State) bool) bool {
	var seen []*State
	queue := []*State{s}
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		if s == nil || slices.Contains(seen, s) || avoided != nil && avoided(s) {
			continue
		}
		seen = append(seen, s)
		if wanted(s) {
			return true
		}
		for _, target := range s.Targets() {
			queue = append(queue, m.State(target))
		}
	}
	return false
}
