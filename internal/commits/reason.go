package commits

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

// Every reason for showing no commits stands in this file. Messages show them as they
// are, so they are short, in lower case, without a full stop, and name no address.
const (
	firstDeployment = "first deployment"
	sameVersion     = "same version again"
	sameCommit      = "same commit again"
	noCommits       = "no commits between the two"
	onlyNoise       = "nothing but merges and noise"

	releaseUnknown = "the release is unknown"
	noTag          = "the image has no tag"
	badRef         = "the image tag names no Git ref"
	noRevision     = "one of the two revisions is unknown"
	noCommit       = "the revision is no Git commit"
	noProject      = "no GitLab project is set"
	badProject     = "the GitLab project's name is malformed"
	badAddress     = "the GitLab address is malformed"
	noToken        = "the GitLab token is missing"
	tokenUnread    = "the GitLab token could not be read"

	unauthorized   = "GitLab refused the token"
	forbidden      = "the GitLab token may not read the project"
	projectUnknown = "GitLab knows no such project, or hides it"
	refUnknown     = "GitLab does not know %s or %s"
	rateLimited    = "GitLab is limiting our requests"
	outage         = "GitLab failed with %d"
	redirected     = "GitLab redirects elsewhere"
	webPage        = "GitLab answered with a web page"
	otherStatus    = "GitLab answered %d"
	timedOut       = "GitLab did not answer in time"
	unreachable    = "GitLab could not be reached"
	compareTimeout = "GitLab took too long to compare"
	tooLarge       = "GitLab's answer is too large"
	malformed      = "GitLab's answer makes no sense"
	brokenOff      = "GitLab's answer broke off"
)

// How many characters of others' words a reason may hold.
const (
	maxReleaseReason = 120
	maxRefInReason   = 40
)

// reasonOfOutcome says why a release has nothing to compare; empty when it has.
func reasonOfOutcome(release deployment.Release) string {
	switch release.Outcome {
	case deployment.NewRelease, deployment.RollbackRelease:
		return ""
	case deployment.FirstRelease:
		return firstDeployment
	case deployment.SameRelease:
		return sameVersion
	}
	if said := text.Cut(text.Line(release.Reason), maxReleaseReason); said != "" {
		return said
	}
	return releaseUnknown
}

// reasonOf says what an error means to somebody who reads the message.
func reasonOf(err error, q question) string {
	var refused *refusal
	var network net.Error
	var unanswered *url.Error
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &refused):
		return refused.reason(q)
	case errors.Is(err, errNoToken):
		return noToken
	case errors.Is(err, errTokenUnread):
		return tokenUnread
	case errors.Is(err, errTooLarge):
		return tooLarge
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &network) && network.Timeout():
		return timedOut
	case errors.As(err, &unanswered):
		return unreachable
	case errors.As(err, &syntax), errors.Is(err, errMalformed):
		return malformed
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &network):
		return brokenOff
	default:
		return malformed
	}
}

// reason says what GitLab's refusal means. The status says it, and for a 404 what
// GitLab says is missing: https://docs.gitlab.com/api/rest/troubleshooting/
func (r *refusal) reason(q question) string {
	switch status := r.status; {
	case status == http.StatusUnauthorized:
		return unauthorized
	case status == http.StatusForbidden:
		return forbidden
	case status == http.StatusNotFound && r.missing == "project":
		return projectUnknown
	case status == http.StatusNotFound && r.missing == "ref":
		// Which of the two it is, GitLab does not say.
		return fmt.Sprintf(refUnknown, text.Cut(q.from, maxRefInReason), text.Cut(q.to, maxRefInReason))
	case status == http.StatusTooManyRequests:
		return rateLimited
	case status >= 500:
		return fmt.Sprintf(outage, status)
	case status >= 300 && status < 400:
		return redirected
	case status == http.StatusOK:
		return webPage
	default:
		return fmt.Sprintf(otherStatus, status)
	}
}

// emptiness says why nothing is left of an answer.
func (a *answer) emptiness() string {
	switch {
	case len(a.commits) > 0:
		return onlyNoise
	case a.sameRef:
		return sameCommit
	case a.timeout:
		return compareTimeout
	default:
		return noCommits // also when to is the older of the two
	}
}
