package send

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
)

func limited(after time.Duration) error {
	return &failure.RateLimited{Err: errDown, After: after}
}

func TestWait(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		after   time.Duration
		before  *deployment.Delivery
		seconds int
		waited  int
	}{
		{"whole seconds", 7 * time.Second, nil, 7, 7},
		{"a part of a second more", 7*time.Second + time.Nanosecond, nil, 8, 8},
		{"less than a second", time.Millisecond, nil, 1, 1},
		{"nothing said", 0, nil, 1, 1},
		{"the second wait", 5 * time.Second, &deployment.Delivery{Waited: 30, Attempts: 1}, 5, 35},
		{"as long as it may be", MaxWait, nil, 1800, 1800},
		{"as long as is left", 100 * time.Second, &deployment.Delivery{Waited: 1700, Attempts: 1}, 100, 1800},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			number := 1
			if test.before != nil {
				number = 2
			}
			w := world{attempt: ledger.Attempt{Number: number}, sendErr: fmt.Errorf("posting: %w", limited(test.after))}
			got, err := w.send(t, test.before)
			want := deployment.Delivery{Outcome: deployment.Wait, Seconds: test.seconds, Waited: test.waited, Attempts: number, Slot: noon.Add(test.after), Reason: "posting: the service asked is out of order"}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if len(w.ended) != 1 || !w.ended[0].SentAt.IsZero() {
				t.Errorf("noted %+v", w.ended)
			}
		})
	}
}

// TestGivingUp holds that nobody waits for longer than MaxWait in all.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		after  time.Duration
		before *deployment.Delivery
	}{
		{"too long at once", MaxWait + time.Nanosecond, nil},
		{"until the end of time", math.MaxInt64, nil},
		{"too long in all", 101 * time.Second, &deployment.Delivery{Waited: 1700, Attempts: 1}},
		{"all was waited", 0, &deployment.Delivery{Waited: 1800, Attempts: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := world{attempt: ledger.Attempt{Number: 1}, sendErr: limited(test.after)}
			got, err := w.send(t, test.before)
			if _, ok := failure.Classify(err).(*failure.Permanent); !ok || !errors.Is(err, errDown) || !strings.Contains(err.Error(), "slack") {
				t.Errorf("got %v", err)
			}
			if got.Outcome != "" || len(w.ended) != 1 {
				t.Errorf("got %+v, noted %+v", got, w.ended)
			}
		})
	}
}

// TestAWaitEnds plays a vendor that never has time for us: the delivery ends, and all
// of the seconds were counted.
func TestAWaitEnds(t *testing.T) {
	t.Parallel()
	var before *deployment.Delivery
	for attempt := 1; ; attempt++ {
		w := world{attempt: ledger.Attempt{Number: attempt}, sendErr: limited(90 * time.Second)}
		got, err := w.send(t, before)
		if err != nil {
			if attempt != 21 { // 20 waits of 90 s are the 30 minutes
				t.Errorf("given up at attempt %d: %v", attempt, err)
			}
			return
		}
		if got.Attempts != attempt || got.Waited != 90*attempt || attempt > 21 {
			t.Fatalf("attempt %d: got %+v", attempt, got)
		}
		before = &got
	}
}

// TestTheOutermostClassCounts is a rate limit that whoever saw it has judged to be the
// end: it is not waited for.
func TestTheOutermostClassCounts(t *testing.T) {
	t.Parallel()
	w := world{sendErr: failure.Permanentf("the channel is archived: %w", limited(time.Second))}
	got, err := w.send(t, nil)
	if _, ok := failure.Classify(err).(*failure.Permanent); !ok || got.Outcome == deployment.Wait {
		t.Errorf("got %+v, %v", got, err)
	}
}
