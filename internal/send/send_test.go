package send

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/step"
)

var (
	noon    = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	errDown = errors.New("the service asked is out of order")
	message = json.RawMessage(`{"text":"checkout 1.42.0 failed"}`)
	receipt = channel.Receipt{Outcome: deployment.Sent, Values: map[string]string{"ts": "1.2"}}
)

// world is a ledger and a vendor; it keeps what they are told, in order.
type world struct {
	attempt            ledger.Attempt
	beginErr, endErr   error
	receipt            channel.Receipt
	sendErr            error
	sent               int
	ended              []deployment.Delivery
	dispatch           channel.Dispatch
	patienceOverdrawn  bool
	sentBeforeItWasEnd bool
	// sure is what the end of the attempt was noted with.
	sure bool
	// slots are those that are reserved, in turn; ready is what becomes of one that has come.
	slots    []time.Time
	ready    bool
	laneErr  error
	reserved []channel.Lane
	blocked  map[string]time.Time
	slept    []time.Duration
}

func (w *world) BeginDelivery(ctx context.Context, d deployment.Deployment, name, execution string) (ledger.Attempt, error) {
	w.check(ctx, d, name)
	if execution != "execution-of-mine" {
		w.patienceOverdrawn = true
	}
	return w.attempt, w.beginErr
}

func (w *world) EndDelivery(ctx context.Context, d deployment.Deployment, name string, delivery deployment.Delivery, sure bool) error {
	w.check(ctx, d, name)
	w.sentBeforeItWasEnd = w.sent > 0
	w.ended = append(w.ended, delivery)
	w.sure = sure
	return w.endErr
}

func (w *world) Reserve(_ context.Context, lane channel.Lane) (time.Time, error) {
	w.reserved = append(w.reserved, lane)
	if w.laneErr != nil {
		return time.Time{}, w.laneErr
	}
	slot := w.slots[0]
	if len(w.slots) > 1 {
		w.slots = w.slots[1:]
	}
	return slot, nil
}

func (w *world) Ready(context.Context, channel.Lane) (bool, error) { return w.ready, w.laneErr }

func (w *world) Block(_ context.Context, lane channel.Lane, until time.Time) error {
	if w.blocked == nil {
		w.blocked = map[string]time.Time{}
	}
	w.blocked[lane.Key] = until
	return w.laneErr
}

func (w *world) check(ctx context.Context, d deployment.Deployment, name string) {
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) > patience || d.Event != "e1" || name != channel.Slack {
		w.patienceOverdrawn = true
	}
}

func (w *world) Send(_ context.Context, dispatch channel.Dispatch) (channel.Receipt, error) {
	w.sent++
	w.dispatch = dispatch
	return w.receipt, w.sendErr
}

func (w *world) send(t *testing.T, before *deployment.Delivery) (deployment.Delivery, error) {
	t.Helper()
	return w.sendIn(t, before)
}

// sendIn sends what waits in the lanes.
func (w *world) sendIn(t *testing.T, before *deployment.Delivery, lanes ...channel.Lane) (deployment.Delivery, error) {
	t.Helper()
	s := w.step()
	if lanes != nil {
		s.Pace = func(deployment.Document) []channel.Lane { return lanes }
	}
	got, err := s.Send(t.Context(), input(message, before))
	if w.patienceOverdrawn {
		t.Error("the ledger is asked without end, or about something else")
	}
	return got, err
}

func (w *world) step() Step {
	return Step{Channel: channel.Slack, Sender: w, Ledger: w, Now: func() time.Time { return noon.In(time.FixedZone("", 3600)) },
		Sleep: func(_ context.Context, d time.Duration) { w.slept = append(w.slept, d) }}
}

func input(message json.RawMessage, before *deployment.Delivery) step.Input {
	doc := step.Document{Message: message, Delivery: before}
	doc.Deployment.Event = "e1"
	return step.Input{Document: doc, Execution: "execution-of-mine"}
}

