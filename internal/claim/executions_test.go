package claim

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
)

// describe answers DescribeExecution with a status, or with an error.
type describe struct {
	status     types.ExecutionStatus
	incomplete bool
	err        error
}

func (d describe) DescribeExecution(_ context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	if aws.ToString(in.ExecutionArn) != other {
		return nil, errors.New("asked after another execution: " + aws.ToString(in.ExecutionArn))
	}
	if d.err != nil {
		return nil, d.err
	}
	out := &sfn.DescribeExecutionOutput{Status: d.status}
	if d.incomplete {
		out.Error = aws.String("DeliveryIncomplete")
	}
	return out, nil
}

func TestDied(t *testing.T) {
	t.Parallel()
	want := map[types.ExecutionStatus]bool{
		types.ExecutionStatusRunning:        false,
		types.ExecutionStatusSucceeded:      false,
		types.ExecutionStatusPendingRedrive: false,
		types.ExecutionStatusFailed:         true,
		types.ExecutionStatusTimedOut:       true,
		types.ExecutionStatusAborted:        true,
		"A_STATUS_OF_LATER_DAYS":            false,
	}
	for _, status := range types.ExecutionStatus("").Values() {
		if _, ok := want[status]; !ok {
			t.Errorf("the SDK knows a status %s of which nothing is said here", status)
		}
	}
	for status, want := range want {
		got, err := StepFunctions{API: describe{status: status}}.Died(t.Context(), other)
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v", status, got, err)
		}
	}
}

// TestDiedIncomplete: what could not be told is told by whoever brings the event again.
func TestDiedIncomplete(t *testing.T) {
	t.Parallel()
	died, err := StepFunctions{API: describe{status: types.ExecutionStatusFailed, incomplete: true}}.Died(t.Context(), other)
	if !died || err != nil {
		t.Errorf("got %t, %v", died, err)
	}
}

func TestDiedErrors(t *testing.T) {
	t.Parallel()
	died, err := StepFunctions{API: describe{err: &smithy.OperationError{Err: &types.ExecutionDoesNotExist{}}}}.Died(t.Context(), other)
	if died || err != nil {
		t.Errorf("forgotten: got %v, %v", died, err)
	}
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException"}
	died, err = StepFunctions{API: describe{err: throttled}}.Died(t.Context(), other)
	if died || !errors.Is(err, throttled) || !strings.Contains(err.Error(), "alive") {
		t.Errorf("throttled: got %v, %v", died, err)
	}
}
