package normalise

import (
	"encoding/json"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// ecsDetailType is matched whole: there are newer kinds of events whose names contain it.
const ecsDetailType = "ECS Deployment State Change"

// maxReason is how many characters of ECS's own sentence are kept.
const maxReason = 500

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
	d := deployment.Deployment{
		Event:     string(e.ID),
		Source:    "ecs",
		Name:      string(detail.EventName),
		Account:   first(string(e.Account), service.account),
		Region:    first(string(e.Region), service.region),
		Partition: service.partition,
		Cluster:   first(clusterName(detail.ClusterARN), service.cluster),
		Service:   service.name,
		ID:        string(detail.DeploymentID),
		Status:    deployment.Unknown,
		Kind:      deployment.Ordinary,
		Reason:    text.Cut(text.Line(string(detail.Reason)), maxReason),
		Time:      e.Time.instant(),
		UpdatedAt: detail.UpdatedAt.instant(),
	}
	if status, known := ecsStatus[detail.EventName]; known {
		d.Status = status
	}
	if d.Status == deployment.InProgress && announcesRollback(detail.Reason) {
		d.Kind = deployment.Rollback
	}
	if d.Partition == "" {
		d.Partition = partitionOf(d.Region)
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
	case !isRegion(d.Region):
		return expected("region", "a region such as eu-west-1", word(d.Region))
	case !isID(d.Account) || strings.ContainsAny(d.Account, "/|"): // they part the keys
		return expected("account", "the AWS account's number", word(d.Account))
	case d.Time.IsZero():
		return expected("time", "a time such as 2006-01-02T15:04:05Z", e.Time)
	}
	return nil
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
type serviceARN struct{ partition, region, account, cluster, name string }

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

func parseServiceARN(s string) (arn serviceARN, ok bool) {
	part := strings.SplitN(s, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[2] != "ecs" {
		return arn, false
	}
	partition := part[1]
	if partition != "" && !(strings.HasPrefix(partition, "aws") && isName(partition)) {
		return arn, false
	}
	path, ok := strings.CutPrefix(part[5], "service/")
	cluster, name, long := strings.Cut(path, "/")
	if !long {
		cluster, name = "", path
	}
	return serviceARN{partition, part[3], part[4], cluster, name}, ok && name != ""
}

// clusterName is the name in a cluster's ARN; the text itself when it is no such ARN.
func clusterName(arn word) string {
	if _, name, ok := strings.Cut(string(arn), ":cluster/"); ok {
		return name
	}
	return string(arn)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
