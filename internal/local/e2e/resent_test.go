//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"

	"fanfare/internal/deployment"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/play"
	"fanfare/statemachine"
)

// newsThatComesBy is an event on whose way every state of the workflow is passed, or the
// one of this name.
func newsThatComesBy(state string) edge.Event {
	switch s := tell("production", "checkout"); state {
	case "RememberTag":
		return s.succeeds()
	case "Watch":
		return s.starts()
	default:
		return s.fails()
	}
}

// TestSentAgain has each function in turn fail for good, and then, mended, brings the same
// event again, as somebody would who starts the execution anew: the local engine has no
// redrive. Then everybody has been told, and nobody twice.
func TestSentAgain(t *testing.T) {
	for _, s := range statemachine.Steps {
		if s.State == "Escalate" { // which is only called when a delivery was in vain
			continue
		}
		t.Run(s.State, func(t *testing.T) {
			scaled(t, 0.02)
			event := newsThatComesBy(s.State)
			var first play.Result
			t.Run("broken", func(t *testing.T) {
				refused(s.Name())(t)
				first = send(t, event)
			})
			again := send(t, event)
			if again.Execution == nil || again.Execution.Status != "SUCCEEDED" {
				t.Fatalf("the event that was brought again ended %+v", again.Execution)
			}
			want := deployment.TakenOver
			switch {
			case s.State == "Normalise", s.State == "Claim": // it was nobody's
				want = deployment.Claimed
			case first.Execution.Status == "SUCCEEDED":
				want = deployment.Duplicate
			}
			if again.Document.Claim == nil || again.Document.Claim.Outcome != want {
				t.Errorf("after an execution that %s the claim is %+v, want %s", first.Execution.Status, again.Document.Claim, want)
			}
			wantToldOnce(t, event, first, again)
		})
	}
}

// wantToldOnce counts what the two executions have sent between them.
func wantToldOnce(t *testing.T, event edge.Event, results ...play.Result) {
	t.Helper()
	sent := map[string]int{}
	for _, r := range results {
		for _, channel := range r.Channels {
			for _, request := range channel.Requests {
				sent[request.Path]++
			}
		}
	}
	var got []string
	for path, times := range sent {
		got = append(got, strings.Repeat(path+" ", times))
	}
	slices.Sort(got)
	want := []string{"/ ", "/api/chat.postMessage /api/chat.postMessage ", "/v2/enqueue "}
	switch {
	case strings.Contains(string(event.Detail), "_IN_PROGRESS"):
		want = []string{"/api/chat.postMessage "}
	case strings.Contains(string(event.Detail), "_COMPLETED"):
		want = []string{"/api/chat.postMessage ", "/v2/change/enqueue ", "/v2/enqueue "}
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// TestRecovered brings a failure when a deployment that began after it has succeeded: it is
// told, and wakes nobody. One whose beginning was not seen may be the rollback's, and counts
// for nothing.
func TestRecovered(t *testing.T) {
	scaled(t, 0.02)
	first := tell("production", "checkout")
	second := tell("production", "checkout") // ten minutes later
	send(t, second.starts())
	send(t, second.succeeds())
	wantLines(t, send(t, first.fails()), slackFails, "suppress recovered none", "suppress recovered none")
	third, fourth := tell("production", "checkout"), tell("production", "checkout")
	send(t, fourth.succeeds())
	wantLines(t, send(t, third.fails()), slackFails, pages, texts)
}
