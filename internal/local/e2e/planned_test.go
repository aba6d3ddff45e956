//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // the window's time zone, whatever this machine knows

	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/play"
	"fanfare/internal/local/world"
)

// night is when the window search-reindex of the local account file is in force next after
// the moment, on a night on which no clock is changed.
func night(after time.Time) (since, until time.Time) {
	for day := after.In(berlin); ; day = day.AddDate(0, 0, 1) {
		at := func(hour int) time.Time { return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, berlin) }
		if at(2).After(after) && at(4).Sub(at(2)) == 2*time.Hour {
			return at(2), at(4)
		}
	}
}

var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// failsAt is a failure of the service at the moment, of a deployment of its own.
func failsAt(service string, at time.Time) edge.Event {
	return story{"production", service, "ecs-svc/" + digits(19), at}.event("FAILED", 0, "ECS deployment circuit breaker: tasks failed to start.")
}

// TestWindow goes through one night of planned work: what fails inside it wakes nobody, and
// an incident from before ends in it.
func TestWindow(t *testing.T) {
	since, until := night(tell("production", "search").began)
	began = until.Add(time.Hour)
	quiet := func(at time.Time) {
		t.Helper()
		r := send(t, failsAt("search", at))
		wantLines(t, r, slackFails, planned, planned)
		told(t, r, "slack", "Nobody was paged or texted: maintenance window search-reindex until", fmt.Sprintf("<!date^%d^", until.Unix()), "search team")
	}
	loud := func(service string, at time.Time) {
		t.Helper()
		r := send(t, failsAt(service, at))
		wantLines(t, r, slackFails, pages, texts)
	}
	loud("search", since.Add(-time.Second))
	quiet(since)
	success := story{"production", "search", "ecs-svc/" + digits(19), since.Add(time.Hour)}
	wantLines(t, send(t, success.event("COMPLETED", 0, "ECS deployment completed.")), slackPosts, resolves, notFailed)
	if got := incident(t, "search"); got != "resolved" {
		t.Errorf("the incident from before the window is %s", got)
	}
	quiet(until.Add(-time.Second))
	if got := incident(t, "search"); got != "resolved" {
		t.Errorf("what failed in the window opened an incident: it is %s", got)
	}
	loud("checkout", since.Add(time.Hour)) // which the window does not name
	loud("search", until)
}

// drill makes an exercise of an event.
func drill(t *testing.T, event edge.Event, page bool) edge.Event {
	t.Helper()
	var detail map[string]any
	if err := json.Unmarshal(event.Detail, &detail); err != nil {
		t.Fatal(err)
	}
	detail["page"] = page
	text, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	event.Source, event.Detail = "fanfare.drill", text
	return event
}

const (
	drillQuiet = "suppress drill_not_paged none"
	someTag    = "1.43.0"
)

func TestDrillWakesNobody(t *testing.T) {
	r := send(t, drill(t, tell("production", "checkout").fails(), false))
	wantLines(t, r, slackFails, drillQuiet, drillQuiet)
	told(t, r, "slack", "DRILL: ", "It wakes nobody")
	if got := incident(t, "drill:checkout"); got == "triggered" {
		t.Errorf("the incident is %s", got)
	}
}

func TestDrillThatPages(t *testing.T) {
	s := tell("production", "checkout")
	r := send(t, drill(t, s.fails(), true))
	wantLines(t, r, slackFails, pages, texts)
	for _, channel := range play.Names {
		told(t, r, channel, "DRILL: ")
	}
	if got := incident(t, "drill:checkout"); got != "triggered" {
		t.Errorf("the drill's incident is %s", got)
	}
	s = tell("production", "checkout")
	r = send(t, drill(t, s.succeeds(), true))
	wantLines(t, r, slackPosts, resolves, notFailed)
	if got := incident(t, "drill:checkout"); got != "resolved" {
		t.Errorf("the drill's incident is %s", got)
	}
}

// TestDrillEndsNoIncident that is meant, and no revision that it plays is remembered; the
// same execution's own success does both.
func TestDrillEndsNoIncident(t *testing.T) {
	x := run(t, production, commit("1.44.0"))
	x.ends(t, edge.Ending{Outcome: edge.Fail})
	wantLines(t, send(t, x.event("FAILED")), slackFails, pages, texts)
	before := kept(t, w, lastRevision)
	wantLines(t, send(t, drill(t, x.event("SUCCEEDED"), true)), slackPosts, resolves, notFailed)
	if got := incident(t, "pipeline:"+production); got != "triggered" {
		t.Errorf("after the drill the incident is %s", got)
	}
	if got := kept(t, w, lastRevision); got != before || got == w.Commit("1.44.0") {
		t.Errorf("the drill moved the last good revision from %s to %s", before, got)
	}
	x.retried(t)
	x.ends(t, edge.Ending{Outcome: edge.Succeed})
	wantLines(t, send(t, x.event("SUCCEEDED")), slackPosts, resolves, notFailed)
	if got := incident(t, "pipeline:"+production); got != "resolved" {
		t.Errorf("after the success the incident is %s", got)
	}
	if got := kept(t, w, lastRevision); got != w.Commit("1.44.0") {
		t.Errorf("the last good revision is %s", got)
	}
}

// TestDrillLeavesLastTag: the drill of a rollout that brings another version; the rollout's
// own success moves it.
func TestDrillLeavesLastTag(t *testing.T) {
	definition, err := world.RegisterVersion(t.Context(), ecs.NewFromConfig(w.Config()), w.Address, "staging", "search", someTag)
	if err != nil {
		t.Fatal(err)
	}
	var rollout edge.Rollout
	control(t, "POST", "/rollouts", map[string]string{"cluster": "staging", "service": "search", "taskDefinition": definition}, &rollout)
	if _, err := player.Observe(t.Context(), rollout.Event.ID, play.Mark{}); err != nil {
		t.Fatal(err)
	}
	before := lastTag(t, "staging", "search")
	s := story{"staging", "search", rollout.DeploymentID, time.Now().UTC()}
	r := send(t, drill(t, s.succeeds(), true))
	wantLines(t, r, slackPosts, notProd, notProd)
	if got := lastTag(t, "staging", "search"); got != before || got == someTag {
		t.Errorf("the drill moved the last good tag from %s to %s", before, got)
	}
	var finished struct{ Events []edge.Event }
	control(t, "POST", "/rollouts/finish", map[string]string{"cluster": "staging", "service": "search", "outcome": edge.Succeed}, &finished)
	if _, err := player.Observe(t.Context(), finished.Events[0].ID, play.Mark{}); err != nil {
		t.Fatal(err)
	}
	if got := lastTag(t, "staging", "search"); got != someTag {
		t.Errorf("the last good tag is %s", got)
	}
}
