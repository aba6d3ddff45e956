// Package send gives a channel's message to its vendor, once.
package send

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/step"
)

// MaxWait is how long a delivery is put off in all before it is given up: a vendor
// that asks for more than this is out of order, and somebody should know.
const MaxWait = 30 * time.Minute

// Timeout is how long one request to a vendor may take.
const Timeout = 10 * time.Second

// patience is how long the ledger is waited for.
const patience = 2 * time.Second

// nap is how long the function itself waits for a slot; for a later one the workflow waits.
const nap = time.Second

// Ledger notes which deliveries were begun, and which are done, and keeps the lanes.
type Ledger interface {
	BeginDelivery(ctx context.Context, d deployment.Deployment, channel, execution string) (ledger.Attempt, error)
	EndDelivery(ctx context.Context, d deployment.Deployment, channel string, delivery deployment.Delivery, sure bool) error
	channel.Lanes
}

// Step is the step, for one channel.
type Step struct {
	Channel string
	// Sender is nil when the workflow itself sends.
	Sender channel.Sender
	// Pace names the message's lanes; nil when it need not wait for its turn.
	Pace   func(deployment.Document) []channel.Lane
	Ledger Ledger
	// Overtaken tells what has become of the service since the event was claimed; nil for a
	// channel in which a later message does not undo an earlier one.
	Overtaken func(ctx context.Context, d deployment.Deployment, startedAt time.Time) (ledger.Standing, error)
	Now       func() time.Time
	// Sleep waits so long, or until the context ends.
	Sleep func(ctx context.Context, d time.Duration)
}

// Send sends the message unless the ledger knows that it was sent, or that somebody else
// is sending it, and when its turn has come. A vendor that asks us to wait makes the
// outcome wait, with the seconds. A ledger that cannot be asked holds nothing up: a page
// that comes twice is better than one that does not come.
func (s Step) Send(ctx context.Context, in step.Input) (deployment.Delivery, error) {
	doc := in.Document
	if len(doc.Message) == 0 || string(doc.Message) == "null" {
		return deployment.Delivery{}, failure.Permanentf("sending to %s: message: what Format made expected, found nothing", s.Channel)
	}
	if doc.Published != nil {
		return s.published(ctx, doc), nil
	}
	attempt, err := s.begin(ctx, doc.Document, in.Execution)
	known := err == nil
	switch {
	case !known:
		slog.WarnContext(ctx, "sending without the ledger", "channel", s.Channel, "error", failure.Classify(err).Error())
	case attempt.Delivered.Outcome != "":
		return attempt.Delivered, nil
	}
	delivery := deployment.Delivery{Attempts: max(attempt.Number, 1)}
	if doc.Delivery != nil {
		delivery.Waited, delivery.Slot = doc.Delivery.Waited, doc.Delivery.Slot
		delivery.Attempts = max(delivery.Attempts, doc.Delivery.Attempts+1)
	}
	if attempt.Held > 0 {
		return s.put(delivery, attempt.Held, errHeld)
	}
	if known {
		return s.inTurn(ctx, in, attempt, delivery)
	}
	return s.give(ctx, in, attempt, delivery, false)
}

// inTurn sends the message when its turn has come, and nothing has made it wrong since.
func (s Step) inTurn(ctx context.Context, in step.Input, attempt ledger.Attempt, delivery deployment.Delivery) (deployment.Delivery, error) {
	doc, sure := in.Document, attempt.Unsure.IsZero()
	if wait := s.turn(ctx, doc.Document, &delivery); wait > 0 {
		delivery, err := s.put(delivery, wait, errPaced)
		s.end(ctx, doc.Document, delivery, sure)
		return delivery, err
	}
	if since := s.since(ctx, doc.Document); since != "" {
		delivery.Outcome, delivery.Reason = deployment.None, since
		s.end(ctx, doc.Document, delivery, sure)
		return delivery, nil
	}
	return s.give(ctx, in, attempt, delivery, sure)
}

// give gives the message to the vendor, or has the workflow do so. Sure tells that the
// vendor has not taken an attempt before.
func (s Step) give(ctx context.Context, in step.Input, attempt ledger.Attempt, delivery deployment.Delivery, sure bool) (deployment.Delivery, error) {
	doc := in.Document
	if s.Sender == nil {
		delivery.Outcome = deployment.Publish
		if !attempt.Unsure.IsZero() {
			delivery.Reason = perhapsPublished
		}
		return delivery, nil
	}
	receipt, err := s.Sender.Send(ctx, channel.Dispatch{Document: doc.Document, Message: doc.Message, Execution: in.Execution, Unsure: attempt.Unsure,
		Waited: doc.Delivery != nil && doc.Delivery.Outcome == deployment.Wait})
	if err != nil {
		delivery, err = s.failed(ctx, doc.Document, delivery, err)
		_, unsure := failure.Classify(err).(*failure.Transient)
		s.end(ctx, doc.Document, delivery, sure && !unsure)
		return delivery, err
	}
	if receipt.Outcome == deployment.Wait {
		delivery, err = s.put(delivery, receipt.After, errBusy)
		s.end(ctx, doc.Document, delivery, sure)
		return delivery, err
	}
	delivery.Outcome, delivery.Reason, delivery.Receipt = receipt.Outcome, receipt.Reason, receipt.Values
	if delivery.Outcome != deployment.None {
		delivery.SentAt = s.Now().UTC()
	}
	s.end(ctx, doc.Document, delivery, true)
	return delivery, nil
}

