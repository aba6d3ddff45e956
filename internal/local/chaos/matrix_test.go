package chaos

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMatrix: the same seed plays the same, another plays something else, every row is
// played, and no two plays have a name of which one is part of the other.
func TestMatrix(t *testing.T) {
	t.Parallel()
	plays := matrix(7, 0, "")
	if !reflect.DeepEqual(plays, matrix(7, 0, "")) {
		t.Error("the same seed plays something else")
	}
	if reflect.DeepEqual(plays, matrix(8, 0, "")) || reflect.DeepEqual(plays, matrix(7, 1, "")) {
		t.Error("another seed, or another round, plays the same")
	}
	if got, want := rowsOf(plays), rowNames(); !slices.Equal(got, want) {
		t.Errorf("rows that are played: %q, want %q", got, want)
	}
	for i, p := range plays {
		if names := namesIn("a " + p.Name + "-event-0 b"); len(names) != 1 || names[0] != p.Name {
			t.Errorf("%s is found as %q", p.Name, names)
		}
		for j, other := range plays {
			if i != j && strings.Contains(p.Name, other.Name) {
				t.Errorf("%s is part of %s", other.Name, p.Name)
			}
		}
		for _, f := range slices.Concat(p.Faults, p.Later, p.Operator) {
			if err := f.Check(); err != nil || f.Key != p.Name && p.Hand == "" {
				t.Errorf("%s: %+v: %v", p.Row, f, err)
			}
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(rowNames())))) != len(rowNames()) {
		t.Error("two rows have one name")
	}
}

// TestRowAlone: a row plays alone what it plays among all.
func TestRowAlone(t *testing.T) {
	t.Parallel()
	const row = "slack: 503"
	alone := matrix(7, 0, row)
	among := slices.DeleteFunc(matrix(7, 0, ""), func(p Play) bool { return !strings.Contains(p.Row, row) })
	if len(alone) != 4 || !reflect.DeepEqual(alone, among) {
		t.Errorf("alone %+v, among all %+v", alone, among)
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	if got := rowsOf(matrix(7, 0, "the engine|slack: 500|nothing")); !slices.Equal(got, []string{"slack: 500", "slack: 500" + tookIt, engineRows()[0].name}) {
		t.Errorf("rows: %q", got)
	}
}

func TestPipelinesSuffice(t *testing.T) {
	t.Parallel()
	named := 0
	for _, p := range matrix(7, 0, "") {
		if p.Source == pipelineSource {
			named++
		}
	}
	if account := readAccount(t); named > len(account.Pipelines) {
		t.Errorf("%d pipelines are played, the account file names %d", named, len(account.Pipelines))
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	of := identity{account: "123456789012", region: "eu-west-1", id: "ecs-svc/1", other: "ecs-svc/2", began: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	p := Play{Name: "c000100-0001", Source: drillSource, Story: rolledBack, Order: []int{2, 0, 1}, Copies: 1}
	var ids, times, deployments []string
	for _, e := range p.events(of) {
		var detail struct {
			DeploymentID string `json:"deploymentId"`
			Page         bool   `json:"page"`
		}
		if err := json.Unmarshal(e.Detail, &detail); err != nil || !detail.Page {
			t.Errorf("%s: %v", e.Detail, err)
		}
		ids, times = append(ids, e.ID), append(times, e.Time.Format("15:04:05"))
		deployments = append(deployments, detail.DeploymentID)
	}
	for _, tt := range []struct{ got, want []string }{
		{ids, []string{"c000100-0001-event-2", "c000100-0001-event-0", "c000100-0001-event-1"}},
		{times, []string{"10:01:01", "10:00:00", "10:01:00"}},
		{deployments, []string{"ecs-svc/2", "ecs-svc/1", "ecs-svc/1"}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	p.Order, p.Pad = nil, long
	whole, err := json.Marshal(p.events(of)[0])
	if err != nil || len(whole) > 256<<10 || len(whole) < 250<<10 {
		t.Errorf("a long event has %d bytes: %v", len(whole), err)
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	all := orders(3)
	if len(all) != 6 {
		t.Fatalf("%v", all)
	}
	for i, order := range all {
		if sorted := slices.Sorted(slices.Values(order)); !slices.Equal(sorted, []int{0, 1, 2}) || slices.ContainsFunc(all[:i], func(o []int) bool { return slices.Equal(o, order) }) {
			t.Errorf("%v", all)
		}
	}
}
