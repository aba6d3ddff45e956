//go:build e2e

package e2e_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/play"
	"fanfare/internal/local/world"
)

const (
	production   = "checkout-production"
	staging      = "checkout-staging"
	lastRevision = "/codepipeline/deployments/" + production + "/last-revision"
)

// execution is one of a pipeline's. The edge plays it, and tells nobody: its events are
// made here, so that they come one after the other.
type execution struct {
	in           *world.World
	pipeline, id string
	attempt      int
	began        time.Time
}

// begins makes an execution of the pipeline, which the edge knows nothing of.
func begins(in *world.World, pipeline string) *execution {
	return &execution{in, pipeline, uuid(), 1, time.Now().UTC()}
}

// run starts an execution of the pipeline with what its sources gave.
func run(t *testing.T, pipeline string, revisions ...edge.Revision) *execution {
	t.Helper()
	x := begins(w, pipeline)
	x.start(t, revisions...)
	return x
}

func (x *execution) start(t *testing.T, revisions ...edge.Revision) {
	t.Helper()
	controlOf(t, x.in, "POST", "/executions", map[string]any{"pipeline": x.pipeline, "id": x.id, "revisions": revisions, "silent": true}, nil)
}

func (x *execution) ends(t *testing.T, how edge.Ending) {
	t.Helper()
	how.Silent = true
	in := struct {
		Pipeline string `json:"pipeline"`
		ID       string `json:"id"`
		edge.Ending
	}{x.pipeline, x.id, how}
	controlOf(t, x.in, "POST", "/executions/finish", in, nil)
}

func (x *execution) retried(t *testing.T) {
	t.Helper()
	controlOf(t, x.in, "POST", "/executions/retry", map[string]any{"pipeline": x.pipeline, "id": x.id, "silent": true}, nil)
	x.attempt++
}

// latest is when the latest event was emitted: no two are of the same second, in which a
// failure would count for more than a success.
var latest time.Time

// event is what CodePipeline emits when the execution comes to the state: now.
func (x *execution) event(state string) edge.Event {
	now := time.Now().UTC().Truncate(time.Second)
	if !now.After(latest) {
		now = latest.Add(time.Second)
	}
	latest = now
	detail, err := json.Marshal(map[string]any{
		"pipeline": x.pipeline, "execution-id": x.id, "state": state, "start-time": x.began.Format("2006-01-02T15:04:05.000Z"),
		"version": json.Number("1.0"), "pipeline-execution-attempt": json.Number(fmt.Sprintf("%d.0", x.attempt)),
	})
	if err != nil {
		panic(err)
	}
	return edge.Event{
		ID: "e2e-" + digits(20), Source: "aws.codepipeline", DetailType: "CodePipeline Pipeline Execution State Change",
		Account: x.in.Account, Region: x.in.Region, Time: now, Detail: detail,
		Resources: []string{"arn:aws:codepipeline:" + x.in.Region + ":" + x.in.Account + ":" + x.pipeline},
	}
}

func uuid() string {
	d := digits(32)
	return strings.Join([]string{d[:8], d[8:12], d[12:16], d[16:20], d[20:]}, "-")
}

// commit is the revision of a version of checkout, as a connection to GitLab gives it.
func commit(version string) edge.Revision {
	id := w.Commit(version)
	return edge.Revision{Name: "Checkout", ID: id, Summary: `{"ProviderType":"GitLab","CommitMessage":"Release ` + version + `"}`,
		URL: w.GitLab + "/shop/checkout/-/commit/" + id}
}

