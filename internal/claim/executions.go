package claim

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// incomplete is the error of an execution that told whom it could, as the workflow's
// state DeliveryIncomplete has it.
const incomplete = "DeliveryIncomplete"

// StepFunctions asks Step Functions about executions.
type StepFunctions struct {
	API interface {
		DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
	}
}

// Died implements [Executions]. An execution that Step Functions has forgotten (after
// 90 days, https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)
// counts as one that told its event.
func (s StepFunctions) Died(ctx context.Context, execution string) (bool, error) {
	out, err := s.API.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &execution})
	var gone *types.ExecutionDoesNotExist
	if errors.As(err, &gone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking whether the execution that holds the event is alive: %w", err)
	}
	switch {
	case aws.ToString(out.Error) == incomplete:
		return false, nil // what could not be told waits in the queue
	case out.Status == types.ExecutionStatusFailed, out.Status == types.ExecutionStatusTimedOut, out.Status == types.ExecutionStatusAborted:
		return true, nil
	default:
		return false, nil
	}
}
