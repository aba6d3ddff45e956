package remembertag

import (
	"errors"
	"slices"
	"testing"
	"time"

	"fanfare/internal/deployment"
)

// execution is a pipeline's, of that revision, whose first event came so many minutes
// after noon: CodePipeline does not say when it started.
func execution(revision string, minutes int) deployment.Document {
	return deployment.Document{
		Deployment: deployment.Deployment{Account: "123456789012", Region: "eu-west-1", Source: deployment.CodePipeline, Pipeline: "checkout",
			ID: "id-" + revision, Attempt: 1, Status: deployment.Succeeded, Kind: deployment.Ordinary, Time: noon.Add(time.Hour)},
		Claim:   &deployment.Claim{Outcome: deployment.Claimed, Kind: deployment.Ordinary, StartedAt: noon.Add(time.Duration(minutes) * time.Minute)},
		Release: &deployment.Release{Outcome: deployment.NewRelease, Revision: deployment.Revision{ID: revision, Artifact: "App"}},
	}
}

func TestPipelineRemembered(t *testing.T) {
	t.Parallel()
	w := &world{}
	got, err := w.rememberer().Remember(t.Context(), execution("0a1b", 5))
	if err != nil || got != (Result{Remembered: true, Parameter: ofPipeline, Value: "0a1b"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	if w.value != "0a1b" || w.revision != "0a1b" || !w.image.IsZero() || w.service != "123456789012/eu-west-1/pipeline:checkout" ||
		!w.startedAt.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("left %+v", w)
	}
}

func TestPipelineNotRemembered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(doc *deployment.Document)
		want   string
	}{
		"drill":                   {func(doc *deployment.Document) { doc.Deployment.Drill = &deployment.Drill{} }, "a drill is not a release"},
		"stopped":                 {func(doc *deployment.Document) { doc.Deployment.Status = deployment.Stopped }, "not a success"},
		"superseded":              {func(doc *deployment.Document) { doc.Deployment.Status = deployment.Superseded }, "not a success"},
		"rollback by the release": {func(doc *deployment.Document) { doc.Release.Outcome = deployment.RollbackRelease }, "a rollback is not a release"},
		"no ledger":               {func(doc *deployment.Document) { doc.Claim.Outcome = deployment.Unclaimed }, "without the ledger, it may be a rollback"},
		"late":                    {func(doc *deployment.Document) { doc.Claim.Late = true }, "a later state of the deployment is known"},
		"no release":              {func(doc *deployment.Document) { doc.Release = nil }, "the revision is unknown"},
		"no revision": {func(doc *deployment.Document) {
			doc.Release = &deployment.Release{Image: deployment.Image{Tag: "1.42.0"}}
		}, "the revision is unknown"},
	} {
		doc, w := execution("0a1b", 0), &world{}
		test.change(&doc)
		if got, err := w.rememberer().Remember(t.Context(), doc); err != nil || got != (Result{Reason: test.want}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
		if w.puts != nil || w.revision != "" {
			t.Errorf("%s: left %+v", name, w)
		}
	}
}

func TestTheLaterExecutionWins(t *testing.T) {
	t.Parallel()
	w := &world{}
	w.after = func(w *world) { // another passes guard and write before this one's write
		w.revision, w.startedAt = "2222", noon.Add(20*time.Minute)
		w.after = nil
	}
	got, err := w.rememberer().Remember(t.Context(), execution("1111", 10))
	if err != nil || got.Value != "2222" {
		t.Errorf("overtaken: got %+v, %v", got, err)
	}
	got, err = w.rememberer().Remember(t.Context(), execution("0000", 0))
	if err != nil || got != (Result{Reason: "a deployment that started later is the last good one"}) {
		t.Errorf("late: got %+v, %v", got, err)
	}
	if want := []string{"1111", "2222"}; !slices.Equal(w.puts, want) {
		t.Errorf("wrote %v", w.puts)
	}
}

func TestPipelineErrors(t *testing.T) {
	t.Parallel()
	for _, call := range []string{"SetGoodRevision", "PutParameter", "GoodRevision"} {
		w := &world{fail: call}
		if got, err := w.rememberer().Remember(t.Context(), execution("0a1b", 0)); !errors.Is(err, errAsked) || got != (Result{}) {
			t.Errorf("%s: got %+v, %v", call, got, err)
		}
	}
}
