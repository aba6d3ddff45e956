// Command why is the function that says who was told what of a deployment: make why.
package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/failure"
	"fanfare/internal/step"
	"fanfare/internal/why"
)

func main() {
	step.Serve("why", func(a account.Account) (func(context.Context, why.Input) (why.Answer, error), error) {
		table, err := cloud.Ledger()
		explainer := why.Explainer{Account: a, Ledger: table, Executions: sfn.NewFromConfig(cloud.Config())}
		return func(ctx context.Context, in why.Input) (why.Answer, error) {
			answer, err := explainer.Explain(ctx, in)
			slog.InfoContext(ctx, "explained", "found", answer.Found)
			return answer, failure.Classify(err)
		}, err
	})
}
