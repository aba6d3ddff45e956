// Package graph draws the workflow as its definition has it: a picture that reads on
// white and on black, and in which every state and every way between two of them has an
// id, so that a page can light up those that an execution took.
//
// The layout is Graphviz's, which draws layered graphs better than anything that could
// be written here. Compiled to WebAssembly (https://viz-js.com) it comes with the other
// pinned tools, and the machine needs no Graphviz.
package graph

import (
	"fmt"
	"slices"
	"strings"

	"fanfare/statemachine"
)

// preamble is what holds for the whole picture. Lengths are in inches, letters in points.
const preamble = `digraph workflow {
id=workflow; bgcolor=transparent; newrank=true; compound=true; nodesep=0.18; ranksep=0.24; pad=0.05;
graph [fontname="Helvetica", fontsize=13, labeljust=l];
node [fontname="Helvetica", fontsize=13, margin="0.09,0.04", height=0.36, width=0.3, shape=box];
edge [fontname="Helvetica", fontsize=10, arrowsize=0.6];
`

// DOT describes the workflow in Graphviz's language, https://graphviz.org/doc/info/lang.html.
// The same workflow gives the same text.
func DOT(m *statemachine.Machine) string {
	d := drawing{}
	d.text.WriteString(preamble)
	d.point(Start, "spine")
	d.way(Start, Start, m.StartAt, m.StartAt, `class="way", weight=9`)
	d.level(m, "spine")
	d.line(`}`)
	return d.text.String()
}

// drawing is the text so far.
type drawing struct {
	text strings.Builder
	// drawn are the ways that are there already: two rules of a Choice may lead the
	// same way, and so may a rule and the Default.
	drawn []string
}

func (d *drawing) line(format string, args ...any) { fmt.Fprintf(&d.text, format+"\n", args...) }

// level draws the states of the workflow or of a branch, and the ways between them. The
// states of its spine stand below each other, in a group of that name.
func (d *drawing) level(m *statemachine.Machine, group string) {
	spine := spineOf(m)
	for _, s := range m.States {
		switch {
		case s.Type == "Parallel":
			d.parallel(s, group)
		case slices.Contains(spine, s):
			d.node(s, group)
		default:
			d.node(s, "beside "+s.Name)
		}
	}
	for _, s := range m.States {
		if by := beside(m, spine, s); by != nil {
			d.line(`{rank=same; %q; %q;}`, by.Name, s.Name)
		}
	}
	for _, s := range m.States {
		for _, next := range []string{s.Next, s.Default} {
			d.edge(spine, s, next, "")
		}
		for _, rule := range s.Choices {
			d.edge(spine, s, rule.Next, operand(rule))
		}
		for _, catcher := range s.Catch {
			d.way(s.Name, s.Name, catcher.Next, catcher.Next, `class="way error", style=dashed`)
		}
	}
}

// edge draws the way to the next state, if there is one.
func (d *drawing) edge(spine []*statemachine.State, s *statemachine.State, next, word string) {
	if next == "" {
		return
	}
	attributes := `class="way"`
	if i := slices.Index(spine, s); i >= 0 && i+1 < len(spine) && spine[i+1].Name == next {
		attributes += ", weight=9"
	}
	if word != "" {
		attributes += fmt.Sprintf(`, label=%q`, " "+word+" ")
	}
	from := s.Name
	if s.Type == "Parallel" {
		from = endOf(s.Name)
	}
	d.way(from, s.Name, next, next, attributes)
}

// way draws the way from one node to another, which stand for the states named after each.
func (d *drawing) way(node, from, toNode, to, attributes string) {
	id := EdgeID(from, to)
	if slices.Contains(d.drawn, id) {
		return
	}
	d.drawn = append(d.drawn, id)
	d.line(`%q -> %q [id=%q, %s];`, node, toNode, id, attributes)
}

// operand is what a rule compares with, where that says in a word when it applies.
func operand(r statemachine.Rule) string {
	word, _ := r.Operand.(string)
	return strings.ReplaceAll(word, "_", " ")
}

func (d *drawing) node(s *statemachine.State, group string) {
	d.line(`%q [id=%q, class=%q, group=%q, label=%s, %s];`, s.Name, StateID(s.Name),
		"state "+strings.ToLower(s.Type), group, label(s.Name, kind(s)), shape(s))
}

// parallel draws a box with one box a branch in it, between two points at which the
// branches part and meet.
func (d *drawing) parallel(s *statemachine.State, group string) {
	d.line(`subgraph %q {`, "cluster "+s.Name)
	d.line(`id=%q; class="state parallel"; label=%s; style=rounded; margin=10;`,
		StateID(s.Name), label(s.Name, kind(s)))
	d.point(s.Name, group)
	d.point(endOf(s.Name), group)
	var starts []string
	for i, branch := range s.Branches {
		name := fmt.Sprint(s.Name, i+1)
		starts = append(starts, fmt.Sprintf("%q;", branch.StartAt))
		d.line(`subgraph %q {`, "cluster "+name)
		d.line(`id=%q; class="branch"; label=%q; style=rounded; margin=8;`, "branch-"+name, channel(branch))
		d.level(&branch, name)
		d.line(`}`)
		d.way(s.Name, s.Name, branch.StartAt, branch.StartAt, `class="way"`)
		for _, last := range branch.States {
			if last.Ends() {
				d.way(last.Name, last.Name, endOf(s.Name), s.Name, `class="way"`)
			}
		}
	}
	d.line(`{rank=same; %s}`, strings.Join(starts, " "))
	d.line(`}`)
}

func endOf(parallel string) string { return parallel + " ends" }

func (d *drawing) point(name, group string) {
	d.line(`%q [id=%q, class="point", group=%q, shape=circle, style=filled, label="", width=0.1, height=0.1, fixedsize=true];`,
		name, StateID(name)+"-point", group)
}
