package edge

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// What a client reads of a service, and what is emitted, through every state.
func TestRolloutStates(t *testing.T) {
	t.Parallel()
	on, noRollback := &breaker{true, true}, &breaker{true, false}
	tests := map[string]struct {
		breaker *breaker
		steps   []string // a task definition to start, or an outcome
		wait    time.Duration
		emitted []string
	}{
		"in-progress":              {on, []string{"shop:2"}, 0, []string{"IN_PROGRESS"}},
		"completed":                {on, []string{"shop:2", Succeed}, 0, []string{"IN_PROGRESS", "COMPLETED"}},
		"redeployed":               {on, []string{""}, 0, []string{"IN_PROGRESS"}},
		"superseded":               {on, []string{"shop:2", "shop:1"}, 0, []string{"IN_PROGRESS", "IN_PROGRESS"}},
		"rolling-back":             {on, []string{"shop:2", Fail}, 0, []string{"IN_PROGRESS", "FAILED", "IN_PROGRESS"}},
		"rolled-back":              {on, []string{"shop:2", Fail, Succeed}, 0, []string{"IN_PROGRESS", "FAILED", "IN_PROGRESS", "COMPLETED"}},
		"rollback-fails":           {on, []string{"shop:2", Fail, Fail}, 25 * time.Second, []string{"IN_PROGRESS", "FAILED", "IN_PROGRESS"}},
		"superseded-rolling-back":  {on, []string{"shop:2", "shop:2", Fail}, 0, []string{"IN_PROGRESS", "IN_PROGRESS", "FAILED", "IN_PROGRESS"}},
		"failed-without-rollback":  {noRollback, []string{"shop:2", Fail}, 0, []string{"IN_PROGRESS", "FAILED"}},
		"failing-without-breaker":  {nil, []string{"shop:2", Fail}, 25 * time.Second, []string{"IN_PROGRESS"}},
		"recovered-from-failing":   {&breaker{false, true}, []string{"shop:2", Fail, Succeed}, 25 * time.Second, []string{"IN_PROGRESS", "COMPLETED"}},
		"stalled":                  {on, []string{"shop:2", Stall}, time.Hour, []string{"IN_PROGRESS"}},
		"completed-after-rollback": {on, []string{"shop:2", Fail, Succeed, "shop:2", Succeed}, 0, []string{"IN_PROGRESS", "FAILED", "IN_PROGRESS", "COMPLETED", "IN_PROGRESS", "COMPLETED"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{breaker: tt.breaker})
			events := []Event{}
			for _, step := range tt.steps {
				switch step {
				case Succeed, Fail, Stall:
					w.clock = w.clock.Add(time.Minute)
					more, err := w.Finish(t.Context(), "prod", "shop", step)
					if err != nil {
						t.Fatal(err)
					}
					events = append(events, more...)
				default:
					r, err := w.Start(t.Context(), "prod", "shop", step)
					if err != nil {
						t.Fatal(err)
					}
					events = append(events, r.Event)
				}
			}
			w.clock = w.clock.Add(tt.wait)
			if got := w.engine.names(); !reflect.DeepEqual(got, tt.emitted) {
				t.Errorf("emitted %v, want %v", got, tt.emitted)
			}
			golden(t, name, map[string]any{"service": w.describe1(t), "events": anonymous(t, events)})
		})
	}
}

// anonymous blanks the ids, which are random, after a look at their form.
func anonymous(t *testing.T, events []Event) []Event {
	t.Helper()
	seen := map[string]bool{}
	for i := range events {
		if id := events[i].ID; len(id) != 36 || id[14] != '4' || seen[id] {
			t.Errorf("%q is no new UUID", id)
		}
		seen[events[i].ID] = true
		events[i].ID = ""
	}
	return events
}

func golden(t *testing.T, name string, got any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(got); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Errorf("%s: got\n%s", file, b.Bytes())
	}
}

// nameIn is the last part of an ARN.
func nameIn(arn any) string {
	_, after := cutLast(arn.(string), '/')
	return after
}

// A client that an event wakes finds the service as the event says.
func TestEventsFollowTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{breaker: &breaker{true, true}})
	var states []string
	w.engine.onPut = func(putEntry) {
		d := w.describe1(t)["deployments"].([]any)[0].(map[string]any)
		states = append(states, d["rolloutState"].(string)+" "+nameIn(d["taskDefinition"]))
	}
	for _, step := range []func() error{
		func() error { _, err := w.Start(t.Context(), "prod", "shop", "shop:2"); return err },
		func() error { _, err := w.Finish(t.Context(), "prod", "shop", Fail); return err },
		func() error { _, err := w.Finish(t.Context(), "prod", "shop", Succeed); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"IN_PROGRESS shop:2", "IN_PROGRESS shop:1", "IN_PROGRESS shop:1", "COMPLETED shop:1"}
	if !reflect.DeepEqual(states, want) {
		t.Errorf("clients saw %v, want %v", states, want)
	}
}

// A service that the engine changed without us is shown as the engine has it.
func TestStaleRolloutIsDropped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	if _, err := w.Start(t.Context(), "prod", "shop", "shop:2"); err != nil {
		t.Fatal(err)
	}
	w.engine.deployments += 5
	if n := len(w.describe1(t)["deployments"].([]any)); n != 1 {
		t.Errorf("%d deployments are shown", n)
	}
	if _, err := w.Finish(t.Context(), "prod", "shop", Succeed); !errors.Is(err, ErrFinished) {
		t.Errorf("got %v", err)
	}
}

func TestScaledServiceKeepsTheEnginesCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	_, _ = w.Start(t.Context(), "prod", "shop", "shop:2")
	_, _ = w.Finish(t.Context(), "prod", "shop", Succeed)
	w.call(t, "UpdateService", `{"cluster":"prod","service":"shop","desiredCount":7}`)
	if d := w.describe1(t)["deployments"].([]any)[0].(map[string]any); d["desiredCount"] != json.Number("7") || d["runningCount"] != json.Number("7") {
		t.Errorf("got %v", d)
	}
	r, err := w.Start(t.Context(), "prod", "shop", "shop:1")
	if err != nil || r.Deployments[1].DesiredCount != 7 || r.Deployments[1].RunningCount != 7 {
		t.Errorf("got %+v, %v", r, err)
	}
}

func TestFinishNeedsARolloutInProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		breaker *breaker
		outcome string
	}{
		"completed": {&breaker{true, true}, Succeed},
		"failed":    {&breaker{true, false}, Fail},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{breaker: tt.breaker})
			if _, err := w.Start(t.Context(), "prod", "shop", "shop:2"); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Finish(t.Context(), "prod", "shop", tt.outcome); err != nil {
				t.Fatal(err)
			}
			if events, err := w.Finish(t.Context(), "prod", "shop", Succeed); !errors.Is(err, ErrFinished) || len(events) != 0 {
				t.Errorf("got %v, %v", events, err)
			}
		})
	}
}
