package ledger

import (
	"testing"
	"time"

	"fanfare/internal/deployment"
)

// TestStanding compares an event with the service's latest end, which is another's.
func TestStanding(t *testing.T) {
	t.Parallel()
	at := func(minutes int) string { return moment(now.Add(time.Duration(minutes) * time.Minute)) }
	ended := func(status deployment.Status, started, minutes int) item {
		return item{"status": text(string(status)), IndexSort: text(at(minutes)), "startedAt": text(at(started))}
	}
	for name, test := range map[string]struct {
		ended item
		want  Standing
	}{
		"none is known":               {nil, Standing{}},
		"an earlier failure":          {ended(deployment.Failed, -9, -5), Standing{Before: deployment.Failed}},
		"a failure at the same time":  {ended(deployment.Failed, -9, 0), Standing{Before: deployment.Failed}},
		"a later failure":             {ended(deployment.Failed, -9, 5), Standing{Before: deployment.Failed, NewerFailure: true}},
		"a failure of another day":    {ended(deployment.Failed, 0, 26*60), Standing{Before: deployment.Failed}},
		"an earlier success":          {ended(deployment.Succeeded, -9, -5), Standing{Before: deployment.Succeeded}},
		"a success that began before": {ended(deployment.Succeeded, -1, 5), Standing{Before: deployment.Succeeded}},
		"a success that began after":  {ended(deployment.Succeeded, 1, 5), Standing{Before: deployment.Succeeded, Recovered: true}},
		// It may be the end of the rollback after this very failure, whose beginning is late.
		"a success whose beginning was not seen": {ended(deployment.Succeeded, 5, 5), Standing{Before: deployment.Succeeded}},
		"a success of an older version":          {item{"status": text("succeeded"), IndexSort: text(at(5))}, Standing{Before: deployment.Succeeded}},
	} {
		d := some
		d.Time = now
		if got := standing(test.ended, d); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// TestOvertaken reads what has become of the service since; the event's own end is no news.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	failed := item{"status": text("failed"), IndexSort: text(moment(now.Add(time.Minute))), "startedAt": text(moment(now)), "endedBy": text("another")}
	own := item{"status": text("failed"), IndexSort: text(moment(now.Add(time.Minute))), "endedBy": text(some.ClaimKey())}
	f := &table{found: failed}
	if got, err := f.ledger().Overtaken(t.Context(), some, now); err != nil || !got.NewerFailure || len(f.gets) != 1 {
		t.Errorf("a later failure: %+v, %v after %d reads", got, err, len(f.gets))
	}
	f = &table{found: own}
	if got, err := f.ledger().Overtaken(t.Context(), some, now); err != nil || got != (Standing{}) {
		t.Errorf("its own end: %+v, %v", got, err)
	}
	// One that started later, and fell before this one was done, is known as a failure alone.
	f = &table{found: item{IndexSort: text(moment(some.Time)), "startedAt": text(moment(now.Add(-time.Minute)))}}
	if got, err := f.ledger().Overtaken(t.Context(), some, now.Add(-time.Hour)); err != nil || !got.NewerFailure || len(f.gets) != 2 {
		t.Errorf("a failure of one that started later: %+v, %v", got, err)
	}
	f = &table{err: errDown}
	if _, err := f.ledger().Overtaken(t.Context(), some, now); err == nil {
		t.Error("a ledger that is down is not told")
	}
}
