package ledger

import (
	"strings"
	"testing"
	"time"

	"fanfare/internal/channel"
)

func millis(t time.Time) int64 { return t.UnixMilli() }

// TestReservations are of such conditions that exactly one holds, however the lane stands.
// What DynamoDB itself makes of them, the end-to-end tests try.
func TestReservations(t *testing.T) {
	t.Parallel()
	for _, urgent := range []bool{false, true} {
		lane := channel.Lane{Key: "slack:C1", Cost: 1500 * time.Millisecond, Urgent: urgent}
		for _, u := range reservations(lane, now) {
			if u.pk != "pace#slack:C1" || u.sk != "lane" || !u.old {
				t.Errorf("%+v", u)
			}
			if strings.Contains(u.set, ":cost") != (getNumber(u.values, ":cost") == 1500) || strings.Contains(u.set, ":free") != (getNumber(u.values, ":free") == millis(now)+1500) {
				t.Errorf("%s with %v", u.set, u.values)
			}
			if urgent != strings.Contains(u.set, "urgentUntil = ") || !strings.Contains(u.set, "allUntil = ") {
				t.Errorf("urgent %t: %s", urgent, u.set)
			}
		}
	}
}

// TestSlotOf is never in the past, as early as the burst allows, and not before the vendor
// takes messages again.
func TestSlotOf(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration) time.Time { return now.Add(d).Truncate(time.Millisecond) }
	lane := channel.Lane{Cost: time.Second, Burst: 5 * time.Second}
	urgent := lane
	urgent.Urgent = true
	for name, test := range map[string]struct {
		before item
		lane   channel.Lane
		want   time.Time
	}{
		"a lane that nobody has used": {nil, lane, now},
		"long free":                   {item{"allUntil": number(millis(in(-time.Hour)))}, lane, now},
		"taken, within the burst":     {item{"allUntil": number(millis(in(5 * time.Second)))}, lane, now},
		"taken":                       {item{"allUntil": number(millis(in(9 * time.Second))), "urgentUntil": number(millis(in(time.Second)))}, lane, in(4 * time.Second)},
		"urgent":                      {item{"allUntil": number(millis(in(time.Hour))), "urgentUntil": number(millis(in(7 * time.Second)))}, urgent, in(2 * time.Second)},
		"blocked":                     {item{"allUntil": number(millis(in(time.Second))), "blockedUntil": number(millis(in(30 * time.Second)))}, lane, in(30 * time.Second)},
		"blocked, and taken after it": {item{"allUntil": number(millis(in(40 * time.Second))), "blockedUntil": number(millis(in(30 * time.Second)))}, lane, in(35 * time.Second)},
	} {
		if got := slotOf(test.before, test.lane, now); !got.Equal(test.want) || got.Location() != time.UTC {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestReserveGivesUp when others are faster every time: then it is sent out of turn.
func TestReserveGivesUp(t *testing.T) {
	t.Parallel()
	f := &table{refuse: true}
	_, err := f.ledger().Reserve(t.Context(), channel.Lane{Key: "pagerduty", Urgent: true})
	if err == nil || !strings.Contains(err.Error(), "pagerduty") || len(f.updates) != 3*tries {
		t.Errorf("%v after %d writes", err, len(f.updates))
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	for _, urgent := range []bool{false, true} {
		f := &table{}
		lane := channel.Lane{Key: "pagerduty", Burst: time.Second, Urgent: urgent}
		if ready, err := f.ledger().Ready(t.Context(), lane); err != nil || !ready {
			t.Errorf("%t, %v", ready, err)
		}
		in := f.last(t)
		if strings.Contains(*in.ConditionExpression, "urgentUntil") == urgent || getNumber(in.ExpressionAttributeValues, ":now") != millis(now) ||
			!urgent && getNumber(in.ExpressionAttributeValues, ":ahead") != millis(now)+1000 {
			t.Errorf("urgent %t: %s with %v", urgent, *in.ConditionExpression, in.ExpressionAttributeValues)
		}
		f.refuse = true
		if ready, err := f.ledger().Ready(t.Context(), lane); err != nil || ready {
			t.Errorf("refused: %t, %v", ready, err)
		}
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	f := &table{}
	lane := channel.Lane{Key: "pagerduty", Cost: time.Second, Burst: 2 * time.Second}
	if err := f.ledger().Block(t.Context(), lane, now); err != nil || len(f.updates) != 3 {
		t.Fatalf("%v after %d writes", err, len(f.updates))
	}
	for _, in := range f.updates {
		want := millis(now) + 3000
		if strings.Contains(*in.UpdateExpression, "blockedUntil") {
			want = millis(now)
		}
		if getNumber(in.ExpressionAttributeValues, ":until") != want || !strings.Contains(*in.ConditionExpression, " < :until") {
			t.Errorf("%s with %v", *in.UpdateExpression, in.ExpressionAttributeValues)
		}
	}
	f.err = errDown
	if err := f.ledger().Block(t.Context(), lane, now); err == nil {
		t.Error("a ledger that is down is not told")
	}
}
