package edge

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The states of a deployment and of its rollout, as ECS names them.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html
const (
	primary = "PRIMARY"
	active  = "ACTIVE"

	inProgress = string(types.DeploymentRolloutStateInProgress)
	completed  = string(types.DeploymentRolloutStateCompleted)
	failed     = string(types.DeploymentRolloutStateFailed)
)

// What ECS emits when the state of a rollout changes.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
const (
	deploymentStateChange = "ECS Deployment State Change"
	eventInProgress       = "SERVICE_DEPLOYMENT_IN_PROGRESS"
	eventCompleted        = "SERVICE_DEPLOYMENT_COMPLETED"
	eventFailed           = "SERVICE_DEPLOYMENT_FAILED"
)

// The circuit breaker trips after half the desired tasks failed to start, within
// these bounds.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
const (
	minFailedTasks = 3
	maxFailedTasks = 200
)

// failingTask is how long a task takes to fail where no circuit breaker stops it.
const failingTask = 10 * time.Second

// Deployment is one entry of a service's deployments, with the names and units of
// DescribeServices: times in seconds since 1970.
type Deployment struct {
	ID                 string  `json:"id"`
	Status             string  `json:"status"`
	TaskDefinition     string  `json:"taskDefinition"`
	DesiredCount       int     `json:"desiredCount"`
	PendingCount       int     `json:"pendingCount"`
	RunningCount       int     `json:"runningCount"`
	FailedTasks        int     `json:"failedTasks"`
	CreatedAt          float64 `json:"createdAt"`
	UpdatedAt          float64 `json:"updatedAt"`
	RolloutState       string  `json:"rolloutState"`
	RolloutStateReason string  `json:"rolloutStateReason"`
}

// Rollout is the newest rollout of a service. Its methods return the rollout that
// follows and leave the one at hand as it was.
type Rollout struct {
	// Cluster is the name of the service's cluster.
	Cluster    string `json:"cluster"`
	ClusterARN string `json:"clusterArn"`
	Service    string `json:"service"`
	ServiceARN string `json:"serviceArn"`
	// DeploymentID is the id of the deployment that is PRIMARY.
	DeploymentID string `json:"deploymentId"`
	// Rollback tells that the PRIMARY deployment takes back one that failed.
	Rollback bool `json:"rollback"`
	// Deployments is what DescribeServices shows, the PRIMARY one first.
	Deployments []Deployment `json:"deployments"`
	// Event is the event that was emitted last.
	Event Event `json:"event"`

	engineID     string    // the id that the engine gave its one deployment
	failingSince time.Time // when tasks began to fail that nothing stops
	unattended   bool      // finishes by itself
}

// started is the rollout that took a service from before to after; deployments are
// those that the service showed before.
func started(before []Deployment, after types.Service, now time.Time) Rollout {
	service := describedDeployments(after)[0]
	id := service.ID
	_, cluster := cutLast(aws.ToString(after.ClusterArn), '/')
	desired := int(after.DesiredCount)
	next := Deployment{
		ID: id, Status: primary, TaskDefinition: service.TaskDefinition,
		DesiredCount: desired, PendingCount: desired,
		CreatedAt: epoch(now), UpdatedAt: epoch(now),
		RolloutState: inProgress, RolloutStateReason: fmt.Sprintf("ECS deployment %s in progress.", id),
	}
	deployments := []Deployment{next}
	for _, d := range before {
		d.Status = active
		deployments = append(deployments, d)
	}
	return Rollout{
		Cluster: cluster, ClusterARN: aws.ToString(after.ClusterArn),
		Service: aws.ToString(after.ServiceName), ServiceARN: aws.ToString(after.ServiceArn),
		DeploymentID: id, Deployments: deployments, engineID: engineID(after),
	}
}

// InProgress tells whether the rollout can still be finished.
func (r Rollout) InProgress() bool { return r.Deployments[0].RolloutState == inProgress }

// completed is the rollout after all its tasks run: the older deployments are gone.
func (r Rollout) completed(now time.Time) Rollout {
	d := r.Deployments[0]
	d.PendingCount, d.RunningCount, d.FailedTasks = 0, d.DesiredCount, 0
	d.RolloutState, d.RolloutStateReason = completed, fmt.Sprintf("ECS deployment %s completed.", d.ID)
	d.UpdatedAt = epoch(now)
	r.Deployments, r.failingSince, r.unattended = []Deployment{d}, time.Time{}, false
	return r
}

// failed is the rollout after the circuit breaker stopped it. It stays PRIMARY, beside
// what runs of the older deployments, unless it is rolled back.
func (r Rollout) failed(now time.Time) Rollout {
	r.Deployments = slices.Clone(r.Deployments)
	d := &r.Deployments[0]
	d.FailedTasks = min(max(minFailedTasks, (d.DesiredCount+1)/2), maxFailedTasks)
	d.PendingCount = 0
	d.RolloutState, d.RolloutStateReason = failed, "ECS deployment circuit breaker: tasks failed to start."
	d.UpdatedAt = epoch(now)
	return r
}

