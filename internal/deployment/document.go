package deployment

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Document is what the workflow carries from state to state. Every step adds the one
// key that bears its name's result and touches no other, so that an execution in the
// Step Functions console reads like a form being filled in.
type Document struct {
	Deployment Deployment `json:"deployment"`
	Claim      *Claim     `json:"claim,omitempty"`
	Release    *Release   `json:"release,omitempty"`
	Commits    *Commits   `json:"commits,omitempty"`
	// Maintenance is what the CheckMaintenance step writes.
	Maintenance *Maintenance        `json:"maintenance,omitempty"`
	Plan        Plan                `json:"plan,omitempty"`
	Deliveries  map[string]Delivery `json:"deliveries,omitempty"`
}

// Cause is why it failed, in as few words as are known: what the pipeline's failed
// action said, else [Deployment.Cause].
func (d Document) Cause() string {
	if d.Release != nil && d.Release.FailedAction != nil {
		return d.Release.FailedAction.Cause()
	}
	return d.Deployment.Cause()
}

// Maintenance says which maintenance windows were in force when the event was emitted.
type Maintenance struct {
	// Windows are those that name what is deployed; empty when none is in force.
	Windows []Window `json:"windows"`
	// Reason says in few words why the windows could not be looked up: then none counts.
	Reason string `json:"reason,omitempty"`
}

// Quiets returns the window that quiets the channel the longest; nil when none does.
func (m *Maintenance) Quiets(channel string) *Window {
	if m == nil {
		return nil
	}
	var longest *Window
	for i, window := range m.Windows {
		if slices.Contains(window.Quiets, channel) && (longest == nil || window.Until.After(longest.Until)) {
			longest = &m.Windows[i]
		}
	}
	return longest
}

// Window is one maintenance window of the account file, while it is in force.
type Window struct {
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Quiets are the channels that are told nothing.
	Quiets []string `json:"quiets"`
	Owner  string   `json:"owner"`
	Reason string   `json:"reason"`
}

// Kind is whether this is a deployment or a rollback. An event tells it only when a
// rollback begins; the ledger remembers it for the event that ends it, so the claim's
// word counts more than the event's. Where the rollback's beginning was never seen, the
// release tells it.
func (d Document) Kind() Kind {
	if d.Release != nil && d.Release.Outcome == RollbackRelease {
		return Rollback
	}
	if d.Claim != nil && d.Claim.Kind != "" {
		return d.Claim.Kind
	}
	return d.Deployment.Kind
}

// Late tells that a later state of the deployment is known.
func (d Document) Late() bool { return d.Claim != nil && d.Claim.Late }

// Unclaimed tells that the ledger could not be asked, so that nobody knows whether what
// succeeded is a rollback.
func (d Document) Unclaimed() bool { return d.Claim != nil && d.Claim.Outcome == Unclaimed }

// Key names the deployment that the document is about, rollbacks apart; see [Key].
func (d Document) Key() string { return Key(d.Deployment, d.Kind()) }

// ClaimOutcome says what became of the attempt to claim an event.
type ClaimOutcome string

// The outcomes of a claim.
const (
	Claimed   ClaimOutcome = "claimed"    // nobody else has it
	TakenOver ClaimOutcome = "taken_over" // the execution that had it died
	Duplicate ClaimOutcome = "duplicate"  // another execution has it, or has told it
	Unclaimed ClaimOutcome = "unclaimed"  // the ledger could not be asked: told all the same
)

// Claim is what the Claim step writes.
type Claim struct {
	Outcome ClaimOutcome `json:"outcome"`
	// Holder is the ARN of the execution that holds the event; another's when the
	// outcome is duplicate.
	Holder string `json:"holder"`
	// Kind is the deployment's kind as the ledger knows it.
	Kind Kind `json:"kind,omitempty"`
	// Late is true when a later state of this deployment has been seen already.
	Late bool `json:"late"`
	// StartedAt is when the deployment's first event was emitted, as far as seen.
	StartedAt time.Time `json:"startedAt,omitzero"`
	// After is how the service's deployment before this one ended, when this one has
	// ended; empty when none is known.
	After Status `json:"after,omitempty"`
	// NewerFailure is true when a deployment of the service is known to have failed after
	// the moment that this event tells of.
	NewerFailure bool `json:"newerFailure,omitempty"`
	// Recovered is true when a deployment of the service that began after this failure is
	// known to have succeeded.
	Recovered bool `json:"recovered,omitempty"`
}

// Plan is what the Route step writes: one decision for each channel, by its name.
type Plan map[string]Decision

// Decision is what becomes of one channel.
type Decision struct {
	Decision Verdict `json:"decision"`
	Reason   Reason  `json:"reason"`
	// Window is the maintenance window that suppressed it; nil unless the reason is
	// maintenance_window.
	Window *Window `json:"window,omitempty"`
}

// Verdict is the decision itself.
type Verdict string

// The verdicts.
const (
	Deliver  Verdict = "deliver"
	Suppress Verdict = "suppress"
	Hold     Verdict = "hold"
)