// TestPipelineFailsAndIsRetried is an incident from its beginning to its end.
func TestPipelineFailsAndIsRetried(t *testing.T) {
	x := run(t, production, commit("1.43.0"))
	r := send(t, x.event("STARTED"))
	wantLines(t, r, slackPosts, notFailed, notFailed)
	told(t, r, "slack", production, w.Commit("1.43.0")[:8]+" is being deployed to production")

	x.ends(t, edge.Ending{Outcome: edge.Fail, Stage: "Build", Action: "Tests", Summary: "2 of 118 tests failed", URL: "https://ci.example/build/7"})
	r = send(t, x.event("FAILED"))
	wantLines(t, r, slackTurns, pages, texts)
	told(t, r, "slack", "Build/Tests: 2 of 118 tests failed", "https://ci.example/build/7", "executions/"+x.id)
	told(t, r, "pagerduty", "Build/Tests: 2 of 118 tests failed", "https://ci.example/build/7", `"severity":"critical"`)
	told(t, r, "sns", production, "2 of 118 tests failed")
	if got := incident(t, "pipeline:"+production); got != "triggered" {
		t.Errorf("after the failure the incident is %s", got)
	}

	x.retried(t)
	r = send(t, x.event("RESUMED"))
	wantLines(t, r, slackPosts, notFailed, notFailed)
	told(t, r, "slack", "(attempt 2)")
	x.ends(t, edge.Ending{Outcome: edge.Succeed})
	r = send(t, x.event("SUCCEEDED"))
	wantLines(t, r, slackEdits, resolves, notFailed)
	told(t, r, "slack", w.Commit("1.43.0")[:8]+" is live in production (attempt 2)")
	if got := incident(t, "pipeline:"+production); got != "resolved" {
		t.Errorf("after the second attempt the incident is %s", got)
	}
	if got := kept(t, w, lastRevision); got != w.Commit("1.43.0") {
		t.Errorf("the last good revision is %s", got)
	}
}

// TestPipelineThatComesToNoEndOfItsOwn pages nobody.
func TestPipelineThatComesToNoEndOfItsOwn(t *testing.T) {
	for _, test := range []struct {
		outcome string
		states  []string
		say     string
	}{
		{edge.Stop, []string{"STOPPING", "STOPPED"}, "was stopped on its way to production"},
		{edge.Supersede, []string{"SUPERSEDED"}, "was superseded on its way to production"},
		{edge.Cancel, []string{"CANCELED"}, "was canceled on its way to production"},
	} {
		t.Run(test.outcome, func(t *testing.T) {
			x := run(t, production, commit("1.44.0"))
			x.ends(t, edge.Ending{Outcome: test.outcome})
			var r play.Result
			want := slackPosts
			for _, state := range test.states {
				r = send(t, x.event(state))
				wantLines(t, r, want, notFailed, notFailed)
				want = slackEdits
			}
			told(t, r, "slack", test.say)
			wantOneMessage(t, x.id, test.say)
		})
	}
}

func TestStagingPipelinePagesNobody(t *testing.T) {
	x := run(t, staging, commit("1.43.0"))
	x.ends(t, edge.Ending{Outcome: edge.Fail})
	wantLines(t, send(t, x.event("FAILED")), slackFails, notProd, notProd)
}

// TestPipelineThatTheFileDoesNotName: no rule takes its events; those of a drill are let
// through, and nobody is told.
func TestPipelineThatTheFileDoesNotName(t *testing.T) {
	x := begins(w, "payments-production")
	if r := send(t, x.event("FAILED")); r.Result != play.Ignored || r.Execution != nil {
		t.Errorf("it is %s, in %v", r.Result, r.Execution)
	}
	const other = "suppress other_pipeline none"
	wantLines(t, send(t, drill(t, x.event("FAILED"), true)), other, other, other)
}

// TestRevisions: one source is the release, and where that cannot be told the message says so.
func TestRevisions(t *testing.T) {
	config := edge.Revision{Name: "Config", ID: "2Kq8xzV7bYtN", Summary: "Amazon S3 version id: 2Kq8xzV7bYtN"}
	another := commit("1.42.0")
	another.Name = "Infrastructure"
	for name, test := range map[string]struct {
		revisions []edge.Revision
		say       string
	}{
		"none":                 {nil, "the execution has no source revision yet"},
		"one of them a commit": {[]edge.Revision{config, commit("1.44.0")}, w.Commit("1.44.0")[:8] + " is being deployed"},
		"two commits":          {[]edge.Revision{commit("1.44.0"), another}, "the pipeline has several sources, name one as artifact in the account file: Checkout, Infrastructure"},
	} {
		t.Run(name, func(t *testing.T) {
			r := send(t, run(t, production, test.revisions...).event("STARTED"))
			wantLines(t, r, slackPosts, notFailed, notFailed)
			told(t, r, "slack", test.say)
		})
	}
}
