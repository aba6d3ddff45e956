package edge

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// updateInput is what an UpdateService is asked to update.
type updateInput struct{ Cluster, Service string }

// beforeUpdate is the service that a client's UpdateService names, as it is before; nil
// when the engine does not have it and will say so itself.
func (e *Edge) beforeUpdate(ctx context.Context, in updateInput) *types.Service {
	s, err := e.describe(ctx, in.Cluster, in.Service)
	if err != nil {
		return nil
	}
	return &s
}

// followUpdate begins a rollout when a client's UpdateService made the engine start a
// deployment. The client's call has succeeded by then, so an error is only logged.
func (e *Edge) followUpdate(ctx context.Context, before types.Service) {
	after, err := e.describe(ctx, aws.ToString(before.ClusterArn), aws.ToString(before.ServiceArn))
	if err == nil && engineID(after) != engineID(before) {
		var r Rollout
		r, err = e.begin(ctx, before, after, e.rolloutTime > 0)
		e.finishLater(r, e.takeNext(r.ServiceARN))
	}
	if err != nil {
		slog.Error("following an UpdateService", "service", aws.ToString(before.ServiceName), "error", err)
	}
}

func (e *Edge) takeNext(serviceARN string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	outcome, ok := e.next[serviceARN]
	if !ok {
		return Succeed
	}
	delete(e.next, serviceARN)
	return outcome
}

// finishLater ends an unattended rollout after its time, unless another has taken its
// place or somebody has ended it by then.
func (e *Edge) finishLater(r Rollout, outcome string) {
	if !r.unattended {
		return
	}
	e.after(e.rolloutTime, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		e.changes.Lock()
		defer e.changes.Unlock()
		s, err := e.describe(ctx, r.ClusterARN, r.ServiceARN)
		if err == nil {
			now, ok := e.rollout(r.ServiceARN, engineID(s))
			if !ok || !now.unattended || now.DeploymentID != r.DeploymentID {
				return
			}
			_, err = e.finish(ctx, s, outcome)
		}
		if err != nil {
			slog.Error("finishing a rollout", "service", r.Service, "outcome", outcome, "error", err)
		}
	})
}
