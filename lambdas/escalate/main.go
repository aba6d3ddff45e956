// Command escalate is the function behind the state Escalate.
package main

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/cloud"
	"fanfare/internal/escalate"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/outbound"
	"fanfare/internal/step"
)

func main() {
	step.Main("escalate", func(a account.Account) (step.Handle[escalate.Result], error) {
		table, noTable := cloud.Ledger()
		topic, noTopic := cloud.Variable(cloud.OperationsTopicVariable)
		escalator := escalate.Step{Account: a, Ledger: table, Teller: &notice.Teller{
			Account: a, Secrets: cloud.Secrets(a, channel.Slack), HTTP: outbound.NewClient(notice.Within),
			SNS: sns.NewFromConfig(cloud.Config()), Topic: topic,
		}}
		return escalator.Escalate, errors.Join(noTable, noTopic)
	})
}
