package commits

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

var newCommit, oldCommit = strings.Repeat("0a1b2c3d", 5), strings.Repeat("9f8e7d6c", 5)

// execution is one of a pipeline, which brings the new commit after the old one.
func execution(change func(*deployment.Document)) deployment.Document {
	doc := deployment.Document{
		Deployment: deployment.Deployment{Event: "event-1", Source: deployment.CodePipeline, Pipeline: "checkout-production", Kind: deployment.Ordinary},
		Release: &deployment.Release{
			Outcome: deployment.NewRelease, Project: "group/from-address",
			Revision: deployment.Revision{ID: newCommit}, PreviousRevision: deployment.Revision{ID: oldCommit},
		},
	}
	if change != nil {
		change(&doc)
	}
	return doc
}

func TestPipelineQuestion(t *testing.T) {
	t.Parallel()
	named := func(a *account.Account) {
		a.Pipelines = []account.Pipeline{{Name: "other", Project: "shop/other"}, {Name: "checkout-production", Project: "shop/own"}}
	}
	revisions := func(id, previous string) deployment.Document {
		return execution(func(doc *deployment.Document) {
			doc.Release.Revision.ID, doc.Release.PreviousRevision.ID = id, previous
		})
	}
	range40 := "/-/compare/" + oldCommit + "..." + newCommit
	for name, test := range map[string]struct {
		doc    deployment.Document
		change func(*account.Account)
		want   string // the link, or the reason
	}{
		"the revision's project":      {execution(nil), nil, "/group/from-address" + range40},
		"the account file's project":  {execution(nil), named, "/shop/own" + range40},
		"no template touches the ids": {execution(nil), func(a *account.Account) { a.GitLab.Ref, a.GitLab.RefPattern = "v{tag}", "^(?P<ref>[0-9])" }, "/group/from-address" + range40},
		"stopped":                     {execution(func(doc *deployment.Document) { doc.Deployment.Status = deployment.Stopped }), nil, "/group/from-address" + range40},
		"superseded":                  {execution(func(doc *deployment.Document) { doc.Deployment.Status = deployment.Superseded }), nil, "/group/from-address" + range40},
		"short ids":                   {revisions("0a1b2c3", "9f8e7d6"), nil, "/group/from-address/-/compare/9f8e7d6...0a1b2c3"},
		"the same":                    {revisions(newCommit, newCommit), nil, sameCommit},
		"a version of S3":             {revisions("Qm8.vT_3kWcPz0LrXy7NfBh2sJdA5uEo", oldCommit), nil, noCommit},
		"a version of S3 before":      {revisions(newCommit, "Qm8.vT_3kWcPz0LrXy7NfBh2sJdA5uEo"), nil, noCommit},
		"a digest":                    {revisions(newCommit, "sha256:"+newCommit), nil, noCommit},
		"a range":                     {revisions(newCommit, oldCommit+".."+newCommit), nil, noCommit},
		"none before":                 {revisions(newCommit, ""), nil, noRevision},
		"none":                        {revisions("", oldCommit), nil, noRevision},
		"first":                       {execution(func(doc *deployment.Document) { doc.Release.Outcome = deployment.FirstRelease }), nil, firstDeployment},
		"a drill": {execution(func(doc *deployment.Document) {
			doc.Release = &deployment.Release{Outcome: deployment.UnknownRelease, Reason: "a drill: nothing was looked up"}
		}), nil, "a drill: nothing was looked up"},
		"no project: that of services is none": {execution(func(doc *deployment.Document) { doc.Release.Project = "" }), nil, noProject},
		"an odd project":                       {execution(func(doc *deployment.Document) { doc.Release.Project = "a b" }), nil, badProject},
		"no GitLab":                            {execution(nil), func(a *account.Account) { a.GitLab = nil }, noProject},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := testRules(test.change)
			q, got := rules.question(test.doc)
			if got == "" {
				got = strings.TrimPrefix(q.compareURL(""), "https://GitLab.example/tools")
			} else {
				checkReason(t, got)
			}
			if got != test.want || q.removed {
				t.Errorf("got %q, removed %t, want %q", got, q.removed, test.want)
			}
		})
	}
}

// TestPipelineRollback asks for what is taken away: back from the new commit to the old.
func TestPipelineRollback(t *testing.T) {
	t.Parallel()
	doc := execution(func(doc *deployment.Document) {
		doc.Release.Outcome = deployment.RollbackRelease
		doc.Release.Revision, doc.Release.PreviousRevision = doc.Release.PreviousRevision, doc.Release.Revision
	})
	rules := testRules(nil)
	if q, reason := rules.question(doc); reason != "" || !q.removed || q.from != oldCommit || q.to != newCommit {
		t.Errorf("got %+v, %q", q, reason)
	}
	doc.Release.PreviousRevision = deployment.Revision{}
	if q, reason := rules.question(doc); reason != noRevision || !q.removed {
		t.Errorf("what is taken back is unknown: got %+v, %q", q, reason)
	}
}

func TestPipelineAsksByIDs(t *testing.T) {
	t.Parallel()
	server := gitLab(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		if r.URL.EscapedPath() != "/api/v4/projects/group%2Ffrom-address/repository/compare" ||
			r.URL.Query().Get("from") != oldCommit || r.URL.Query().Get("to") != newCommit {
			t.Errorf("asked %s", r.URL)
		}
		io.WriteString(w, `{"commits":[{"id":"`+newCommit+`","title":"Fix the cart"}]}`)
	})
	found := newFinder(server.URL, io.Discard).Find(t.Context(), execution(nil))
	if found.Total != 1 || found.Items[0].Title != "Fix the cart" || found.Reason != "" || found.Removed {
		t.Errorf("found %+v", found)
	}
}
