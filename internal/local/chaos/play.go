package chaos

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
)

// Source is who emits the events of a play.
type Source string

// The sources.
const (
	ecsSource      Source = "ECS"
	pipelineSource Source = "CodePipeline"
	drillSource    Source = "drill"
)

// Story is what happens to the deployment of a play.
type Story string

// The stories.
const (
	fails      Story = "fails"
	succeeds   Story = "succeeds"
	rolledBack Story = "rolled back" // it fails, and ECS goes back to what was there before
	stopped    Story = "stopped"     // a person stops the pipeline
	malformed  Story = "malformed"   // an event that is none
	unheard    Story = "unheard"     // it succeeds, and no event says so
)

// Place is a Slack channel, as the last letter of the service's name.
type Place string

// The places; see the account file.
const (
	inDigest  Place = "d" // where so much is told that the rest is gathered
	inArchive Place = "a" // which is archived while it is told of the play
)

// Play is one deployment of something with a name of its own, and what goes wrong with it.
type Play struct {
	Row    string
	Name   string
	Source Source
	Story  Story
	// Order is that in which the events come, by their place in time; as they happened
	// when empty.
	Order []int
	// Copies is how often each event comes.
	Copies int
	// Together is true when an event does not wait until the one before it is told.
	Together bool
	// Real gives the service a task definition, and the pipeline's execution its actions.
	Real bool
	// Place is where Slack tells of it; in the channel of a team when empty.
	Place Place
	// Faults are played for this deployment alone, and Later from its last event on.
	Faults, Later []fault.Fault
	// Holder are played for the execution that told the first event, when it comes again.
	Holder []fault.Fault
	// Operator are faults that are played once everything is repaired, to the operator.
	Operator []fault.Fault
	// Hand is a function that is then called by hand.
	Hand string
	// Kill is the function that is killed while it has the last event, or the first when it
	// is KillFirst; nothing else is played at that time.
	Kill      string
	KillFirst bool
	// Restart is true when the engine stops while the play is under way.
	Restart bool
	// Text is what the event says for a reason, and Pad how many bytes it is made long.
	Text string
	Pad  int
	// Wrong is what makes a malformed event one.
	Wrong string
}

// moment is one event of a story: what it says, and how many seconds after the first.
type moment struct {
	state  string // of a pipeline
	name   string // of ECS
	reason string
	second int
	// other is true when it is about another deployment: the one that is gone back to.
	other bool
}

// moments are the story's events in their order.
func (p Play) moments() []moment {
	begins := moment{state: "STARTED", name: "IN_PROGRESS", reason: "ECS deployment in progress."}
	switch p.Story {
	case succeeds:
		return []moment{begins, {state: "SUCCEEDED", name: "COMPLETED", reason: "ECS deployment completed.", second: 60}}
	case stopped:
		return []moment{begins, {state: "STOPPING", second: 30}, {state: "STOPPED", second: 60}}
	case malformed:
		return []moment{{state: "FAILED", name: "FAILED"}}
	case unheard:
		return []moment{begins}
	}
	all := []moment{begins, {state: "FAILED", name: "FAILED", reason: "ECS deployment circuit breaker: tasks failed to start.", second: 60}}
	if p.Story == rolledBack {
		all = append(all, moment{name: "IN_PROGRESS", reason: "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.", second: 61, other: true})
	}
	return all
}

// identity is what the events of a play are about.
type identity struct {
	account, region string
	// id is the deployment's, or the execution's, and other that of the rollback.
	id, other string
	began     time.Time
}

// events makes the events in the order in which they come, each once.
func (p Play) events(of identity) []edge.Event {
	order := p.Order
	if len(order) == 0 {
		for i := range p.moments() {
			order = append(order, i)
		}
	}
	var events []edge.Event
	for _, i := range order {
		events = append(events, p.event(of, i, p.moments()[i]))
	}
	return events
}

// padding is the key under which a long event is long.
const padding = "padding"

func (p Play) event(of identity, number int, m moment) edge.Event {
	reason := m.reason
	if p.Text != "" {
		reason = p.Text
	}
	id := of.id
	if m.other {
		id = of.other
	}
	e := edge.Event{
		ID: fmt.Sprintf("%s-event-%d", p.Name, number), Account: of.account, Region: of.region,
		Time: of.began.Add(time.Duration(m.second) * time.Second),
	}
	detail := map[string]any{}
	if p.Source == pipelineSource {
		e.Source, e.DetailType = "aws.codepipeline", "CodePipeline Pipeline Execution State Change"
		e.Resources = []string{fmt.Sprintf("arn:aws:codepipeline:%s:%s:%s", of.region, of.account, p.Name)}
		detail["pipeline"], detail["execution-id"], detail["state"] = p.Name, id, m.state
		detail["start-time"], detail["version"], detail["pipeline-execution-attempt"] = of.began.Format(time.RFC3339), 1, 1
		detail["stop-execution-comments"] = p.Text
	} else {
		e.Source, e.DetailType = "aws.ecs", "ECS Deployment State Change"
		arn := fmt.Sprintf("arn:aws:ecs:%s:%s:", of.region, of.account)
		e.Resources = []string{arn + "service/" + cluster + "/" + p.Name}
		detail["eventType"], detail["eventName"], detail["clusterArn"] = "INFO", "SERVICE_DEPLOYMENT_"+m.name, arn+"cluster/"+cluster
		detail["deploymentId"], detail["updatedAt"], detail["reason"] = id, e.Time.Format(time.RFC3339), reason
	}
	if p.Source == drillSource {
		e.Source, detail["page"] = "fanfare.drill", true
	}
	if p.Pad > 0 {
		detail[padding] = strings.Repeat("x", p.Pad)
	}
	spoil(p.Wrong, &e, detail)
	e.Detail, _ = json.Marshal(detail) // texts and numbers only
	return e
}

const cluster = "production"

// wrongs are the ways in which an event that a rule takes is none all the same.
var wrongs = []string{"it names no service, or no state", "a name of control characters", "a region that is none"}

// spoil makes the event malformed.
func spoil(wrong string, e *edge.Event, detail map[string]any) {
	switch wrong {
	case wrongs[0]:
		e.Resources = []string{}
		detail["state"] = []string{"FAILED", "SUCCEEDED"}
	case wrongs[1]:
		detail["eventName"], detail["state"] = "SERVICE_DEPLOYMENT_\x00\x1b[2J", "\x00\x1b[2J"
	case wrongs[2]:
		e.Region = "nowhere at all"
	}
}

// orders are all orders of so many events.
func orders(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, rest := range orders(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(rest), at, n-1))
		}
	}
	return all
}
