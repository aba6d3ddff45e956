package claim

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// StepFunctions asks Step Functions about executions.
type StepFunctions struct {
	API interface {
		DescribeExecution(context.Context, *sfn.DescribeExecutionInput, ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error)
	}
}

// Died implements [Executions]. One that told whom it could, and ended with
// DeliveryIncomplete, did die: whoever brings the event again tells the channels that are
// missing, and the receipts keep the others from being told twice. An execution that Step
// Functions has forgotten (after 90 days,
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html) counts as one
// that told its event.
func (s StepFunctions) Died(ctx context.Context, execution string) (bool, error) {
	out, err := s.API.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &execution})
	var gone *types.ExecutionDoesNotExist
	if errors.As(err, &gone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking whether the execution that holds the event is alive: %w", err)
	}
	switch out.Status {
	case types.ExecutionStatusFailed, types.ExecutionStatusTimedOut, types.ExecutionStatusAborted:
		return true, nil
	default:
		return false, nil
	}
}
