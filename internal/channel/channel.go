// Package channel is the contract between the workflow and the channels through which
// people are told: Format is pure and makes what will be sent, Send does the I/O.
//
// A channel is a package below this one, one line in the registry, and one branch of
// the workflow's Notify state.
package channel

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/secret"
)

// The channels' names, as the plan, the folders and the deployed functions have them.
const (
	Slack     = "slack"
	PagerDuty = "pagerduty"
	SNS       = "sns"
)

// Variable is the environment variable that tells a function which channel it serves.
const Variable = "FANFARE_CHANNEL"

// Channel is one way to tell people.
type Channel struct {
	// Format makes what will be sent of the document. It is pure: it reads no clock,
	// no secret and no network, and gives the same for the same document.
	Format func(doc deployment.Document, a account.Account) (any, error)
	// NewSender makes the sender; nil when the workflow itself sends, by an
	// integration of Step Functions.
	NewSender func(Deps) Sender
	// Pace names the lanes in which the document's message waits for its turn, so that a
	// burst drains at the vendor's rate; nil when the vendor sets none. It is pure.
	Pace func(doc deployment.Document, a account.Account) []Lane
}

// PaceIn is Pace in the account; nil when there is none.
func (c Channel) PaceIn(a account.Account) func(deployment.Document) []Lane {
	if c.Pace == nil {
		return nil
	}
	return func(doc deployment.Document) []Lane { return c.Pace(doc, a) }
}

// Lane is one of a vendor's rates, as far as one message uses it up. What is sent at the
// same rate has the same key.
type Lane struct {
	// Key names what the rate is of, such as slack:C0123456789.
	Key string
	// Cost is the time for which the message takes the lane: a second where the vendor
	// takes one a second.
	Cost time.Duration
	// Burst is how far ahead of the rate the vendor lets messages run.
	Burst time.Duration
	// Urgent messages go before all others of the lane.
	Urgent bool
}

// Sender gives a formatted message to the vendor.
type Sender interface {
	// Send sends once, without retries of its own, and returns the vendor's receipt.
	// Errors are of package failure; a RateLimited one becomes the outcome wait.
	Send(ctx context.Context, dispatch Dispatch) (Receipt, error)
}

// Dispatch is what Send gets.
type Dispatch struct {
	Document deployment.Document
	// Message is what Format made, as JSON.
	Message json.RawMessage
	// Execution is the ARN of the execution that sends.
	Execution string
	// Unsure is when the first earlier attempt began of which nobody knows whether the
	// vendor took it: it died, or got no answer. Zero when there was none.
	Unsure time.Time
	// Waited is true when the workflow has waited as long as the attempt before asked for.
	Waited bool
}

// Receipt is what the vendor gave for a message.
type Receipt struct {
	// Outcome is sent, repeated, absorbed, none when there was nothing left to send, or
	// wait when the message is to be tried again After.
	Outcome deployment.Outcome
	// After is how long to wait; 0 unless the outcome is wait.
	After time.Duration
	// Reason says in few words why nothing was sent, when the outcome is none.
	Reason string
	// Values are the vendor's own: ts, dedup_key.
	Values map[string]string
}

// Deps is what a sender may use.
type Deps struct {
	Account account.Account
	// Secrets are those of this channel alone.
	Secrets secret.Store
	HTTP    *http.Client
	Threads Threads
	// Digests gather what would be too many messages; nil when nothing is gathered.
	Digests Digests
	// Lanes are those that a sender waits in of itself, because only it knows which of
	// them a message needs; nil when it waits in none.
	Lanes Lanes
	Now   func() time.Time
}

// Lanes are the vendors' rates, as the ledger keeps them.
type Lanes interface {
	// Reserve takes the lane's next slot: the moment at which the message may be sent.
	Reserve(ctx context.Context, lane Lane) (time.Time, error)
	// Ready tells whether a slot that has come may still be used.
	Ready(ctx context.Context, lane Lane) (bool, error)
	// Block keeps the lane free until the vendor takes messages again.
	Block(ctx context.Context, lane Lane, until time.Time) error
}

