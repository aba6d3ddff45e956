package why

import "strings"

// console is where each partition has its console.
// https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var console = map[string]string{
	"aws":        "console.aws.amazon.com",
	"aws-cn":     "console.amazonaws.cn",
	"aws-us-gov": "console.amazonaws-us-gov.com",
}

// nameOf is the execution's own name, the last part of its ARN.
func nameOf(execution string) string { return execution[strings.LastIndex(execution, ":")+1:] }

// executionLink leads to the execution in the console; empty for what is no ARN, or of a
// partition whose console is not known.
func executionLink(execution string) string {
	parts := strings.Split(execution, ":") // arn:partition:states:region:account:execution:workflow:name
	if len(parts) != 8 || console[parts[1]] == "" {
		return ""
	}
	return statesLink(parts[3], console[parts[1]], "v2/executions/details/"+execution)
}

// workflowsLink leads to the region's workflows.
func workflowsLink(region string) string {
	partition := "aws"
	for prefix, other := range map[string]string{"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": ""} {
		if strings.HasPrefix(region, prefix) {
			partition = other
		}
	}
	if partition == "" {
		return ""
	}
	return statesLink(region, console[partition], "statemachines")
}

func statesLink(region, domain, path string) string {
	return "https://" + region + "." + domain + "/states/home?region=" + region + "#/" + path
}
