//go:build e2e

package e2e_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
)

// table is the deployed ledger, with a clock that the test moves.
func table(now *time.Time) *ledger.Ledger {
	return &ledger.Ledger{API: dynamodb.NewFromConfig(w.Config()), Table: w.Outputs["LedgerTable"], Now: func() time.Time { return *now }}
}

func some(status deployment.Status, at time.Time) deployment.Deployment {
	return deployment.Deployment{
		Event: "e-" + digits(12), Name: "X", Account: "123456789012", Region: "eu-west-1", Cluster: "c", Service: "s-" + digits(12),
		ID: "ecs-svc/" + digits(19), Status: status, Kind: deployment.Ordinary, Time: at,
	}
}

func TestLedgerClaims(t *testing.T) {
	now := time.Now().UTC()
	l, d := table(&now), some(deployment.Failed, now)
	for i, step := range []struct {
		execution, dead string
		taken           bool
		holder          string
	}{
		{"first", "", true, "first"},
		{"first", "", true, "first"},
		{"second", "", false, "first"},
		{"second", "first", true, "second"},
		{"second", "first", true, "second"}, // the SDK repeats a write whose answer was lost
		{"third", "first", false, "second"},
	} {
		take := func() (string, bool, error) { return l.TakeEvent(t.Context(), d, step.execution) }
		if step.dead != "" {
			take = func() (string, bool, error) { return l.TakeOver(t.Context(), d, step.execution, step.dead) }
		}
		holder, taken, err := take()
		if err != nil || taken != step.taken || holder != step.holder {
			t.Errorf("step %d: %s, %t, %v", i, holder, taken, err)
		}
	}
}

func TestLedgerProgress(t *testing.T) {
	noon := time.Now().UTC().Truncate(time.Second)
	l, d := table(&noon), some(deployment.InProgress, noon)
	key := deployment.Key(d, deployment.Rollback)
	advance := func(status deployment.Status, minute int, late bool, start int) {
		t.Helper()
		d.Status, d.Time = status, noon.Add(time.Duration(minute)*time.Minute)
		startedAt, got, err := l.Advance(t.Context(), key, deployment.Rollback, d)
		if err != nil || got != late || !startedAt.Equal(noon.Add(time.Duration(start)*time.Minute)) {
			t.Errorf("%s in minute %d: late %t, started %s (%v)", status, minute, got, startedAt, err)
		}
	}
	advance(deployment.InProgress, 1, false, 1)
	advance(deployment.InProgress, 0, true, 1)
	advance(deployment.Succeeded, 5, false, 1)
	advance(deployment.Succeeded, 5, false, 1)
	advance(deployment.InProgress, 6, true, 1)
	advance(deployment.Failed, 5, false, 1)
	advance(deployment.Succeeded, 5, true, 1)
	threads := ledger.Threads{Ledger: l}
	hold(t, threads, key, "x", noon, channel.Thread{})
	if err := threads.Note(t.Context(), key, "x", channel.Thread{Channel: "C", TS: "1.1", Status: deployment.Failed, At: noon}); err != nil {
		t.Fatal(err)
	}
	d.Time = noon.Add(5 * time.Minute)
	restart := func() {
		t.Helper()
		if err := l.Restart(t.Context(), key, d); err != nil {
			t.Fatal(err)
		}
	}
	restart()
	if p, err := l.Progress(t.Context(), key); err != nil || !p.Seen {
		t.Errorf("restarted by an event of the same moment: %+v, %v", p, err)
	}
	d.Time = noon.Add(60 * time.Minute)
	restart()
	advance(deployment.InProgress, 60, false, 60)
	restart()
	if p, err := l.Progress(t.Context(), key); err != nil || p.Status != deployment.InProgress || !p.StartedAt.Equal(noon.Add(time.Hour)) {
		t.Errorf("after the second rollback began: %+v, %v", p, err)
	}
	hold(t, threads, key, "x", noon, channel.Thread{Interrupted: true})
}

func hold(t *testing.T, threads ledger.Threads, key, holder string, now time.Time, want channel.Thread) {
	t.Helper()
	got, err := threads.Hold(t.Context(), key, holder, now.Add(30*time.Second))
	if err != nil || got.TS != want.TS || got.Status != want.Status || got.Interrupted != want.Interrupted || got.Broadcast != want.Broadcast {
		t.Errorf("held: %+v, %v", got, err)
	}
}

