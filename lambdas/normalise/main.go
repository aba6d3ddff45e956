// Command normalise is the function behind the state Normalise.
package main

import (
	"context"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/normalise"
	"fanfare/internal/step"
)

func main() {
	step.Main("normalise", func(a account.Account) (step.Handle[deployment.Deployment], error) {
		return func(_ context.Context, in step.Input) (deployment.Deployment, error) {
			return normalise.Event(in.Event, a)
		}, nil
	})
}
