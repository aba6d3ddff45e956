package resolvetag_test

import (
	"testing"
	"time"

	"fanfare/internal/deployment"
)

// TestRollbackWhoseBeginningWasNeverSeen ends like any success, but for what the ledger
// knows of the service.
func TestRollbackWhoseBeginningWasNeverSeen(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		change   func(w *world, doc *deployment.Document)
		rollback bool
	}{
		"it is one":                        {func(*world, *deployment.Document) {}, true},
		"its beginning was seen":           {func(_ *world, doc *deployment.Document) { doc.Claim.StartedAt = at.Add(-time.Minute) }, false},
		"nothing failed before":            {func(_ *world, doc *deployment.Document) { doc.Claim.After = deployment.Succeeded }, false},
		"another image than the last good": {func(w *world, _ *deployment.Document) { w.tag = "0.9.0" }, false},
		"the same was tried":               {func(w *world, _ *deployment.Document) { w.tried.Tag = "1.0.0" }, false},
		"nothing is known to be tried":     {func(w *world, _ *deployment.Document) { w.tried = deployment.Image{} }, false},
		"it is a beginning":                {func(_ *world, doc *deployment.Document) { doc.Deployment.Status = deployment.InProgress }, false},
		"without the ledger":               {func(_ *world, doc *deployment.Document) { doc.Claim = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := usual()
			w.service = service(entry(id, "PRIMARY", v1, "COMPLETED", ""))
			w.tried = deployment.Image{Repository: registry, Tag: "2.0.0"}
			doc := document(deployment.Succeeded, deployment.Ordinary, id)
			doc.Deployment.Time = at
			doc.Claim = &deployment.Claim{Outcome: deployment.Claimed, Kind: deployment.Ordinary, StartedAt: at, After: deployment.Failed}
			test.change(w, &doc)
			got := resolve(t, w, shop, doc)
			if rollback := got.Outcome == deployment.RollbackRelease; rollback != test.rollback {
				t.Errorf("got %+v", got)
			}
			if test.rollback && (got.Previous.Tag != "2.0.0" || got.Image.Tag != "1.0.0" || len(w.saved) != 1) {
				t.Errorf("got %+v, saved %v", got, w.saved)
			}
			doc.Release = &got
			if test.rollback != (doc.Kind() == deployment.Rollback) {
				t.Errorf("its kind is %s", doc.Kind())
			}
		})
	}
}
