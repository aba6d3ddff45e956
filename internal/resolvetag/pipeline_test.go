package resolvetag_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	pipelines "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/resolvetag"
)

const (
	pipeline  = "checkout@eu"
	execution = "7d1c2a90-3b5e-4f6a-8c21-0e9f4b6a7d13"
	s3Version = "Qm8.vT_3kWcPz0LrXy7NfBh2sJdA5uEo"
)

var (
	commit, otherCommit = strings.Repeat("0a1b2c3d", 5), strings.Repeat("9f8e7d6c", 5)
	failedAt            = time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)
)

// pipelined is a world in which an execution brings the commit after the other one, and
// fails in its second action.
func pipelined() *world {
	return &world{
		execution: &pipelines.PipelineExecution{ArtifactRevisions: []pipelines.ArtifactRevision{source("App", commit)}},
		revision:  otherCommit,
		pages: [][]pipelines.ActionExecutionDetail{{
			action("Deploy", "Release", "Failed", 0, "2 tests failed"),
			action("Build", "Compile", "Succeeded", -2*time.Minute, ""),
		}},
	}
}

func source(name, id string) pipelines.ArtifactRevision {
	return pipelines.ArtifactRevision{Name: aws.String(name), RevisionId: aws.String(id)}
}

// action is one that ran for a minute, until so long after the event of the failure.
func action(stage, name string, status pipelines.ActionExecutionStatus, after time.Duration, summary string) pipelines.ActionExecutionDetail {
	return pipelines.ActionExecutionDetail{
		PipelineExecutionId: aws.String(execution), StageName: aws.String(stage), ActionName: aws.String(name), Status: status,
		StartTime: aws.Time(failedAt.Add(after - time.Minute)), LastUpdateTime: aws.Time(failedAt.Add(after)),
		Output: &pipelines.ActionExecutionOutput{ExecutionResult: &pipelines.ActionExecutionResult{ExternalExecutionSummary: aws.String(summary)}},
	}
}

// event is one of the pipeline's, emitted at failedAt, ten minutes after the first.
func event(status deployment.Status) deployment.Document {
	return deployment.Document{
		Deployment: deployment.Deployment{
			Account: shop.ID, Region: shop.Region, Source: deployment.CodePipeline, Pipeline: pipeline, ID: execution, Event: "e1",
			Attempt: 1, Status: status, Kind: deployment.Ordinary, Time: failedAt,
		},
		Claim: &deployment.Claim{Outcome: deployment.Claimed, Kind: deployment.Ordinary, StartedAt: failedAt.Add(-10 * time.Minute)},
	}
}

// naming is the account with the pipeline's artifact.
func naming(artifact string) account.Account {
	a := shop
	a.Pipelines = []account.Pipeline{{Name: pipeline, Artifact: artifact}}
	return a
}

