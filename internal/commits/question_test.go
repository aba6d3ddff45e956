package commits

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

func testRules(change func(*account.Account)) rules {
	a := newFinder("https://user:word@GitLab.example/tools/api/v4/?x=y", io.Discard).Account
	if change != nil {
		change(&a)
	}
	return newRules(a, slog.New(slog.DiscardHandler))
}

func TestQuestion(t *testing.T) {
	t.Parallel()
	release := func(change func(*deployment.Release)) deployment.Document {
		doc := document()
		change(doc.Release)
		return doc
	}
	outcome := func(outcome deployment.ReleaseOutcome, reason string) deployment.Document {
		return release(func(r *deployment.Release) { r.Outcome, r.Reason = outcome, reason })
	}
	claimed := document()
	claimed.Claim = &deployment.Claim{Kind: deployment.Rollback}
	for name, test := range map[string]struct {
		doc    deployment.Document
		change func(*account.Account)
		want   string // the link, or the reason
	}{
		"ordinary":                              {document(), nil, "/shop/checkout/-/compare/v1.2.0...v1.3.0"},
		"rollback":                              {rollback(), nil, "/shop/checkout/-/compare/v1.2.0...v1.3.0"},
		"a rollback that only the ledger knows": {claimed, nil, "/shop/checkout/-/compare/v1.3.0...v1.2.0"},
		"the service's own project": {release(func(r *deployment.Release) { r.Project = "/own/project.x/" }), nil,
			"/own/project.x/-/compare/v1.2.0...v1.3.0"},
		"the account file's project": {document(), func(a *account.Account) {
			a.Services = []account.Service{{Name: "check*", Project: "group/sub/checkout"}}
		}, "/group/sub/checkout/-/compare/v1.2.0...v1.3.0"},
		"a project's number":  {release(func(r *deployment.Release) { r.Project = "42" }), nil, ""},
		"a ref with a slash":  {document(), func(a *account.Account) { a.GitLab.Ref = "release/{tag}" }, "/shop/checkout/-/compare/release%2Fv1.2.0...release%2Fv1.3.0"},
		"no template":         {document(), func(a *account.Account) { a.GitLab.Ref = "" }, "/shop/checkout/-/compare/v1.2.0...v1.3.0"},
		"a pattern that fits": {release(func(r *deployment.Release) { r.Image.Tag = "main-0123abcd-77" }), func(a *account.Account) { a.GitLab.RefPattern = `^main-(?P<ref>[0-9a-f]{8})-` }, "/shop/checkout/-/compare/v1.2.0...0123abcd"},
		"a broken pattern":    {document(), func(a *account.Account) { a.GitLab.RefPattern, a.GitLab.Noise = "(", []string{"("} }, "/shop/checkout/-/compare/v1.2.0...v1.3.0"},

		"no release":     {deployment.Document{}, nil, releaseUnknown},
		"first":          {outcome(deployment.FirstRelease, ""), nil, firstDeployment},
		"same":           {outcome(deployment.SameRelease, ""), nil, sameVersion},
		"unknown":        {outcome(deployment.UnknownRelease, "ECS is\nthrottling"), nil, "ECS is throttling"},
		"unknown, mute":  {outcome(deployment.UnknownRelease, "\u202e"), nil, releaseUnknown},
		"no outcome":     {outcome("", ""), nil, releaseUnknown},
		"no GitLab":      {document(), func(a *account.Account) { a.GitLab = nil }, noProject},
		"no project":     {document(), func(a *account.Account) { a.GitLab.Project = "" }, noProject},
		"an odd project": {release(func(r *deployment.Release) { r.Project = "a/../../b" }), nil, badProject},
		"an odd address": {document(), func(a *account.Account) { a.GitLab.URL = "https://" }, badAddress},
		"a digest alone": {release(func(r *deployment.Release) { r.Image.Tag, r.Image.Digest = "", "sha256:00" }), nil, noTag},
		"no tag before":  {release(func(r *deployment.Release) { r.Previous.Tag = "" }), nil, noTag},
		"a range":        {release(func(r *deployment.Release) { r.Image.Tag = "a..b" }), nil, badRef},
		"an option":      {release(func(r *deployment.Release) { r.Previous.Tag = "--all" }), nil, badRef},
		"one ref of two": {release(func(r *deployment.Release) { r.Image.Tag, r.Previous.Tag = "abc-1", "abc-2" }), func(a *account.Account) { a.GitLab.RefPattern = `^(?P<ref>\w+)-` }, sameCommit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rules := testRules(test.change)
			q, reason := rules.question(test.doc)
			got := reason
			if reason == "" {
				got = strings.TrimPrefix(q.compareURL(""), "https://GitLab.example/tools")
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			checkReason(t, reason)
		})
	}
}

func TestQuestionIsNotAskedWithoutReleases(t *testing.T) {
	t.Parallel()
	doc := document()
	doc.Release.Outcome = deployment.FirstRelease
	finder := &Finder{} // no token, no client: nothing of it is touched
	if found := finder.Find(t.Context(), doc); found.Reason != firstDeployment || found.CompareURL != "" || found.Items == nil {
		t.Errorf("found %+v", found)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	rules := testRules(nil)
	q, _ := rules.question(document())
	const own = "https://GitLab.example/tools/shop/checkout/-/commit/c0ffee01"
	for answered, want := range map[string]string{
		"https://gitlab.example/moved/checkout/-/commit/c0ffee01":     "https://gitlab.example/moved/checkout/-/commit/c0ffee01",
		"http://gitlab.example/x?token=1#f":                           "http://gitlab.example/x",
		"https://gitlab.example/a|b>c\"d":                             "https://gitlab.example/a%7Cb%3Ec%22d",
		"":                                                            own,
		"/relative":                                                   own,
		"javascript:alert(1)":                                         own,
		"javascript://gitlab.example/%0Aalert(1)":                     own,
		"https://gitlab.example.evil.example/x":                       own,
		"https://user@gitlab.example/x":                               own,
		"https://gitlab.example@evil.example/x":                       own,
		"https://gitlab.example:8443/x":                               own,
		"https://gitlab.example/\n":                                   own,
		"https://gitlab.example/" + strings.Repeat("long", maxLink/4): own,
	} {
		if got := q.commitURL(answered, "c0ffee01"); got != want {
			t.Errorf("commitURL(%q) = %q, want %q", answered, got, want)
		}
	}
	if got := q.commitURL("", ""); got != "" {
		t.Errorf("a link to no commit: %q", got)
	}
}
