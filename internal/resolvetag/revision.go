package resolvetag

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

const (
	// maxRevision is how long a revision's id may be, in bytes:
	// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ArtifactRevision.html
	maxRevision = 1500
	maxTitle    = 200 // characters
	maxName     = 100 // characters
	maxProject  = 255 // characters
	maxLink     = 2048
)

// read fills in the release from the revision that was chosen.
func (l *lookup) read(found types.ArtifactRevision) {
	id, name := aws.ToString(found.RevisionId), text.Cut(text.Line(aws.ToString(found.Name)), maxName)
	if !isRevision(id) {
		l.miss("the revision of artifact " + shown(name) + " could not be read")
		return
	}
	said, provider := message(aws.ToString(found.RevisionSummary))
	title, _, _ := strings.Cut(strings.TrimSpace(said), "\n")
	l.release.Revision = deployment.Revision{
		ID: id, Artifact: name,
		Summary: text.Cut(text.Line(title), maxTitle),
		URL:     link(aws.ToString(found.RevisionUrl)),
	}
	if provider == "" || strings.HasPrefix(provider, "GitLab") {
		l.release.Project = l.projectOf(l.release.Revision.URL)
	}
}

// isRevision tells whether the text can be a revision's id: one word, which Parameter
// Store takes as a value, so that there are no braces in it.
func isRevision(id string) bool {
	return id != "" && len(id) <= maxRevision && text.Line(id) == id && !strings.ContainsAny(id, " {}")
}

// message takes a summary apart. That of a source behind a connection is JSON, which
// names the forge and has the commit's whole message. What is left of JSON that was cut
// off is worth nothing.
func message(summary string) (said, provider string) {
	var commit struct{ ProviderType, CommitMessage string }
	switch {
	case !strings.HasPrefix(strings.TrimSpace(summary), "{"):
		return summary, ""
	case json.Unmarshal([]byte(summary), &commit) == nil && commit.ProviderType+commit.CommitMessage != "":
		return commit.CommitMessage, commit.ProviderType
	case strings.Contains(summary, `"CommitMessage"`), strings.Contains(summary, `"ProviderType"`):
		return "", providerIn(summary)
	default:
		return summary, ""
	}
}

// providerIn finds the forge's name in JSON that was cut off.
func providerIn(summary string) string {
	_, rest, _ := strings.Cut(summary, `"ProviderType":"`)
	provider, _, _ := strings.Cut(rest, `"`)
	return provider
}

// link returns the address if it is one that a person may be led to, and that a message
// can hold as it is.
func link(address string) string {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxLink || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r) }
	if strings.ContainsFunc(address, odd) {
		return ""
	}
	return address
}

// projectOf is the GitLab project that a revision's address names: that of a connection
// has it in its query, that of GitLab's own page in its path. Empty when it names none.
func (l *lookup) projectOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	if strings.HasSuffix(u.Path, "/connections/redirect") {
		return text.Cut(text.Line(u.Query().Get("FullRepositoryId")), maxProject)
	}
	if l.Account.GitLab == nil {
		return ""
	}
	base := l.Account.GitLab.Base()
	if base == nil || !strings.EqualFold(u.Host, base.Host) {
		return ""
	}
	path, below := strings.CutPrefix(u.Path, base.Path+"/")
	project, _, isCommit := strings.Cut(path, "/-/commit/")
	if !below || !isCommit {
		return ""
	}
	return text.Cut(text.Line(project), maxProject)
}