func TestWhichRevision(t *testing.T) {
	t.Parallel()
	const several = "the pipeline has several sources, name one as artifact in the account file: "
	tests := []struct {
		name     string
		sources  []pipelines.ArtifactRevision
		artifact string
		status   deployment.Status
		want     string
		kept     bool
		reason   string
	}{
		{"the only one", []pipelines.ArtifactRevision{source("App", commit)}, "", deployment.Succeeded, commit, true, ""},
		{"the only one so far", []pipelines.ArtifactRevision{source("App", commit)}, "", deployment.InProgress, commit, false, ""},
		{"the only one, of S3", []pipelines.ArtifactRevision{source("Bundle", s3Version)}, "", deployment.Succeeded, s3Version, true, ""},
		{"the only Git commit", []pipelines.ArtifactRevision{source("Config", s3Version), source("App", commit)}, "", deployment.Stopped, commit, true, ""},
		{"the one that is named", []pipelines.ArtifactRevision{source("App", commit), source("Config", s3Version)}, "Config", deployment.Succeeded, s3Version, true, ""},
		{"the one that is named, so far", []pipelines.ArtifactRevision{source("App", commit)}, "App", deployment.InProgress, commit, false, ""},
		{"the one that is named has none yet", []pipelines.ArtifactRevision{source("App", commit)}, "Config", deployment.InProgress, "", false, "artifact Config, which the account file names, has no revision yet"},
		{"the one that is named is not there", []pipelines.ArtifactRevision{source("App", commit)}, "Gone", deployment.Failed, "", false, "artifact Gone, which the account file names, has no revision"},
		{"two commits", []pipelines.ArtifactRevision{source("App", commit), source("Config", otherCommit)}, "", deployment.Succeeded, "", false, several + "App, Config"},
		{"no commit of two", []pipelines.ArtifactRevision{source("Bundle", s3Version), source("", "2")}, "", deployment.Succeeded, "", false, several + "Bundle, without a name"},
		{"many", []pipelines.ArtifactRevision{source("A\n", "1"), source("B", "2"), source(strings.Repeat("C", 99), "3"), source("D", "4"), source("E", "5")}, "", deployment.Succeeded, "", false,
			several + "A, B, " + strings.Repeat("C", 29) + "… and 2 more"},
		{"another without an id", []pipelines.ArtifactRevision{{Name: aws.String("Config")}, source("App", commit)}, "", deployment.Succeeded, commit, true, ""},
		{"none", nil, "", deployment.Succeeded, "", false, "the execution has no source revision"},
		{"none yet", nil, "", deployment.InProgress, "", false, "the execution has no source revision yet"},
		{"nil pointers", []pipelines.ArtifactRevision{{}}, "", deployment.Succeeded, "", false, "the execution has no source revision"},
		{"no id but nonsense", []pipelines.ArtifactRevision{source("App", "<!channel> a\nb")}, "", deployment.Succeeded, "", false, "the revision of artifact App could not be read"},
		{"an id that Parameter Store refuses", []pipelines.ArtifactRevision{source("App", "{{ssm:x}}")}, "", deployment.Succeeded, "", false, "the revision of artifact App could not be read"},
		{"an id too long", []pipelines.ArtifactRevision{source("App", strings.Repeat("a", 1501))}, "", deployment.Succeeded, "", false, "the revision of artifact App could not be read"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := pipelined()
			w.execution.ArtifactRevisions = test.sources
			got := resolve(t, w, naming(test.artifact), event(test.status))
			if got.Revision.ID != test.want || got.Reason != strings.Trim(test.reason+"; "+missing(test.status, got), "; ") {
				t.Errorf("got %+v", got)
			}
			want := deployment.NewRelease
			if test.want == "" {
				want = deployment.UnknownRelease
			}
			if got.Outcome != want || got.PreviousRevision.ID != otherCommit || (len(w.saved) == 1) != test.kept {
				t.Errorf("got %+v, saved %v", got, w.saved)
			}
		})
	}
}

// missing is what a failure's reason says besides: nothing, as the action is known.
func missing(status deployment.Status, got deployment.Release) string {
	if (status == deployment.Failed) != (got.FailedAction != nil) {
		return "which action failed must be told of failures, and of nothing else"
	}
	return ""
}

func TestLastGoodRevision(t *testing.T) {
	t.Parallel()
	const unread = "the previous revision could not be read: "
	tests := []struct {
		name, kept string
		err        error
		outcome    deployment.ReleaseOutcome
		previous   string
		reason     string
	}{
		{"another commit", otherCommit, nil, deployment.NewRelease, otherCommit, ""},
		{"blanks around it", " " + otherCommit + "\n", nil, deployment.NewRelease, otherCommit, ""},
		{"the same", commit, nil, deployment.SameRelease, commit, ""},
		{"none kept yet", "", nil, deployment.FirstRelease, "", ""},
		{"blanks kept", "  ", nil, deployment.UnknownRelease, "", unread + "its parameter holds none"},
		{"nonsense kept", "<!channel> 1", nil, deployment.UnknownRelease, "", unread + "its parameter holds none"},
		{"throttled", otherCommit, refused("ThrottlingException"), deployment.UnknownRelease, "", unread + "Parameter Store was too busy to answer"},
		{"not allowed", otherCommit, refused("AccessDeniedException"), deployment.UnknownRelease, "", unread + "Parameter Store refused access"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := pipelined()
			w.revision, w.tagErr = test.kept, test.err
			got := resolve(t, w, shop, event(deployment.Succeeded))
			if got.Outcome != test.outcome || got.PreviousRevision.ID != test.previous || got.Reason != test.reason || got.Revision.ID != commit {
				t.Errorf("got %+v", got)
			}
			if !got.Image.IsZero() || !got.StartedAt.IsZero() || len(w.saved) != 1 || !reflect.DeepEqual(w.saved[0], got) {
				t.Errorf("got %+v, saved %+v", got, w.saved)
			}
		})
	}
}

