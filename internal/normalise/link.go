package normalise

import (
	"net/url"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

// consoleURL leads to the pipeline's execution, or to the service's deployments; to the
// pipeline, or the clusters, when the execution or the cluster is unknown; empty when
// the partition has no known console.
func consoleURL(d deployment.Deployment) string {
	switch {
	case d.Pipeline != "":
		return console(d, pipelinePath(d))
	case d.Cluster == "":
		return console(d, "/ecs/v2/clusters")
	default:
		return console(d, servicePath(d)+"/deployments")
	}
}

// logsURL leads to the CloudWatch log group that the account file names, else to the
// service's logs in the ECS console. Group is a template, or empty. A pipeline has no
// log: its actions have.
func logsURL(d deployment.Deployment, group string) string {
	if d.Pipeline != "" {
		return ""
	}
	needsCluster := group == "" || strings.Contains(group, "{cluster}")
	if needsCluster && d.Cluster == "" {
		return ""
	}
	if group == "" {
		return console(d, servicePath(d)+"/logs")
	}
	home := console(d, "/cloudwatch/home")
	if home == "" {
		return ""
	}
	// The console wants what follows # encoded twice, with $ in the place of the second %.
	name := url.QueryEscape(url.QueryEscape(account.Fill(group, d.Cluster, d.Service)))
	return home + "#logsV2:log-groups/log-group/" + strings.ReplaceAll(name, "%", "$")
}

func servicePath(d deployment.Deployment) string {
	return "/ecs/v2/clusters/" + d.Cluster + "/services/" + d.Service
}

func pipelinePath(d deployment.Deployment) string {
	path := "/codesuite/codepipeline/pipelines/" + url.PathEscape(d.Pipeline)
	if d.ID == "" {
		return path + "/view"
	}
	return path + "/executions/" + url.PathEscape(d.ID) + "/visualization"
}

func console(d deployment.Deployment, path string) string {
	domain := deployment.ConsoleDomain(d.Partition)
	if domain == "" {
		return ""
	}
	return "https://" + d.Region + "." + domain + path + "?region=" + d.Region
}