func TestSent(t *testing.T) {
	t.Parallel()
	sent := deployment.Delivery{Outcome: deployment.Sent, Attempts: 1, Receipt: receipt.Values, SentAt: noon}
	with := func(change func(*deployment.Delivery)) deployment.Delivery {
		d := sent
		change(&d)
		return d
	}
	tests := []struct {
		name   string
		world  world
		before *deployment.Delivery
		want   deployment.Delivery
	}{
		{"at once", world{attempt: ledger.Attempt{Number: 1}, receipt: receipt}, nil, sent},
		{"the ledger is down at first", world{beginErr: errDown, receipt: receipt}, nil, sent},
		{"the ledger is down at last", world{attempt: ledger.Attempt{Number: 1}, endErr: errDown, receipt: receipt}, nil, sent},
		{"at the third attempt", world{attempt: ledger.Attempt{Number: 3}, receipt: receipt}, nil,
			with(func(d *deployment.Delivery) { d.Attempts = 3 })},
		{"after a wait", world{attempt: ledger.Attempt{Number: 2}, receipt: receipt}, &deployment.Delivery{Outcome: deployment.Wait, Seconds: 7, Waited: 9, Attempts: 1},
			with(func(d *deployment.Delivery) { d.Attempts, d.Waited = 2, 9 })},
		{"after a wait, without the ledger", world{beginErr: errDown, receipt: receipt}, &deployment.Delivery{Outcome: deployment.Wait, Waited: 9, Attempts: 4},
			with(func(d *deployment.Delivery) { d.Attempts, d.Waited = 5, 9 })},
		{"the channel itself knows that it repeats", world{attempt: ledger.Attempt{Number: 1}, receipt: channel.Receipt{Outcome: deployment.Repeated}}, nil,
			deployment.Delivery{Outcome: deployment.Repeated, Attempts: 1, SentAt: noon}},
		{"nothing was left to send", world{attempt: ledger.Attempt{Number: 1}, receipt: channel.Receipt{Outcome: deployment.None, Reason: "already shown"}}, nil,
			deployment.Delivery{Outcome: deployment.None, Reason: "already shown", Attempts: 1}},
		{"nothing was left to send after one of which nobody knows",
			world{attempt: ledger.Attempt{Number: 2, Unsure: noon}, receipt: channel.Receipt{Outcome: deployment.None, Reason: "already shown"}}, nil,
			deployment.Delivery{Outcome: deployment.None, Reason: "already shown", Attempts: 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := test.world
			got, err := w.send(t, test.before)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v\nwant %+v", got, err, test.want)
			}
			if w.sent != 1 || len(w.ended) != 1 || !reflect.DeepEqual(w.ended[0], test.want) || !w.sentBeforeItWasEnd {
				t.Errorf("sent %d, noted %+v", w.sent, w.ended)
			}
		})
	}
}

func TestTheVendorGetsTheWholeDispatch(t *testing.T) {
	t.Parallel()
	w := world{receipt: receipt}
	if _, err := w.send(t, nil); err != nil {
		t.Fatal(err)
	}
	if w.dispatch.Document.Deployment.Event != "e1" || string(w.dispatch.Message) != string(message) || w.dispatch.Execution != "execution-of-mine" {
		t.Errorf("got %+v", w.dispatch)
	}
}

func TestAlreadyDelivered(t *testing.T) {
	t.Parallel()
	known := deployment.Delivery{Outcome: deployment.Sent, Attempts: 2, Receipt: receipt.Values, SentAt: noon.Add(-time.Minute)}
	w := world{attempt: ledger.Attempt{Delivered: known, Number: 3, Unsure: noon}}
	got, err := w.send(t, nil)
	if err != nil || !reflect.DeepEqual(got, known) {
		t.Errorf("got %+v, %v", got, err)
	}
	if w.sent != 0 || len(w.ended) != 0 {
		t.Errorf("sent %d times, noted %v", w.sent, w.ended)
	}
}

func TestEmptyMessage(t *testing.T) {
	t.Parallel()
	w := world{receipt: receipt}
	for _, empty := range []json.RawMessage{nil, {}, json.RawMessage("null")} {
		got, err := w.step().Send(t.Context(), input(empty, nil))
		var permanent *failure.Permanent
		if !errors.As(err, &permanent) || !strings.Contains(err.Error(), "slack") || !reflect.DeepEqual(got, deployment.Delivery{}) {
			t.Errorf("%q: got %+v, %v", empty, got, err)
		}
	}
	if w.sent != 0 {
		t.Error("nothing was sent to the vendor")
	}
}

func TestErrorsOfTheVendor(t *testing.T) {
	t.Parallel()
	for _, endErr := range []error{nil, errDown} {
		w := world{attempt: ledger.Attempt{Number: 2}, sendErr: failure.Permanentf("refused: %w", errDown), endErr: endErr}
		_, err := w.send(t, nil)
		var permanent *failure.Permanent
		if !errors.As(failure.Classify(err), &permanent) || !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
		// It is noted that the attempt ended, or the next would pass for a repetition.
		if len(w.ended) != 1 || !w.ended[0].SentAt.IsZero() || w.ended[0].Outcome != "" || !w.sure {
			t.Errorf("noted %+v", w.ended)
		}
	}
}

// TestALedgerThatIsDownIsTold reads the log, the only place that tells of it; it cannot
// be parallel.
func TestALedgerThatIsDownIsTold(t *testing.T) {
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&out, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	for _, test := range []struct {
		world world
		want  string
	}{
		{world{receipt: receipt, beginErr: errDown}, "sending without the ledger"},
		{world{receipt: receipt, endErr: errDown}, "the delivery could not be noted"},
		{world{receipt: receipt}, ""},
	} {
		out.Reset()
		if _, err := test.world.send(t, nil); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.Contains(got, test.want) || (test.want == "") != (got == "") || test.want != "" && !strings.Contains(got, errDown.Error()) {
			t.Errorf("want %q, logged %s", test.want, got)
		}
	}
}
