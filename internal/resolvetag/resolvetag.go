// Package resolvetag finds out which image a deployment brings, or which revision a
// pipeline does, and which was there before it; or, of a rollback, which one it takes
// away. Of a pipeline that failed it finds the action that did.
//
// Nothing here may hold up the news: whatever cannot be found out is left out, and the
// release says why in words fit for a message.
package resolvetag

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/image"
	"fanfare/internal/text"
)

const (
	// Budget is how long all look-ups together may take.
	Budget = 4 * time.Second
	// CallLimit is how long one of them may take, so that one service that hangs leaves
	// time to ask the others.
	CallLimit = 1500 * time.Millisecond
	// ProjectTag is the tag on an ECS service that names its GitLab project.
	ProjectTag = "fanfare:gitlab-project"
)

// ECS is the part of the ECS client that is used.
type ECS interface {
	DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
	DescribeTaskDefinition(context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
}

// Parameters is the part of the SSM client that is used.
type Parameters interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// Ledger remembers releases from one event of a deployment to the next.
type Ledger interface {
	// Release returns what an earlier event of the deployment resolved; nil when none has.
	Release(ctx context.Context, key string) (*deployment.Release, error)
	// SaveRelease keeps what was resolved for the deployment's later events.
	SaveRelease(ctx context.Context, doc deployment.Document, r deployment.Release) error
	// LastTried returns the image of the service's latest deployment that was not a
	// rollback; zero when none is known.
	LastTried(ctx context.Context, serviceKey string) (deployment.Image, error)
	// LastTriedRevision returns the id of the revision of the pipeline's latest execution
	// that was not a rollback; empty when none is known.
	LastTriedRevision(ctx context.Context, serviceKey string) (string, error)
}

// Resolver is the step. All fields but Log are needed.
type Resolver struct {
	ECS          ECS
	CodePipeline CodePipeline
	Parameters   Parameters
	Ledger       Ledger
	Account      account.Account
	// Log is told of every trouble, with the error as it was; [slog.Default] when nil.
	Log *slog.Logger
}

// Resolve finds out the release that the document's deployment brings, within [Budget].
// All events of one deployment get the same answer once an image was found, or once all
// sources of a pipeline gave theirs; but which action failed is asked anew. The error is
// always nil: trouble shortens the release and is told in its Reason.
func (r Resolver) Resolve(ctx context.Context, doc deployment.Document) (deployment.Release, error) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	d := doc.Deployment
	if d.Drill != nil {
		return deployment.Release{Outcome: deployment.UnknownRelease, Reason: "a drill: nothing was looked up"}, nil
	}
	l := &lookup{Resolver: r, doc: doc}
	// A service of the same name in this account, or in a guessed cluster, is another one.
	if d.Account != r.Account.ID || d.Region != r.Account.Region {
		l.miss("deployed in another account or region")
		return l.result(), nil
	}
	if d.Pipeline != "" {
		return l.pipeline(ctx), nil
	}
	if d.Cluster == "" {
		l.miss("the event does not name the cluster")
		return l.result(), nil
	}
	if known := l.remembered(ctx); known != nil {
		return *known, nil
	}
	l.ask(ctx)
	release := l.result()
	l.remember(ctx, release)
	return release, nil
}

// lookup is one run of the step, as far as it has come.
type lookup struct {
	Resolver
	doc      deployment.Document
	release  deployment.Release
	misses   []string // what could not be found out
	first    bool     // nothing is known to have been there before
	amnesia  bool     // the ledger could not be asked
	inferred bool     // it turned out to be a rollback
}

// ask fills in the release.
func (l *lookup) ask(ctx context.Context) {
	current := none
	service, ok := l.service(ctx)
	if ok {
		l.release.Project = project(service.Tags)
		current = l.current(ctx, service)
	}
	if l.isRollback() {
		l.takenAway(ctx, service, current)
	} else {
		l.lastGood(ctx)
		l.infer(ctx)
	}
}

