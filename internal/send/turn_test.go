package send

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/step"
)

var (
	posts = channel.Lane{Key: "slack:C1", Cost: time.Second}
	edits = channel.Lane{Key: "slack:edit", Cost: 1200 * time.Millisecond}
)

func at(d time.Duration) time.Time { return noon.Add(d) }

// TestTurn sends what has its turn, naps for what has it soon, and has the workflow wait
// for what has it later.
func TestTurn(t *testing.T) {
	t.Parallel()
	waited := &deployment.Delivery{Outcome: deployment.Wait, Waited: 5, Attempts: 1, Slot: at(-time.Second)}
	tests := []struct {
		name     string
		world    world
		before   *deployment.Delivery
		lanes    []channel.Lane
		seconds  int
		slept    []time.Duration
		reserved int
	}{
		{"no lanes", world{}, nil, nil, 0, nil, 0},
		{"at once", world{slots: []time.Time{noon}}, nil, []channel.Lane{posts}, 0, nil, 1},
		{"within a second", world{slots: []time.Time{at(time.Second)}}, nil, []channel.Lane{posts}, 0, []time.Duration{time.Second}, 1},
		{"later", world{slots: []time.Time{at(1001 * time.Millisecond)}}, nil, []channel.Lane{posts}, 2, nil, 1},
		{"the later of two lanes", world{slots: []time.Time{at(7 * time.Second), at(3 * time.Second)}}, nil, []channel.Lane{posts, edits}, 7, nil, 2},
		{"a slot that has come", world{ready: true}, waited, []channel.Lane{posts, edits}, 0, nil, 0},
		{"a slot that is another's by now", world{slots: []time.Time{at(9 * time.Second)}}, waited, []channel.Lane{posts}, 9, nil, 1},
		{"lanes that cannot be asked", world{laneErr: errDown}, nil, []channel.Lane{posts}, 0, nil, 1},
		{"a slot of which nothing can be learnt", world{laneErr: errDown}, waited, []channel.Lane{posts}, 0, nil, 0},
		{"a ledger that is down is not asked again", world{beginErr: errDown}, nil, []channel.Lane{posts}, 0, nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := test.world
			w.receipt = receipt
			got, err := w.sendIn(t, test.before, test.lanes...)
			if err != nil || !slices.Equal(w.slept, test.slept) || len(w.reserved) != test.reserved {
				t.Errorf("%v, slept %v, reserved %v", err, w.slept, w.reserved)
			}
			if test.seconds == 0 {
				if got.Outcome != deployment.Sent || w.sent != 1 {
					t.Errorf("got %+v, sent %d", got, w.sent)
				}
				return
			}
			before := 0
			if test.before != nil {
				before = test.before.Waited
			}
			if got.Outcome != deployment.Wait || got.Seconds != test.seconds || got.Waited != before+test.seconds || !got.Slot.After(noon) || w.sent != 0 {
				t.Errorf("got %+v, sent %d", got, w.sent)
			}
			if len(w.ended) != 1 || !w.sure { // somebody else may send it meanwhile
				t.Errorf("noted %+v, sure %t", w.ended, w.sure)
			}
		})
	}
}

// TestUnsure keeps in mind that the vendor may have taken an attempt, and forgets it only
// when the delivery is done.
func TestUnsure(t *testing.T) {
	t.Parallel()
	refused, unanswered := failure.Permanentf("refused"), failure.Transientf("no answer")
	for name, test := range map[string]struct {
		world world
		sure  bool
	}{
		"sent":                                 {world{receipt: receipt}, true},
		"refused":                              {world{sendErr: refused}, true},
		"no answer":                            {world{sendErr: unanswered}, false},
		"asked to wait":                        {world{sendErr: limited(time.Second)}, true},
		"nobody knows, then sent":              {world{attempt: ledger.Attempt{Unsure: at(-time.Minute)}, receipt: receipt}, true},
		"nobody knows, then refused":           {world{attempt: ledger.Attempt{Unsure: at(-time.Minute)}, sendErr: refused}, false},
		"nobody knows, then asked to wait":     {world{attempt: ledger.Attempt{Unsure: at(-time.Minute)}, sendErr: limited(time.Second)}, false},
		"nobody knows, then before its turn":   {world{attempt: ledger.Attempt{Unsure: at(-time.Minute)}, slots: []time.Time{at(time.Hour / 10)}}, false},
		"nobody knows, then busy":              {world{attempt: ledger.Attempt{Unsure: at(-time.Minute)}, receipt: channel.Receipt{Outcome: deployment.Wait}}, false},
		"busy, and nothing happened before it": {world{receipt: channel.Receipt{Outcome: deployment.Wait, After: 3 * time.Second}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := test.world
			if w.slots == nil {
				w.slots = []time.Time{noon}
			}
			_, _ = w.sendIn(t, nil, posts)
			if len(w.ended) != 1 || w.sure != test.sure {
				t.Errorf("noted %+v, sure %t", w.ended, w.sure)
			}
			if w.sent == 1 && !w.dispatch.Unsure.Equal(w.attempt.Unsure) {
				t.Errorf("the sender was told %v", w.dispatch.Unsure)
			}
		})
	}
}

// TestHeld leaves alone what somebody else is sending.
func TestHeld(t *testing.T) {
	t.Parallel()
	w := world{attempt: ledger.Attempt{Held: 12500 * time.Millisecond, Number: 2}, receipt: receipt}
	got, err := w.sendIn(t, nil, posts)
	if err != nil || got.Outcome != deployment.Wait || got.Seconds != 13 || w.sent+len(w.ended)+len(w.reserved) != 0 {
		t.Errorf("got %+v, %v; sent %d, noted %v", got, err, w.sent, w.ended)
	}
}

