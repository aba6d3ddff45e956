package edge

import (
	"reflect"
	"testing"
)

func TestUpdateServiceByClient(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		next    string
		body    string
		rings   int
		emitted []string
		state   string
	}{
		"new task definition": {"", `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, 0, []string{"IN_PROGRESS"}, "IN_PROGRESS shop:2"},
		"ends by itself":      {"", `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, 1, []string{"IN_PROGRESS", "COMPLETED"}, "COMPLETED shop:2"},
		"ends once":           {"", `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, 3, []string{"IN_PROGRESS", "COMPLETED"}, "COMPLETED shop:2"},
		"forced":              {"", `{"cluster":"prod","service":"shop","forceNewDeployment":true}`, 0, []string{"IN_PROGRESS"}, "IN_PROGRESS shop:1"},
		"by ARN":              {"", `{"cluster":"` + clusterARN + `","service":"` + serviceARN + `","taskDefinition":"shop:2"}`, 0, []string{"IN_PROGRESS"}, "IN_PROGRESS shop:2"},
		"fails":               {Fail, `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, 1, []string{"IN_PROGRESS", "FAILED", "IN_PROGRESS"}, "IN_PROGRESS shop:1"},
		"fails, rolled back":  {Fail, `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, 2, []string{"IN_PROGRESS", "FAILED", "IN_PROGRESS", "COMPLETED"}, "COMPLETED shop:1"},
		"stalls":              {Stall, `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, 3, []string{"IN_PROGRESS"}, "IN_PROGRESS shop:2"},
		"same definition":     {"", `{"cluster":"prod","service":"shop","taskDefinition":"shop:1"}`, 1, []string{}, "COMPLETED shop:1"},
		"scaled":              {"", `{"cluster":"prod","service":"shop","desiredCount":4}`, 1, []string{}, "COMPLETED shop:1"},
		"other service":       {"", `{"cluster":"prod","service":"other","taskDefinition":"shop:2"}`, 1, []string{}, "COMPLETED shop:1"},
		"no JSON":             {"", `{`, 1, []string{}, "COMPLETED shop:1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{breaker: &breaker{true, true}})
			if tt.next != "" {
				if err := w.Next(t.Context(), "prod", "shop", tt.next); err != nil {
					t.Fatal(err)
				}
			}
			answer := w.call(t, "UpdateService", tt.body)
			if service, ok := answer["service"].(map[string]any); ok && len(tt.emitted) > 0 {
				if n := len(service["deployments"].([]any)); n != 2 {
					t.Errorf("the answer shows %d deployments", n)
				}
			}
			for range tt.rings {
				w.ring()
			}
			if got := w.engine.names(); !reflect.DeepEqual(got, tt.emitted) {
				t.Errorf("emitted %v, want %v", got, tt.emitted)
			}
			d := w.describe1(t)["deployments"].([]any)[0].(map[string]any)
			if got := d["rolloutState"].(string) + " " + nameIn(d["taskDefinition"]); got != tt.state {
				t.Errorf("PRIMARY is %s, want %s", got, tt.state)
			}
		})
	}
}

func TestNextIsForOneRollout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{breaker: &breaker{true, true}})
	if err := w.Next(t.Context(), "prod", "shop", Fail); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.call(t, "UpdateService", `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`)
		w.ring()
		w.ring()
	}
	want := []string{"IN_PROGRESS", "FAILED", "IN_PROGRESS", "COMPLETED", "IN_PROGRESS", "COMPLETED"}
	if got := w.engine.names(); !reflect.DeepEqual(got, want) {
		t.Errorf("emitted %v", got)
	}
}

// The timer of a rollout that another replaced, or that somebody decided on, does nothing.
func TestTimerOfAnotherRollout(t *testing.T) {
	t.Parallel()
	const toTwo, toOne = `{"cluster":"prod","service":"shop","taskDefinition":"shop:2"}`, `{"cluster":"prod","service":"shop","taskDefinition":"shop:1"}`
	tests := map[string]func(*testing.T, *world) error{
		"replaced by a client": func(t *testing.T, w *world) error {
			w.call(t, "UpdateService", toOne)
			w.timers = w.timers[:1]
			return nil
		},
		"replaced by Start": func(t *testing.T, w *world) error {
			_, err := w.Start(t.Context(), "prod", "shop", "shop:1")
			return err
		},
		"stalled": func(t *testing.T, w *world) error { _, err := w.Finish(t.Context(), "prod", "shop", Stall); return err },
	}
	for name, interfere := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{breaker: &breaker{true, true}})
			w.call(t, "UpdateService", toTwo)
			if err := interfere(t, w); err != nil {
				t.Fatal(err)
			}
			before := w.engine.names()
			w.ring()
			if got := w.engine.names(); !reflect.DeepEqual(got, before) {
				t.Errorf("emitted %v, then %v", before, got)
			}
		})
	}
}
