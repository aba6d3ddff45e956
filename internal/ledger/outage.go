package ledger

import (
	"context"
	"time"
)

// Outage is something that nobody can be told through until a person mends it. It has the
// key outage#<channel>#<target>.
type Outage struct {
	// Channel is slack, pagerduty or sns.
	Channel string
	// Target is what of the channel is meant: the id of a Slack channel, or the name of the
	// secret or the topic on which all of it hangs.
	Target string
}

// TextsTopic is the target of an outage of the topic of short texts.
const TextsTopic = "texts"

// String names the outage, as in slack#C0123456789.
func (o Outage) String() string { return o.Channel + "#" + o.Target }

const (
	// ToldFor is how long an outage counts as told: after it, it is told again.
	ToldFor = 24 * time.Hour
	// telling is how long somebody may take to tell an outage; longer than a function lives.
	telling = time.Minute
)

// ClaimOutage reserves the telling of the outage for the holder. It is not claimed when it
// has been told within [ToldFor], or when somebody else is telling it. What is claimed is
// settled by [Ledger.SettleOutage].
func (l *Ledger) ClaimOutage(ctx context.Context, o Outage, holder string) (claimed bool, err error) {
	now := l.Now()
	_, ok, err := l.apply(ctx, update{
		pk: o.pk(), sk: "outage",
		set: "holder = :me, heldUntil = :until",
		condition: "(attribute_not_exists(toldAt) OR toldAt < :lapsed) AND " +
			"(attribute_not_exists(holder) OR holder = :me OR heldUntil < :now)",
		values: item{
			":me": text(holder), ":until": text(moment(now.Add(telling))),
			":now": text(moment(now)), ":lapsed": text(moment(now.Add(-ToldFor))),
		},
	})
	return ok, err
}

// SettleOutage notes whether the holder has told the outage. If it has not, the next one
// may claim it at once.
func (l *Ledger) SettleOutage(ctx context.Context, o Outage, holder string, told bool) error {
	u := update{pk: o.pk(), sk: "outage", remove: "holder, heldUntil"}
	if told {
		// Whoever was too slow and lost its hold has told it all the same.
		u.set, u.values = "toldAt = :now", item{":now": text(moment(l.Now()))}
	} else {
		u.condition, u.values = "holder = :me", item{":me": text(holder)}
	}
	_, _, err := l.apply(ctx, u)
	return err
}

// EndOutage notes that the outage is over, so that the next one of the same kind is told at
// once. It does nothing when none was told.
func (l *Ledger) EndOutage(ctx context.Context, o Outage) error {
	_, _, err := l.apply(ctx, update{pk: o.pk(), sk: "outage", remove: "toldAt", condition: "attribute_exists(toldAt)"})
	return err
}

// Ping reads from the table, to see whether it answers.
func (l *Ledger) Ping(ctx context.Context) error {
	_, err := l.get(ctx, "ping", "ping")
	return err
}

func (o Outage) pk() string { return "outage#" + o.String() }
