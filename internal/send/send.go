// Package send gives a channel's message to its vendor, once.
package send

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
)

// MaxWait is how long a delivery is put off in all before it is given up: a vendor
// that asks for more than this is out of order, and somebody should know.
const MaxWait = 30 * time.Minute

// Timeout is how long one request to a vendor may take.
const Timeout = 10 * time.Second

// patience is how long the ledger is waited for.
const patience = 2 * time.Second

// Ledger notes which deliveries were begun, and which are done.
type Ledger interface {
	BeginDelivery(ctx context.Context, d deployment.Deployment, channel string) (ledger.Attempt, error)
	EndDelivery(ctx context.Context, d deployment.Deployment, channel string, delivery deployment.Delivery) error
}

// Step is the step, for one channel.
type Step struct {
	Channel string
	Sender  channel.Sender
	Ledger  Ledger
	Now     func() time.Time
}

// Send sends the message unless the ledger knows that it was sent. A vendor that asks
// us to wait makes the outcome wait, with the seconds. A ledger that cannot be asked
// holds nothing up: a page that comes twice is better than one that does not come.
func (s Step) Send(ctx context.Context, doc deployment.Document, message json.RawMessage, before *deployment.Delivery, execution string) (deployment.Delivery, error) {
	if len(message) == 0 || string(message) == "null" {
		return deployment.Delivery{}, failure.Permanentf("sending to %s: message: what Format made expected, found nothing", s.Channel)
	}
	attempt, err := s.begin(ctx, doc)
	if err != nil {
		slog.WarnContext(ctx, "sending without the ledger", "channel", s.Channel, "error", failure.Classify(err).Error())
	} else if attempt.Delivered.Outcome != "" {
		return attempt.Delivered, nil
	}
	receipt, err := s.Sender.Send(ctx, channel.Dispatch{Document: doc, Message: message, Execution: execution})
	delivery := deployment.Delivery{Attempts: max(attempt.Number, 1)}
	if before != nil {
		delivery.Waited = before.Waited
		delivery.Attempts = max(delivery.Attempts, before.Attempts+1)
	}
	if err != nil {
		delivery, err = s.put(delivery, err)
		s.end(ctx, doc, delivery)
		return delivery, err
	}
	delivery.Outcome, delivery.Reason, delivery.Receipt = receipt.Outcome, receipt.Reason, receipt.Values
	if delivery.Outcome == deployment.Sent && attempt.Interrupted {
		delivery.Outcome = deployment.Repeated
	}
	if delivery.Outcome != deployment.None {
		delivery.SentAt = s.Now().UTC()
	}
	s.end(ctx, doc, delivery)
	return delivery, nil
}

// put makes a wait of a rate limit, as long as that is reasonable.
func (s Step) put(delivery deployment.Delivery, err error) (deployment.Delivery, error) {
	limited, ok := failure.Classify(err).(*failure.RateLimited)
	if !ok {
		return delivery, err
	}
	seconds := max(int(math.Ceil(limited.After.Seconds())), 1)
	if delivery.Waited+seconds > int(MaxWait.Seconds()) {
		return delivery, failure.Permanentf("giving up on %s after waiting %d s, it asks for %d s more: %w", s.Channel, delivery.Waited, seconds, err)
	}
	delivery.Outcome, delivery.Seconds = deployment.Wait, seconds
	delivery.Waited += delivery.Seconds
	return delivery, nil
}

func (s Step) begin(ctx context.Context, doc deployment.Document) (ledger.Attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.Ledger.BeginDelivery(ctx, doc.Deployment, s.Channel)
}

// end notes how it ended. When it cannot be noted, the message is sent all the same,
// and saying so is all that is left.
func (s Step) end(ctx context.Context, doc deployment.Document, delivery deployment.Delivery) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := s.Ledger.EndDelivery(ctx, doc.Deployment, s.Channel, delivery); err != nil {
		slog.WarnContext(ctx, "the delivery could not be noted", "channel", s.Channel, "error", failure.Classify(err).Error())
	}
}
