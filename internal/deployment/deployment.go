// Package deployment holds the words that every step speaks: what was deployed, which
// release it brought, what is in it, and what became of telling people. It imports
// nothing of Fanfare's.
package deployment

import (
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
	Unknown    Status = "unknown" // an event name that this version does not know
)

// Final tells whether nothing is to come after the status.
func (s Status) Final() bool { return s == Succeeded || s == Failed }

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
	// Source is the service that emitted the event, such as ecs.
	Source string `json:"source"`
	// Name is the event's own name, such as SERVICE_DEPLOYMENT_FAILED.
	Name      string `json:"name"`
	Account   string `json:"account"`
	Region    string `json:"region"`
	Partition string `json:"partition"`
	// Cluster may be empty: old service ARNs do not name it.
	Cluster string `json:"cluster"`
	Service string `json:"service"`
	// ID is the deployment's own id, such as ecs-svc/1234567890123456789; it may be empty.
	ID     string `json:"id"`
	Status Status `json:"status"`
	Kind   Kind   `json:"kind"`
	// Reason is the vendor's own sentence, free of control characters.
	Reason string `json:"reason,omitempty"`
	// Time is when the event was emitted; UpdatedAt when the deployment last changed.
	Time      time.Time `json:"time"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
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

// ServiceKey names the service across accounts: account/region/cluster/service.
func (d Deployment) ServiceKey() string {
	return strings.Join([]string{d.Account, d.Region, orDash(d.Cluster), d.Service}, "/")
}

// Key names one deployment of one service. A rollback has a key of its own, because
// ECS may give it the id of the deployment that it goes back to. A deployment without
// an id is named by its event, so that two of them are never taken for one.
func Key(d Deployment, kind Kind) string {
	id := d.ID
	if id == "" {
		id = "event-" + d.Event
	}
	key := d.ServiceKey() + "/" + id
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
