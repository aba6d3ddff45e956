package normalise

import (
	"net/url"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

// consoleDomain is where each partition has its console. Other partitions get no
// links: none is better than one that leads nowhere.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var consoleDomain = map[string]string{
	"aws":        "console.aws.amazon.com",
	"aws-cn":     "console.amazonaws.cn",
	"aws-us-gov": "console.amazonaws-us-gov.com",
}

// partitionOf tells the partition by the region's name.
func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

// consoleURL leads to the service's deployments; to the clusters when the cluster is
// unknown; empty when the partition has no known console.
func consoleURL(d deployment.Deployment) string {
	if d.Cluster == "" {
		return console(d, "/ecs/v2/clusters")
	}
	return console(d, servicePath(d)+"/deployments")
}

// logsURL leads to the CloudWatch log group that the account file names, else to the
// service's logs in the ECS console. Group is a template, or empty.
func logsURL(d deployment.Deployment, group string) string {
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

func console(d deployment.Deployment, path string) string {
	domain, ok := consoleDomain[d.Partition]
	if !ok {
		return ""
	}
	return "https://" + d.Region + "." + domain + path + "?region=" + d.Region
}
