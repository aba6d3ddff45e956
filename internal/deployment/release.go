package deployment

import (
	"regexp"
	"strings"
	"time"
)

// ReleaseOutcome says what kind of step a release is from the one before it.
type ReleaseOutcome string

// The outcomes of resolving a release.
const (
	NewRelease      ReleaseOutcome = "new"      // another image than before
	FirstRelease    ReleaseOutcome = "first"    // nothing is known to have been there before
	SameRelease     ReleaseOutcome = "same"     // the same image again
	RollbackRelease ReleaseOutcome = "rollback" // back to an earlier image
	UnknownRelease  ReleaseOutcome = "unknown"  // could not be found out; Reason says why
)

// Release is what the ResolveTag step writes: the image of this deployment and the
// one that was there before. For a rollback, Image is what is gone back to, and
// Previous is what is taken away.
type Release struct {
	Outcome  ReleaseOutcome `json:"outcome"`
	Image    Image          `json:"image,omitzero"`
	Previous Image          `json:"previous,omitzero"`
	// Revision and PreviousRevision are of a pipeline what Image and Previous are of a
	// service.
	Revision         Revision `json:"revision,omitzero"`
	PreviousRevision Revision `json:"previousRevision,omitzero"`
	// FailedAction is the pipeline's action that failed; nil when none is known.
	FailedAction *Action `json:"failedAction,omitempty"`
	// Reason says in few words, fit for a message, what could not be found out.
	Reason string `json:"reason,omitempty"`
	// Presumed is true when Image is what the service runs now, because ECS does not show
	// the event's own deployment any more.
	Presumed bool `json:"presumed,omitempty"`
	// Container is the name of the container whose image this is.
	Container string `json:"container,omitempty"`
	// TaskDefinition is the ARN of the deployment's task definition.
	TaskDefinition string `json:"taskDefinition,omitempty"`
	// Project is the GitLab project that the service's own tag, or the revision's address,
	// names, if it does.
	Project string `json:"project,omitempty"`
	// StartedAt is when ECS made the deployment; zero when ECS did not say.
	StartedAt time.Time `json:"startedAt,omitzero"`
}

// Version is what people call the release: see [Image.Version] and [Revision.Version].
func (r Release) Version() string {
	if !r.Revision.IsZero() {
		return r.Revision.Version()
	}
	return r.Image.Version()
}

// PreviousVersion is what people call the release before.
func (r Release) PreviousVersion() string {
	if !r.PreviousRevision.IsZero() {
		return r.PreviousRevision.Version()
	}
	return r.Previous.Version()
}

// Revision is what a pipeline's source gave it:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ArtifactRevision.html
type Revision struct {
	// ID is a Git commit's, or the version id of an object in S3, or an image's digest.
	ID string `json:"id"`
	// Artifact is the name of the artifact that the revision is of.
	Artifact string `json:"artifact,omitempty"`
	// Summary is the commit's title as a rule, in one line, written by anyone.
	Summary string `json:"summary,omitempty"`
	URL     string `json:"url,omitempty"`
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// IsCommit tells whether the revision is a Git commit's full id.
func (r Revision) IsCommit() bool { return commitID.MatchString(r.ID) }

// Version is what people call the revision: the first eight digits of a commit, else its
// first twelve characters, without sha256: before them.
func (r Revision) Version() string {
	id := strings.TrimPrefix(r.ID, "sha256:")
	size := 12
	if r.IsCommit() {
		size = 8
	}
	if runes := []rune(id); len(runes) > size {
		return string(runes[:size])
	}
	return id
}

// IsZero tells whether nothing is known of the revision.
func (r Revision) IsZero() bool { return r == Revision{} }

// Action is a pipeline's action, as far as it says why it failed:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html
type Action struct {
	Stage string `json:"stage"`
	Name  string `json:"name"`
	// Summary is the action's own sentence, in one line, free of control characters.
	Summary string `json:"summary,omitempty"`
	// URL leads to where the action ran, such as its build.
	URL string `json:"url,omitempty"`
}

// Cause is which action failed and what it said of it: "Deploy/Release: 2 tests failed".
func (a Action) Cause() string {
	where := strings.Trim(a.Stage+"/"+a.Name, "/")
	summary := strings.TrimRight(a.Summary, ". ")
	switch {
	case summary == "":
		return where + " failed"
	case where == "":
		return summary
	default:
		return where + ": " + summary
	}
}

// Image is a container image's reference, taken apart.
type Image struct {
	// Repository is the name without tag and digest, such as
	// 123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout.
	Repository string `json:"repository,omitempty"`
	// Tag is empty for an image that is named by its digest alone.
	Tag string `json:"tag,omitempty"`
	// Digest is empty unless the reference pins one: sha256:….
	Digest string `json:"digest,omitempty"`
}

// Version is what people call the image: its tag, else the first twelve digits of
// its digest, else nothing.
func (i Image) Version() string {
	if i.Tag != "" {
		return i.Tag
	}
	_, hex, found := strings.Cut(i.Digest, ":")
	if found && len(hex) > 12 {
		return hex[:12]
	}
	return hex
}

// IsZero tells whether nothing is known of the image.
func (i Image) IsZero() bool { return i == Image{} }

// Commits is what the Commits step writes.
type Commits struct {
	// Items are the commits to show, newest first, ten at most.
	Items []Commit `json:"items"`
	// Total counts the commits that were left after filtering, those not shown included.
	Total int `json:"total"`
	// Filtered counts those left out: merges, repeated titles, noise.
	Filtered int `json:"filtered,omitempty"`
	// Removed is true when the commits were taken away by a rollback.
	Removed bool `json:"removed,omitempty"`
	// CompareURL shows all of them in GitLab.
	CompareURL string `json:"compareUrl,omitempty"`
	// Reason says in few words, fit for a message, why there are none.
	Reason string `json:"reason,omitempty"`
}

// Commit is one commit as a message shows it.
type Commit struct {
	ID      string `json:"id"`
	ShortID string `json:"shortId"`
	// Title is the first line, in one line, free of control characters. It is written
	// by anyone, so that every channel must escape it.
	Title  string    `json:"title"`
	Author string    `json:"author,omitempty"`
	URL    string    `json:"url,omitempty"`
	At     time.Time `json:"at,omitzero"`
}
