package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/world"
)

// play performs one: its faults are set, its events are put, and what comes of them is
// waited for.
func (s *stage) play(ctx context.Context, p Play) error {
	of, err := s.prepare(ctx, p)
	if err == nil && p.Place == inDigest {
		err = s.crowd(ctx, &p)
	}
	if err != nil {
		return err
	}
	if err := s.set(ctx, p.Faults...); err != nil {
		return err
	}
	events := p.events(of)
	for i, event := range events {
		last := i == len(events)-1
		if last {
			if err := s.set(ctx, p.Later...); err != nil {
				return err
			}
		}
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
			s.name(f.Key, p)
			if err := s.set(ctx, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// set has the faults played from now on.
func (s *stage) set(ctx context.Context, faults ...fault.Fault) error {
	for _, f := range faults {
		if err := s.control.Call(ctx, http.MethodPost, "/faults", f, nil); err != nil {
			return fmt.Errorf("setting a fault: %w", err)
		}
	}
	return nil
}

// name notes that faults with the key are the play's.
func (s *stage) name(key string, p Play) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[key] = p.Name
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
