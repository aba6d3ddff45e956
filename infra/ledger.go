package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/ledger"
)

// ledger is the table that everything is remembered in. It outlives the stack: it is
// the audit trail.
func (s stack) ledger() awsdynamodb.Table {
	text := func(name string) *awsdynamodb.Attribute {
		return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_STRING}
	}
	table := awsdynamodb.NewTable(s.Stack, jsii.String("Ledger"), &awsdynamodb.TableProps{
		PartitionKey:        text(ledger.PartitionKey),
		SortKey:             text(ledger.SortKey),
		BillingMode:         awsdynamodb.BillingMode_PAY_PER_REQUEST,
		TimeToLiveAttribute: jsii.String(ledger.TTL),
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: jsii.Bool(true),
		},
	})
	table.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
		IndexName: jsii.String(ledger.Index), PartitionKey: text(ledger.IndexKey), SortKey: text(ledger.IndexSort),
	})
	return table
}
