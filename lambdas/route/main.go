// Command route is the function behind the state Route.
package main

import (
	"context"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/route"
	"fanfare/internal/step"
)

func main() {
	step.Main("route", func(a account.Account) (step.Handle[deployment.Plan], error) {
		return func(_ context.Context, in step.Input) (deployment.Plan, error) {
			return route.Decide(in.Document.Document, a), nil
		}, nil
	})
}
