package ledger

import (
	"context"
	"errors"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// heldWait is how long to wait before a message is asked for again that somebody else
// is changing: longer than a send takes, shorter than anybody notices.
const heldWait = time.Second

// longestTry is for how long at most an execution is trying to tell an event: what it may
// have posted is not older than its hold by more than that.
const longestTry = 5 * time.Minute

// Threads keeps the one message that tells of a deployment; it implements
// [channel.Threads].
type Threads struct{ Ledger *Ledger }

// Hold implements [channel.Threads].
func (t Threads) Hold(ctx context.Context, key, holder string, until time.Time) (channel.Thread, error) {
	before, ok, err := t.Ledger.apply(ctx, update{
		pk: "deployment#" + key, sk: "deployment",
		set:       "threadHolder = :me, threadUntil = :until",
		condition: "attribute_not_exists(threadHolder) OR threadHolder = :me OR threadUntil < :now",
		values:    item{":me": text(holder), ":until": text(moment(until)), ":now": text(moment(t.Ledger.Now()))},
		old:       true,
	})
	if err != nil {
		return channel.Thread{}, err
	}
	if !ok {
		return channel.Thread{}, &failure.RateLimited{
			Err:   errors.New("another event of this deployment is changing its message"),
			After: heldWait,
		}
	}
	thread := channel.Thread{
		Channel: getText(before, "threadChannel"), TS: getText(before, "threadTs"),
		Status: deployment.Status(getText(before, "threadStatus")), At: getMoment(before, "threadAt"),
		Broadcast: getText(before, "threadBroadcast"), Digest: getText(before, "threadDigest"),
		Slot: getMoment(before, "threadSlot"), Unsure: getMoment(before, "threadUnsure"),
		Holder: holder, Until: until,
		Interrupted: getText(before, "threadHolder") != "",
	}
	if began := getMoment(before, "threadUntil").Add(-longestTry); thread.Interrupted && (thread.Unsure.IsZero() || began.Before(thread.Unsure)) {
		thread.Unsure = began
	}
	return thread, nil
}

// Note implements [channel.Threads].
func (t Threads) Note(ctx context.Context, key, holder string, thread channel.Thread) error {
	_, ok, err := t.Ledger.apply(ctx, update{
		pk: "deployment#" + key, sk: "deployment",
		set: "threadChannel = :channel, threadTs = :ts, threadStatus = :status, threadAt = :at, threadBroadcast = :broadcast, " +
			"threadDigest = :digest, threadSlot = :slot, threadUnsure = :unsure",
		// A holder that was too slow and lost its hold still knows best what it sent,
		// unless the next one has noted a message of its own.
		condition: "threadHolder = :me OR attribute_not_exists(threadTs) OR threadTs = :none",
		values: item{
			":me": text(holder), ":none": text(""), ":channel": text(thread.Channel), ":ts": text(thread.TS),
			":status": text(string(thread.Status)), ":at": text(moment(thread.At)), ":broadcast": text(thread.Broadcast),
			":digest": text(thread.Digest), ":slot": text(momentOrNone(thread.Slot)), ":unsure": text(momentOrNone(thread.Unsure)),
		},
	})
	if err == nil && !ok {
		return failure.Transientf("noting the message: the hold on it was lost")
	}
	return err
}

// Release implements [channel.Threads].
func (t Threads) Release(ctx context.Context, key, holder string) error {
	_, _, err := t.Ledger.apply(ctx, update{
		pk: "deployment#" + key, sk: "deployment",
		remove: "threadHolder, threadUntil", condition: "threadHolder = :me",
		values: item{":me": text(holder)},
	})
	return err
}

// momentOrNone is empty for no moment at all.
func momentOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return moment(t)
}
