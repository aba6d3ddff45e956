package statemachine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
)

// fieldsOf has the fields of each type beside Type and Comment:
// https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
var fieldsOf = map[string][]string{
	"Task": {"Resource", "InputPath", "Parameters", "ResultSelector", "ResultPath", "OutputPath",
		"TimeoutSeconds", "Retry", "Catch", "Next", "End"},
	"Parallel": {"Branches", "InputPath", "Parameters", "ResultSelector", "ResultPath", "OutputPath",
		"Retry", "Catch", "Next", "End"},
	"Pass":    {"InputPath", "Parameters", "Result", "ResultPath", "OutputPath", "Next", "End"},
	"Choice":  {"InputPath", "OutputPath", "Choices", "Default"},
	"Wait":    {"InputPath", "OutputPath", "Seconds", "SecondsPath", "Timestamp", "TimestampPath", "Next", "End"},
	"Succeed": {"InputPath", "OutputPath"},
	"Fail":    {"Error", "Cause"},
}

// UnmarshalJSON reads a machine, and keeps its states in their order.
func (m *Machine) UnmarshalJSON(raw []byte) error {
	type plain struct {
		Comment        string
		StartAt        string
		TimeoutSeconds int
		States         json.RawMessage
	}
	var p plain
	if err := decode(raw, &p, "Comment", "StartAt", "TimeoutSeconds", "States"); err != nil {
		return err
	}
	states, err := members(p.States)
	if err != nil {
		return fmt.Errorf("reading States: %w", err)
	}
	*m = Machine{Comment: p.Comment, StartAt: p.StartAt, TimeoutSeconds: p.TimeoutSeconds}
	for _, member := range states {
		s := &State{}
		if err := json.Unmarshal(member.value, s); err != nil {
			return fmt.Errorf("state %s: %w", member.name, err)
		}
		s.Name = member.name
		m.States = append(m.States, s)
	}
	return nil
}

// UnmarshalJSON reads a state, and refuses the fields that its type does not have.
func (s *State) UnmarshalJSON(raw []byte) error {
	var typed struct{ Type string }
	if err := json.Unmarshal(raw, &typed); err != nil {
		return err
	}
	fields, known := fieldsOf[typed.Type]
	if !known {
		return fmt.Errorf("the Type %q is not one that this workflow may use", typed.Type)
	}
	type plain State
	p := plain{InputPath: new("$"), ResultPath: new("$"), OutputPath: new("$")}
	err := decode(raw, &p, append([]string{"Type", "Comment"}, fields...)...)
	*s = State(p)
	return err
}

// UnmarshalJSON reads a retrier.
func (r *Retrier) UnmarshalJSON(raw []byte) error {
	type plain Retrier
	p := plain{MaxAttempts: 3}
	err := decode(raw, &p, "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy")
	*r = Retrier(p)
	return err
}

// UnmarshalJSON reads a catcher.
func (c *Catcher) UnmarshalJSON(raw []byte) error {
	type plain Catcher
	p := plain{ResultPath: new("$")}
	err := decode(raw, &p, "ErrorEquals", "ResultPath", "Next")
	*c = Catcher(p)
	return err
}

var comparison = regexp.MustCompile(`^((String|Numeric|Timestamp)(Equals|LessThan|GreaterThan|LessThanEquals|GreaterThanEquals)(Path)?` +
	`|BooleanEquals(Path)?|StringMatches|Is(Null|Present|Numeric|String|Boolean|Timestamp))$`)

// UnmarshalJSON reads a rule, whose operator is the name of a field.
func (r *Rule) UnmarshalJSON(raw []byte) error {
	all, err := members(raw)
	if err != nil {
		return err
	}
	*r = Rule{}
	for _, member := range all {
		target := map[string]any{"Comment": &r.Comment, "Variable": &r.Variable, "Next": &r.Next,
			"And": &r.Rules, "Or": &r.Rules, "Not": &r.Rules}[member.name]
		value := member.value
		switch {
		case member.name == "Not":
			value = slices.Concat([]byte("["), value, []byte("]"))
		case target == nil && comparison.MatchString(member.name):
			target = &r.Operand
		case target == nil:
			return fmt.Errorf("unknown field %s", member.name)
		}
		if target == &r.Operand || target == &r.Rules {
			if r.Operator != "" {
				return fmt.Errorf("%s beside %s", member.name, r.Operator)
			}
			r.Operator = member.name
		}
		if err := json.Unmarshal(value, target); err != nil {
			return fmt.Errorf("%s: %w", member.name, err)
		}
	}
	if r.Operator == "" || (r.Variable == "") != (r.Operand == nil) {
		return errors.New("a rule needs a Variable and one comparison, or one of And, Or and Not")
	}
	return nil
}

type member struct {
	name  string
	value json.RawMessage
}

// members takes an object apart in its own order, which a Go map would lose.
func members(raw []byte) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return nil, errors.New("expected an object")
	}
	var all []member
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(key)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other member) bool { return other.name == m.name }) {
			return nil, fmt.Errorf("%s is given twice", m.name)
		}
		all = append(all, m)
	}
	return all, nil
}

// decode fills the structure that into points to, and refuses every other field than
// those named, which encoding/json would match whatever their case.
func decode(raw []byte, into any, fields ...string) error {
	all, err := members(raw)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !slices.Contains(fields, m.name) {
			return fmt.Errorf("unknown field %s", m.name)
		}
	}
	return json.Unmarshal(raw, into)
}
