package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"fanfare/internal/deployment"
)

// Progress is how far a deployment has come, as the ledger has seen it.
type Progress struct {
	// Seen is false when no event of it has been seen.
	Seen      bool
	Status    deployment.Status
	At        time.Time
	StartedAt time.Time
}

// order writes status and time so that the order of the texts says which of two states
// of one deployment is the later: a final one comes after one in progress, and of two
// final ones the later emitted; at the same moment a failure is what counts.
func order(status deployment.Status, at time.Time) string {
	rank := map[deployment.Status]int{deployment.InProgress: 1, deployment.Stuck: 2, deployment.Succeeded: 2, deployment.Failed: 3}[status]
	final := 0
	if status.Certain() {
		final = 1
	}
	return fmt.Sprintf("%d %s %d", final, moment(at), rank)
}

// Progress reads how far the deployment of this key has come.
func (l *Ledger) Progress(ctx context.Context, key string) (Progress, error) {
	found, err := l.get(ctx, "deployment#"+key, "deployment")
	if err != nil || getText(found, "status") == "" {
		return Progress{}, err
	}
	return Progress{
		Seen: true, Status: deployment.Status(getText(found, "status")),
		At: getMoment(found, IndexSort), StartedAt: getMoment(found, "startedAt"),
	}, nil
}

// Advance notes the event's status for the deployment of this key, and returns when
// the deployment's first event was emitted. late is true when a later state has been
// noted before, which then stays.
func (l *Ledger) Advance(ctx context.Context, key string, kind deployment.Kind, d deployment.Deployment) (startedAt time.Time, late bool, err error) {
	found, ok, err := l.apply(ctx, update{
		pk: "deployment#" + key, sk: "deployment",
		set: "#service = :service, #time = :time, #status = :status, progress = :progress, kind = :kind, " +
			"environment = :environment, startedAt = if_not_exists(startedAt, :started)",
		condition: "attribute_not_exists(progress) OR progress <= :progress",
		names:     map[string]string{"#service": IndexKey, "#time": IndexSort, "#status": "status"},
		values: item{
			":service": text(d.ServiceKey()), ":time": text(moment(d.Time)), ":status": text(string(d.Status)),
			":progress": text(order(d.Status, d.Time)), ":kind": text(string(kind)), ":environment": text(d.Environment),
			":started": text(moment(startOf(d))),
		},
	})
	return getMoment(found, "startedAt"), !ok, err
}

// startOf is when the deployment started, as far as its event tells.
func startOf(d deployment.Deployment) time.Time {
	if d.StartedAt.IsZero() {
		return d.Time
	}
	return d.StartedAt
}

// disorder is by how much events of one service are taken to arrive in the wrong order:
// by seconds as a rule, and by the day for which EventBridge tries again. What is older
// than that was put on the bus by somebody, on purpose.
const disorder = 25 * time.Hour

// Standing is how an end stands among the others of its service.
type Standing struct {
	// Before is how the service's one before it ended; empty when none is known.
	Before deployment.Status
	// NewerFailure is true when a deployment is known to have failed after this one's end.
	NewerFailure bool
	// Recovered is true when a deployment that began after this one's failure is known to
	// have succeeded.
	Recovered bool
}

// End notes how a deployment of the service ended that started then, unless it is known how
// a later one did. Events tell whole seconds: of two ends in one second, the one that is
// told last counts. Told again, the same event gets the same answer.
func (l *Ledger) End(ctx context.Context, d deployment.Deployment, startedAt time.Time) (Standing, error) {
	found, ok, err := l.apply(ctx, update{
		pk: "service#" + d.ServiceKey(), sk: "ended",
		set:       "previousStatus = if_not_exists(#status, :none), #status = :status, #time = :time, startedAt = :started, endedBy = :event",
		condition: "attribute_not_exists(#time) OR (#time <= :time AND (attribute_not_exists(endedBy) OR endedBy <> :event))",
		names:     map[string]string{"#status": "status", "#time": IndexSort},
		values: item{":status": text(string(d.Status)), ":time": text(moment(d.Time)), ":started": text(moment(startedAt)),
			":event": text(d.ClaimKey()), ":none": text("")},
		old: true,
	})
	switch {
	case err != nil:
		return Standing{}, err
	case !ok && getText(found, "endedBy") == d.ClaimKey(): // an execution that died has noted it
		return Standing{Before: deployment.Status(getText(found, "previousStatus"))}, nil
	case ok:
		return Standing{Before: deployment.Status(getText(found, "status"))}, nil
	default:
		return standing(found, d), nil
	}
}

