package claim

import (
	"cmp"
	"context"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
)

// memory is a ledger that lives as long as the test. It decides as the table's
// conditions do.
type memory struct {
	holders     map[string]string // by claim key
	deployments map[string]ledger.Progress
	ended       map[string]ledger.Progress // by service
	failed      map[string]ledger.Failure  // by service
	repeats     int
	// fail is the error of the calls named.
	fail map[string]error
	// before runs ahead of a takeover: somebody else may be faster.
	before func()
}

func newMemory() *memory {
	return &memory{holders: map[string]string{}, deployments: map[string]ledger.Progress{}, ended: map[string]ledger.Progress{}, failed: map[string]ledger.Failure{}, fail: map[string]error{}}
}

func (m *memory) TakeEvent(_ context.Context, d deployment.Deployment, execution string) (string, bool, error) {
	if err := m.fail["TakeEvent"]; err != nil {
		return "", false, err
	}
	holder := m.holders[d.ClaimKey()]
	if holder != "" && holder != execution {
		return holder, false, nil
	}
	m.holders[d.ClaimKey()] = execution
	return execution, true, nil
}

func (m *memory) TakeOver(_ context.Context, d deployment.Deployment, execution, dead string) (string, bool, error) {
	if m.before != nil {
		m.before()
	}
	if err := m.fail["TakeOver"]; err != nil {
		return "", false, err
	}
	holder := m.holders[d.ClaimKey()]
	if holder != dead && holder != execution {
		return holder, false, nil
	}
	m.holders[d.ClaimKey()] = execution
	return execution, true, nil
}

func (m *memory) NoteRepeat(context.Context, deployment.Deployment) error {
	m.repeats++
	return m.fail["NoteRepeat"]
}

func (m *memory) Progress(_ context.Context, key string) (ledger.Progress, error) {
	return m.deployments[key], m.fail["Progress "+key]
}

func (m *memory) End(_ context.Context, d deployment.Deployment, startedAt time.Time) (ledger.Standing, error) {
	known := m.ended[d.ServiceKey()]
	later := known.At.After(d.Time)
	if !later {
		m.ended[d.ServiceKey()] = ledger.Progress{Status: d.Status, At: d.Time, StartedAt: startedAt}
	}
	return ledger.Standing{
		Before: known.Status, NewerFailure: later && known.Status == deployment.Failed,
		Recovered: later && known.Status == deployment.Succeeded && known.StartedAt.After(d.Time) && known.StartedAt.Before(known.At),
	}, m.fail["End"]
}

func (m *memory) NoteFailure(_ context.Context, d deployment.Deployment, startedAt time.Time) error {
	if !startedAt.Before(m.failed[d.ServiceKey()].StartedAt) {
		m.failed[d.ServiceKey()] = ledger.Failure{StartedAt: startedAt, At: d.Time}
	}
	return m.fail["NoteFailure"]
}

func (m *memory) LastFailure(_ context.Context, serviceKey string) (ledger.Failure, error) {
	return m.failed[serviceKey], m.fail["LastFailure"]
}

func (m *memory) Restart(_ context.Context, key string, d deployment.Deployment) error {
	if known := m.deployments[key]; known.Seen && known.StartedAt.Before(d.Time) && known.At.Before(d.Time) {
		delete(m.deployments, key)
	}
	return m.fail["Restart"]
}

func (m *memory) Advance(_ context.Context, key string, _ deployment.Kind, d deployment.Deployment) (time.Time, bool, error) {
	if err := m.fail["Advance"]; err != nil {
		return time.Time{}, false, err
	}
	known, seen := m.deployments[key]
	next := ledger.Progress{Seen: true, Status: d.Status, At: d.Time, StartedAt: d.Time}
	if !d.StartedAt.IsZero() {
		next.StartedAt = d.StartedAt
	}
	if seen {
		next.StartedAt = known.StartedAt
		if compare(known, next) > 0 {
			return known.StartedAt, true, nil
		}
	}
	m.deployments[key] = next
	return next.StartedAt, false, nil
}

// compare puts states in order: final ones last, then by time, then the worse last.
func compare(a, b ledger.Progress) int {
	rank := map[deployment.Status]int{deployment.InProgress: 1, deployment.Stuck: 2, deployment.Succeeded: 2, deployment.Failed: 3}
	final := func(p ledger.Progress) int {
		if p.Status.Final() {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(final(a), final(b)), a.At.Compare(b.At), cmp.Compare(rank[a.Status], rank[b.Status]))
}

// fate is what became of executions, by their names: alive, done or dead.
type fate map[string]string

func (f fate) Died(_ context.Context, execution string) (bool, error) {
	if f[execution] == "broken" {
		return false, errAsked
	}
	return f[execution] == "dead", nil
}
