// Command resolvetag is the function behind the state ResolveTag.
package main

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/deployment"
	"fanfare/internal/resolvetag"
	"fanfare/internal/step"
)

func main() {
	step.Main("resolvetag", func(a account.Account) (step.Handle[deployment.Release], error) {
		table, err := cloud.Ledger()
		resolver := resolvetag.Resolver{
			ECS: ecs.NewFromConfig(cloud.Config()), CodePipeline: codepipeline.NewFromConfig(cloud.Config()),
			Parameters: ssm.NewFromConfig(cloud.Config()), Ledger: table,
			Account: a, Log: slog.Default(),
		}
		return func(ctx context.Context, in step.Input) (deployment.Release, error) {
			ctx, cancel := in.Hurry(ctx)
			defer cancel()
			return resolver.Resolve(ctx, in.Document.Document)
		}, err
	})
}
