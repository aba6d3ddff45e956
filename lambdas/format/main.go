// Command format is the function behind the states Format…, deployed once a channel.
package main

import (
	"context"

	"fanfare/internal/account"
	"fanfare/internal/channel/registry"
	"fanfare/internal/step"
)

func main() {
	step.Main("format", func(a account.Account) (step.Handle[any], error) {
		_, c, err := registry.FromEnvironment()
		return func(_ context.Context, in step.Input) (any, error) {
			return c.Format(in.Document.Document, a)
		}, err
	})
}
