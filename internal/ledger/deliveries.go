package ledger

import (
	"context"
	"maps"
	"strings"
	"time"

	"fanfare/internal/deployment"
)

// Lease is for how long a delivery is its sender's: longer than a sender lives. After it
// somebody else may send.
const Lease = 30 * time.Second

// Attempt is what is known of a delivery when it is begun.
type Attempt struct {
	// Delivered is the delivery as it was noted; its outcome is empty when it has not
	// been delivered.
	Delivered deployment.Delivery
	// Held is for how long the delivery is still somebody else's; 0 when it is ours.
	Held time.Duration
	// Number counts the attempts, this one included.
	Number int
	// Unsure is when the first attempt began of which nobody knows whether the vendor took
	// the message: it never told how it ended, or got no answer. Zero when there is none.
	Unsure time.Time
}

// BegunAt is the attribute of a delivery that says when the first attempt at it began.
const BegunAt = "begunAt"

// BeginDelivery notes that the execution is about to tell the channel of the event. A
// sender of the same execution is not waited for: Step Functions calls the next when the
// one before has ended.
func (l *Ledger) BeginDelivery(ctx context.Context, d deployment.Deployment, channel, execution string) (Attempt, error) {
	now := l.Now()
	before, ok, err := l.apply(ctx, update{
		pk: "event#" + d.ClaimKey(), sk: "delivery#" + channel,
		set: "#service = :service, #time = :time, sending = :now, sender = :me, unsure = if_not_exists(unsure, :now), begunAt = if_not_exists(begunAt, :now), " +
			"attempts = if_not_exists(attempts, :none) + :one",
		condition: "attribute_not_exists(sentAt) AND (attribute_not_exists(sending) OR sender = :me OR sending < :lapsed)",
		names:     map[string]string{"#service": IndexKey, "#time": IndexSort},
		values: item{
			":service": text(d.ServiceKey()), ":time": text(moment(d.Time)), ":now": text(moment(now)), ":me": text(execution),
			":lapsed": text(moment(now.Add(-Lease))), ":none": number(0), ":one": number(1),
		},
		old: true,
	})
	if err != nil {
		return Attempt{}, err
	}
	a := Attempt{Number: int(getNumber(before, "attempts")) + 1, Unsure: getMoment(before, "unsure")}
	switch sentAt := getMoment(before, "sentAt"); {
	case ok:
	case sentAt.IsZero():
		a.Held = max(getMoment(before, "sending").Add(Lease).Sub(now), time.Second)
	default:
		a.Delivered = deployment.Delivery{
			Outcome: deployment.Outcome(getText(before, "outcome")), SentAt: sentAt,
			Receipt: getTexts(before, "receipt"), Attempts: int(getNumber(before, "attempts")),
		}
	}
	return a, nil
}

// EndDelivery notes how the attempt ended. A delivery with a SentAt is done, and is not
// begun again. Of any other, sure tells that the vendor has certainly not taken it, neither
// in this attempt nor in one before.
func (l *Ledger) EndDelivery(ctx context.Context, d deployment.Deployment, channel string, delivery deployment.Delivery, sure bool) error {
	u := update{pk: "event#" + d.ClaimKey(), sk: "delivery#" + channel, remove: "sending, sender"}
	switch {
	case sure:
		u.remove += ", unsure"
	default: // its beginning may not have been noted
		u.set, u.values = "unsure = if_not_exists(unsure, :now)", item{":now": text(moment(l.Now()))}
	}
	if !delivery.SentAt.IsZero() {
		u.set = "sentAt = :sent, outcome = :outcome, receipt = :receipt"
		u.values = item{":sent": text(moment(delivery.SentAt)), ":outcome": text(string(delivery.Outcome)), ":receipt": texts(delivery.Receipt)}
	}
	_, _, err := l.apply(ctx, u)
	return err
}

// Audit is one row of the audit trail: what became of one channel for one event.
type Audit struct {
	Channel   string
	Decision  deployment.Decision
	Delivery  deployment.Delivery
	Execution string
	Version   string
	// Latency is the time from the event to the vendor's receipt; 0 when nothing was sent.
	Latency time.Duration
}

// WriteAudit writes the row of one channel. Written again, it says the same. That
// nothing was sent is not written over what an earlier execution of the event has sent; what
// was sent counts as delivered, even if its sender could not note it.
func (l *Ledger) WriteAudit(ctx context.Context, doc deployment.Document, row Audit) error {
	d := doc.Deployment
	outcome, remove, sent := "outcome = :outcome, receipt = :receipt, sentAt = if_not_exists(sentAt, :sent)", "sending, sender, unsure", item{":sent": text(moment(row.Delivery.SentAt))}
	if row.Delivery.SentAt.IsZero() {
		outcome, remove, sent = "outcome = if_not_exists(outcome, :outcome), receipt = if_not_exists(receipt, :receipt)", "", nil
	}
	if outcomeOf := row.Delivery.Outcome; outcomeOf == deployment.DeadLettered || outcomeOf == deployment.Stranded {
		outcome += ", missedAt = :now, missed = :detail" // which stays when it is told at last
	}
	u := update{
		pk: "event#" + d.ClaimKey(), sk: "delivery#" + row.Channel,
		set: "#service = :service, #time = :time, #status = :status, kind = :kind, environment = :environment, deployment = :deployment, " +
			"version = :version, decision = :decision, reason = :reason, maintenanceWindow = :window, " + outcome + ", detail = :detail, " +
			"cause = :cause, tries = :tries, latencyMs = :latency, execution = :execution, recordedAt = :now",
		names: map[string]string{"#service": IndexKey, "#time": IndexSort, "#status": "status"},
		values: item{
			":service": text(d.ServiceKey()), ":time": text(moment(d.Time)), ":status": text(string(d.Status)),
			":kind": text(string(doc.Kind())), ":environment": text(d.Environment), ":deployment": text(doc.Key()),
			":version": text(row.Version), ":decision": text(string(row.Decision.Decision)), ":reason": text(string(row.Decision.Reason)),
			":window": text(windowOf(row.Decision)), ":outcome": text(string(row.Delivery.Outcome)), ":detail": text(detailOf(row.Delivery)), ":receipt": texts(row.Delivery.Receipt),
			":tries": number(int64(row.Delivery.Attempts)), ":latency": number(row.Latency.Milliseconds()),
			":cause": text(doc.Cause()), ":execution": text(row.Execution), ":now": text(moment(l.Now())),
		},
		remove: remove,
	}
	maps.Copy(u.values, sent)
	_, _, err := l.apply(ctx, u)
	return err
}

// windowOf names the maintenance window that suppressed it; empty when none did.
func windowOf(d deployment.Decision) string {
	if d.Window == nil {
		return ""
	}
	return d.Window.Name
}

// maxDetail is how much of a failure's words the ledger keeps, in bytes.
const maxDetail = 1000

// detailOf is why nothing was sent, and what the failure said.
func detailOf(d deployment.Delivery) string {
	words := d.Detail.Words()
	if words == "" {
		return d.Reason
	}
	return strings.ToValidUTF8(d.Reason+": "+words[:min(len(words), maxDetail)], "")
}
