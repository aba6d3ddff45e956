//go:build synth

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/ledger"
)

// TestTypes has the types of which the stack is made. The local engine knows these; it
// refuses a template with one that it does not know, so try a further one there.
func TestTypes(t *testing.T) {
	known := []string{
		"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table", "AWS::Events::Rule", "AWS::IAM::Policy", "AWS::IAM::Role", "AWS::Lambda::Function",
		"AWS::Logs::LogGroup", "AWS::Scheduler::Schedule", "AWS::Scheduler::ScheduleGroup", "AWS::SNS::Subscription", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy",
		"AWS::StepFunctions::StateMachine",
	}
	for _, tpl := range []template{example(), local(), minimal()} {
		for id, r := range tpl.Resources {
			if !slices.Contains(known, r.Type) {
				t.Errorf("%s is a %s", id, r.Type)
			}
		}
	}
}

// TestNoSecrets leaves secrets where they are: the template takes no parameter but the
// CDK's own, and has CloudFormation look up none.
func TestNoSecrets(t *testing.T) {
	for _, tpl := range []template{example(), local(), minimal()} {
		has(t, "the parameters", slices.Collect(maps.Keys(tpl.Parameters)), []string{"BootstrapVersion"})
		if bytes.Contains(tpl.raw, []byte("{{resolve:")) {
			t.Error("CloudFormation is to look something up while it deploys")
		}
	}
}

// TestTags tags the stack, from where CloudFormation hands it on to the resources.
func TestTags(t *testing.T) {
	for _, test := range []struct {
		tpl         template
		environment string
		tags        map[string]string
	}{
		{example(), "aws://123456789012/eu-west-1", map[string]string{"application": "fanfare", "owner": "platform@example.com"}},
		{minimal(), "aws://210987654321/cn-north-1", map[string]string{"application": "fanfare"}},
	} {
		text, err := os.ReadFile(filepath.Join(test.tpl.out, "manifest.json"))
		if err != nil {
			t.Fatal(err)
		}
		var manifest struct {
			Artifacts map[string]struct {
				Environment string
				Properties  struct{ Tags map[string]string }
			}
		}
		if err := json.Unmarshal(text, &manifest); err != nil {
			t.Fatal(err)
		}
		artifact := manifest.Artifacts["fanfare"]
		has(t, "the stack's tags", artifact.Properties.Tags, test.tags)
		has(t, "where it is deployed", artifact.Environment, test.environment)
	}
}

// TestLedger has the table that package ledger expects. It outlives the stack, as it is
// the audit trail.
func TestLedger(t *testing.T) {
	for _, tpl := range []template{example(), minimal()} {
		key := func(partition, sort string) []any {
			return []any{map[string]any{"AttributeName": partition, "KeyType": "HASH"}, map[string]any{"AttributeName": sort, "KeyType": "RANGE"}}
		}
		var attributes []any
		for _, name := range []string{ledger.PartitionKey, ledger.SortKey, ledger.IndexKey, ledger.IndexSort} {
			attributes = append(attributes, map[string]any{"AttributeName": name, "AttributeType": "S"})
		}
		table := tpl.the(t, "AWS::DynamoDB::Table")
		has(t, "the table", table.Properties, map[string]any{
			"KeySchema":            key(ledger.PartitionKey, ledger.SortKey),
			"AttributeDefinitions": attributes,
			"GlobalSecondaryIndexes": []any{map[string]any{
				"IndexName": ledger.Index, "KeySchema": key(ledger.IndexKey, ledger.IndexSort), "Projection": map[string]any{"ProjectionType": "ALL"}}},
			"BillingMode":                      "PAY_PER_REQUEST",
			"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true},
			"TimeToLiveSpecification":          map[string]any{"AttributeName": ledger.TTL, "Enabled": true},
		})
		has(t, "what becomes of it", []string{table.DeletionPolicy, table.UpdateReplacePolicy}, []string{"Retain", "Retain"})
	}
}

// TestOutputs has what a person needs after the deployment.
func TestOutputs(t *testing.T) {
	for name, test := range map[string]struct {
		tpl                               template
		region, account, console, secrets string
	}{
		"example": {example(), "eu-west-1", "123456789012", "https://eu-west-1.console.aws.amazon.com", "/fanfare/slack/bot-token /fanfare/pagerduty/routing-key /fanfare/gitlab/token"},
		"minimal": {minimal(), "cn-north-1", "210987654321", "https://cn-north-1.console.amazonaws.cn", "/fanfare/slack/webhook-url"},
	} {
		place := test.region + ":" + test.account
		workflow := "arn:${AWS::Partition}:states:" + place + ":stateMachine:fanfare-notify"
		queue := fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/fanfare-", test.region, test.account)
		topic := "arn:${AWS::Partition}:sns:" + place + ":fanfare-"
		found := map[string]any{}
		for id, output := range test.tpl.Outputs {
			if output.Description == "" {
				t.Errorf("%s: the output %s does not say what it is", name, id)
			}
			found[id] = output.Value
		}
		has(t, name, found, map[string]any{
			"StateMachineArn":     workflow,
			"StateMachineConsole": test.console + "/states/home?region=" + test.region + "#/statemachines/view/" + workflow,
			"DashboardConsole":    test.console + "/cloudwatch/home?region=" + test.region + "#dashboards/dashboard/fanfare-" + test.region,
			"EventQueueUrl":       queue + "events-dlq",
			"DeliveryQueueUrl":    queue + "deliveries-dlq",
			"LedgerTable":         "{Ledger}",
			"TextsTopicArn":       topic + "texts",
			"OperationsTopicArn":  topic + "operations",
			"Secrets":             test.secrets,
		})
	}
}

// TestRetention has the CDK turn every name back into the number of days.
func TestRetention(t *testing.T) {
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(filepath.Join(scratch, "retention")), AnalyticsReporting: jsii.Bool(false)})
	stack := awscdk.NewStack(app, jsii.String("retention"), nil)
	wanted := map[string]any{}
	for days := range 4000 {
		if hasName(days) {
			name := fmt.Sprintf("days-%d", days)
			wanted[name] = days
			awslogs.NewLogGroup(stack, jsii.String(name), &awslogs.LogGroupProps{
				LogGroupName: jsii.String(name), Retention: awslogs.RetentionDays(retention(days))})
		}
	}
	found := map[string]any{}
	for _, group := range *assertions.Template_FromStack(stack, nil).FindResources(jsii.String("AWS::Logs::LogGroup"), nil) {
		properties := (*group)["Properties"].(map[string]any)
		found[properties["LogGroupName"].(string)] = properties["RetentionInDays"]
	}
	has(t, "the days", found, wanted)
}
