// Command send is the function behind the states Send…, deployed once a channel, with
// that channel's role alone.
package main

import (
	"context"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/channel/registry"
	"fanfare/internal/cloud"
	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
	"fanfare/internal/outbound"
	"fanfare/internal/send"
	"fanfare/internal/step"
)

func main() {
	step.Main("send", func(a account.Account) (step.Handle[deployment.Delivery], error) {
		name, c, err := registry.FromEnvironment()
		if err != nil {
			return nil, err
		}
		table, err := cloud.Ledger()
		sender := c.NewSender(channel.Deps{
			Account: a, Secrets: cloud.Secrets(a, name), HTTP: outbound.NewClient(send.Timeout), Threads: ledger.Threads{Ledger: table}, Now: time.Now,
		})
		s := send.Step{Channel: name, Sender: sender, Ledger: table, Now: time.Now}
		return func(ctx context.Context, in step.Input) (deployment.Delivery, error) {
			return s.Send(ctx, in.Document.Document, in.Document.Message, in.Document.Delivery, in.Execution)
		}, err
	})
}
