// Package remembertag keeps the last good tag of each service in SSM, where the next
// deployment, and whoever else cares, finds what was there before.
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

// Remember sets the service's last good tag after a success that is not a rollback.
// Of two deployments the one that started later wins, in whatever order they end.
func (r Rememberer) Remember(ctx context.Context, doc deployment.Document) (Result, error) {
	d := doc.Deployment
	switch {
	case d.Status != deployment.Succeeded:
		return Result{Reason: "not a success"}, nil
	case doc.Kind() == deployment.Rollback:
		return Result{Reason: "a rollback is not a release"}, nil
	case doc.Claim != nil && doc.Claim.Outcome == deployment.Unclaimed:
		return Result{Reason: "without the ledger, it may be a rollback"}, nil
	case doc.Claim != nil && doc.Claim.Late:
		return Result{Reason: "a later state of the deployment is known"}, nil
	case doc.Release == nil || value(doc.Release.Image) == "":
		return Result{Reason: "the image is unknown"}, nil
	case doc.Release.Presumed:
		return Result{Reason: "the image is only presumed"}, nil
	case d.Cluster == "":
		return Result{Reason: "the cluster is unknown"}, nil
	}
	image := doc.Release.Image
	_, late, err := r.Ledger.SetGood(ctx, d.ServiceKey(), image, ledger.Started(doc, *doc.Release))
	if err != nil {
		return Result{}, err
	}
	if late {
		return Result{Reason: "a deployment that started later is the last good one"}, nil
	}
	name := r.Account.LastTagParameter(d.Cluster, d.Service)
	// Between the guard and the write another deployment may have passed both; what
	// the guard says after the write is what the parameter must say.
	for range 3 {
		if err := r.put(ctx, name, value(image)); err != nil {
			return Result{}, err
		}
		now, err := r.Ledger.Good(ctx, d.ServiceKey())
		if err != nil {
			return Result{}, err
		}
		if value(now) == value(image) {
			return Result{Remembered: true, Parameter: name, Value: value(image)}, nil
		}
		image = now
	}
	return Result{}, failure.Transientf("remembering the last good tag in %s: it keeps changing", name)
}

func (r Rememberer) put(ctx context.Context, name, tag string) error {
	_, err := r.Parameters.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(name), Value: aws.String(tag), Type: types.ParameterTypeString, Overwrite: aws.Bool(true)})
	if err != nil {
		return fmt.Errorf("writing the last good tag to %s: %w", name, err)
	}
	return nil
}

// value is what the parameter holds: the tag, or the digest of an image without one.
func value(image deployment.Image) string {
	if image.Tag != "" {
		return image.Tag
	}
	return image.Digest
}