func TestLedgerThreads(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	l := table(&now)
	threads, key := ledger.Threads{Ledger: l}, deployment.Key(some(deployment.Failed, now), deployment.Ordinary)
	hold(t, threads, key, "a", now, channel.Thread{})
	_, err := threads.Hold(t.Context(), key, "b", now.Add(time.Minute))
	var limited *failure.RateLimited
	if !errors.As(err, &limited) || limited.After <= 0 {
		t.Errorf("somebody else holds it as well: %v", err)
	}
	if err := threads.Note(t.Context(), key, "a", channel.Thread{Channel: "C", TS: "1.1", Status: deployment.InProgress, At: now, Broadcast: "1.2"}); err != nil {
		t.Fatal(err)
	}
	if err := threads.Release(t.Context(), key, "b"); err != nil {
		t.Errorf("letting go of what one does not hold: %v", err)
	}
	if err := threads.Release(t.Context(), key, "a"); err != nil {
		t.Fatal(err)
	}
	want := channel.Thread{TS: "1.1", Status: deployment.InProgress, Broadcast: "1.2"}
	hold(t, threads, key, "b", now, want)
	now = now.Add(time.Minute) // b died
	want.Interrupted = true
	hold(t, threads, key, "c", now, want)
	if err := threads.Note(t.Context(), key, "b", channel.Thread{TS: "9.9"}); err == nil {
		t.Error("who lost the hold noted something over another's message")
	}
}

func TestLedgerDeliveries(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	l, d := table(&now), some(deployment.Failed, now)
	began := now
	begin := func(execution string, number int, unsure time.Time, held time.Duration) {
		t.Helper()
		a, err := l.BeginDelivery(t.Context(), d, "slack", execution)
		if err != nil || a.Number != number || !a.Unsure.Equal(unsure) || a.Held != held || a.Delivered.Outcome != "" {
			t.Errorf("begun: %+v, %v", a, err)
		}
	}
	end := func(delivery deployment.Delivery, sure bool) {
		t.Helper()
		if err := l.EndDelivery(t.Context(), d, "slack", delivery, sure); err != nil {
			t.Fatal(err)
		}
	}
	begin("one", 1, time.Time{}, 0)
	now = now.Add(10 * time.Second)
	begin("two", 2, began, ledger.Lease-10*time.Second) // it is still the first's
	begin("one", 2, began, 0)                           // whose function died
	now = now.Add(ledger.Lease + time.Second)
	begin("two", 3, began, 0) // its lease is over
	end(deployment.Delivery{Outcome: deployment.Wait}, false)
	begin("three", 4, began, 0) // let go of, and still nobody knows of the first attempt
	end(deployment.Delivery{Outcome: deployment.Wait}, true)
	begin("one", 5, time.Time{}, 0)
	sent := deployment.Delivery{Outcome: deployment.Sent, SentAt: now, Receipt: map[string]string{"ts": "1.1"}}
	end(sent, true)
	doc := deployment.Document{Deployment: d}
	row := ledger.Audit{Channel: "slack", Decision: deployment.Decision{Decision: deployment.Suppress}, Delivery: deployment.Delivery{Outcome: deployment.None}}
	if err := l.WriteAudit(t.Context(), doc, row); err != nil {
		t.Fatal(err)
	}
	a, err := l.BeginDelivery(t.Context(), d, "slack", "four")
	if err != nil || a.Delivered.Outcome != deployment.Sent || a.Delivered.Receipt["ts"] != "1.1" || !a.Delivered.SentAt.Equal(now) {
		t.Errorf("what was sent is forgotten: %+v, %v", a, err)
	}
}

func TestLedgerGood(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	l, key := table(&now), some(deployment.Succeeded, now).ServiceKey()
	for _, step := range []struct {
		tag    string
		minute int
		late   bool
		good   string
	}{{"1", 0, false, "1"}, {"3", 9, false, "3"}, {"2", 5, true, "3"}, {"3", 9, false, "3"}} {
		_, late, err := l.SetGood(t.Context(), key, deployment.Image{Tag: step.tag}, now.Add(time.Duration(step.minute)*time.Minute))
		if err != nil || late != step.late {
			t.Errorf("%s: late %t, %v", step.tag, late, err)
		}
		if good, err := l.Good(t.Context(), key); err != nil || good.Tag != step.good {
			t.Errorf("after %s the good one is %+v, %v", step.tag, good, err)
		}
	}
}

// TestLedgerEnds: an event that is told again, because its first execution died, is given
// the same answer.
func TestLedgerEnds(t *testing.T) {
	noon := time.Now().UTC().Truncate(time.Second)
	l, d := table(&noon), some(deployment.Failed, noon)
	end := func(status deployment.Status, event string, minute int, before deployment.Status, newerFailure bool) {
		t.Helper()
		d.Status, d.Event, d.Time = status, event, noon.Add(time.Duration(minute)*time.Minute)
		if got, err := l.End(t.Context(), d, d.Time); err != nil || got.Before != before || got.NewerFailure != newerFailure {
			t.Errorf("%s in minute %d: %+v, %v", event, minute, got, err)
		}
	}
	end(deployment.Succeeded, "a", 0, "", false)
	end(deployment.Succeeded, "a", 0, "", false)
	end(deployment.Failed, "b", 5, deployment.Succeeded, false)
	end(deployment.Succeeded, "c", 9, deployment.Failed, false)
	end(deployment.Succeeded, "c", 9, deployment.Failed, false)
	end(deployment.Failed, "d", 12, deployment.Succeeded, false)
	end(deployment.Succeeded, "e", 10, deployment.Failed, true)
	end(deployment.Succeeded, "f", 12, deployment.Failed, false) // in the same second
}

