package resolvetag

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameter "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"fanfare/internal/deployment"
	"fanfare/internal/image"
)

// lastGood fills in the last good image, as the parameter keeps it. A parameter that
// does not exist makes this the first deployment.
func (l *lookup) lastGood(ctx context.Context) {
	d := l.doc.Deployment
	value, ok := l.kept(ctx, "tag", l.Account.LastTagParameter(d.Cluster, d.Service))
	if !ok {
		return
	}
	previous, ok := parseLastGood(value)
	if !ok {
		l.miss("the previous tag could not be read: its parameter holds neither a tag nor a digest")
	}
	l.release.Previous = previous
}

// kept reads the parameter that keeps the last good tag, or revision: what says which. ok
// is false when there is none, which is noted, or no answer.
func (l *lookup) kept(ctx context.Context, what, name string) (value string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	answer, err := l.Parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name)})
	var absent *parameter.ParameterNotFound
	switch {
	case errors.As(err, &absent):
		l.first = true
		return "", false
	case err != nil:
		l.log(ctx, "reading the last good "+what, err)
		l.miss("the previous " + what + " could not be read: " + trouble("Parameter Store", err))
		return "", false
	case answer != nil && answer.Parameter != nil:
		value = strings.TrimSpace(aws.ToString(answer.Parameter.Value))
	}
	return value, true
}

// parseLastGood reads a tag, a digest, or a tag with a digest (1.2.3@sha256:…).
func parseLastGood(value string) (last deployment.Image, ok bool) {
	if image.IsDigest(value) {
		return deployment.Image{Digest: value}, true
	}
	tag, digest, pinned := strings.Cut(value, "@")
	if !image.IsTag(tag) || pinned && !image.IsDigest(digest) {
		return last, false
	}
	return deployment.Image{Tag: tag, Digest: digest}, true
}

// takenAway fills in what a rollback takes away: the image of the deployment that
// failed, if ECS still lists it beside the current one, else that of the last
// deployment that the ledger knows. The service may be zero.
func (l *lookup) takenAway(ctx context.Context, service types.Service, current int) {
	if definition := newestFailed(service.Deployments, current); definition != "" {
		if found, _, _ := l.imageOf(ctx, definition, service); !found.IsZero() {
			l.release.Previous = found
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	tried, err := l.Ledger.LastTried(ctx, l.doc.Deployment.ServiceKey())
	switch {
	case err != nil:
		l.log(ctx, "reading the last deployment from the ledger", err)
		l.miss("what is taken back is unknown: " + trouble("the ledger", err))
	case tried.IsZero(), tried == l.release.Image:
		l.miss("what is taken back is unknown")
	default:
		l.release.Previous = tried
	}
}

// newestFailed is the task definition of the newest entry that failed, the current one
// apart; empty when there is none.
func newestFailed(entries []types.Deployment, current int) string {
	var newest types.Deployment
	for i, entry := range entries {
		if i == current || entry.RolloutState != types.DeploymentRolloutStateFailed {
			continue
		}
		if newest.TaskDefinition == nil || aws.ToTime(entry.CreatedAt).After(aws.ToTime(newest.CreatedAt)) {
			newest = entry
		}
	}
	return aws.ToString(newest.TaskDefinition)
}
