//go:build e2e

package e2e_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
)

func TestZZ(t *testing.T) {
	r := send(t, tell("staging", "orders").starts())
	out, err := sfn.NewFromConfig(w.Config()).DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: aws.String(r.Execution.ARN)})
	t.Log(aws.ToString(out.Output), err)
	l, err := scheduler.NewFromConfig(w.Config()).ListSchedules(t.Context(), &scheduler.ListSchedulesInput{})
	for _, s := range l.Schedules {
		t.Log(*s.Arn)
	}
	t.Log(err)
}