// Turn is the moment at which the message may be sent. A slot that was waited for and has
// come is kept if it may still be used, and then it is zero; else it is the lane's next.
func Turn(ctx context.Context, lanes Lanes, lane Lane, waited bool) (next time.Time, err error) {
	if waited {
		if ready, err := lanes.Ready(ctx, lane); err != nil || ready {
			return time.Time{}, err
		}
	}
	return lanes.Reserve(ctx, lane)
}

// Thread is what the ledger knows of the one message that tells of a deployment.
type Thread struct {
	// Channel and TS name the message; TS is empty while there is none.
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
	// Status and At are what the message shows: the status, and when it was emitted.
	Status deployment.Status `json:"status,omitempty"`
	At     time.Time         `json:"at,omitzero"`
	// Broadcast is the reply that cries out the status; empty while there is none.
	Broadcast string `json:"broadcast,omitempty"`
	// Digest is the digest that has a line of the deployment; empty while none has.
	Digest string `json:"digest,omitempty"`
	// Slot is when the message may be posted or edited; zero when no slot was taken.
	Slot time.Time `json:"slot,omitzero"`
	// Unsure is about when the first attempt began that may have posted what is not noted
	// here; zero when there was none.
	Unsure time.Time `json:"unsure,omitzero"`
	// Holder is the execution that is changing the message, until Until.
	Holder string    `json:"holder,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	// Interrupted is true when the last holder never let go, so that what it was
	// sending may have been sent without being noted here.
	Interrupted bool `json:"-"`
}

// Threads keeps one message a deployment, edited as it moves on, however many events
// of it are being told at the same time.
type Threads interface {
	// Hold reserves the deployment's message for the holder until the given time. It
	// returns a failure.RateLimited when somebody else holds it.
	Hold(ctx context.Context, key, holder string, until time.Time) (Thread, error)
	// Note writes down what the message has become, and keeps the hold.
	Note(ctx context.Context, key, holder string, thread Thread) error
	// Release lets go of it.
	Release(ctx context.Context, key, holder string) error
}

// Digests gather what would be too many messages of one channel in one message each,
// which is edited as what it tells of moves on. What is written down is the entries; one
// of the executions that wait for it then shows them all.
type Digests interface {
	// Place counts one new message of the channel. It names the digest that the message
	// belongs to: none, while it is one of the first limit messages within a minute.
	Place(ctx context.Context, channel string, limit int) (digest string, err error)
	// Join writes the entry down, unless a later state of it is there: then late is true.
	// The entry is shown when the digest's Shown has come to the number. Joining with the
	// same entry again gives the same number.
	Join(ctx context.Context, digest string, entry Entry) (number int64, late bool, err error)
	// Hold makes the holder the digest's editor for so long. When somebody else is, ok is
	// false, and the digest is as that one holds it.
	Hold(ctx context.Context, digest, holder string, long time.Duration) (d Digest, ok bool, err error)
	// Entries are all that have joined.
	Entries(ctx context.Context, digest string) ([]Entry, error)
	// Note writes down what the digest has become, and lets go of it. It does nothing when
	// somebody else is the editor by now.
	Note(ctx context.Context, digest, holder string, d Digest) error
}

// Digest is what the ledger knows of a digest.
type Digest struct {
	// TS names the message; empty while there is none.
	TS string `json:"ts,omitempty"`
	// Joined and Shown are the highest numbers of the entries that have joined, and of
	// those that the message shows.
	Joined int64 `json:"joined,omitempty"`
	Shown  int64 `json:"shown,omitempty"`
	// Next is when the message may be changed again.
	Next time.Time `json:"next,omitzero"`
	// Unsure is when the first attempt to post the message began of which nobody knows how
	// it ended; zero when there was none.
	Unsure time.Time `json:"unsure,omitzero"`
}

// Entry is one deployment in a digest.
type Entry struct {
	// Key is the deployment's.
	Key    string            `json:"key"`
	Status deployment.Status `json:"status"`
	Kind   deployment.Kind   `json:"kind"`
	// At is when the event of that status was emitted.
	At time.Time `json:"at"`
	// Name is the service's or the pipeline's.
	Name        string `json:"name"`
	Version     string `json:"version,omitempty"`
	Environment string `json:"environment,omitempty"`
	// Drill is true when it is an exercise.
	Drill bool `json:"drill,omitempty"`
}
