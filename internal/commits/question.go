package commits

import (
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

// rules is the account file's part on GitLab, read and compiled.
type rules struct {
	account account.Account
	// base is GitLab's address without a slash at its end; nil when there is none.
	base *url.URL
	// ref is the pattern whose group named ref is the Git ref inside an image tag; may be nil.
	ref   *regexp.Regexp
	noise []*regexp.Regexp
}

// newRules leaves out a pattern that does not compile, rather than every commit: the
// account file was checked when it was deployed.
func newRules(a account.Account, log *slog.Logger) rules {
	r := rules{account: a}
	if a.GitLab == nil {
		return r
	}
	r.base = a.GitLab.Base()
	compile := func(field, pattern string) *regexp.Regexp {
		compiled, err := regexp.Compile(pattern)
		if err != nil {
			log.Warn("a pattern of the account file is left out", "field", field, "error", err)
			return nil
		}
		return compiled
	}
	if a.GitLab.RefPattern != "" {
		r.ref = compile("gitlab.refPattern", a.GitLab.RefPattern)
	}
	for _, pattern := range a.GitLab.Noise {
		if noise := compile("gitlab.noise", pattern); noise != nil {
			r.noise = append(r.noise, noise)
		}
	}
	return r
}

// question is what GitLab is asked: which commits of the project can be reached from
// the ref to, but not from the ref from.
type question struct {
	base     *url.URL
	project  string
	from, to string
	// removed is true when the commits are those that a rollback takes away.
	removed bool
}

// question makes the question of a document, or says why there is none.
func (r *rules) question(doc deployment.Document) (question, string) {
	q := question{base: r.base}
	if doc.Release == nil {
		return q, releaseUnknown
	}
	release := *doc.Release
	q.removed = release.Outcome == deployment.RollbackRelease || doc.Kind() == deployment.Rollback
	if reason := reasonOfOutcome(release); reason != "" {
		return q, reason
	}
	q.project = r.project(release, doc.Deployment)
	switch {
	case q.project == "":
		return q, noProject
	case r.base == nil:
		return q, badAddress
	case !isProject(q.project):
		return q, badProject
	}
	var reason string
	if doc.Deployment.Pipeline != "" {
		q.from, q.to, reason = commitsOf(release)
	} else {
		q.from, q.to, reason = r.refsOf(release)
	}
	if q.removed {
		q.from, q.to = q.to, q.from
	}
	if reason == "" && q.from == q.to {
		reason = sameCommit
	}
	return q, reason
}

// refsOf are the Git refs of a service's two images, or the reason why there are none.
func (r *rules) refsOf(release deployment.Release) (from, to, reason string) {
	if release.Image.Tag == "" || release.Previous.Tag == "" {
		return "", "", noTag
	}
	from, to = r.refOf(release.Previous.Tag), r.refOf(release.Image.Tag)
	if from == "" || to == "" {
		return "", "", badRef
	}
	return from, to, ""
}

// commitsOf are the ids of a pipeline's two revisions, which are those of commits when
// its source is a Git repository.
func commitsOf(release deployment.Release) (from, to, reason string) {
	from, to = release.PreviousRevision.ID, release.Revision.ID
	switch {
	case from == "" || to == "":
		return "", "", noRevision
	case !commitID.MatchString(from) || !commitID.MatchString(to):
		return "", "", noCommit
	}
	return from, to, ""
}

// project is the GitLab project. Of a pipeline, what the account file says counts more
// than what the revision's address says, which may be that of a fork or a mirror. Of a
// service, what its own tag says counts more than what the account file says about it,
// and that more than the rule for all services.
func (r *rules) project(release deployment.Release, d deployment.Deployment) string {
	if r.account.GitLab == nil {
		return ""
	}
	pipeline, _ := r.account.PipelineOf(d.Pipeline)
	project := pipeline.Project
	if project == "" {
		project = release.Project
	}
	if project == "" && d.Pipeline == "" {
		project = r.account.ServiceOf(d.Service).Project
	}
	if project == "" && d.Pipeline == "" {
		project = strings.ReplaceAll(r.account.GitLab.Project, "{service}", d.Service)
	}
	return strings.Trim(project, "/ ")
}

var (
	// https://docs.gitlab.com/user/reserved_names/
	projectPath = regexp.MustCompile(`^\.?\w[\w.-]*(/\.?\w[\w.-]*)*$`)
	projectID   = regexp.MustCompile(`^[0-9]+$`)
	// A part of https://git-scm.com/docs/git-check-ref-format: all that an image tag can
	// hold, and what a template may put around it.
	gitRef = regexp.MustCompile(`^\w[\w./@+-]*$`)
)

const maxName = 255 // characters of a project's path or of a ref

func isProject(project string) bool {
	return len(project) <= maxName && projectPath.MatchString(project)
}

// refOf makes a Git ref of an image tag; empty when what comes out cannot be one. Two
// dots are refused because they would make a range of it.
func (r *rules) refOf(tag string) string {
	ref := ""
	if r.ref != nil {
		match := r.ref.FindStringSubmatch(tag)
		if i := r.ref.SubexpIndex("ref"); i >= 0 && match != nil {
			ref = match[i]
		}
	}
	if template := r.account.GitLab.Ref; ref == "" && template != "" {
		ref = strings.ReplaceAll(template, "{tag}", tag)
	} else if ref == "" {
		ref = tag
	}
	if len(ref) > maxName || !gitRef.MatchString(ref) || strings.Contains(ref, "..") {
		return ""
	}
	return ref
}

// compareURL is the page that shows the comparison: the answer's own address if it is
// one of this GitLab, else the one that GitLab would make.
func (q question) compareURL(answered string) string {
	if link := q.onHost(answered); link != "" {
		return link
	}
	return q.page("compare", url.PathEscape(q.from)+"..."+url.PathEscape(q.to))
}

// commitURL is the page that shows the commit, found like compareURL.
func (q question) commitURL(answered, id string) string {
	if link := q.onHost(answered); link != "" {
		return link
	}
	if id == "" {
		return ""
	}
	return q.page("commit", id)
}

// page is empty for a project that is named by its number, which no page is.
func (q question) page(kind, escaped string) string {
	if projectID.MatchString(q.project) {
		return ""
	}
	return q.base.String() + "/" + q.project + "/-/" + kind + "/" + escaped
}

const maxLink = 1000 // bytes

// onHost returns the link if it is one that a person may be led to: an http address on
// GitLab's own host. What it carries beside its path is dropped.
func (q question) onHost(link string) string {
	u, err := url.Parse(link)
	if err != nil || len(link) > maxLink || u.User != nil || !strings.EqualFold(u.Host, q.base.Host) ||
		(u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = "", false, "", ""
	return u.String()
}
