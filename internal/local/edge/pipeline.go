package edge

import (
	"regexp"
	"slices"
	"time"
)

// Further ways in which a pipeline's execution can end, beside Succeed and Fail.
const (
	Stop      = "stop"      // a person stops it
	Supersede = "supersede" // a newer execution takes its place
	Cancel    = "cancel"    // the pipeline changed under it
)

// Revision is what a source action gave an execution, with the names of GetPipelineExecution:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ArtifactRevision.html
type Revision struct {
	// Name is that of the source's artifact.
	Name    string `json:"name"`
	ID      string `json:"revisionId"`
	Summary string `json:"revisionSummary,omitempty"`
	URL     string `json:"revisionUrl,omitempty"`
}

// Action is one run of one of an execution's actions.
type Action struct {
	ID     string `json:"id"`
	Stage  string `json:"stage"`
	Name   string `json:"name"`
	Status string `json:"status"`
	// Summary is the action's own sentence, and URL leads to where it ran.
	Summary string    `json:"summary,omitempty"`
	URL     string    `json:"url,omitempty"`
	Started time.Time `json:"started"`
	Updated time.Time `json:"updated"`
	// Attempt is that of the execution in which the action ran.
	Attempt int `json:"attempt"`
}

// The states of an action's run.
const (
	actionRunning   = "InProgress"
	actionSucceeded = "Succeeded"
	actionFailed    = "Failed"
	actionAbandoned = "Abandoned"
)

// Execution is one execution of a pipeline. Its methods return the execution that follows
// and leave the one at hand as it was.
type Execution struct {
	Account  string `json:"account"`
	Pipeline string `json:"pipeline"`
	ID       string `json:"id"`
	// Attempt counts from 1; retrying a failed stage is a new one.
	Attempt int `json:"attempt"`
	// Status is as GetPipelineExecution has it.
	Status    string     `json:"status"`
	Revisions []Revision `json:"revisions"`
	// Actions are those that have run, oldest first.
	Actions []Action  `json:"actions"`
	Started time.Time `json:"started"`
	Updated time.Time `json:"updated"`
	// Event is the event that was emitted last; empty when none was.
	Event Event `json:"event,omitzero"`
}

// The states of an execution:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineExecution.html
const (
	executionRunning    = "InProgress"
	executionSucceeded  = "Succeeded"
	executionFailed     = "Failed"
	executionStopping   = "Stopping"
	executionStopped    = "Stopped"
	executionSuperseded = "Superseded"
	executionCancelled  = "Cancelled"
)

// Every pipeline that the edge plays has these stages, with an action of the same name in
// each; the source stage has one action for each revision, of the artifact's name.
var stages = []string{"Source", "Build", "Deploy"}

// sources are the actions of the first stage.
func (x Execution) sources() []string {
	var names []string
	for _, revision := range x.Revisions {
		names = append(names, revision.Name)
	}
	if len(names) == 0 {
		names = []string{stages[0]}
	}
	return names
}

// run notes an action of the execution's present attempt.
func (x *Execution) run(stage, name, status string, now time.Time) *Action {
	x.Actions = append(x.Actions, Action{
		ID: newUUID(), Stage: stage, Name: name, Status: status, Started: now, Updated: now, Attempt: x.Attempt})
	return &x.Actions[len(x.Actions)-1]
}

// through runs the stages that have not succeeded yet, up to the one that is named, which
// itself is left out; all of them when the name is empty.
func (x *Execution) through(until string, now time.Time) {
	for i, stage := range stages {
		if stage == until {
			return
		}
		done := slices.ContainsFunc(x.Actions, func(a Action) bool { return a.Stage == stage && a.Status == actionSucceeded })
		if done {
			continue
		}
		names := []string{stage}
		if i == 0 {
			names = x.sources()
		}
		for _, name := range names {
			x.run(stage, name, actionSucceeded, now)
		}
	}
}

// Ending says how an execution ends, and what its pipeline's failed action says of it.
type Ending struct {
	// Outcome is Succeed, Fail, Stop, Supersede or Cancel.
	Outcome string `json:"outcome"`
	// Stage is where it fails or ends, the last when empty; Action is by whose fault.
	Stage   string `json:"stage,omitempty"`
	Action  string `json:"action,omitempty"`
	Summary string `json:"summary,omitempty"`
	URL     string `json:"url,omitempty"`
	// Revisions are what the source gave, when that was not known at the start.
	Revisions []Revision `json:"revisions,omitempty"`
	// Silent emits no event: somebody else does.
	Silent bool `json:"silent,omitempty"`
}

// moment is an event that an ending emits, and the execution's status at that time.
type moment struct{ event, status string }

var endings = map[string][]moment{
	Succeed:   {{"SUCCEEDED", executionSucceeded}},
	Fail:      {{"FAILED", executionFailed}},
	Stop:      {{"STOPPING", executionStopping}, {"STOPPED", executionStopped}},
	Supersede: {{"SUPERSEDED", executionSuperseded}},
	Cancel:    {{"CANCELED", executionCancelled}},
}

// ended is the execution after its ending; its status is still to be set.
func (x Execution) ended(how Ending, now time.Time) Execution {
	x.Actions = slices.Clone(x.Actions)
	if len(how.Revisions) > 0 {
		x.Revisions = how.Revisions
	}
	x.Updated = now
	if how.Outcome == Succeed {
		x.through("", now)
		return x
	}
	x.through(how.Stage, now)
	if how.Outcome == Fail || how.Outcome == Stop {
		action := x.run(how.Stage, how.Action, actionFailed, now)
		action.Summary, action.URL = how.Summary, how.URL
		if how.Outcome == Stop {
			action.Status = actionAbandoned
		}
	}
	return x
}

// retried is the execution after its failed stage was started once more.
func (x Execution) retried(now time.Time) Execution {
	x.Attempt++
	x.Status, x.Updated = executionRunning, now
	return x
}

// check names what is wrong with an ending, and fills in what it leaves out.
func (how *Ending) check() error {
	if _, ok := endings[how.Outcome]; !ok {
		return badInput("outcome: %q is none of %s, %s, %s, %s, %s", how.Outcome, Succeed, Fail, Stop, Supersede, Cancel)
	}
	if how.Stage == "" {
		how.Stage = stages[len(stages)-1]
	}
	if !slices.Contains(stages, how.Stage) {
		return badInput("stage: %q is none of %v", how.Stage, stages)
	}
	if how.Action == "" {
		how.Action = how.Stage
	}
	return checkRevisions(how.Revisions)
}

var (
	artifactName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,100}$`)
	executionID  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

func checkRevisions(revisions []Revision) error {
	for i, revision := range revisions {
		switch {
		case !artifactName.MatchString(revision.Name):
			return badInput("revisions[%d].name: %q is no name of an artifact", i, revision.Name)
		case revision.ID == "":
			return badInput("revisions[%d].revisionId: it is missing", i)
		case len(revision.Summary) > 2048:
			return badInput("revisions[%d].revisionSummary: more than 2048 characters", i)
		}
	}
	return nil
}