// lastGood is the deployment that a rollback goes back to: the newest completed one.
func (r Rollout) lastGood() (Deployment, bool) {
	for _, d := range r.Deployments[1:] {
		if d.RolloutState == completed {
			return d, true
		}
	}
	return Deployment{}, false
}

// rolledBack is the failed rollout r after a new deployment took the place of good and
// its tasks; after is the service with good's task definition again. ECS does not
// document whether the new deployment has good's id; here it has its own.
func (r Rollout) rolledBack(good Deployment, after types.Service, now time.Time) Rollout {
	next := started(nil, after, now)
	d := &next.Deployments[0]
	d.PendingCount, d.RunningCount = 0, d.DesiredCount
	d.RolloutStateReason = fmt.Sprintf("ECS deployment circuit breaker: rolling back to deploymentId %s.", good.ID)
	broken := r.Deployments[0]
	broken.Status, broken.DesiredCount, broken.UpdatedAt = active, 0, epoch(now)
	next.Deployments = append(next.Deployments, broken)
	next.Rollback, next.unattended = true, r.unattended
	return next
}

// scaled is the rollout with as many tasks as the service wants now. Only a finished
// one follows: the counts of one in progress are its own.
func (r Rollout) scaled(desired int) Rollout {
	if len(r.Deployments) == 1 {
		d := r.Deployments[0]
		d.DesiredCount, d.RunningCount = desired, desired
		r.Deployments = []Deployment{d}
	}
	return r
}

// failing is the rollout whose tasks fail for ever, as without a circuit breaker.
func (r Rollout) failing(now time.Time) Rollout {
	r.unattended = false
	if r.failingSince.IsZero() {
		r.failingSince = now
	}
	return r
}

// stalled is the rollout whose tasks neither fail nor start.
func (r Rollout) stalled() Rollout {
	r.unattended, r.failingSince = false, time.Time{}
	return r
}

// at is what DescribeServices shows at a time: tasks that fail for ever add up.
func (r Rollout) at(now time.Time) Rollout {
	if r.failingSince.IsZero() {
		return r
	}
	r.Deployments = slices.Clone(r.Deployments)
	r.Deployments[0].FailedTasks = 1 + int(now.Sub(r.failingSince)/failingTask)
	return r
}

// event is what ECS emits about the PRIMARY deployment's state.
func (r Rollout) event(name string, now time.Time) Event {
	d := r.Deployments[0]
	detail := struct {
		EventType    string `json:"eventType"`
		EventName    string `json:"eventName"`
		ClusterARN   string `json:"clusterArn"`
		DeploymentID string `json:"deploymentId"`
		UpdatedAt    string `json:"updatedAt"`
		Reason       string `json:"reason"`
	}{"INFO", name, r.ClusterARN, d.ID, now.UTC().Format("2006-01-02T15:04:05.000Z"), d.RolloutStateReason}
	if name == eventFailed {
		detail.EventType = "ERROR"
	}
	body, _ := json.Marshal(detail) // strings only
	return Event{Source: "aws.ecs", DetailType: deploymentStateChange, Resources: []string{r.ServiceARN}, Detail: body}
}

// describedDeployments are the deployments that the engine shows for a service, with
// ids as ECS writes them. There is always one.
func describedDeployments(s types.Service) []Deployment {
	d := Deployment{Status: primary, TaskDefinition: aws.ToString(s.TaskDefinition)}
	if len(s.Deployments) > 0 {
		from := s.Deployments[0]
		d.ID = deploymentID(aws.ToString(from.Id))
		d.TaskDefinition = aws.ToString(from.TaskDefinition)
		d.CreatedAt, d.UpdatedAt = epoch(aws.ToTime(from.CreatedAt)), epoch(aws.ToTime(from.UpdatedAt))
	}
	d.DesiredCount, d.RunningCount = int(s.DesiredCount), int(s.DesiredCount)
	d.RolloutState, d.RolloutStateReason = completed, fmt.Sprintf("ECS deployment %s completed.", d.ID)
	return []Deployment{d}
}

// engineID is the id that the engine gave the service's deployment: a new one whenever
// it started a deployment.
func engineID(s types.Service) string {
	if len(s.Deployments) == 0 {
		return ""
	}
	return aws.ToString(s.Deployments[0].Id)
}

var ecsDeploymentID = regexp.MustCompile(`^ecs-svc/\d{19}$`)

// deploymentID gives an id of the engine the form that ECS uses, 19 digits, always the
// same for the same id.
func deploymentID(id string) string {
	if ecsDeploymentID.MatchString(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	// From 1e18, so that there are 19 digits, to below 9e18, which fits an int64.
	return fmt.Sprintf("ecs-svc/%d", 1e18+binary.BigEndian.Uint64(sum[:8])%8e18)
}

// epoch is t in seconds since 1970, with milliseconds, as AWS JSON writes times.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
