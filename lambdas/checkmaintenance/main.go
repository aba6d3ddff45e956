// Command checkmaintenance is the function behind the state CheckMaintenance.
package main

import (
	"context"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/maintenance"
	"fanfare/internal/step"
)

func main() {
	step.Main("checkmaintenance", func(a account.Account) (step.Handle[deployment.Maintenance], error) {
		return func(_ context.Context, in step.Input) (deployment.Maintenance, error) {
			return maintenance.Check(in.Document.Deployment, a.Windows), nil
		}, nil
	})
}
