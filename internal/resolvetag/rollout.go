package resolvetag

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"fanfare/internal/deployment"
)

const primary = "PRIMARY"

// none is the index of no deployment at all.
const none = -1

// current fills in what the deployment brings, and returns the index of its entry in
// the service's deployments, or none.
func (l *lookup) current(ctx context.Context, service types.Service) int {
	index := none
	var definition string
	if len(service.Deployments) > 0 {
		if index = find(service.Deployments, l.doc.Deployment, l.doc.Kind()); index != none {
			entry := service.Deployments[index]
			definition = aws.ToString(entry.TaskDefinition)
			l.release.StartedAt = aws.ToTime(entry.CreatedAt)
			l.presume(entry)
		}
	} else {
		definition = l.taskSet(service)
	}
	if definition == "" {
		l.miss("the image of this deployment is unknown to ECS")
		return index
	}
	l.release.TaskDefinition = definition
	found, container, words := l.imageOf(ctx, definition, service)
	l.release.Image, l.release.Container = found, container
	if words != "" {
		l.miss(words)
	}
	return index
}

// presume notes that the entry bears another deployment's id than the event. A rollback
// that says it is one is not presumed: the id in its event is not documented.
func (l *lookup) presume(entry types.Deployment) {
	if !l.isRollback() && sameForm(l.doc.Deployment.ID, aws.ToString(entry.Id)) && l.doc.Deployment.ID != aws.ToString(entry.Id) {
		l.release.Presumed = true
		l.miss("ECS shows this deployment no more, the version is what runs now")
	}
}

// find returns the index of the entry that the event speaks of.
//
// The rule, made so that what is gone back to is never reported as what failed:
//
//  1. An entry that bears the event's deployment id, unless its state contradicts the
//     event. Of several, the one whose state fits the event best.
//  2. Else, for a rollback, the PRIMARY entry if it says that it is rolling back: which
//     id ECS puts into the event of a rollback is not documented.
//  3. Else the PRIMARY entry, unless its state makes it another deployment: when the event
//     tells of a failure, a PRIMARY that has not failed; when it tells of no rollback, one
//     that rolls back.
//
// Otherwise none. What is taken by rule 3 although it bears another id is only presumed
// to be the event's release: it is told as what runs now, is not kept for the deployment's
// later events, and never becomes the last good tag.
func find(entries []types.Deployment, d deployment.Deployment, kind deployment.Kind) int {
	best := none
	for i, entry := range entries {
		if d.ID == "" || aws.ToString(entry.Id) != d.ID || contradicts(entry, d.Status, kind) {
			continue
		}
		if best == none || fits(entry, d.Status, kind) && !fits(entries[best], d.Status, kind) {
			best = i
		}
	}
	if best != none {
		return best
	}
	for i, entry := range entries {
		if aws.ToString(entry.Status) == primary && standsIn(entry, d, kind) {
			return i
		}
	}
	return none
}

// contradicts tells whether the entry cannot be what the event speaks of.
func contradicts(entry types.Deployment, status deployment.Status, kind deployment.Kind) bool {
	failed := entry.RolloutState == types.DeploymentRolloutStateFailed
	switch {
	case kind == deployment.Rollback:
		return failed && status != deployment.Failed // one does not go back to what failed
	case status == deployment.Failed:
		return goesBack(entry) || entry.RolloutState == types.DeploymentRolloutStateCompleted
	default:
		return false
	}
}

// fits tells whether the entry is in the state that the event makes one expect.
func fits(entry types.Deployment, status deployment.Status, kind deployment.Kind) bool {
	if status == deployment.Failed && kind != deployment.Rollback {
		return entry.RolloutState == types.DeploymentRolloutStateFailed
	}
	return aws.ToString(entry.Status) == primary
}

// standsIn tells whether the PRIMARY entry may be taken although it does not bear the
// event's id; see [find].
func standsIn(entry types.Deployment, d deployment.Deployment, kind deployment.Kind) bool {
	switch {
	case contradicts(entry, d.Status, kind):
		return false
	case kind == deployment.Rollback && goesBack(entry):
		return true
	case kind == deployment.Rollback:
		return !sameForm(d.ID, aws.ToString(entry.Id))
	case d.Status == deployment.Failed:
		return entry.RolloutState == types.DeploymentRolloutStateFailed && !sameForm(d.ID, aws.ToString(entry.Id))
	default:
		return !goesBack(entry)
	}
}

// goesBack tells whether ECS says of the entry that it takes the service back.
func goesBack(entry types.Deployment) bool {
	said := strings.ToLower(aws.ToString(entry.RolloutStateReason))
	return strings.Contains(said, "rolling back") || strings.Contains(said, "rollback")
}

// sameForm tells whether two ids are of one form, such as ecs-svc/…, so that they
// name different deployments when they differ.
func sameForm(a, b string) bool {
	formA, _, _ := strings.Cut(a, "/")
	formB, _, _ := strings.Cut(b, "/")
	return a != "" && b != "" && formA == formB
}

// taskSet returns the task definition of a service that has task sets in the place of
// deployments, because CodeDeploy or somebody else deploys it:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskSet.html
// What failed is taken from the task set that bears the event's id, and from no other.
func (l *lookup) taskSet(service types.Service) string {
	d := l.doc.Deployment
	var serving types.TaskSet
	for _, set := range service.TaskSets {
		switch {
		case d.ID != "" && aws.ToString(set.Id) == d.ID:
			l.release.StartedAt = aws.ToTime(set.CreatedAt)
			return aws.ToString(set.TaskDefinition)
		case aws.ToString(set.Status) == primary:
			serving = set
		}
	}
	if d.Status == deployment.Failed && !l.isRollback() {
		return ""
	}
	if definition := aws.ToString(serving.TaskDefinition); definition != "" {
		return definition
	}
	return aws.ToString(service.TaskDefinition)
}
