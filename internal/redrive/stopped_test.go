package redrive

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

type startInput = sfn.StartExecutionInput

// stopped is a world whose function is stopped at the call of this number, from 0, and
// makes no other after it.
type stopped struct {
	*world
	at, made int
}

func (s *stopped) step() {
	if s.made++; s.made > s.at {
		panic("stopped")
	}
}

func (s *stopped) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	s.step()
	return s.world.ReceiveMessage(ctx, in)
}

func (s *stopped) DeleteMessage(ctx context.Context, in *sqs.DeleteMessageInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error) {
	s.step()
	return s.world.DeleteMessage(ctx, in)
}

func (s *stopped) ChangeMessageVisibility(ctx context.Context, in *sqs.ChangeMessageVisibilityInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error) {
	s.step()
	return s.world.ChangeMessageVisibility(ctx, in)
}

func (s *stopped) GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	s.step()
	return s.world.GetQueueAttributes(ctx, in)
}

func (s *stopped) StartExecution(ctx context.Context, in *sfn.StartExecutionInput, _ ...func(*sfn.Options)) (*sfn.StartExecutionOutput, error) {
	s.step()
	return s.world.StartExecution(ctx, in)
}

func (s *stopped) DescribeExecution(ctx context.Context, in *sfn.DescribeExecutionInput, _ ...func(*sfn.Options)) (*sfn.DescribeExecutionOutput, error) {
	s.step()
	return s.world.DescribeExecution(ctx, in)
}
