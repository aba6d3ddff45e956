package ledger

import (
	"context"

	"fanfare/internal/deployment"
)

// TakeEvent claims the event for the execution. It is taken when nobody had it, or the
// very same execution had; else holder is the execution that has it.
func (l *Ledger) TakeEvent(ctx context.Context, d deployment.Deployment, execution string) (holder string, taken bool, err error) {
	found, ok, err := l.apply(ctx, update{
		pk: "event#" + d.ClaimKey(), sk: "claim",
		set:       "holder = :me, claimedAt = :now",
		condition: "attribute_not_exists(holder) OR holder = :me",
		values:    item{":me": text(execution), ":now": text(moment(l.Now()))},
	})
	return getText(found, "holder"), ok, err
}

// TakeOver claims the event for the execution if it is still held by the one that died,
// or by the execution already: the SDK repeats a write whose answer was lost.
func (l *Ledger) TakeOver(ctx context.Context, d deployment.Deployment, execution, dead string) (holder string, taken bool, err error) {
	found, ok, err := l.apply(ctx, update{
		pk: "event#" + d.ClaimKey(), sk: "claim",
		set:       "holder = :me, claimedAt = :now, takenFrom = :dead",
		condition: "holder = :dead OR holder = :me",
		values:    item{":me": text(execution), ":now": text(moment(l.Now())), ":dead": text(dead)},
	})
	return getText(found, "holder"), ok, err
}
