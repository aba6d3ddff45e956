// Command claim is the function behind the state Claim.
package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/account"
	"fanfare/internal/claim"
	"fanfare/internal/cloud"
	"fanfare/internal/deployment"
	"fanfare/internal/step"
)

func main() {
	step.Main("claim", func(account.Account) (step.Handle[deployment.Claim], error) {
		table, err := cloud.Ledger()
		claimer := claim.Claimer{Ledger: table, Executions: claim.StepFunctions{API: sfn.NewFromConfig(cloud.Config())}}
		return func(ctx context.Context, in step.Input) (deployment.Claim, error) {
			return claimer.Claim(ctx, in.Document.Deployment, in.Execution)
		}, err
	})
}