// standing is how the event stands to the service's latest end, which is another's.
func standing(ended item, d deployment.Deployment) Standing {
	s := Standing{Before: deployment.Status(getText(ended, "status"))}
	at, startedAt := getMoment(ended, IndexSort), getMoment(ended, "startedAt")
	s.NewerFailure = s.Before == deployment.Failed && at.After(d.Time) && at.Sub(d.Time) < disorder
	// A success whose beginning was never seen may be the rollback's after this very failure.
	s.Recovered = s.Before == deployment.Succeeded && startedAt.After(d.Time) && startedAt.Before(at)
	return s
}

// Overtaken tells how the event stands among the ends that are known by now, for somebody
// who has waited since it was claimed. startedAt is when its deployment did.
func (l *Ledger) Overtaken(ctx context.Context, d deployment.Deployment, startedAt time.Time) (Standing, error) {
	ended, err := l.get(ctx, "service#"+d.ServiceKey(), "ended")
	if err != nil || getText(ended, "endedBy") == d.ClaimKey() {
		return Standing{}, err
	}
	s := standing(ended, d)
	if d.Status != deployment.Succeeded || s.NewerFailure {
		return s, nil
	}
	failed, err := l.LastFailure(ctx, d.ServiceKey())
	s.NewerFailure = failed.Outlasts(startedAt, d.Time)
	return s, err
}

// Failure is what is known of a deployment that failed.
type Failure struct{ StartedAt, At time.Time }

// Outlasts tells whether the failure outlasts the success of a deployment that started and
// ended then: it is of one that started after that, and fell before that was done.
func (f Failure) Outlasts(startedAt, endedAt time.Time) bool {
	return f.StartedAt.After(startedAt) && !f.At.After(endedAt)
}

// NoteFailure notes that the service's deployment failed, unless a failure is known of
// one that started later.
func (l *Ledger) NoteFailure(ctx context.Context, d deployment.Deployment, startedAt time.Time) error {
	_, _, err := l.apply(ctx, update{
		pk: "service#" + d.ServiceKey(), sk: "failed",
		set:       "#time = :time, startedAt = :started",
		condition: "attribute_not_exists(startedAt) OR startedAt <= :started",
		names:     map[string]string{"#time": IndexSort},
		values:    item{":time": text(moment(d.Time)), ":started": text(moment(startedAt))},
	})
	return err
}

// LastFailure is that of the service's deployment that started last of those that failed;
// zero when none is known.
func (l *Ledger) LastFailure(ctx context.Context, serviceKey string) (Failure, error) {
	found, err := l.get(ctx, "service#"+serviceKey, "failed")
	return Failure{StartedAt: getMoment(found, "startedAt"), At: getMoment(found, IndexSort)}, err
}

// Restart makes way for another rollback to the same deployment, whose id ECS may give
// to each of them: it forgets how the one before it went, and its message, unless this
// rollback has begun already.
func (l *Ledger) Restart(ctx context.Context, key string, d deployment.Deployment) error {
	_, _, err := l.apply(ctx, update{
		pk: "deployment#" + key, sk: "deployment",
		remove:    "progress, #status, startedAt, #release, threadTs, threadChannel, threadStatus, threadAt, threadBroadcast, threadDigest, threadSlot, threadUnsure",
		condition: "startedAt < :time AND #time < :time",
		names:     map[string]string{"#status": "status", "#release": "release", "#time": IndexSort},
		values:    item{":time": text(moment(d.Time))},
	})
	return err
}

// Release returns what an earlier event of the deployment resolved; nil when nothing.
func (l *Ledger) Release(ctx context.Context, key string) (*deployment.Release, error) {
	found, err := l.get(ctx, "deployment#"+key, "deployment")
	if err != nil || getText(found, "release") == "" {
		return nil, err
	}
	var r deployment.Release
	if err := json.Unmarshal([]byte(getText(found, "release")), &r); err != nil {
		return nil, fmt.Errorf("reading the release in the ledger: %w", err)
	}
	return &r, nil
}

