// Package remembertag keeps the last good tag of each service, and the last good revision
// of each pipeline, in SSM, where the next deployment, and whoever else cares, finds what
// was there before.
package remembertag

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
)

// Ledger guards the parameter, which knows no conditional write.
type Ledger interface {
	SetGood(ctx context.Context, serviceKey string, image deployment.Image, startedAt time.Time) (now deployment.Image, late bool, err error)
	Good(ctx context.Context, serviceKey string) (deployment.Image, error)
	SetGoodRevision(ctx context.Context, serviceKey, revision string, startedAt time.Time) (now string, late bool, err error)
	GoodRevision(ctx context.Context, serviceKey string) (string, error)
}

// Parameters writes a parameter.
type Parameters interface {
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
}

// Result is what the step writes.
type Result struct {
	Remembered bool `json:"remembered"`
	// Reason says in few words why not.
	Reason    string `json:"reason,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Value     string `json:"value,omitempty"`
}

// Rememberer is the step.
type Rememberer struct {
	Ledger     Ledger
	Parameters Parameters
	Account    account.Account
}

// Remember sets the service's last good tag, or the pipeline's last good revision, after
// a success that is neither a rollback nor a drill. Of two deployments the one that
// started later wins, in whatever order they end.
func (r Rememberer) Remember(ctx context.Context, doc deployment.Document) (Result, error) {
	if reason := refusal(doc); reason != "" {
		return Result{Reason: reason}, nil
	}
	late, err := r.guard(ctx, doc)
	if err != nil {
		return Result{}, err
	}
	if late {
		return Result{Reason: "a deployment that started later is the last good one"}, nil
	}
	name, good := r.parameter(doc.Deployment), value(*doc.Release)
	// Between the guard and the write another deployment may have passed both; what
	// the guard says after the write is what the parameter must say.
	for range 3 {
		if err := r.put(ctx, name, good); err != nil {
			return Result{}, err
		}
		now, err := r.good(ctx, doc.Deployment)
		if err != nil {
			return Result{}, err
		}
		if now == good {
			return Result{Remembered: true, Parameter: name, Value: good}, nil
		}
		good = now
	}
	return Result{}, failure.Transientf("remembering the last good tag in %s: it keeps changing", name)
}

// refusal says why the release must not become the last good one; empty when it may.
func refusal(doc deployment.Document) string {
	d := doc.Deployment
	switch {
	case d.Drill != nil:
		return "a drill is not a release"
	case d.Status != deployment.Succeeded:
		return "not a success"
	case doc.Kind() == deployment.Rollback:
		return "a rollback is not a release"
	case doc.Unclaimed():
		return "without the ledger, it may be a rollback"
	case doc.Late():
		return "a later state of the deployment is known"
	case d.Pipeline != "" && (doc.Release == nil || doc.Release.Revision.ID == ""):
		return "the revision is unknown"
	case doc.Release == nil || value(*doc.Release) == "":
		return "the image is unknown"
	case doc.Release.Presumed:
		return "the image is only presumed"
	case d.Pipeline == "" && d.Cluster == "":
		return "the cluster is unknown"
	default:
		return ""
	}
}

// guard notes the release in the ledger; late is true when that of a deployment which
// started later is noted there.
func (r Rememberer) guard(ctx context.Context, doc deployment.Document) (late bool, err error) {
	key, startedAt := doc.Deployment.ServiceKey(), ledger.Started(doc, *doc.Release)
	if doc.Deployment.Pipeline != "" {
		_, late, err = r.Ledger.SetGoodRevision(ctx, key, doc.Release.Revision.ID, startedAt)
	} else {
		_, late, err = r.Ledger.SetGood(ctx, key, doc.Release.Image, startedAt)
	}
	return late, err
}

// good is what the guard has, as the parameter is to hold it.
func (r Rememberer) good(ctx context.Context, d deployment.Deployment) (string, error) {
	if d.Pipeline != "" {
		return r.Ledger.GoodRevision(ctx, d.ServiceKey())
	}
	image, err := r.Ledger.Good(ctx, d.ServiceKey())
	return value(deployment.Release{Image: image}), err
}

// parameter is the name of the parameter that keeps it.
func (r Rememberer) parameter(d deployment.Deployment) string {
	if d.Pipeline != "" {
		return r.Account.LastRevisionParameter(d.Pipeline)
	}
	return r.Account.LastTagParameter(d.Cluster, d.Service)
}

func (r Rememberer) put(ctx context.Context, name, good string) error {
	_, err := r.Parameters.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(good), Type: types.ParameterTypeString, Overwrite: aws.Bool(true)})
	if err != nil {
		return fmt.Errorf("writing the last good tag to %s: %w", name, err)
	}
	return nil
}

// value is what the parameter holds: the revision's id, or the tag, or the digest of an
// image without one.
func value(release deployment.Release) string {
	switch {
	case release.Revision.ID != "":
		return release.Revision.ID
	case release.Image.Tag != "":
		return release.Image.Tag
	default:
		return release.Image.Digest
	}
}
