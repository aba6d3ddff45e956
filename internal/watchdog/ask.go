package watchdog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/text"
	"fanfare/internal/watchdog/order"
)

// Names of the events that are told: two of ECS's own, and two that package normalise
// knows from nobody else.
const (
	completed  = "SERVICE_DEPLOYMENT_COMPLETED"
	failed     = "SERVICE_DEPLOYMENT_FAILED"
	stuck      = "SERVICE_DEPLOYMENT_STUCK"
	superseded = "SERVICE_DEPLOYMENT_SUPERSEDED"
)

// finding is what was found out about the deployment, in the words of the event.
type finding struct {
	name, reason string
	updatedAt    time.Time
	// goesOn is true when ECS itself says that there is no end yet.
	goesOn bool
}

const primary = "PRIMARY"

// ask has ECS say what became of the deployment. What cannot be asked counts as stuck.
func (w Watchdog) ask(ctx context.Context, o order.Order) finding {
	d := o.Deployment
	switch {
	case d.Account != w.Account.ID || d.Region != w.Account.Region:
		return isStuck(o, "ECS could not be asked (another account or region)")
	case d.Cluster == "":
		return isStuck(o, "ECS could not be asked (the event does not name the cluster)")
	}
	ctx, cancel := context.WithTimeout(ctx, ecsLimit)
	defer cancel()
	out, err := w.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(d.Cluster), Services: []string{d.Service}})
	switch {
	case err != nil:
		slog.WarnContext(ctx, "ECS could not be asked", "key", o.Key(), "error", failure.Classify(err).Error())
		return isStuck(o, "ECS could not be asked"+why(err))
	case len(out.Services) == 1:
		return judge(o, out.Services[0])
	case len(out.Failures) == 1 && aws.ToString(out.Failures[0].Reason) == "MISSING":
		return finding{name: superseded, reason: "the service is no longer there"}
	default:
		return isStuck(o, "ECS does not show the service")
	}
}

// judge says what became of the deployment by what ECS shows of its service:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
func judge(o order.Order, service types.Service) finding {
	entry, listed := find(service.Deployments, o)
	found := finding{reason: aws.ToString(entry.RolloutStateReason), updatedAt: aws.ToTime(entry.UpdatedAt)}
	switch {
	case aws.ToString(service.Status) == "INACTIVE":
		return finding{name: superseded, reason: "the service is no longer there"}
	case len(service.Deployments) == 0:
		return isStuck(o, "ECS does not show the service's deployments")
	case !listed:
		return finding{name: superseded, reason: "a newer deployment took its place"}
	case entry.RolloutState == types.DeploymentRolloutStateFailed:
		found.name = failed
		return found
	case entry.RolloutState == types.DeploymentRolloutStateCompleted, steady(entry, service):
		found.name = completed
		return found
	case aws.ToString(entry.Status) != primary:
		return finding{name: superseded, reason: "a newer deployment took its place"}
	default:
		going := isStuck(o, lastEvents(service, o)...)
		going.goesOn = true
		return going
	}
}

// find returns the entry of the deployment: the one of its id, unless that says that it is
// another one. The id in the event of a rollback is not documented, so that of a rollback
// the PRIMARY entry will do as well, if it says that it is one.
func find(entries []types.Deployment, o order.Order) (types.Deployment, bool) {
	back := o.Kind == deployment.Rollback
	for _, entry := range entries {
		isPrimary := aws.ToString(entry.Status) == primary
		another := back && entry.RolloutState == types.DeploymentRolloutStateFailed && !isPrimary || !back && goesBack(entry)
		if aws.ToString(entry.Id) == o.Deployment.ID && !another {
			return entry, true
		}
	}
	for _, entry := range entries {
		if back && aws.ToString(entry.Status) == primary && goesBack(entry) {
			return entry, true
		}
	}
	return types.Deployment{}, false
}

// goesBack tells whether ECS says of the entry that it takes the service back.
func goesBack(entry types.Deployment) bool {
	said := strings.ToLower(aws.ToString(entry.RolloutStateReason))
	return strings.Contains(said, "rolling back") || strings.Contains(said, "rollback")
}

// steady tells whether a deployment without a rollout state, as a service behind a Classic
// Load Balancer has it, is done: it is alone, and all its tasks run.
func steady(entry types.Deployment, service types.Service) bool {
	return entry.RolloutState == "" && len(service.Deployments) == 1 && entry.PendingCount == 0 && entry.RunningCount == entry.DesiredCount
}

// isStuck tells since when nothing has come, and what else is known.
func isStuck(o order.Order, known ...string) finding {
	since := fmt.Sprintf("%d minutes", o.Minutes)
	switch {
	case o.Minutes == 1:
		since = "1 minute"
	case o.Minutes == 60:
		since = "1 hour"
	case o.Minutes%60 == 0:
		since = fmt.Sprintf("%d hours", o.Minutes/60)
	}
	return finding{name: stuck, reason: strings.Join(append([]string{"no end after " + since}, known...), separator)}
}

const (
	// separator stands between what the reason of a stuck deployment is made of.
	separator = "; "
	// mostEvents and longestEvent keep the whole within what package normalise lets through.
	mostEvents, longestEvent = 3, 150
)

// lastEvents are the service's latest events since the deployment began, the newest first,
// each said once and without what the message says anyway.
func lastEvents(service types.Service, o order.Order) []string {
	events := slices.Clone(service.Events)
	slices.SortStableFunc(events, func(a, b types.ServiceEvent) int {
		return aws.ToTime(b.CreatedAt).Compare(aws.ToTime(a.CreatedAt))
	})
	began := o.StartedAt.Add(-time.Minute) // the event comes a little after the beginning
	var said []string
	for _, event := range events {
		if event.CreatedAt != nil && event.CreatedAt.Before(began) {
			continue
		}
		words := plain(aws.ToString(event.Message), o.Deployment.Service)
		if words != "" && !slices.Contains(said, words) && len(said) < mostEvents {
			said = append(said, words)
		}
	}
	return said
}

// plain is a service event's message without the service's name before it, the advice
// after it, and the mark that parts them here.
func plain(message, service string) string {
	words := strings.TrimPrefix(text.Line(message), "(service "+service+") ")
	words, _, _ = strings.Cut(words, ". For more information")
	return strings.TrimRight(text.Cut(strings.ReplaceAll(words, separator, ", "), longestEvent), ". ")
}

// why is the error in as few words as there are, in brackets; empty when there are none.
func why(err error) string {
	var coded smithy.APIError
	words := ""
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		words = "no answer in time"
	case errors.As(err, &coded):
		words = cmp.Or(text.Cut(text.Line(coded.ErrorCode()), 60), "an error")
	default:
		return ""
	}
	return " (" + words + ")"
}
