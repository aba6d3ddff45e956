package graph

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"fanfare/statemachine"
)

// spineOf is the longest way through the workflow or the branch on which nothing goes
// wrong and nothing waits: what the eye is to follow from top to bottom.
func spineOf(m *statemachine.Machine) []*statemachine.State {
	var longest func(name string, passed []*statemachine.State) []*statemachine.State
	longest = func(name string, passed []*statemachine.State) []*statemachine.State {
		s := m.State(name)
		if s == nil || s.Type == "Wait" || slices.Contains(passed, s) {
			return nil
		}
		nexts := []string{s.Next}
		for _, rule := range s.Choices {
			nexts = append(nexts, rule.Next)
		}
		var best []*statemachine.State
		for _, next := range append(nexts, s.Default) {
			if way := longest(next, append(slices.Clip(passed), s)); len(way) > len(best) {
				best = way
			}
		}
		return append([]*statemachine.State{s}, best...)
	}
	return longest(m.StartAt, nil)
}

// beside is the state of the spine that a state off the spine is drawn beside: the last
// that leads to it. It is nil for a state on the spine, and for one further away.
func beside(m *statemachine.Machine, spine []*statemachine.State, s *statemachine.State) *statemachine.State {
	if slices.Contains(spine, s) {
		return nil
	}
	for _, candidate := range slices.Backward(spine) {
		if slices.Contains(candidate.Targets(), s.Name) {
			return candidate
		}
	}
	return nil
}

// shape is that of the state's type, by Graphviz's attributes.
func shape(s *statemachine.State) string {
	switch s.Type {
	case "Choice":
		return "shape=hexagon, " + size(s, 0.42)
	case "Wait":
		return "shape=octagon, " + size(s, 0.3)
	case "Succeed", "Fail":
		return "peripheries=2"
	case "Pass":
		return "style=solid"
	default:
		return "style=rounded"
	}
}

// size says how large a node is, in inches, because Graphviz leaves far more room than
// is needed around the letters of any shape but a box.
func size(s *statemachine.State, beside float64) string {
	lines := wrap(s.Name)
	longest := 0
	for _, line := range lines {
		longest = max(longest, utf8.RuneCountInString(line))
	}
	width := math.Round(10*(float64(longest)*0.104+beside)) / 10
	height := math.Round(100*(float64(len(lines))*0.205+0.24)) / 100
	return fmt.Sprintf("fixedsize=true, width=%g, height=%g", width, height)
}

// kind is the state's type in a word, and for a Task what it calls.
func kind(s *statemachine.State) string {
	if s.Type != "Task" {
		return s.Type
	}
	if _, service, found := strings.Cut(s.Resource, ":::"); found {
		service, _, _ = strings.Cut(service, ":")
		return "Task · " + strings.ToUpper(service)
	}
	return "Task · Lambda"
}

// channel is the name of the channel that a branch tells, as states have it; empty when
// the branch calls no function of one.
func channel(branch statemachine.Machine) string {
	for _, step := range statemachine.Steps {
		if step.Channel != "" && branch.State(step.State) != nil {
			return step.Title()
		}
	}
	return ""
}

// label is a name over as many lines as it needs to stay narrow, with the kind below in
// smaller letters: https://graphviz.org/doc/info/shapes.html#html
func label(name, kind string) string {
	return fmt.Sprintf(`<%s<br/><font point-size="9">%s</font>>`,
		strings.ReplaceAll(html.EscapeString(strings.Join(wrap(name), "\n")), "\n", "<br/>"), html.EscapeString(kind))
}

// widest is how many letters of a name a line has where it can be broken.
const widest = 10

// wrap breaks a long name before and after the channel's name that it has in it, else
// between its words.
func wrap(name string) []string {
	if utf8.RuneCountInString(name) <= widest {
		return []string{name}
	}
	for _, step := range statemachine.Steps {
		if step.Channel == "" {
			continue
		}
		title := step.Title()
		before, after, found := strings.Cut(name, title)
		switch {
		case !found:
		case before == "":
			return []string{title, after}
		case utf8.RuneCountInString(after) < 2:
			return []string{before, title + after}
		}
	}
	var lines []string
	for _, word := range words(name) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last]+word) <= widest {
			lines[last] += word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// words takes a name such as CheckMaintenance apart.
func words(name string) []string {
	var words []string
	begin := 0
	for i, r := range name {
		if i > begin && 'A' <= r && r <= 'Z' {
			words, begin = append(words, name[begin:i]), i
		}
	}
	return append(words, name[begin:])
}
