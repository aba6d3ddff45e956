package redrive

import (
	"maps"
	"slices"
	"time"

	"fanfare/internal/deployment"
)

// Channel is what became of one channel of an event.
type Channel struct {
	Name    string         `json:"name"`
	Outcome ChannelOutcome `json:"outcome"`
	// Decision is why it is told, or not.
	Decision deployment.Reason `json:"decision,omitempty"`
	// Reason says in words why it is again in the queue, or was not told.
	Reason string    `json:"reason,omitempty"`
	SentAt time.Time `json:"sentAt,omitzero"`
}

// ChannelOutcome says what became of one channel.
type ChannelOutcome string

// The outcomes of a channel.
const (
	Now     ChannelOutcome = "now"      // it was told by the redrive
	Earlier ChannelOutcome = "earlier"  // it had been told before, and was not told again
	NotTold ChannelOutcome = "not_told" // it is not to be told
	Again   ChannelOutcome = "again"    // it could not be told, and is queued anew
	Lost    ChannelOutcome = "lost"     // it could not be told, and not even be queued
)

// channelsOf are the channels of an execution's document, sorted by their names. What was
// sent before the execution started was sent by another.
func channelsOf(doc deployment.Document, started time.Time) []Channel {
	var channels []Channel
	for _, name := range slices.Sorted(maps.Keys(doc.Plan)) {
		decision, delivery := doc.Plan[name], doc.Deliveries[name]
		c := Channel{Name: name, Decision: decision.Reason, SentAt: delivery.SentAt}
		switch {
		case decision.Decision != deployment.Deliver:
			c.Outcome = NotTold
		case !delivery.SentAt.IsZero() && delivery.SentAt.Before(started):
			c.Outcome = Earlier
		case !delivery.SentAt.IsZero():
			c.Outcome = Now
		case delivery.Outcome == deployment.None:
			c.Outcome, c.Reason = NotTold, words(delivery.Reason)
		case delivery.Outcome == deployment.DeadLettered:
			c.Outcome, c.Reason = Again, caught{delivery.Reason, string(delivery.Detail)}.words()
		default: // stranded, or of an outcome of later days
			c.Outcome, c.Reason = Lost, caught{delivery.Reason, string(delivery.Detail)}.words()
		}
		channels = append(channels, c)
	}
	return channels
}
