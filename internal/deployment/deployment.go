// Package deployment holds the words that every step speaks: what was deployed, which
// release it brought, what is in it, and what became of telling people. It imports
// nothing of Fanfare's.
package deployment

import (
	"strconv"
	"strings"
	"time"
)

// Status is how far a deployment has come.
type Status string

// The statuses.
const (
	InProgress Status = "in_progress"
	Succeeded  Status = "succeeded"
	Failed     Status = "failed"
	Stopping   Status = "stopping"   // a person is stopping it
	Stopped    Status = "stopped"    // a person has stopped it
	Superseded Status = "superseded" // a newer execution of the pipeline took its place
	Canceled   Status = "canceled"   // it ended without having been tried
	Stuck      Status = "stuck"      // no end has come of it in the time that it is given
	Unknown    Status = "unknown"    // an event name that this version does not know
)

// Final tells whether nothing is to come after the status.
func (s Status) Final() bool {
	switch s {
	case Succeeded, Failed, Stopped, Superseded, Canceled:
		return true
	default:
		return false
	}
}

// Certain tells whether nothing can change what the status tells. That a deployment was
// superseded may be all that is known of one whose failure is told later.
func (s Status) Certain() bool { return s.Final() && s != Superseded }

// Sources of events.
const (
	ECS          = "ecs"
	CodePipeline = "codepipeline"
)

// Kind is whether a release goes out or is taken back.
type Kind string

// The kinds.
const (
	Ordinary Kind = "deployment"
	Rollback Kind = "rollback"
)

// Deployment is what the Normalise step makes of any event.
type Deployment struct {
	// Event is the id of the event, as EventBridge gave it.
	Event string `json:"event"`
	// Source is the service that the event is about: [ECS] or [CodePipeline].
	Source string `json:"source"`
	// Drill is set when the event is an exercise; nil when it is meant.
	Drill *Drill `json:"drill,omitempty"`
	// Name is the event's own name, such as SERVICE_DEPLOYMENT_FAILED.
	Name      string `json:"name"`
	Account   string `json:"account"`
	Region    string `json:"region"`
	Partition string `json:"partition"`
	// Cluster may be empty: old service ARNs do not name it.
	Cluster string `json:"cluster,omitempty"`
	// Service is the ECS service; empty when a pipeline deploys.
	Service string `json:"service,omitempty"`
	// Pipeline is the CodePipeline pipeline; empty when it is an ECS deployment.
	Pipeline string `json:"pipeline,omitempty"`
	// ID is the deployment's own id: ecs-svc/1234567890123456789, or that of the
	// pipeline's execution. It may be empty.
	ID string `json:"id"`
	// Attempt counts the tries of a pipeline's execution, from 1: retrying a failed stage
	// is a new attempt of the same execution. It is 0 for ECS, and where no event says it.
	Attempt int    `json:"attempt,omitempty"`
	Status  Status `json:"status"`
	Kind    Kind   `json:"kind"`
	// Reason is the vendor's own sentence, free of control characters.
	Reason string `json:"reason,omitempty"`
	// Time is when the event was emitted; UpdatedAt when the deployment last changed.
	Time      time.Time `json:"time"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	// StartedAt is when it started, where the event says so: those of a pipeline's first
	// attempt do.
	StartedAt time.Time `json:"startedAt,omitzero"`
	// Environment is the name that the account file gives to where it was deployed;
	// empty when no pattern matches.
	Environment string `json:"environment"`
	// Production is true when a failure there is worth waking somebody.
	Production bool   `json:"production"`
	ConsoleURL string `json:"consoleUrl,omitempty"`
	LogsURL    string `json:"logsUrl,omitempty"`
}

// Cause is the reason without what every message says already: "ECS deployment circuit
// breaker: tasks failed to start." is "tasks failed to start". It is empty when the
// reason says no more than that.
func (d Deployment) Cause() string {
	cause := d.Reason
	if strings.HasPrefix(cause, "ECS deployment") {
		_, cause, _ = strings.Cut(cause, ": ")
	}
	return strings.TrimRight(cause, ". ")
}

// Drill says how an exercise is to be carried out.
type Drill struct {
	// Page is true when people are to be woken as if it were meant.
	Page bool `json:"page"`
}

// Subject is the name of what is deployed: the service, or the pipeline that deploys.
func (d Deployment) Subject() string {
	if d.Pipeline != "" {
		return d.Pipeline
	}
	return d.Service
}

// ServiceKey names the service across accounts, account/region/cluster/service, or the
// pipeline, account/region/pipeline:name. What a drill leaves behind is kept apart from
// what is meant: its key has drill: before the last part. No ECS name has a colon.
func (d Deployment) ServiceKey() string {
	drill := ""
	if d.Drill != nil {
		drill = "drill:"
	}
	if d.Pipeline != "" {
		return strings.Join([]string{d.Account, d.Region, drill + "pipeline:" + d.Pipeline}, "/")
	}
	return strings.Join([]string{d.Account, d.Region, orDash(d.Cluster), drill + d.Service}, "/")
}

// Key names one deployment of one service, or one attempt of one pipeline's execution.
// A rollback has a key of its own, because ECS may give it the id of the deployment that
// it goes back to. A deployment without an id is named by its event, so that two of them
// are never taken for one.
func Key(d Deployment, kind Kind) string {
	id := d.ID
	if id == "" {
		id = "event-" + d.Event
	}
	key := d.ServiceKey() + "/" + id
	if d.Attempt > 1 {
		key += "/attempt-" + strconv.Itoa(d.Attempt)
	}
	if kind == Rollback {
		key += "/rollback"
	}
	return key
}

// ClaimKey names one event. EventBridge's ids are unique, so the id alone would do;
// what the event says is part of the key all the same, so that a mistake in whoever
// gives the ids cannot make two different pieces of news look like one.
func (d Deployment) ClaimKey() string {
	return strings.Join([]string{d.Event, d.Key(), d.Name}, "|")
}

// Key names the deployment by what the event alone says; see the function [Key].
func (d Deployment) Key() string { return Key(d, d.Kind) }

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