// SaveRelease keeps what was resolved, for the deployment's later events, and, unless
// it is a rollback, as the latest that was tried for the service.
func (l *Ledger) SaveRelease(ctx context.Context, doc deployment.Document, r deployment.Release) error {
	written, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("writing the release: %w", err)
	}
	_, _, err = l.apply(ctx, update{
		pk: "deployment#" + doc.Key(), sk: "deployment",
		set: "#release = :release", names: map[string]string{"#release": "release"},
		values: item{":release": text(string(written))},
	})
	if err != nil || doc.Kind() == deployment.Rollback {
		return err
	}
	_, _, err = l.setVersion(ctx, doc.Deployment.ServiceKey(), "tried", version{r.Image, r.Revision.ID}, Started(doc, r))
	return err
}

// LastTried is the image of the service's latest deployment that was no rollback; zero
// when none has been seen.
func (l *Ledger) LastTried(ctx context.Context, serviceKey string) (deployment.Image, error) {
	found, err := l.get(ctx, "service#"+serviceKey, "tried")
	return imageOf(found), err
}

// LastTriedRevision is the id of the revision of the pipeline's latest execution that was
// no rollback; empty when none has been seen.
func (l *Ledger) LastTriedRevision(ctx context.Context, serviceKey string) (string, error) {
	found, err := l.get(ctx, "service#"+serviceKey, "tried")
	return getText(found, "revision"), err
}

// SetGood notes the image as the service's last good one, unless that of a deployment
// which started later has been noted: then late is true. It returns the image that is
// noted now.
func (l *Ledger) SetGood(ctx context.Context, serviceKey string, image deployment.Image, startedAt time.Time) (now deployment.Image, late bool, err error) {
	found, ok, err := l.setVersion(ctx, serviceKey, "good", version{image: image}, startedAt)
	return imageOf(found), !ok, err
}

// Good is the service's last good image; zero when none is noted.
func (l *Ledger) Good(ctx context.Context, serviceKey string) (deployment.Image, error) {
	found, err := l.get(ctx, "service#"+serviceKey, "good")
	return imageOf(found), err
}

// SetGoodRevision is to a pipeline what [Ledger.SetGood] is to a service: it notes the id
// of the revision.
func (l *Ledger) SetGoodRevision(ctx context.Context, serviceKey, revision string, startedAt time.Time) (now string, late bool, err error) {
	found, ok, err := l.setVersion(ctx, serviceKey, "good", version{revision: revision}, startedAt)
	return getText(found, "revision"), !ok, err
}

// GoodRevision is the id of the pipeline's last good revision; empty when none is noted.
func (l *Ledger) GoodRevision(ctx context.Context, serviceKey string) (string, error) {
	found, err := l.get(ctx, "service#"+serviceKey, "good")
	return getText(found, "revision"), err
}

// version is what a deployment brought: the image of a service, or a pipeline's revision.
type version struct {
	image    deployment.Image
	revision string
}

func (l *Ledger) setVersion(ctx context.Context, serviceKey, sk string, v version, startedAt time.Time) (item, bool, error) {
	return l.apply(ctx, update{
		pk: "service#" + serviceKey, sk: sk,
		set:       "repository = :repository, tag = :tag, digest = :digest, revision = :revision, startedAt = :started",
		condition: "attribute_not_exists(startedAt) OR startedAt <= :started",
		values: item{
			":repository": text(v.image.Repository), ":tag": text(v.image.Tag), ":digest": text(v.image.Digest),
			":revision": text(v.revision), ":started": text(moment(startedAt)),
		},
	})
}

func imageOf(i item) deployment.Image {
	return deployment.Image{Repository: getText(i, "repository"), Tag: getText(i, "tag"), Digest: getText(i, "digest")}
}

// Started is when the document's deployment started: as ECS says, since CodePipeline does
// not, else when its first event was emitted, as far as that was seen.
func Started(doc deployment.Document, r deployment.Release) time.Time {
	switch {
	case !r.StartedAt.IsZero():
		return r.StartedAt
	case doc.Claim != nil && !doc.Claim.StartedAt.IsZero():
		return doc.Claim.StartedAt
	default:
		return startOf(doc.Deployment)
	}
}