// infer finds a rollback whose beginning was never seen, and whose end therefore reads
// like any success: the service's deployment before it failed, it brings the last good
// image, and what was tried in between is another one.
func (l *lookup) infer(ctx context.Context) {
	d, claim := l.doc.Deployment, l.doc.Claim
	if d.Status != deployment.Succeeded || claim == nil || claim.After != deployment.Failed || !claim.StartedAt.Equal(d.Time) ||
		l.release.Image.IsZero() || l.release.Presumed || l.first || l.release.Image.Tag != l.release.Previous.Tag {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	tried, err := l.Ledger.LastTried(ctx, d.ServiceKey())
	if err != nil {
		l.log(ctx, "reading the last deployment from the ledger", err)
	}
	if l.inferred = !tried.IsZero() && tried != l.release.Image; l.inferred {
		l.release.Previous = tried
	}
}

// result sums up.
func (l *lookup) result() deployment.Release {
	release := &l.release
	switch {
	case l.isRollback():
		release.Outcome = deployment.RollbackRelease
	case isEmpty(*release), release.Presumed, !l.first && release.Previous.IsZero() && release.PreviousRevision.IsZero():
		release.Outcome = deployment.UnknownRelease
	case l.first:
		release.Outcome = deployment.FirstRelease
	default:
		release.Outcome = l.compare()
	}
	release.Reason = strings.Join(l.misses, "; ")
	return *release
}

// isEmpty tells whether not even what is deployed is known.
func isEmpty(release deployment.Release) bool {
	return release.Image.IsZero() && release.Revision.IsZero()
}

// compare tells whether the image, or the revision, is another one than before.
func (l *lookup) compare() deployment.ReleaseOutcome {
	now, before := l.release.Image, l.release.Previous
	pinned := now.Digest != "" && before.Digest != ""
	switch {
	case l.release.Revision.ID != l.release.PreviousRevision.ID,
		pinned && now.Digest != before.Digest, !pinned && now.Tag != before.Tag:
		return deployment.NewRelease
	case pinned:
		return deployment.SameRelease
	case now.Tag == image.Latest:
		l.miss("the tag latest does not tell one image from another")
		return deployment.UnknownRelease
	case l.amnesia:
		// An earlier event of this very deployment may have made it the last good one.
		l.miss("the ledger could not be read")
		return deployment.UnknownRelease
	default:
		return deployment.SameRelease
	}
}

func (l *lookup) isRollback() bool { return l.inferred || l.doc.Kind() == deployment.Rollback }

// miss notes in words fit for a message what could not be found out.
func (l *lookup) miss(words string) { l.misses = append(l.misses, words) }

// log tells the operator the error behind a miss.
func (l *lookup) log(ctx context.Context, doing string, err error) {
	log := l.Log
	if log == nil {
		log = slog.Default()
	}
	log.WarnContext(ctx, "resolving the release: "+doing+" failed", "deployment", l.doc.Key(), "error", err)
}

// remembered is the release that an earlier event of the deployment found, or nil. A
// ledger that could not be asked a moment ago is not asked again, while a page may wait.
func (l *lookup) remembered(ctx context.Context) *deployment.Release {
	if l.doc.Unclaimed() {
		l.amnesia = true
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	known, err := l.Ledger.Release(ctx, l.doc.Key())
	if err != nil {
		l.log(ctx, "reading the release from the ledger", err)
		l.amnesia = true
		return nil
	}
	if known == nil || isEmpty(*known) {
		return nil
	}
	return known
}

// remember keeps the release for the deployment's later events, when there is something
// worth keeping.
func (l *lookup) remember(ctx context.Context, release deployment.Release) {
	if isEmpty(release) || release.Presumed || l.doc.Unclaimed() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	doc := l.doc
	doc.Release = &release
	if err := l.Ledger.SaveRelease(ctx, doc, release); err != nil {
		l.log(ctx, "saving the release in the ledger", err)
	}
}

// service asks ECS for the service; ok is false when it did not give one.
func (l *lookup) service(ctx context.Context) (service types.Service, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	d := l.doc.Deployment
	answer, err := l.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster:  aws.String(d.Cluster),
		Services: []string{d.Service},
		Include:  []types.ServiceField{types.ServiceFieldTags},
	})
	switch {
	case err != nil:
		l.log(ctx, "describing the service", err)
		l.miss(trouble("ECS", err))
	case answer == nil || len(answer.Services) == 0: // see its failures, such as MISSING
		l.miss("ECS does not know the service")
	default:
		return answer.Services[0], true
	}
	return service, false
}

// project is the GitLab project that the service's tags name, if any.
func project(tags []types.Tag) string {
	for _, tag := range tags {
		if aws.ToString(tag.Key) == ProjectTag {
			return text.Cut(text.Line(aws.ToString(tag.Value)), 255)
		}
	}
	return ""
}
