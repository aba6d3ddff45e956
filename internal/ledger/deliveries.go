package ledger

import (
	"context"
	"time"

	"fanfare/internal/deployment"
)

// Attempt is what is known of a delivery when it is begun.
type Attempt struct {
	// Delivered is the delivery as it was noted; its outcome is empty when it has not
	// been delivered.
	Delivered deployment.Delivery
	// Number counts the attempts, this one included.
	Number int
	// Interrupted is true when an earlier attempt began and never told how it ended.
	Interrupted bool
}

// BeginDelivery notes that the channel is about to be told of the event.
func (l *Ledger) BeginDelivery(ctx context.Context, d deployment.Deployment, channel string) (Attempt, error) {
	before, ok, err := l.apply(ctx, update{
		pk: "event#" + d.ClaimKey(), sk: "delivery#" + channel,
		set:       "#service = :service, #time = :time, sending = :now, attempts = if_not_exists(attempts, :none) + :one",
		condition: "attribute_not_exists(sentAt)",
		names:     map[string]string{"#service": IndexKey, "#time": IndexSort},
		values: item{
			":service": text(d.ServiceKey()), ":time": text(moment(d.Time)), ":now": text(moment(l.Now())),
			":none": number(0), ":one": number(1),
		},
		old: true,
	})
	if err != nil {
		return Attempt{}, err
	}
	a := Attempt{Number: int(getNumber(before, "attempts")) + 1, Interrupted: getText(before, "sending") != ""}
	if !ok {
		a.Delivered = deployment.Delivery{
			Outcome: deployment.Outcome(getText(before, "outcome")), SentAt: getMoment(before, "sentAt"),
			Receipt: getTexts(before, "receipt"), Attempts: int(getNumber(before, "attempts")),
		}
	}
	return a, nil
}

// EndDelivery notes how the attempt ended. A delivery with a SentAt is done, and is
// not begun again.
func (l *Ledger) EndDelivery(ctx context.Context, d deployment.Deployment, channel string, delivery deployment.Delivery) error {
	u := update{pk: "event#" + d.ClaimKey(), sk: "delivery#" + channel, remove: "sending"}
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
// nothing was sent is not written over what an earlier execution of the event has sent.
func (l *Ledger) WriteAudit(ctx context.Context, doc deployment.Document, row Audit) error {
	d := doc.Deployment
	outcome := "outcome = :outcome, receipt = :receipt"
	if row.Delivery.SentAt.IsZero() {
		outcome = "outcome = if_not_exists(outcome, :outcome), receipt = if_not_exists(receipt, :receipt)"
	}
	_, _, err := l.apply(ctx, update{
		pk: "event#" + d.ClaimKey(), sk: "delivery#" + row.Channel,
		set: "#service = :service, #time = :time, #status = :status, kind = :kind, environment = :environment, deployment = :deployment, " +
			"version = :version, decision = :decision, reason = :reason, maintenanceWindow = :window, " + outcome + ", detail = :detail, " +
			"tries = :tries, latencyMs = :latency, execution = :execution, recordedAt = :now",
		names: map[string]string{"#service": IndexKey, "#time": IndexSort, "#status": "status"},
		values: item{
			":service": text(d.ServiceKey()), ":time": text(moment(d.Time)), ":status": text(string(d.Status)),
			":kind": text(string(doc.Kind())), ":environment": text(d.Environment), ":deployment": text(doc.Key()),
			":version": text(row.Version), ":decision": text(string(row.Decision.Decision)), ":reason": text(string(row.Decision.Reason)),
			":window": text(windowOf(row.Decision)), ":outcome": text(string(row.Delivery.Outcome)), ":detail": text(row.Delivery.Reason), ":receipt": texts(row.Delivery.Receipt),
			":tries": number(int64(row.Delivery.Attempts)), ":latency": number(row.Latency.Milliseconds()),
			":execution": text(row.Execution), ":now": text(moment(l.Now())),
		},
	})
	return err
}

// windowOf names the maintenance window that suppressed it; empty when none did.
func windowOf(d deployment.Decision) string {
	if d.Window == nil {
		return ""
	}
	return d.Window.Name
}
