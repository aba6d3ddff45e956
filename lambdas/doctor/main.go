// Command doctor is the function behind make doctor, and behind the daily check.
package main

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/cloud"
	"fanfare/internal/doctor"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/outbound"
	"fanfare/internal/step"
)

func main() {
	step.Serve("doctor", func(a account.Account) (func(context.Context, doctor.Input) (doctor.Result, error), error) {
		table, noTable := cloud.Ledger()
		events, noEvents := cloud.Variable(cloud.EventQueueVariable)
		deliveries, noDeliveries := cloud.Variable(cloud.DeliveryQueueVariable)
		operations, noOperations := cloud.Variable(cloud.OperationsTopicVariable)
		texts, noTexts := cloud.Variable(cloud.TextsTopicVariable)
		topics, client := sns.NewFromConfig(cloud.Config()), outbound.NewClient(doctor.Patience)
		d := doctor.Doctor{
			Account: a, SSM: ssm.NewFromConfig(cloud.Config()), SNS: topics, SQS: sqs.NewFromConfig(cloud.Config()), Ledger: table, HTTP: client, Now: time.Now,
			EventQueue: events, DeliveryQueue: deliveries, OperationsTopic: operations, TextsTopic: texts,
			Teller: &notice.Teller{Account: a, Secrets: cloud.Secrets(a, channel.Slack), HTTP: client, SNS: topics, Topic: operations},
		}
		return d.Run, errors.Join(noTable, noEvents, noDeliveries, noOperations, noTexts)
	})
}
