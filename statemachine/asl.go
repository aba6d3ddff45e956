package statemachine

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Machine is a workflow, or one branch of a Parallel state, as its definition has it.
type Machine struct {
	Comment string
	StartAt string
	// TimeoutSeconds is how long the whole execution may take; 0 means no limit.
	TimeoutSeconds int
	// States are those of this level, in document order.
	States []*State
}

// State is one state. Fields that do not belong to its type are zero.
type State struct {
	Name string `json:"-"`
	// Type is one of Task, Pass, Choice, Wait, Succeed, Fail and Parallel.
	Type    string
	Comment string

	// Resource is what a Task calls.
	Resource string
	// TimeoutSeconds is how long a Task may take; 0 means no limit.
	TimeoutSeconds int
	Retry          []Retrier
	Catch          []Catcher

	// InputPath, ResultPath and OutputPath are "$" when the definition leaves them
	// out, and nil when it says null.
	InputPath, ResultPath, OutputPath *string
	// Parameters, ResultSelector and Result are as encoding/json decodes them.
	Parameters, ResultSelector, Result any

	// Choices are a Choice's rules; Default is where it goes when none applies.
	Choices []Rule
	Default string

	// One of these four is how long a Wait waits.
	Seconds                               int
	SecondsPath, Timestamp, TimestampPath string

	// Branches are a Parallel's, in the order of its result.
	Branches []Machine

	// Error and Cause are what a Fail ends the execution with.
	Error, Cause string

	// Next is the state that comes after; End is true when none does.
	Next string
	End  bool
}

// Retrier says which errors are tried again, and how. Its numbers are 0 where the
// definition leaves them out, except MaxAttempts.
type Retrier struct {
	ErrorEquals     []string
	IntervalSeconds int
	// MaxAttempts is how often it is tried again, 3 when the definition leaves it out.
	MaxAttempts     int
	BackoffRate     float64
	MaxDelaySeconds int
	// JitterStrategy is FULL, NONE or empty, which is NONE.
	JitterStrategy string
}

// Catcher says where to go on after which errors.
type Catcher struct {
	ErrorEquals []string
	// ResultPath is where the error is written: "$", which replaces everything, when
	// the definition leaves it out, and nil when it says null.
	ResultPath *string
	Next       string
}

// Rule is one rule of a Choice: either a comparison, or And, Or or Not over other rules.
type Rule struct {
	Comment string
	// Variable is the path that is compared; empty for And, Or and Not.
	Variable string
	// Operator is the comparison, such as StringEquals, or And, Or or Not.
	Operator string
	// Operand is what the variable is compared with; nil for And, Or and Not.
	Operand any
	// Rules are what And, Or and Not are over.
	Rules []Rule
	// Next is where to go when the rule applies; empty inside And, Or and Not.
	Next string
}

// Parse reads a definition in the Amazon States Language
// (https://states-language.net/spec.html), with its placeholders or without. It knows
// the part of the language that the workflow keeps to: JSONPath, all types but Map, and
// no field that the local engine ignores where that would matter (Assign,
// HeartbeatSeconds, TimeoutSecondsPath). Whatever else is in the definition, a misspelt
// field or one given twice, is an error that names the state and the field.
func Parse(definition string) (*Machine, error) {
	var m Machine
	if err := json.Unmarshal([]byte(definition), &m); err != nil {
		return nil, fmt.Errorf("reading the definition: %w", err)
	}
	return &m, nil
}

// All returns the states of this level and of every branch, in document order.
func (m *Machine) All() []*State {
	var all []*State
	for _, s := range m.States {
		all = append(all, s)
		for _, branch := range s.Branches {
			all = append(all, branch.All()...)
		}
	}
	return all
}

// Reached returns the states that can be reached from StartAt, those of fewer steps
// first and those of a branch right behind their Parallel: the order in which the
// workflow first comes to them.
func (m *Machine) Reached() []*State {
	var reached []*State
	queue := []string{m.StartAt}
	for i := 0; i < len(queue); i++ {
		s := m.State(queue[i])
		if s == nil || slices.Contains(reached, s) {
			continue
		}
		reached = append(reached, s)
		for _, branch := range s.Branches {
			reached = append(reached, branch.Reached()...)
		}
		queue = append(queue, s.Targets()...)
	}
	return reached
}

// State returns the state of that name on this level, and nil when there is none.
func (m *Machine) State(name string) *State {
	for _, s := range m.States {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// Targets returns the names of the states that may come after this one: Next, those of
// the rules, Default, and last those after an error.
func (s *State) Targets() []string {
	targets := []string{s.Next}
	for _, rule := range s.Choices {
		targets = append(targets, rule.Next)
	}
	targets = append(targets, s.Default)
	for _, catcher := range s.Catch {
		targets = append(targets, catcher.Next)
	}
	return slices.DeleteFunc(targets, func(name string) bool { return name == "" })
}

// Ends tells whether a way through the machine ends in this state.
func (s *State) Ends() bool { return s.End || s.Type == "Succeed" || s.Type == "Fail" }
