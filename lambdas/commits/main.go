// Command commits is the function behind the state Commits.
package main

import (
	"context"
	"log/slog"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/commits"
	"fanfare/internal/deployment"
	"fanfare/internal/outbound"
	"fanfare/internal/step"
)

func main() {
	step.Main("commits", func(a account.Account) (step.Handle[deployment.Commits], error) {
		finder := commits.Finder{Account: a, Token: cloud.Secrets(a, "gitlab"), HTTP: outbound.NewClient(commits.Budget), Log: slog.Default()}
		return func(ctx context.Context, in step.Input) (deployment.Commits, error) {
			ctx, cancel := in.Hurry(ctx)
			defer cancel()
			return finder.Find(ctx, in.Document.Document), nil
		}, nil
	})
}
