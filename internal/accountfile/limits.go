package accountfile

import (
	"fmt"
	"strings"

	"fanfare/internal/account"
)

// What AWS allows, in characters, and what of it is taken before anything is listed:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html (event pattern)
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (a role's inline policies)
const (
	maxPattern  = 2048
	patternHead = 250
	maxPolicies = 10240
	policyHead  = 2500
)

// checkRoom refuses more pipelines or clusters than have room in the rules that wake the
// workflow, or in the role that asks about them: both name each one.
func (c *checker) checkRoom() {
	a := c.account
	pipelines, clusters := patternHead, patternHead
	policies := policyHead
	for _, p := range a.Pipelines {
		pipelines += len(`"",`) + len(p.Name)
		policies += len(arn(a, "codepipeline", p.Name)) + len(arn(a, "ssm", "parameter"+a.LastRevisionParameter(p.Name)))
	}
	for _, name := range a.Clusters {
		clusters += len(`{"suffix":":cluster/"},`) + len(name)
		policies += len(arn(a, "ecs", "service/"+name+"/*")) + len(arn(a, "ssm", "parameter"+account.Fill(a.LastTag, name, "*")))
	}
	const advice = "tell of those that somebody waits for"
	switch {
	case pipelines > maxPattern:
		c.add("pipelines", fmt.Sprintf("names that have room in an event pattern of %d characters", maxPattern), fmt.Sprintf("%d pipelines", len(a.Pipelines)), advice)
	case clusters > maxPattern:
		c.add("clusters", fmt.Sprintf("names that have room in an event pattern of %d characters", maxPattern), fmt.Sprintf("%d clusters", len(a.Clusters)),
			"leave the key out to be told of all")
	case policies > maxPolicies && len(a.Pipelines) > 0:
		c.add("pipelines", fmt.Sprintf("pipelines and clusters that have room in a role's policies of %d characters", maxPolicies),
			fmt.Sprintf("%d pipelines and %d clusters", len(a.Pipelines), len(a.Clusters)), advice)
	}
}

// arn is as long as that of the resource in a policy, quotes and comma included.
func arn(a *account.Account, service, resource string) string {
	partition := "aws"
	if strings.HasPrefix(a.Region, "us-gov-") || strings.HasPrefix(a.Region, "cn-") || strings.HasPrefix(a.Region, "eusc-") {
		partition = "aws-us-gov"
	}
	return fmt.Sprintf(`"arn:%s:%s:%s:%s:%s",`, partition, service, a.Region, a.ID, resource)
}
