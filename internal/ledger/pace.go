package ledger

import (
	"context"
	"fmt"
	"time"

	"fanfare/internal/channel"
)

// tries is how often a slot is tried for while others take theirs: of any two writes at
// once one goes through, and changes what the other has to ask for but once.
const tries = 6

// Reserve takes the lane's next slot: the moment at which the message may be sent. It is
// now when the lane is free. The lane is kept as the moments until which it is taken: by
// what is urgent, and by everything (the generic cell rate algorithm, with the theoretical
// arrival time of ITU-T I.371 for each of the two).
func (l *Ledger) Reserve(ctx context.Context, lane channel.Lane) (time.Time, error) {
	for range tries {
		now := l.Now()
		for _, u := range reservations(lane, now) {
			before, ok, err := l.apply(ctx, u)
			if err != nil {
				return time.Time{}, err
			}
			if ok {
				return slotOf(before, lane, now), nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("reserving a slot of %s: others took it %d times", lane.Key, tries)
}

// reservations are the writes of which exactly one fits how the lane stands: it is taken
// for a while, or free. What is urgent pushes everything else back.
func reservations(lane channel.Lane, now time.Time) []update {
	reserve := func(set, condition string, moved, free bool) update {
		u := update{pk: "pace#" + lane.Key, sk: "lane", old: true, set: set, condition: condition, values: item{":now": number(now.UnixMilli())}}
		if moved {
			u.values[":cost"] = number(lane.Cost.Milliseconds())
		}
		if free {
			u.values[":free"] = number(now.Add(lane.Cost).UnixMilli())
		}
		return u
	}
	const urgentFree = "(attribute_not_exists(urgentUntil) OR urgentUntil < :now)"
	const allFree = "(attribute_not_exists(allUntil) OR allUntil < :now)"
	if !lane.Urgent {
		return []update{
			reserve("allUntil = allUntil + :cost", "allUntil >= :now", true, false),
			reserve("allUntil = :free", allFree, false, true),
		}
	}
	return []update{
		reserve("urgentUntil = urgentUntil + :cost, allUntil = allUntil + :cost", "urgentUntil >= :now AND allUntil >= :now", true, false),
		reserve("urgentUntil = :free, allUntil = allUntil + :cost", urgentFree+" AND allUntil >= :now", true, true),
		reserve("urgentUntil = :free, allUntil = :free", urgentFree+" AND "+allFree, false, true),
	}
}

// slotOf is the slot that was taken of a lane that stood so before.
func slotOf(before item, lane channel.Lane, now time.Time) time.Time {
	name := "allUntil"
	if lane.Urgent {
		name = "urgentUntil"
	}
	slot := time.UnixMilli(getNumber(before, name)).Add(-lane.Burst)
	if blocked := time.UnixMilli(getNumber(before, "blockedUntil")); blocked.After(slot) {
		slot = blocked
	}
	if slot.Before(now) {
		return now.UTC()
	}
	return slot.UTC()
}

// Ready tells whether a slot that has come may be used: the vendor has not asked
// everybody to wait since, and nothing urgent has come in between. One that may not is
// given up for another.
func (l *Ledger) Ready(ctx context.Context, lane channel.Lane) (bool, error) {
	now := l.Now()
	u := update{
		pk: "pace#" + lane.Key, sk: "lane",
		condition: "attribute_not_exists(blockedUntil) OR blockedUntil <= :now",
		values:    item{":now": number(now.UnixMilli())},
	}
	if !lane.Urgent {
		u.condition = "(" + u.condition + ") AND (attribute_not_exists(urgentUntil) OR urgentUntil <= :ahead)"
		u.values[":ahead"] = number(now.Add(lane.Burst).UnixMilli())
	}
	_, ok, err := l.apply(ctx, u)
	return ok, err
}

// Block keeps the lane free until the vendor takes messages again. Slots that come before
// that are no longer [Ledger.Ready], and those that are taken from now on come after it.
func (l *Ledger) Block(ctx context.Context, lane channel.Lane, until time.Time) error {
	for name, moment := range map[string]time.Time{
		"blockedUntil": until, "urgentUntil": until.Add(lane.Cost + lane.Burst), "allUntil": until.Add(lane.Cost + lane.Burst),
	} {
		_, _, err := l.apply(ctx, update{
			pk: "pace#" + lane.Key, sk: "lane", set: name + " = :until",
			condition: "attribute_not_exists(" + name + ") OR " + name + " < :until",
			values:    item{":until": number(moment.UnixMilli())},
		})
		if err != nil {
			return err
		}
	}
	return nil
}
