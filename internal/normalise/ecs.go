package normalise

import (
	"cmp"
	"encoding/json"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// ecsDetailType is matched whole: there are newer kinds of events whose names contain it.
const ecsDetailType = "ECS Deployment State Change"

// ecsDetail is the detail of an "ECS Deployment State Change":
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
// Recorded events also have clusterArn, which that page leaves out.
type ecsDetail struct {
	EventName    word `json:"eventName"`
	DeploymentID word `json:"deploymentId"`
	ClusterARN   word `json:"clusterArn"`
	UpdatedAt    word `json:"updatedAt"`
	Reason       word `json:"reason"`
}

// ecsStatus knows the documented event names. Others become the status unknown: ECS
// says that there may be new ones.
var ecsStatus = map[word]deployment.Status{
	"SERVICE_DEPLOYMENT_IN_PROGRESS": deployment.InProgress,
	"SERVICE_DEPLOYMENT_COMPLETED":   deployment.Succeeded,
	"SERVICE_DEPLOYMENT_FAILED":      deployment.Failed,
}

// fromECS makes a deployment of an ECS event.
func fromECS(e envelope, a account.Account) (deployment.Deployment, error) {
	var none deployment.Deployment
	if e.DetailType != ecsDetailType {
		return none, expected("detail-type", ecsDetailType, e.DetailType)
	}
	var detail ecsDetail
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return none, failure.Permanentf("detail: an object expected: %w", err)
	}
	service, err := findService(e.Resources)
	if err != nil {
		return none, err
	}
	d := begin(e, deployment.ECS, service.arn)
	d.Name = string(detail.EventName)
	d.Cluster = cmp.Or(clusterName(detail.ClusterARN), service.cluster)
	d.Service = service.name
	d.ID = string(detail.DeploymentID)
	d.Reason = sentence(detail.Reason)
	d.UpdatedAt = detail.UpdatedAt.instant()
	if status, known := ecsStatus[detail.EventName]; known {
		d.Status = status
	}
	if d.Status == deployment.InProgress && announcesRollback(detail.Reason) {
		d.Kind = deployment.Rollback
	}
	if d.Time.IsZero() { // events are put in order by it, so nearly right will do
		d.Time = d.UpdatedAt
	}
	if err := checkECS(d, e); err != nil {
		return none, err
	}
	fillIn(&d, a)
	return d, nil
}

// checkECS refuses what must not flow into keys and links.
func checkECS(d deployment.Deployment, e envelope) error {
	switch {
	case !isID(d.Name):
		return expected("detail.eventName", "a name such as SERVICE_DEPLOYMENT_FAILED", word(d.Name))
	case d.ID != "" && !isID(d.ID):
		return expected("detail.deploymentId", anID, word(d.ID))
	case !isName(d.Service):
		return expected("resources", "a service's name of "+aName, word(d.Service))
	case d.Cluster != "" && !isName(d.Cluster):
		return expected("detail.clusterArn", "a cluster's name of "+aName, word(d.Cluster))
	}
	return checkPlace(d, e)
}

// announcesRollback tells whether ECS's sentence says that an earlier deployment is
// gone back to: nothing else in the event of a rollback does.
func announcesRollback(reason word) bool {
	said := strings.ToLower(string(reason))
	for _, words := range []string{"rolling back", "roll back", "rolled back", "rollback"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

// serviceARN is an ECS service's ARN, taken apart. The cluster is empty in the old
// short form, arn:aws:ecs:region:account:service/name.
type serviceARN struct {
	arn
	cluster, name string
}

// findService takes the first ARN of a service: events may name other resources, too.
func findService(resources words) (serviceARN, error) {
	for _, resource := range resources {
		if arn, ok := parseServiceARN(string(resource)); ok {
			return arn, nil
		}
	}
	var found word
	if len(resources) > 0 {
		found = resources[0]
	}
	return serviceARN{}, expected("resources", "the ARN of an ECS service", found)
}

func parseServiceARN(s string) (serviceARN, bool) {
	arn, ours := parseARN(s, "ecs")
	path, ok := strings.CutPrefix(arn.resource, "service/")
	cluster, name, long := strings.Cut(path, "/")
	if !long {
		cluster, name = "", path
	}
	return serviceARN{arn, cluster, name}, ours && ok && name != ""
}

// clusterName is the name in a cluster's ARN; the text itself when it is no such ARN.
func clusterName(arn word) string {
	if _, name, ok := strings.Cut(string(arn), ":cluster/"); ok {
		return name
	}
	return string(arn)
}
