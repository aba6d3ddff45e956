package edge

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestPipelineEvents holds what is emitted against golden files.
func TestPipelineEvents(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[string]string{
		Succeed: "STARTED SUCCEEDED", Fail: "STARTED FAILED RESUMED SUCCEEDED", Stop: "STARTED STOPPING STOPPED",
		Supersede: "STARTED SUPERSEDED", Cancel: "STARTED CANCELED",
	} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{})
			x, err := w.StartExecution(t.Context(), ship, someID, oneRevision, false)
			if err != nil {
				t.Fatal(err)
			}
			events := []Event{x.Event}
			_, ended, err := w.EndExecution(t.Context(), ship, "", Ending{Outcome: outcome})
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, ended...)
			if outcome == Fail {
				x, err := w.RetryExecution(t.Context(), ship, someID, false)
				if err != nil || x.Attempt != 2 {
					t.Fatalf("got %+v, %v", x, err)
				}
				_, ended, err := w.EndExecution(t.Context(), ship, someID, Ending{Outcome: Succeed})
				if err != nil {
					t.Fatal(err)
				}
				events = append(append(events, x.Event), ended...)
			}
			var states []string
			for i := range events {
				var detail pipelineDetail
				if err := json.Unmarshal(events[i].Detail, &detail); err != nil {
					t.Fatal(err)
				}
				states = append(states, detail.State)
				events[i].ID = "id"
			}
			if got := strings.Join(states, " "); got != want {
				t.Errorf("emitted %s, want %s", got, want)
			}
			golden(t, "pipeline-"+outcome, events)
		})
	}
}

// TestExecutionIsThereBeforeItsEvent: whom the event wakes finds the execution as it says.
func TestExecutionIsThereBeforeItsEvent(t *testing.T) {
	t.Parallel()
	engine := &fakeEngine{}
	w := newWorld(t, engine)
	var seen []string
	engine.onPut = func(putEntry) { seen = append(seen, w.Executions()[0].Status) }
	failed1(t, w)
	if got := strings.Join(seen, " "); got != "InProgress Failed" {
		t.Errorf("whom the events woke saw %s", got)
	}
}

func TestRefusedExecutions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	if _, err := w.StartExecution(t.Context(), "x", "", nil, true); !errors.Is(err, ErrNoPipeline) {
		t.Errorf("got %v", err)
	}
	if _, err := w.RetryExecution(t.Context(), ship, "", true); !errors.Is(err, ErrNoExecution) {
		t.Errorf("got %v", err)
	}
	if _, err := w.StartExecution(t.Context(), ship, someID, oneRevision, true); err != nil {
		t.Fatal(err)
	}
	if len(w.engine.events) != 0 {
		t.Error("a silent start emits an event")
	}
	if _, err := w.RetryExecution(t.Context(), ship, "", true); !errors.Is(err, ErrNotFailed) {
		t.Errorf("got %v", err)
	}
	if _, _, err := w.EndExecution(t.Context(), ship, "", Ending{Outcome: Succeed, Silent: true, Revisions: []Revision{{Name: "Late", ID: commit2}}}); err != nil {
		t.Fatal(err)
	}
	if r := get1(t, w, someID).ArtifactRevisions; len(r) != 1 || *r[0].RevisionId != commit2 {
		t.Errorf("what the source gave late is %+v", r)
	}
	if _, _, err := w.EndExecution(t.Context(), ship, "", Ending{Outcome: Fail}); !errors.Is(err, ErrFinished) {
		t.Errorf("got %v", err)
	}
}

func TestControlExecutions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	control := httptest.NewServer(w.Control())
	t.Cleanup(control.Close)
	for _, tt := range []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"unknown pipeline", "", `{"pipeline":"x"}`, 404, `no such pipeline`},
		{"an id that is none", "", `{"pipeline":"ship-production","id":"1"}`, 400, `"id: `},
		{"a revision without an id", "", `{"pipeline":"ship-production","revisions":[{"name":"App"}]}`, 400, `revisions[0].revisionId`},
		{"a revision without a name", "", `{"pipeline":"ship-production","revisions":[{"revisionId":"1"}]}`, 400, `revisions[0].name`},
		{"an unknown key", "", `{"pipelin":"x"}`, 400, `pipelin`},
		{"nothing to finish", "/finish", `{"pipeline":"ship-production","outcome":"fail"}`, 404, `no such execution`},
		{"start", "", `{"pipeline":"ship-production","id":"` + someID + `","revisions":[{"name":"App","revisionId":"` + commit1 + `"}]}`, 200, `"state":"STARTED"`},
		{"start again", "", `{"pipeline":"ship-production","id":"` + someID + `"}`, 400, `already`},
		{"an outcome that is none", "/finish", `{"pipeline":"ship-production","outcome":"x"}`, 400, `"outcome: `},
		{"a stage that is none", "/finish", `{"pipeline":"ship-production","outcome":"fail","stage":"x"}`, 400, `"stage: `},
		{"fail", "/finish", `{"pipeline":"ship-production","outcome":"fail","stage":"Build","action":"Test","summary":"2 tests failed"}`, 200, `"state":"FAILED"`},
		{"fail again", "/finish", `{"pipeline":"ship-production","outcome":"fail"}`, 409, `in progress`},
		{"retry", "/retry", `{"pipeline":"ship-production"}`, 200, `"pipeline-execution-attempt":2.0`},
		{"retry again", "/retry", `{"pipeline":"ship-production"}`, 409, `has not failed`},
	} { // in order: each finds what the ones before left
		resp, err := http.Post(control.URL+"/executions"+tt.path, "application/json", strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		var answer json.RawMessage
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status || !strings.Contains(string(answer), tt.want) {
			t.Errorf("%s: got %d %s, want %d %s", tt.name, resp.StatusCode, answer, tt.status, tt.want)
		}
	}
	var list struct{ Executions []Execution }
	get(t, control.URL+"/executions", &list)
	if len(list.Executions) != 1 || list.Executions[0].Attempt != 2 {
		t.Errorf("the executions are %+v", list)
	}
}
