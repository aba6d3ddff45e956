// Package demo plays deployments in the local world, as they happen to teams, and holds
// what came of them against what was to come.
package demo

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/play"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/world"
)

// Told is one event that was played: what it was, what came of it, and what of that was
// not as expected.
type Told struct {
	Title    string      `json:"title"`
	Result   play.Result `json:"result"`
	Problems []string    `json:"problems,omitempty"`
}

// theatre is what the scenes are played with.
type theatre struct {
	world   world.Address
	player  *play.Player
	ecs     *ecs.Client
	control world.Control
	say     func(string)
	told    []Told
	// last is the latest event, to be repeated.
	last edge.Event
}

// Play plays all scenes, one event after the other.
func Play(ctx context.Context, a world.Address, say func(string)) ([]Told, error) {
	t := &theatre{world: a, player: play.New(a), ecs: ecs.NewFromConfig(a.Config()), control: world.Control(a.Control), say: say}
	for _, scene := range scenes {
		if err := scene(t, ctx); err != nil {
			return t.told, err
		}
	}
	return t.told, nil
}

// start rolls the service out to the version.
func (t *theatre) start(ctx context.Context, title, cluster, service, version string, want expected) error {
	definition, err := world.RegisterVersion(ctx, t.ecs, t.world, cluster, service, version)
	if err != nil {
		return err
	}
	mark, err := t.player.Mark(ctx, "")
	if err != nil {
		return err
	}
	var rollout edge.Rollout
	err = t.control.Call(ctx, http.MethodPost, "/rollouts", map[string]string{"cluster": cluster, "service": service, "taskDefinition": definition}, &rollout)
	if err != nil {
		return fmt.Errorf("rolling out %s %s: %w", service, version, err)
	}
	return t.observe(ctx, mark, []edge.Event{rollout.Event}, []string{title}, []expected{want})
}

// finish ends the rollout in progress; what ECS emits then is held against titles and
// expectations, in order.
func (t *theatre) finish(ctx context.Context, cluster, service, outcome string, titles []string, want []expected) error {
	mark, err := t.player.Mark(ctx, "")
	if err != nil {
		return err
	}
	var emitted struct {
		Events []edge.Event `json:"events"`
	}
	err = t.control.Call(ctx, http.MethodPost, "/rollouts/finish", map[string]string{"cluster": cluster, "service": service, "outcome": outcome}, &emitted)
	if err != nil {
		return fmt.Errorf("finishing the rollout of %s: %w", service, err)
	}
	if len(emitted.Events) != len(titles) {
		return fmt.Errorf("finishing the rollout of %s: %d events expected, %d emitted", service, len(titles), len(emitted.Events))
	}
	return t.observe(ctx, mark, emitted.Events, titles, want)
}

// repeat puts the latest event once more.
func (t *theatre) repeat(ctx context.Context, title string, want expected) error {
	mark, err := t.player.Mark(ctx, t.last.ID)
	if err != nil {
		return err
	}
	if err := t.control.Call(ctx, http.MethodPost, "/events", t.last, nil); err != nil {
		return fmt.Errorf("repeating an event: %w", err)
	}
	return t.observe(ctx, mark, []edge.Event{t.last}, []string{title}, []expected{want})
}

func (t *theatre) observe(ctx context.Context, mark play.Mark, events []edge.Event, titles []string, want []expected) error {
	for i, event := range events {
		if !t.world.Commits {
			want[i].commits = false
		}
		t.say("  " + titles[i])
		result, err := t.player.Observe(ctx, event.ID, mark)
		if err != nil {
			return fmt.Errorf("%s: %w", titles[i], err)
		}
		told := Told{Title: titles[i], Result: result, Problems: want[i].problems(result)}
		for _, problem := range told.Problems {
			t.say("    NOT AS EXPECTED: " + problem)
		}
		t.told = append(t.told, told)
		t.last = event
	}
	return nil
}

// incidents are the open ones.
func (t *theatre) incidents(ctx context.Context) ([]standin.Incident, error) {
	var all, open []standin.Incident
	if err := t.control.Call(ctx, http.MethodGet, "/pagerduty/incidents", nil, &all); err != nil {
		return nil, fmt.Errorf("asking for incidents: %w", err)
	}
	for _, incident := range all {
		if incident.Status != standin.Resolved {
			open = append(open, incident)
		}
	}
	return open, nil
}

// problem notes against the latest event something that is seen elsewhere than in it.
func (t *theatre) problem(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	t.say("    NOT AS EXPECTED: " + text)
	last := &t.told[len(t.told)-1]
	last.Problems = append(last.Problems, text)
}