func TestPipelineRollback(t *testing.T) {
	t.Parallel()
	manual := &pipelines.ExecutionTrigger{TriggerType: pipelines.TriggerTypeManualRollback}
	const unknown = "what is taken back is unknown"
	tests := []struct {
		name     string
		change   func(w *world, doc *deployment.Document)
		rollback bool
		previous string
		reason   string
	}{
		{"by its type", func(w *world, _ *deployment.Document) { w.execution.ExecutionType = pipelines.ExecutionTypeRollback }, true, otherCommit, ""},
		{"by a person", func(w *world, _ *deployment.Document) { w.execution.Trigger = manual }, true, otherCommit, ""},
		{"by itself", func(w *world, _ *deployment.Document) {
			w.execution.Trigger = &pipelines.ExecutionTrigger{TriggerType: pipelines.TriggerTypeAutomatedRollback}
		}, true, otherCommit, ""},
		{"by the event alone", func(w *world, doc *deployment.Document) {
			w.executionErr, doc.Claim.Kind = refused("ThrottlingException"), deployment.Rollback
		}, true, otherCommit, "CodePipeline was too busy to answer"},
		{"nothing was tried", func(w *world, _ *deployment.Document) { w.execution.Trigger, w.triedRevision = manual, "" }, true, "", unknown},
		{"the same was tried", func(w *world, _ *deployment.Document) { w.execution.Trigger, w.triedRevision = manual, commit }, true, "", unknown},
		{"the ledger is out of reach", func(w *world, _ *deployment.Document) {
			w.execution.Trigger, w.ledgerErr = manual, refused("InternalServerError")
		}, true, "", unknown + ": the ledger was not reachable"},
		{"none: an ordinary execution", func(w *world, _ *deployment.Document) {
			w.execution.ExecutionType, w.execution.Trigger = pipelines.ExecutionTypeStandard, &pipelines.ExecutionTrigger{TriggerType: pipelines.TriggerTypeWebhookV2}
		}, false, "5", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, doc := pipelined(), event(deployment.Succeeded)
			w.revision, w.triedRevision = "5", otherCommit
			test.change(w, &doc)
			got := resolve(t, w, shop, doc)
			if (got.Outcome == deployment.RollbackRelease) != test.rollback || got.PreviousRevision.ID != test.previous || got.Reason != test.reason {
				t.Errorf("got %+v", got)
			}
			if kept := test.reason == ""; kept != (len(w.saved) == 1) {
				t.Errorf("saved %+v: what is not known yet must be asked again", w.saved)
			}
		})
	}
}

func TestPipelineDegrades(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		err    error
		change func(w *world, doc *deployment.Document)
		reason string
		calls  int
	}{
		{name: "another account", change: func(_ *world, doc *deployment.Document) { doc.Deployment.Account = "111111111111" }, reason: "deployed in another account or region"},
		{name: "another region", change: func(_ *world, doc *deployment.Document) { doc.Deployment.Region = "eu-north-1" }, reason: "deployed in another account or region"},
		{name: "no execution id", change: func(_ *world, doc *deployment.Document) { doc.Deployment.ID = "" }, reason: "the event does not name the execution"},
		{name: "no such pipeline", err: refused("PipelineNotFoundException"), reason: "CodePipeline does not know the pipeline", calls: 3},
		{name: "no such execution", err: refused("PipelineExecutionNotFoundException"), reason: "CodePipeline does not know the execution", calls: 3},
		{name: "throttled", err: refused("ThrottlingException"), reason: "CodePipeline was too busy to answer", calls: 3},
		{name: "not allowed", err: refused("AccessDeniedException"), reason: "CodePipeline refused access", calls: 3},
		{name: "broken", err: errors.New("connection reset"), reason: "CodePipeline was not reachable", calls: 3},
		{name: "an answer without an execution", change: func(w *world, _ *deployment.Document) { w.execution = nil }, reason: "CodePipeline does not know the execution", calls: 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, doc := pipelined(), event(deployment.InProgress)
			w.executionErr = test.err
			if test.change != nil {
				test.change(w, &doc)
			}
			got := resolve(t, w, shop, doc)
			if got.Outcome != deployment.UnknownRelease || !got.Revision.IsZero() || got.Reason != test.reason {
				t.Errorf("got %+v", got)
			}
			if asked := test.calls > 0; asked && got.PreviousRevision.ID != otherCommit || len(w.calls) != test.calls || len(w.saved) > 0 {
				t.Errorf("got %+v after %v", got, w.calls)
			}
		})
	}
}

