package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/local/fault"
	"fanfare/internal/local/world"
)

const (
	// waitScale multiplies the workflow's waits: a play is not to take minutes.
	waitScale = 0.1
	// sideBySide is how many plays there are at once, beside those that do little but wait.
	sideBySide = 12
)

// stage is a world in which plays are performed.
type stage struct {
	world   *world.World
	control world.Control
	say     func(string)
	follow  *executions

	mu sync.Mutex
	// byHand counts the faults that are none of the set's, by the play's name: a function
	// that was killed, a channel that was archived.
	byHand map[string]int
	// keys are the names of plays whose faults have another key, by that.
	keys map[string]string
	// done are the plays that were performed, and of how many there are.
	done, of int
	// problems are what else is wrong, by the plays' names at their beginnings.
	problems []string
	// played is what became of the faults.
	played []fault.Played
	// letters counts the messages in the queues that speak of a play, and found what was
	// searched for secrets until now.
	letters map[string]int
	read    map[string]bool // the messages, by their bodies
	found   Secrets
}

func newStage(w *world.World, say func(string)) *stage {
	return &stage{world: w, control: world.Control(w.Control), say: say, byHand: map[string]int{}, keys: map[string]string{}, letters: map[string]int{}, read: map[string]bool{}}
}

// direct is the configuration of clients that ask the engine itself, so that no fault hits us.
func (s *stage) direct() aws.Config {
	config := s.world.Config()
	config.BaseEndpoint = aws.String(s.world.Engine)
	return config
}

// perform performs the plays: side by side what can be, then those under which the engine
// is stopped, and then alone what must be.
func (s *stage) perform(ctx context.Context, plays []Play) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.follow = followExecutions(ctx, sfn.NewFromConfig(s.direct()), s.world.Outputs["StateMachineArn"])
	s.of = len(plays)
	go s.emptyLanes(ctx)
	var beside, under, slow, alone, gathered, away []Play
	for _, p := range plays {
		switch {
		case p.Place == inDigest:
			gathered = append(gathered, p)
		case p.Place == inArchive:
			away = append(away, p)
		case p.Kill != "":
			alone = append(alone, p)
		case p.Restart:
			under = append(under, p)
		case p.slow():
			slow = append(slow, p)
		default:
			beside = append(beside, p)
		}
	}
	for _, act := range []func() error{
		func() error {
			return together(ctx,
				func(ctx context.Context) error { return s.sideBySide(ctx, beside, sideBySide) },
				func(ctx context.Context) error { return s.sideBySide(ctx, slow, len(slow)) },
				func(ctx context.Context) error { return s.oneByOne(ctx, gathered) })
		},
		func() error { return s.archived(ctx, away) },
		func() error { return s.underWay(ctx, under) },
		func() error { return s.oneByOne(ctx, alone) },
		func() error { return s.repair(ctx) },
		func() error { return s.operate(ctx, plays) },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	return nil
}

// together does several things at once; the first that fails ends the others.
func together(ctx context.Context, acts ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var group sync.WaitGroup
	for _, act := range acts {
		group.Go(func() {
			if err := act(ctx); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}

// sideBySide performs so many plays at once until there are no more.
func (s *stage) sideBySide(ctx context.Context, plays []Play, most int) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan Play)
	var group sync.WaitGroup
	for range most {
		group.Go(func() {
			for p := range next {
				if err := s.within(ctx, p); err != nil {
					cancel(fmt.Errorf("%s: %w", p.Row, err))
				}
			}
		})
	}
	for _, p := range plays {
		select {
		case next <- p:
		case <-ctx.Done():
		}
	}
	close(next)
	group.Wait()
	return context.Cause(ctx)
}

func (s *stage) progress() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done++
	if s.done%20 == 0 || s.done == s.of {
		s.say(fmt.Sprintf("  %d of %d plays", s.done, s.of))
	}
}

// longest is how long a play may take.
const longest = 5 * time.Minute

var errLongest = fmt.Errorf("it is still running after %v", longest)

// within performs one, and notes when it does not come to its end.
func (s *stage) within(ctx context.Context, p Play) error {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, errLongest)
	defer cancel()
	err := s.play(ctx, p)
	s.progress()
	if errors.Is(err, errLongest) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.problems = append(s.problems, p.Name+": "+errLongest.Error())
		return nil
	}
	return err
}

// repair ends every fault, after noting how often each was played.
func (s *stage) repair(ctx context.Context) error {
	s.say("repairing everything")
	if err := s.control.Call(ctx, http.MethodGet, "/faults/played", nil, &s.played); err != nil {
		return fmt.Errorf("asking which faults were played: %w", err)
	}
	if err := s.control.Call(ctx, http.MethodDelete, "/faults", nil, nil); err != nil {
		return fmt.Errorf("ending the faults: %w", err)
	}
	return nil
}
