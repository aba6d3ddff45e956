package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/world"
)

const (
	// waitScale multiplies the workflow's waits: a play is not to take minutes.
	waitScale = 0.1
	// sideBySide is how many plays there are at once, beside those that do little but wait.
	sideBySide = 8
)

// stage is a world in which plays are performed.
type stage struct {
	world   *world.World
	control world.Control
	say     func(string)
	follow  *executions

	mu sync.Mutex
	// killed counts the functions that were killed by hand, by the play's name.
	killed map[string]int
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
	return &stage{world: w, control: world.Control(w.Control), say: say, killed: map[string]int{}, keys: map[string]string{}, letters: map[string]int{}, read: map[string]bool{}}
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
	var beside, under, slow, alone []Play
	for _, p := range plays {
		switch {
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
				func(ctx context.Context) error { return s.sideBySide(ctx, slow, len(slow)) })
		},
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

// play performs one: its faults are set, its events are put, and what comes of them is
// waited for.
func (s *stage) play(ctx context.Context, p Play) error {
	of, err := s.prepare(ctx, p)
	if err != nil {
		return err
	}
	for _, f := range p.Faults {
		if err := s.control.Call(ctx, http.MethodPost, "/faults", f, nil); err != nil {
			return fmt.Errorf("setting a fault: %w", err)
		}
	}
	events := p.events(of)
	for i, event := range events {
		last := i == len(events)-1
		if p.Kill != "" && (last && !p.KillFirst || i == 0 && p.KillFirst) {
			err = s.putAndKill(ctx, p, event)
		} else {
			err = s.putCopies(ctx, p, event, len(p.Holder) > 0 && last)
		}
		if err == nil && !p.Together {
			_, err = s.follow.ended(ctx, p.Name)
		}
		if err != nil {
			return err
		}
	}
	_, err = s.follow.ended(ctx, p.Name)
	return err
}

// putCopies puts the event as often as it comes. When somebody is to ask for the execution
// that told it first, the others come after that.
func (s *stage) putCopies(ctx context.Context, p Play, event edge.Event, asked bool) error {
	for copy := range p.Copies {
		if copy > 0 && asked {
			told, err := s.follow.ended(ctx, event.ID)
			if err != nil {
				return err
			}
			if err := s.setForHolder(ctx, p, told); err != nil {
				return err
			}
			asked = false
		}
		if err := s.put(ctx, event); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) setForHolder(ctx context.Context, p Play, told []execution) error {
	for _, x := range told {
		for _, f := range p.Holder {
			f.Key = x.arn[strings.LastIndex(x.arn, ":")+1:]
			s.mu.Lock()
			s.keys[f.Key] = p.Name
			s.mu.Unlock()
			if err := s.control.Call(ctx, http.MethodPost, "/faults", f, nil); err != nil {
				return fmt.Errorf("setting a fault: %w", err)
			}
		}
	}
	return nil
}

// put puts an event, until it is taken: EventBridge would be as patient while the engine
// is down.
func (s *stage) put(ctx context.Context, event edge.Event) error {
	for {
		err := s.control.Call(ctx, http.MethodPost, "/events", event, nil)
		if err == nil || strings.Contains(err.Error(), "400") || ctx.Err() != nil {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return fmt.Errorf("putting an event: %w (%w)", err, context.Cause(ctx))
		}
	}
}

// prepare makes what the play is of, and says what its events are about.
func (s *stage) prepare(ctx context.Context, p Play) (identity, error) {
	of := identity{
		account: s.world.Account, region: s.world.Region, began: time.Now().UTC().Truncate(time.Second).Add(-2 * time.Minute),
		id: "ecs-svc/" + digits(), other: "ecs-svc/" + digits(),
	}
	switch {
	case p.Source == pipelineSource:
		var x edge.Execution
		start := map[string]any{"pipeline": p.Name, "silent": true, "revisions": []edge.Revision{{Name: "Source", ID: s.world.Commit(world.Versions[1])}}}
		if err := s.control.Call(ctx, http.MethodPost, "/executions", start, &x); err != nil {
			return of, fmt.Errorf("starting the pipeline %s: %w", p.Name, err)
		}
		of.id = x.ID
		end := map[string]any{"pipeline": p.Name, "id": x.ID, "silent": true, "outcome": map[Story]string{fails: edge.Fail, stopped: edge.Stop, malformed: edge.Fail, succeeds: edge.Succeed}[p.Story]}
		if err := s.control.Call(ctx, http.MethodPost, "/executions/finish", end, nil); err != nil {
			return of, fmt.Errorf("ending the pipeline %s: %w", p.Name, err)
		}
	case p.Real:
		client := ecs.NewFromConfig(s.world.Config()) // through the edge, which names deployments as ECS does
		definition, err := world.RegisterVersion(ctx, client, s.world.Address, cluster, p.Name, world.Versions[1])
		if err != nil {
			return of, err
		}
		out, err := client.CreateService(ctx, &ecs.CreateServiceInput{
			Cluster: aws.String(cluster), ServiceName: aws.String(p.Name), TaskDefinition: aws.String(definition), DesiredCount: aws.Int32(1), LaunchType: types.LaunchTypeFargate,
		})
		if err != nil || len(out.Service.Deployments) == 0 {
			return of, fmt.Errorf("creating the service %s: %w", p.Name, err)
		}
		of.id = aws.ToString(out.Service.Deployments[0].Id)
	}
	return of, nil
}

func digits() string { return fmt.Sprintf("%019d", 1e18+rand.Int64N(8e18)) }

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
