// Command remembertag is the function behind the state RememberTag.
package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/account"
	"fanfare/internal/cloud"
	"fanfare/internal/remembertag"
	"fanfare/internal/step"
)

func main() {
	step.Main("remembertag", func(a account.Account) (step.Handle[remembertag.Result], error) {
		table, err := cloud.Ledger()
		rememberer := remembertag.Rememberer{Ledger: table, Parameters: ssm.NewFromConfig(cloud.Config()), Account: a}
		return func(ctx context.Context, in step.Input) (remembertag.Result, error) {
			return rememberer.Remember(ctx, in.Document.Document)
		}, err
	})
}