func TestPipelineLedger(t *testing.T) {
	t.Parallel()
	doc := event(deployment.Failed)
	known := deployment.Release{Outcome: deployment.NewRelease, Revision: deployment.Revision{ID: "42"}, Reason: "as it was"}

	t.Run("the revision is known, the action is asked anew", func(t *testing.T) {
		t.Parallel()
		w := pipelined()
		w.ledger = map[string]deployment.Release{doc.Key(): known}
		got := resolve(t, w, shop, doc)
		if got.Revision != known.Revision || got.Reason != known.Reason || got.FailedAction == nil || got.FailedAction.Name != "Release" {
			t.Errorf("got %+v", got)
		}
		slices.Sort(w.calls)
		if !slices.Equal(w.calls, []string{"ListActionExecutions", "Release"}) || len(w.saved) > 0 {
			t.Errorf("called %v, saved %v", w.calls, w.saved)
		}
	})
	t.Run("the failed action is not kept", func(t *testing.T) {
		t.Parallel()
		w := pipelined()
		w.actionsErr = refused("ThrottlingException")
		got := resolve(t, w, shop, doc)
		if len(w.saved) != 1 || w.saved[0].FailedAction != nil || w.saved[0].Reason != "" || got.Outcome != deployment.NewRelease {
			t.Errorf("got %+v, saved %+v", got, w.saved)
		}
	})
	t.Run("another attempt asks for itself", func(t *testing.T) {
		t.Parallel()
		w, again := pipelined(), event(deployment.Succeeded)
		again.Deployment.Attempt = 2
		w.ledger = map[string]deployment.Release{doc.Key(): known}
		if got := resolve(t, w, shop, again); got.Revision.ID != commit {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("out of reach, and the last revision may have moved on already", func(t *testing.T) {
		t.Parallel()
		w := pipelined()
		w.ledgerErr, w.revision = refused("InternalServerError"), commit
		if got := resolve(t, w, shop, event(deployment.Succeeded)); got.Outcome != deployment.UnknownRelease || got.Reason != "the ledger could not be read" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestDrill looks nothing up: neither must an exercise fail for want of what it plays with,
// nor must it be taken for what is meant.
func TestDrill(t *testing.T) {
	t.Parallel()
	for _, doc := range []deployment.Document{
		event(deployment.Failed), event(deployment.Succeeded),
		document(deployment.Failed, deployment.Ordinary, id), document(deployment.InProgress, deployment.Rollback, id),
	} {
		w := pipelined()
		doc.Deployment.Drill = &deployment.Drill{Page: true}
		got := resolve(t, w, shop, doc)
		if got != (deployment.Release{Outcome: deployment.UnknownRelease, Reason: "a drill: nothing was looked up"}) || len(w.calls) > 0 {
			t.Errorf("got %+v after %v", got, w.calls)
		}
	}
}

// TestPipelineBudget lets every part hang in turn: the others are still asked, and all
// together never take longer than the budget.
func TestPipelineBudget(t *testing.T) {
	t.Parallel()
	const (
		noAction   = "the failed action is unknown: CodePipeline did not answer in time"
		noPrevious = "the previous revision could not be read: Parameter Store did not answer in time"
	)
	tests := []struct {
		name  string
		world func(w *world)
		takes time.Duration
		words string
	}{
		{"execution", func(w *world) { w.executionErr = errHang }, resolvetag.CallLimit, "CodePipeline did not answer in time"},
		{"actions", func(w *world) { w.actionsErr = errHang }, resolvetag.CallLimit, noAction},
		{"CodePipeline", func(w *world) { w.executionErr, w.actionsErr = errHang, errHang }, resolvetag.CallLimit, "CodePipeline did not answer in time"}, // once
		{"parameters", func(w *world) { w.tagErr = errHang }, resolvetag.CallLimit, noPrevious},
		{"ledger", func(w *world) { w.ledgerErr = errHang }, 2 * resolvetag.CallLimit, ""},
		{"all", func(w *world) {
			w.executionErr, w.actionsErr, w.tagErr, w.ledgerErr = errHang, errHang, errHang, errHang
		},
			resolvetag.Budget, "CodePipeline did not answer in time; " + noPrevious},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pipelined()
				test.world(w)
				start := time.Now()
				got := resolve(t, w, shop, event(deployment.Failed))
				if took := time.Since(start); took != test.takes || got.Reason != test.words {
					t.Errorf("got %+v after %v", got, took)
				}
			})
		})
	}
}