// Reason says in one enumerated word why a decision fell as it did.
type Reason string

// Reasons to deliver.
const (
	EveryDeployment   Reason = "every_deployment"   // the channel is told of everything
	ProductionFailure Reason = "production_failure" // a person is needed
	ProductionSuccess Reason = "production_success" // ends an incident, marks a change
	StatusChosen      Reason = "status_chosen"      // the account file asks for this status
	ProductionStuck   Reason = "production_stuck"   // a person is needed: it does not end
)

// Reasons to suppress.
const (
	ChannelOff         Reason = "channel_off"         // not in the account file
	NotProduction      Reason = "not_production"      // the environment is not a production one
	UnknownEnvironment Reason = "unknown_environment" // no environment of the account file matches
	NotFailed          Reason = "not_failed"          // nothing failed
	ServiceNotPaged    Reason = "service_not_paged"   // the account file pages nobody for it
	RollbackNotPaged   Reason = "rollback_not_paged"  // the failure before it has paged
	LateEvent          Reason = "late_event"          // a later state has been told already
	NewerFailure       Reason = "newer_failure"       // another deployment has failed since
	Recovered          Reason = "recovered"           // another deployment has succeeded since
	NotClaimed         Reason = "not_claimed"         // without the ledger, it may be a rollback
	OtherCluster       Reason = "other_cluster"       // not one of the account file's clusters
	OtherPipeline      Reason = "other_pipeline"      // not one of the account file's pipelines
	PipelineNotPaged   Reason = "pipeline_not_paged"  // the account file pages nobody for it
	NotRouted          Reason = "not_routed"          // the account file routes it to other channels
	MaintenanceWindow  Reason = "maintenance_window"  // planned work: see the decision's window
	DrillNotPaged      Reason = "drill_not_paged"     // an exercise that is to wake nobody
	UnknownStatus      Reason = "unknown_status"      // an event name of which nothing is known
)

// Outcome says what became of one channel's delivery.
type Outcome string

// The outcomes of a delivery.
const (
	// Sent means that the vendor has taken it.
	Sent Outcome = "sent"
	// Repeated means that the vendor has taken it, perhaps for the second time: nobody
	// knows whether it had taken an earlier attempt, which died or got no answer.
	Repeated Outcome = "repeated"
	// Absorbed means that the vendor has it, and once: an earlier attempt died or got no
	// answer, and the vendor's own key absorbs a second one, or the first was found there.
	Absorbed Outcome = "absorbed"
	// Wait asks the workflow to wait for Seconds, and then to send again.
	Wait Outcome = "wait"
	// Publish asks the workflow to send it itself, and then to have it noted.
	Publish Outcome = "publish"
	// DeadLettered means that it lies in the deliveries' dead-letter queue.
	DeadLettered Outcome = "dead_lettered"
	// Stranded means that not even the queue took it; the execution's history has it.
	Stranded Outcome = "stranded"
	// None means that nothing was to be sent.
	None Outcome = "none"
)

// Delivery is what a branch of the Notify step ends in.
type Delivery struct {
	Outcome Outcome `json:"outcome"`
	// Seconds is how long to wait before the next attempt; 0 unless the outcome is wait.
	Seconds int `json:"seconds,omitempty"`
	// Waited is how many seconds have been waited in all.
	Waited int `json:"waited,omitempty"`
	// Attempts counts the sends, the first included.
	Attempts int `json:"attempts,omitempty"`
	// Reason says in few words why nothing was sent although it was to be; the class of
	// the failure when it lies in a queue.
	Reason string `json:"reason,omitempty"`
	// Detail is what the failure said, as Step Functions has it, when it lies in a queue.
	Detail Said `json:"detail,omitempty"`
	// Slot is the moment that was reserved for it at the vendor's own pace; zero when none
	// was, or the ledger could not be asked.
	Slot time.Time `json:"slot,omitzero"`
	// Receipt is what the vendor gave for it: a timestamp, a key, a message id.
	Receipt map[string]string `json:"receipt,omitempty"`
	// SentAt is when the vendor took it.
	SentAt time.Time `json:"sentAt,omitzero"`
}

// Said is what a failure said. The workflow hands over the whole error as a Catch has it,
// {"Error": …, "Cause": …}, because a Cause is not always there.
type Said string

// UnmarshalJSON takes a text, or the Cause of an object that has one.
func (s *Said) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*s = Said(text)
		return nil
	}
	var caught struct{ Cause string }
	if err := json.Unmarshal(raw, &caught); err != nil {
		return fmt.Errorf("detail: a text, or an object with a Cause, expected: %w", err)
	}
	*s = Said(caught.Cause)
	return nil
}

// Words are what it said without what stands around it: the Cause of a function's error is
// the text of an object, {"errorMessage": …, "errorType": …}.
func (s Said) Words() string {
	var failed struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(s), &failed) == nil && failed.Message != "" {
		return failed.Message
	}
	return string(s)
}