// TestBusy waits as long as the sender asks for, and keeps its slot.
func TestBusy(t *testing.T) {
	t.Parallel()
	w := world{receipt: channel.Receipt{Outcome: deployment.Wait, After: 2500 * time.Millisecond}, ready: true}
	got, err := w.sendIn(t, &deployment.Delivery{Waited: 1, Attempts: 1, Slot: noon}, posts)
	want := deployment.Delivery{Outcome: deployment.Wait, Seconds: 3, Waited: 4, Attempts: 2, Slot: noon, Reason: errBusy.Error()}
	if err != nil || !reflect.DeepEqual(got, want) || w.blocked != nil {
		t.Errorf("got %+v, %v, want %+v; blocked %v", got, err, want, w.blocked)
	}
}

// TestBlock keeps all others out of the lanes for as long as the vendor asks to wait.
func TestBlock(t *testing.T) {
	t.Parallel()
	for _, laneErr := range []error{nil, errDown} {
		w := world{sendErr: fmt.Errorf("posting: %w", limited(7*time.Second)), slots: []time.Time{noon}, laneErr: laneErr}
		got, err := w.sendIn(t, nil, posts, edits)
		if err != nil || got.Seconds != 7 || !got.Slot.Equal(at(7*time.Second)) {
			t.Errorf("got %+v, %v", got, err)
		}
		if laneErr == nil && (!w.blocked[posts.Key].Equal(got.Slot) || !w.blocked[edits.Key].Equal(got.Slot)) {
			t.Errorf("blocked %v", w.blocked)
		}
	}
}

// TestPublish has the workflow publish what has no sender, once, and notes it then.
func TestPublish(t *testing.T) {
	t.Parallel()
	publish := func(w *world, in step.Input) deployment.Delivery {
		s := w.step()
		s.Sender = nil
		got, err := s.Send(t.Context(), in)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	for name, test := range map[string]struct {
		unsure time.Time
		want   deployment.Outcome
	}{"the first attempt": {time.Time{}, deployment.Sent}, "after one of which nobody knows": {at(-time.Minute), deployment.Repeated}} {
		w := world{attempt: ledger.Attempt{Number: 2, Unsure: test.unsure}}
		asked := publish(&w, input(message, nil))
		if asked.Outcome != deployment.Publish || len(w.ended) != 0 {
			t.Errorf("%s: got %+v, noted %v", name, asked, w.ended)
		}
		in := input(message, &asked)
		in.Document.Published = &step.Published{MessageID: "m1"}
		got := publish(&w, in)
		want := deployment.Delivery{Outcome: test.want, Attempts: 2, SentAt: noon, Receipt: map[string]string{"message_id": "m1"}}
		if !reflect.DeepEqual(got, want) || len(w.ended) != 1 || !reflect.DeepEqual(w.ended[0], want) {
			t.Errorf("%s: got %+v, noted %v", name, got, w.ended)
		}
	}
	known := deployment.Delivery{Outcome: deployment.Sent, SentAt: noon, Attempts: 1}
	w := world{attempt: ledger.Attempt{Delivered: known}}
	if got := publish(&w, input(message, nil)); !reflect.DeepEqual(got, known) {
		t.Errorf("published before: got %+v", got)
	}
}

// TestPublishedIsRead reads what SNS answers, as Step Functions hands it over.
func TestPublishedIsRead(t *testing.T) {
	t.Parallel()
	var in step.Input
	if err := json.Unmarshal([]byte(`{"document":{"message":{},"published":{"MessageId":"m1","SdkResponseMetadata":{"RequestId":"r"}}}}`), &in); err != nil || in.Document.Published.MessageID != "m1" {
		t.Errorf("got %+v, %v", in.Document.Published, err)
	}
}

// TestSince sends nothing that what has happened since the claim makes wrong.
func TestSince(t *testing.T) {
	t.Parallel()
	newer, recovered := ledger.Standing{NewerFailure: true}, ledger.Standing{Recovered: true}
	for name, test := range map[string]struct {
		status   deployment.Status
		standing ledger.Standing
		err      error
		reason   string
	}{
		"a success, and nothing since":          {deployment.Succeeded, ledger.Standing{}, nil, ""},
		"a success, and a failure since":        {deployment.Succeeded, newer, nil, "newer_failure"},
		"a success, and another":                {deployment.Succeeded, recovered, nil, ""},
		"a failure, and another":                {deployment.Failed, newer, nil, ""},
		"a failure, and a success since":        {deployment.Failed, recovered, nil, "recovered"},
		"stuck, and a success since":            {deployment.Stuck, recovered, nil, "recovered"},
		"a failure, and nobody knows":           {deployment.Failed, recovered, errDown, ""},
		"a failure that nothing is known of it": {deployment.Failed, ledger.Standing{}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := world{receipt: receipt}
			s := w.step()
			s.Overtaken = func(_ context.Context, d deployment.Deployment, startedAt time.Time) (ledger.Standing, error) {
				if d.Event != "e1" || !startedAt.Equal(noon) {
					t.Errorf("asked about %s, started at %v", d.Event, startedAt)
				}
				return test.standing, test.err
			}
			in := input(message, nil)
			in.Document.Deployment.Status, in.Document.Claim = test.status, &deployment.Claim{StartedAt: noon}
			got, err := s.Send(t.Context(), in)
			if err != nil || (test.reason == "") != (w.sent == 1) || test.reason != "" && (got.Outcome != deployment.None || got.Reason != test.reason) || len(w.ended) != 1 {
				t.Errorf("got %+v, %v; sent %d, noted %v", got, err, w.sent, w.ended)
			}
		})
	}
}
