package ledger

import (
	"context"

	"fanfare/internal/deployment"
)

// byID is where the index has the events of the deployments of this id, beside the
// services: no service's key begins like it.
func byID(id string) string { return "id#" + id }

// TakeEvent claims the event for the execution. It is taken when nobody had it, or the
// very same execution had; else holder is the execution that has it. What the event says
// is noted with it, so that it is found even if nothing more comes of it.
func (l *Ledger) TakeEvent(ctx context.Context, d deployment.Deployment, execution string) (holder string, taken bool, err error) {
	found, ok, err := l.apply(ctx, update{
		pk: "event#" + d.ClaimKey(), sk: "claim",
		set: "holder = :me, claimedAt = :now, #service = :id, #time = :time, #status = :status, #name = :name, kind = :kind, " +
			"environment = :environment, deployment = :deployment, said = :said",
		condition: "attribute_not_exists(holder) OR holder = :me",
		names:     map[string]string{"#service": IndexKey, "#time": IndexSort, "#status": "status", "#name": "name"},
		values: item{
			":me": text(execution), ":now": text(moment(l.Now())), ":id": text(byID(idOf(d.Key(), d.ServiceKey()))), ":time": text(moment(d.Time)),
			":status": text(string(d.Status)), ":name": text(d.Name), ":kind": text(string(d.Kind)),
			":environment": text(d.Environment), ":deployment": text(d.Key()), ":said": text(d.Cause()),
		},
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

// NoteRepeat notes that the event came once more while it was another execution's.
func (l *Ledger) NoteRepeat(ctx context.Context, d deployment.Deployment) error {
	_, _, err := l.apply(ctx, update{
		pk: "event#" + d.ClaimKey(), sk: "claim",
		set:       "repeats = if_not_exists(repeats, :none) + :one, lastRepeatAt = :now",
		condition: "attribute_exists(holder)",
		values:    item{":none": number(0), ":one": number(1), ":now": text(moment(l.Now()))},
	})
	return err
}
