// Command redrive is the function that tells what waits in the queues: make redrive.
package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/failure"
	"fanfare/internal/redrive"
	"fanfare/internal/step"
)

func main() {
	step.Serve("redrive", func(a account.Account) (func(context.Context, redrive.Input) (redrive.Result, error), error) {
		workflow, missing := cloud.Variable(cloud.WorkflowVariable)
		events, missingToo := cloud.Variable(cloud.EventQueueVariable)
		deliveries, missingThree := cloud.Variable(cloud.DeliveryQueueVariable)
		redriver := redrive.Redriver{
			Account: a, SQS: sqs.NewFromConfig(cloud.Config()), SFN: sfn.NewFromConfig(cloud.Config()),
			Workflow: workflow, EventQueue: events, DeliveryQueue: deliveries, Now: time.Now, Sleep: step.Sleep,
		}
		return func(ctx context.Context, in redrive.Input) (redrive.Result, error) {
			result, err := redriver.Redrive(ctx, in)
			return result, failure.Classify(err)
		}, errors.Join(missing, missingToo, missingThree)
	})
}
