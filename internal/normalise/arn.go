package normalise

import "strings"

// arn is an ARN of one AWS service, taken apart:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
type arn struct{ partition, region, account, resource string }

// parseARN takes an ARN apart; ok is false when s is none of this AWS service.
func parseARN(s, service string) (a arn, ok bool) {
	part := strings.SplitN(s, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[2] != service {
		return a, false
	}
	partition := part[1]
	if partition != "" && !(strings.HasPrefix(partition, "aws") && isName(partition)) {
		return a, false
	}
	return arn{partition, part[3], part[4], part[5]}, true
}
