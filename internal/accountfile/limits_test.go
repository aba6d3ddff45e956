package accountfile

import (
	"fmt"
	"testing"

	"fanfare/internal/account"
)

// TestARN has room for the name of each of AWS's partitions.
func TestARN(t *testing.T) {
	t.Parallel()
	for region, partition := range map[string]string{
		"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov", "eusc-de-east-1": "aws-eusc",
	} {
		a := &account.Account{ID: "123456789012", Region: region}
		whole := fmt.Sprintf(`"arn:%s:ssm:%s:123456789012:parameter/a",`, partition, region)
		if got := arn(a, "ssm", "parameter/a"); len(got) < len(whole) {
			t.Errorf("%s is shorter than %s", got, whole)
		}
	}
}
