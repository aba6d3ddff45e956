// Package claim lets one execution tell an event, and finds out where the event stands
// among the others of its deployment.
//
// Whether the execution that holds an event is alive is asked of Step Functions, which
// knows, and not guessed from a lease: one that died is taken over at once, one that
// waits out a rate limit for an hour is left alone, and no execution has to tidy up.
package claim

import (
	"context"
	"log/slog"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
)

// Ledger is what the step needs of the ledger.
type Ledger interface {
	TakeEvent(ctx context.Context, d deployment.Deployment, execution string) (holder string, taken bool, err error)
	TakeOver(ctx context.Context, d deployment.Deployment, execution, dead string) (holder string, taken bool, err error)
	NoteRepeat(ctx context.Context, d deployment.Deployment) error
	Progress(ctx context.Context, key string) (ledger.Progress, error)
	End(ctx context.Context, d deployment.Deployment, startedAt time.Time) (ledger.Standing, error)
	NoteFailure(ctx context.Context, d deployment.Deployment, startedAt time.Time) error
	LastFailure(ctx context.Context, serviceKey string) (ledger.Failure, error)
	Restart(ctx context.Context, key string, d deployment.Deployment) error
	Advance(ctx context.Context, key string, kind deployment.Kind, d deployment.Deployment) (startedAt time.Time, late bool, err error)
}

// Executions tells whether an execution ended without having told its event.
type Executions interface {
	Died(ctx context.Context, execution string) (bool, error)
}

// Budget is the time for everything: a ledger that does not answer holds no page up.
const Budget = 2 * time.Second

// Claimer is the step.
type Claimer struct {
	Ledger     Ledger
	Executions Executions
}

// Claim claims the event for the execution. An event that another execution tells, or
// has told, is a duplicate; one whose execution died is taken over.
func (c Claimer) Claim(ctx context.Context, d deployment.Deployment, execution string) (deployment.Claim, error) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	claim := deployment.Claim{Outcome: deployment.Claimed, Holder: execution}
	holder, taken, err := c.Ledger.TakeEvent(ctx, d, execution)
	if err != nil {
		return claim, err
	}
	if !taken {
		// An execution of which nothing can be learnt counts as alive: if it did die, it is
		// red, and an alarm; telling the event without knowing would tell it twice.
		died, err := c.Executions.Died(ctx, holder)
		if err != nil {
			slog.WarnContext(ctx, "taking the event for told", "holder", holder, "error", failure.Classify(err).Error())
		}
		if died {
			claim.Outcome = deployment.TakenOver
			holder, taken, err = c.Ledger.TakeOver(ctx, d, execution, holder)
			if err != nil {
				return claim, err
			}
		}
	}
	if !taken {
		if err := c.Ledger.NoteRepeat(ctx, d); err != nil {
			slog.WarnContext(ctx, "the repeat could not be noted", "holder", holder, "error", failure.Classify(err).Error())
		}
		return deployment.Claim{Outcome: deployment.Duplicate, Holder: holder}, nil
	}
	claim.Kind, err = c.kind(ctx, d)
	if err == nil && d.Kind == deployment.Rollback {
		err = c.makeWay(ctx, d)
	}
	if err != nil {
		return claim, err
	}
	claim.StartedAt, claim.Late, err = c.Ledger.Advance(ctx, deployment.Key(d, claim.Kind), claim.Kind, d)
	if err == nil && !claim.Late && d.Attempt > 0 {
		claim.Late, err = c.retried(ctx, d, claim.Kind)
	}
	ended := d.Status == deployment.Succeeded || d.Status == deployment.Failed // neither stopped nor superseded
	if err == nil && !claim.Late && ended && claim.Kind == deployment.Ordinary {
		var standing ledger.Standing
		standing, err = c.end(ctx, d, claim.StartedAt)
		claim.After, claim.NewerFailure, claim.Recovered = standing.Before, standing.NewerFailure, standing.Recovered && d.Status == deployment.Failed
	}
	if err != nil || claim.Late || d.Kind != deployment.Rollback {
		return claim, err
	}
	// A rollback whose end has come before its beginning was told as an ordinary
	// deployment of the same id; its beginning is then news no more.
	ordinary, err := c.Ledger.Progress(ctx, deployment.Key(d, deployment.Ordinary))
	claim.Late = ordinary.Seen && ordinary.Status == deployment.Succeeded && ordinary.At.After(d.Time)
	return claim, err
}

// end notes how the deployment ended that started then, and where that leaves it among the
// others of the service.
func (c Claimer) end(ctx context.Context, d deployment.Deployment, startedAt time.Time) (ledger.Standing, error) {
	standing, err := c.Ledger.End(ctx, d, startedAt)
	switch {
	case err != nil || standing.NewerFailure:
		return standing, err
	case d.Status == deployment.Failed:
		return standing, c.Ledger.NoteFailure(ctx, d, startedAt)
	default:
		failure, err := c.Ledger.LastFailure(ctx, d.ServiceKey())
		standing.NewerFailure = failure.Outlasts(startedAt, d.Time)
		return standing, err
	}
}

// retried tells whether a later attempt of the pipeline's execution is known: then this
// one's end is news no more.
func (c Claimer) retried(ctx context.Context, d deployment.Deployment, kind deployment.Kind) (bool, error) {
	d.Attempt++
	next, err := c.Ledger.Progress(ctx, deployment.Key(d, kind))
	return next.Seen, err
}

// makeWay starts anew where a rollback begins whose id an earlier one had, which ended
// before, or was given up as stuck: two releases in a row may be taken back to the same
// deployment.
func (c Claimer) makeWay(ctx context.Context, d deployment.Deployment) error {
	key := deployment.Key(d, deployment.Rollback)
	before, err := c.Ledger.Progress(ctx, key)
	over := before.Status.Final() || before.Status == deployment.Stuck
	if err != nil || !before.Seen || !over || !d.Time.After(before.At) {
		return err
	}
	return c.Ledger.Restart(ctx, key, d)
}

// kind is whether the event is about a rollback. ECS says so only when one begins, so
// for what comes after it the ledger is asked whether that id's rollback has begun. A
// failure of the same moment came before the rollback that it caused.
func (c Claimer) kind(ctx context.Context, d deployment.Deployment) (deployment.Kind, error) {
	if d.Kind == deployment.Rollback || d.ID == "" {
		return d.Kind, nil
	}
	rollback, err := c.Ledger.Progress(ctx, deployment.Key(d, deployment.Rollback))
	if err == nil && !rollback.Seen && d.Attempt > 1 { // what the first attempt is, the others are
		first := d
		first.Attempt = 0
		rollback, err = c.Ledger.Progress(ctx, deployment.Key(first, deployment.Rollback))
	}
	if err != nil || !rollback.Seen {
		return d.Kind, err
	}
	begun := !d.Time.Before(rollback.StartedAt)
	if d.Status == deployment.Failed {
		begun = d.Time.After(rollback.StartedAt)
	}
	if begun {
		return deployment.Rollback, nil
	}
	return d.Kind, nil
}