// TestLedgerFailures: of failures that started at different times, the one that started
// last is known, in whatever order they fall.
func TestLedgerFailures(t *testing.T) {
	noon := time.Now().UTC().Truncate(time.Second)
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	l, d := table(&noon), some(deployment.Failed, noon)
	if known, err := l.LastFailure(t.Context(), d.ServiceKey()); err != nil || known != (ledger.Failure{}) {
		t.Errorf("nothing has failed, and known is %v, %v", known, err)
	}
	for _, step := range []struct{ started, failed, knownStarted, knownFailed int }{
		{0, 10, 0, 10}, {5, 8, 5, 8}, {1, 20, 5, 8}, {5, 30, 5, 30},
	} {
		d.Time = minute(step.failed)
		if err := l.NoteFailure(t.Context(), d, minute(step.started)); err != nil {
			t.Fatal(err)
		}
		want := ledger.Failure{StartedAt: minute(step.knownStarted), At: minute(step.knownFailed)}
		if known, err := l.LastFailure(t.Context(), d.ServiceKey()); err != nil || known != want {
			t.Errorf("after %v: known is %v, %v", step, known, err)
		}
	}
}

// TestLedgerLanes reserves slots one after another, with a clock of the test's own.
func TestLedgerLanes(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	noon := now
	l := table(&now)
	lane := channel.Lane{Key: "e2e-" + digits(12), Cost: 2 * time.Second, Burst: 3 * time.Second}
	urgent := lane
	urgent.Urgent = true
	reserve := func(lane channel.Lane, want time.Duration) {
		t.Helper()
		if slot, err := l.Reserve(t.Context(), lane); err != nil || !slot.Equal(noon.Add(want)) {
			t.Errorf("the slot is in %v, want %v (%v)", slot.Sub(noon), want, err)
		}
	}
	ready := func(lane channel.Lane, want bool) {
		t.Helper()
		if got, err := l.Ready(t.Context(), lane); err != nil || got != want {
			t.Errorf("ready %t, want %t (%v)", got, want, err)
		}
	}
	ready(lane, true)
	reserve(lane, 0)               // until 2 s
	reserve(lane, 0)               // until 4 s
	reserve(lane, time.Second)     // until 6 s
	reserve(urgent, 0)             // nothing urgent is before it; all until 8 s
	reserve(lane, 5*time.Second)   // until 10 s
	reserve(urgent, 0)             // urgent until 4 s, all until 12 s
	reserve(urgent, 1*time.Second) // urgent until 6 s
	ready(urgent, true)            // what is urgent waits for nobody else
	ready(lane, false)             // and all others for what is urgent
	now = now.Add(3 * time.Second) // by the burst, the urgent are through
	ready(lane, true)
	if err := l.Block(t.Context(), lane, noon.Add(30*time.Second)); err != nil {
		t.Fatal(err)
	}
	ready(urgent, false)
	reserve(urgent, 32*time.Second)
	reserve(lane, 34*time.Second)
	if err := l.Block(t.Context(), lane, noon.Add(20*time.Second)); err != nil { // which changes nothing
		t.Fatal(err)
	}
	now = noon.Add(30 * time.Second)
	ready(urgent, true)
	now = noon.Add(time.Hour)
	reserve(lane, time.Hour)
}

// TestLedgerLaneOfMany has many take a slot at the same time: each has one of its own.
func TestLedgerLaneOfMany(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	l, lane := table(&now), channel.Lane{Key: "e2e-" + digits(12), Cost: time.Second}
	slots := make(chan time.Time, 40)
	var group sync.WaitGroup
	for i := range cap(slots) {
		group.Go(func() {
			mine := lane
			mine.Urgent = i%4 == 0
			slot, err := l.Reserve(t.Context(), mine)
			if err != nil {
				t.Error(err)
			}
			slots <- slot
		})
	}
	group.Wait()
	close(slots)
	last := now
	for slot := range slots {
		if slot.After(last) {
			last = slot
		}
	}
	// Those that are not urgent come after all that were before them, so that the last slot
	// is at most as late as one after another.
	if gap := last.Sub(now); gap > 39*time.Second || gap < 29*time.Second {
		t.Errorf("the last of 40 slots is in %v", gap)
	}
}
