package ledger

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"fanfare/internal/deployment"
)

var (
	now     = time.Date(2026, 3, 14, 12, 0, 0, 123_000_000, time.UTC)
	errDown = errors.New("connection refused")
)

// table is DynamoDB as far as it can be played without reading expressions: it keeps
// what it is asked, and answers what it is told to.
type table struct {
	updates []*dynamodb.UpdateItemInput
	gets    []*dynamodb.GetItemInput
	queries []*dynamodb.QueryInput
	// pages are what queries find, one page after another.
	pages [][]item
	// found is what reads find and writes return.
	found item
	// refuse makes the condition of writes fail, with found in the way.
	refuse bool
	// err is what the call of this number, from 1, fails with.
	err    error
	failAt int
}

func (f *table) broken() error {
	if f.err != nil && len(f.updates)+len(f.gets)+len(f.queries) >= f.failAt {
		return f.err
	}
	return nil
}

func (f *table) GetItem(_ context.Context, in *dynamodb.GetItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	f.gets = append(f.gets, in)
	return &dynamodb.GetItemOutput{Item: f.found}, f.broken()
}

func (f *table) UpdateItem(_ context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	f.updates = append(f.updates, in)
	if f.refuse {
		refused := &types.ConditionalCheckFailedException{Item: f.found}
		return nil, &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "UpdateItem", Err: refused}
	}
	return &dynamodb.UpdateItemOutput{Attributes: f.found}, f.broken()
}

func (f *table) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	f.queries = append(f.queries, in)
	out := &dynamodb.QueryOutput{}
	if n := len(f.queries); n <= len(f.pages) {
		out.Items = f.pages[n-1]
		if n < len(f.pages) {
			out.LastEvaluatedKey = key("more", "to come")
		}
	}
	return out, f.broken()
}

func (f *table) ledger() *Ledger {
	return &Ledger{API: f, Table: "fanfare-ledger", Now: func() time.Time { return now.In(time.FixedZone("", 7200)) }}
}

// last is the latest write.
func (f *table) last(t *testing.T) *dynamodb.UpdateItemInput {
	t.Helper()
	if len(f.updates) == 0 {
		t.Fatal("nothing was written")
	}
	return f.updates[len(f.updates)-1]
}

// keyOf is pk and sk of a key.
func keyOf(key item) string { return getText(key, PartitionKey) + " " + getText(key, SortKey) }

// some is a deployment, and a document about it.
var some = deployment.Deployment{
	Event: "e1", Name: "SERVICE_DEPLOYMENT_COMPLETED", Account: "123456789012", Region: "eu-west-1", Cluster: "shop",
	Service: "checkout", ID: "ecs-svc/1", Status: deployment.Succeeded, Kind: deployment.Ordinary,
	Time: now.Add(-time.Second), Environment: "production",
}

const (
	serviceKey    = "123456789012/eu-west-1/shop/checkout"
	deploymentKey = serviceKey + "/ecs-svc/1"
	claimKey      = "e1|" + deploymentKey + "|SERVICE_DEPLOYMENT_COMPLETED"
)

func document(kind deployment.Kind) deployment.Document {
	return deployment.Document{Deployment: some, Claim: &deployment.Claim{Kind: kind, StartedAt: now.Add(-time.Minute)}}
}

// values are texts and numbers of an update, by their names.
func values(in *dynamodb.UpdateItemInput) map[string]string {
	all := map[string]string{}
	for name, value := range in.ExpressionAttributeValues {
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			all[name] = v.Value
		case *types.AttributeValueMemberN:
			all[name] = v.Value
		}
	}
	return all
}

func expressions(in *dynamodb.UpdateItemInput) string {
	return aws.ToString(in.UpdateExpression) + " IF " + aws.ToString(in.ConditionExpression)
}
