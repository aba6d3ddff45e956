package why

import (
	"strings"

	"fanfare/internal/deployment"
)

// NameOf is the execution's own name, the last part of its ARN.
func NameOf(execution string) string { return execution[strings.LastIndex(execution, ":")+1:] }

// executionLink leads to the execution in the console; empty for what is no ARN, or of a
// partition whose console is not known.
func executionLink(execution string) string {
	parts := strings.Split(execution, ":") // arn:partition:states:region:account:execution:workflow:name
	if len(parts) != 8 {
		return ""
	}
	return statesLink(parts[1], parts[3], "v2/executions/details/"+execution)
}

// workflowsLink leads to the region's workflows; empty where no console is known.
func workflowsLink(region string) string {
	return statesLink(deployment.PartitionOf(region), region, "statemachines")
}

func statesLink(partition, region, path string) string {
	domain := deployment.ConsoleDomain(partition)
	if domain == "" {
		return ""
	}
	return "https://" + region + "." + domain + "/states/home?region=" + region + "#/" + path
}
