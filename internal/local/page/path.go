package page

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"fanfare/internal/deployment"
	"fanfare/internal/local/graph"
	"fanfare/internal/local/play"
	"fanfare/statemachine"
)

var boxAttribute = regexp.MustCompile(`viewBox="([-0-9. ]+)"`)

// box is the part of the plane that the picture shows.
func box() string {
	if found := boxAttribute.FindStringSubmatch(statemachine.Picture); found != nil {
		return found[1]
	}
	return ""
}

// path is the way that an event took through the workflow.
type path struct {
	// Steps are the states outside of branches, in order.
	Steps []string
	// Lit are the ids of the picture's elements that it passed.
	Lit []string
	// Broken is the id of the state in which the execution failed; empty when it did not.
	Broken string
}

// definition is the workflow, read once for all events of a page.
var definition = sync.OnceValues(func() (*statemachine.Machine, error) { return statemachine.Parse(statemachine.Definition) })

// pathOf reads the way from the execution's states, and inside the Parallel from what
// the document says of each channel: the engine's history tells little of it.
func pathOf(r play.Result) path {
	var p path
	if r.Execution == nil {
		return p
	}
	workflow, err := definition()
	if err != nil {
		return p
	}
	last := graph.Start
	for _, name := range r.Execution.States {
		s := workflow.State(name)
		if s == nil {
			continue
		}
		p.Steps = append(p.Steps, name)
		p.light(graph.EdgeID(last, name))
		p.light(graph.StateID(name))
		for _, branch := range s.Branches {
			p.branch(s.Name, branch, r)
		}
		last = name
	}
	if s := workflow.State(last); s != nil && s.Type != "Succeed" && r.Execution.Status != "SUCCEEDED" {
		p.Broken = graph.StateID(last)
	}
	return p
}

// branch lights the way through the branch of one channel.
func (p *path) branch(parallel string, branch statemachine.Machine, r play.Result) {
	for _, step := range statemachine.Steps {
		if step.Channel == "" || branch.State(step.State) == nil {
			continue
		}
		last := parallel
		for _, name := range passed(step.Title(), r.Document, step.Channel) {
			if branch.State(name) == nil {
				continue
			}
			p.light(graph.EdgeID(last, name))
			p.light(graph.StateID(name))
			last = name
		}
		if last != parallel {
			p.light(graph.EdgeID(last, parallel))
		}
		return
	}
}

// passed are the states of a branch that the document tells of; title is how their names
// have the channel. Those that a branch does not have are left out by the caller.
func passed(title string, doc deployment.Document, channel string) []string {
	decision, planned := doc.Plan[channel]
	delivery, ended := doc.Deliveries[channel]
	switch {
	case !planned:
		return nil
	case decision.Decision != deployment.Deliver:
		return []string{"Deliver" + title + "?", title + "NotTold"}
	}
	states := []string{"Deliver" + title + "?", "Format" + title, "Send" + title}
	if !ended {
		return states
	}
	if delivery.Waited > 0 {
		states = append(states, title+"Sent?", "Wait"+title, "Send"+title)
	}
	switch delivery.Outcome {
	case deployment.DeadLettered:
		return append(states, "DeadLetter"+title, title+"DeadLettered")
	case deployment.Stranded:
		return append(states, "DeadLetter"+title, title+"Stranded")
	case deployment.Sent, deployment.Repeated: // where the workflow itself publishes, two more
		return append(states, title+"Sent?", "Publish"+title, "Mark"+title, title+"Told")
	default:
		return append(states, title+"Sent?", title+"Told")
	}
}

// light adds an element, unless the picture has none of that id.
func (p *path) light(id string) {
	if strings.Contains(statemachine.Picture, `id="`+id+`"`) && !slices.Contains(p.Lit, id) {
		p.Lit = append(p.Lit, id)
	}
}
