// Command send is the function behind the states Send…, deployed once a channel, with
// that channel's role alone.
package main

import (
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
		s := send.Step{Channel: name, Pace: c.PaceIn(a), Ledger: table, Now: time.Now, Sleep: step.Sleep}
		if name == channel.PagerDuty {
			s.Overtaken = table.Overtaken
		}
		if c.NewSender != nil {
			s.Sender = c.NewSender(channel.Deps{
				Account: a, Secrets: cloud.Secrets(a, name), HTTP: outbound.NewClient(send.Timeout), Now: time.Now,
				Threads: ledger.Threads{Ledger: table}, Digests: ledger.Digests{Ledger: table}, Lanes: table,
			})
		}
		return s.Send, err
	})
}