// since says what has happened since the event was claimed that makes its message wrong:
// it would end the incident of a newer failure, or open one of a service that is well. It is
// empty when nothing has, or when that cannot be learnt.
func (s Step) since(ctx context.Context, doc deployment.Document) string {
	if s.Overtaken == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var startedAt time.Time
	if doc.Claim != nil {
		startedAt = doc.Claim.StartedAt
	}
	standing, err := s.Overtaken(ctx, doc.Deployment, startedAt)
	switch succeeded := doc.Deployment.Status == deployment.Succeeded; {
	case err != nil:
		slog.WarnContext(ctx, "sending without a look at what has happened since", "channel", s.Channel, "error", failure.Classify(err).Error())
	case succeeded && standing.NewerFailure:
		return string(deployment.NewerFailure)
	case !succeeded && standing.Recovered:
		return string(deployment.Recovered)
	}
	return ""
}

// Why a delivery waits.
var (
	errHeld  = errors.New("another execution is sending it")
	errPaced = errors.New("others of the channel are before it")
	errBusy  = errors.New("what it belongs to is being changed")
)

// perhapsPublished is said of what the workflow may have published before.
const perhapsPublished = "an earlier attempt may have published it"

// published notes what the workflow itself has sent.
func (s Step) published(ctx context.Context, doc step.Document) deployment.Delivery {
	delivery := deployment.Delivery{Outcome: deployment.Sent, Attempts: 1, SentAt: s.Now().UTC(), Receipt: map[string]string{"message_id": doc.Published.MessageID}}
	if doc.Delivery != nil {
		delivery.Attempts, delivery.Waited = max(doc.Delivery.Attempts, 1), doc.Delivery.Waited
		if doc.Delivery.Reason == perhapsPublished {
			delivery.Outcome = deployment.Repeated
		}
	}
	s.end(ctx, doc.Document, delivery, true)
	return delivery
}

// turn waits for the message's slots and returns 0, or how long the workflow is to wait
// for them. A slot that has been waited for may have become somebody else's: a vendor has
// asked all to wait, or what is urgent came in between.
func (s Step) turn(ctx context.Context, doc deployment.Document, delivery *deployment.Delivery) time.Duration {
	if s.Pace == nil {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, patience+nap)
	defer cancel()
	waited := !delivery.Slot.IsZero()
	slot := delivery.Slot
	if waited { // it has come: the workflow has waited for it
		slot = s.Now().UTC()
	}
	for _, lane := range s.Pace(doc) {
		next, err := channel.Turn(ctx, s.Ledger, lane, waited)
		if err != nil {
			slog.WarnContext(ctx, "sending out of turn", "channel", s.Channel, "lane", lane.Key, "error", failure.Classify(err).Error())
			return 0
		}
		if next.After(slot) {
			slot = next
		}
	}
	delivery.Slot = slot
	wait := slot.Sub(s.Now())
	if wait > nap {
		return wait
	}
	if wait > 0 {
		s.Sleep(ctx, wait)
	}
	return 0
}

// failed makes a wait of a rate limit, which holds for all that is sent in the same lanes.
func (s Step) failed(ctx context.Context, doc deployment.Document, delivery deployment.Delivery, err error) (deployment.Delivery, error) {
	limited, ok := failure.Classify(err).(*failure.RateLimited)
	if !ok {
		return delivery, err
	}
	delivery.Slot = s.Now().Add(limited.After).UTC()
	if s.Pace != nil {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		for _, lane := range s.Pace(doc) {
			if err := s.Ledger.Block(ctx, lane, delivery.Slot); err != nil {
				slog.WarnContext(ctx, "the others do not know that the channel asks to wait", "channel", s.Channel, "error", failure.Classify(err).Error())
				break
			}
		}
	}
	return s.put(delivery, limited.After, err)
}

// put puts the delivery off, as long as that is reasonable.
func (s Step) put(delivery deployment.Delivery, wait time.Duration, why error) (deployment.Delivery, error) {
	seconds := max(int(math.Ceil(wait.Seconds())), 1)
	if delivery.Waited+seconds > int(MaxWait.Seconds()) {
		return delivery, failure.Permanentf("giving up on %s after waiting %d s, it asks for %d s more: %w", s.Channel, delivery.Waited, seconds, why)
	}
	delivery.Outcome, delivery.Seconds, delivery.Reason = deployment.Wait, seconds, why.Error()
	delivery.Waited += delivery.Seconds
	return delivery, nil
}

func (s Step) begin(ctx context.Context, doc deployment.Document, execution string) (ledger.Attempt, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.Ledger.BeginDelivery(ctx, doc.Deployment, s.Channel, execution)
}

// end notes how it ended. When it cannot be noted, the message is sent all the same,
// and saying so is all that is left.
func (s Step) end(ctx context.Context, doc deployment.Document, delivery deployment.Delivery, sure bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.Ledger.EndDelivery(ctx, doc.Deployment, s.Channel, delivery, sure); err != nil {
		slog.WarnContext(ctx, "the delivery could not be noted", "channel", s.Channel, "error", failure.Classify(err).Error())
	}
}
