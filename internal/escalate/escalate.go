// Package escalate says, in another place, that a channel cannot be reached: once an
// outage, and not once a message. The messages themselves wait in their queue.
package escalate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/step"
)

// settleFor is how long the ledger is waited for once a notice is out, whatever has become
// of the caller's deadline.
const settleFor = 2 * time.Second

// Ledger remembers which outages have been told.
type Ledger interface {
	ClaimOutage(ctx context.Context, o ledger.Outage, holder string) (claimed bool, err error)
	SettleOutage(ctx context.Context, o ledger.Outage, holder string, told bool) error
}

// Teller tells a notice; see [notice.Teller].
type Teller interface {
	Tell(context.Context, notice.Notice) error
}

// Step is the step Escalate.
type Step struct {
	Account account.Account
	Ledger  Ledger
	Teller  Teller
}

// Result says what was told, by the outages' names, such as slack#C0123456789.
type Result struct {
	// Told are the outages that were told now, and Known those that had been told.
	Told  []string `json:"told"`
	Known []string `json:"known"`
}

// Escalate tells each outage that the document's deliveries show, unless it has been told
// lately. One that cannot be told stops no other; the error is Transient when trying again
// may help, and then tells none a second time.
func (s *Step) Escalate(ctx context.Context, in step.Input) (Result, error) {
	result := Result{Told: []string{}, Known: []string{}}
	var problems []error
	passing := false
	for _, name := range slices.Sorted(maps.Keys(in.Document.Deliveries)) {
		met, ok := meet(name, in, s.Account)
		if !ok {
			continue
		}
		told, err := s.tell(ctx, met)
		switch {
		case err != nil:
			err = failure.Classify(fmt.Errorf("telling of %s: %w", met.Outage, err))
			_, transient := err.(*failure.Transient)
			passing = passing || transient
			problems = append(problems, err)
		case told:
			result.Told = append(result.Told, met.String())
		default:
			result.Known = append(result.Known, met.String())
		}
	}
	if passing { // of several, the first would decide
		return result, &failure.Transient{Err: errors.Join(problems...)}
	}
	return result, failure.Classify(errors.Join(problems...))
}

// tell tells the outage if it is ours to tell. What could not be told is given back, so
// that the next one who meets it tells it.
func (s *Step) tell(ctx context.Context, met meeting) (told bool, err error) {
	claimed, err := s.Ledger.ClaimOutage(ctx, met.Outage, met.holder)
	if err != nil || !claimed {
		return false, err
	}
	err = s.Teller.Tell(ctx, met.notice(s.Account))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleFor)
	defer cancel()
	if unsettled := s.Ledger.SettleOutage(ctx, met.Outage, met.holder, err == nil); unsettled != nil {
		// At worst it is told a second time.
		slog.WarnContext(ctx, "the ledger does not know whether an outage was told", "outage", met.String(), "error", failure.Classify(unsettled).Error())
	}
	return err == nil, err
}
