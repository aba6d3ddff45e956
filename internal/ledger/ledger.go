// Package ledger is Fanfare's memory: one DynamoDB table that holds who tells an
// event, how far each deployment has come, the message that shows it, the last good
// tag's guard, and for every event and channel what was decided and done. It is the
// audit trail, too.
//
//	pk                          sk                  what
//	event#<claim key>           claim               the execution that tells the event
//	event#<claim key>           delivery#<channel>  decision, attempts, receipt: an audit row
//	deployment#<key>            deployment          highest status, release, Slack thread
//	deployment#change/<claim>   deployment          a change event of PagerDuty's that is begun
//	service#<service key>       ended               how its latest deployment ended
//	service#<service key>       tried               the latest release that was tried
//	service#<service key>       good                the release behind the last good tag
//	pace#<lane>                 lane                until when a vendor's rate is used up
//	slack#<channel>             minute              how many messages it got in a minute
//	digest#<id>                 digest              a digest's message, and who edits it
//	digest#<id>                 entry#<key>         a deployment's line in it
//	outage#<channel>#<target>   outage              when it was told that it cannot be reached
//
// The index by-service (service, time) lists deployments and deliveries of a service, and
// the events of a deployment, whose service is id#<deployment id>.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Names of the table's keys, its index, and the attribute that ends an item's life.
const (
	PartitionKey = "pk"
	SortKey      = "sk"
	Index        = "by-service"
	IndexKey     = "service"
	IndexSort    = "time"
	TTL          = "expires"
)

// Keep is how long an item lives after it was last written.
const Keep = 400 * 24 * time.Hour

// API is what the ledger needs of DynamoDB.
type API interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
}

// Ledger is the table.
type Ledger struct {
	API   API
	Table string
	Now   func() time.Time
}

type item = map[string]types.AttributeValue

// update is one UpdateItem: the condition may use any of the values.
type update struct {
	pk, sk    string
	set       string // the expression after SET, without the TTL
	remove    string
	condition string
	names     map[string]string
	values    item
	old       bool // return the item as it was before, instead of as it is now
}

// apply writes the update. When the condition did not hold, ok is false and the item
// is the one that was in the way.
func (l *Ledger) apply(ctx context.Context, u update) (result item, ok bool, err error) {
	values := item{":expires": number(l.Now().Add(Keep).Unix())}
	for name, value := range u.values {
		values[name] = value
	}
	set := "SET " + TTL + " = :expires"
	if u.set != "" {
		set += ", " + u.set
	}
	if u.remove != "" {
		set += " REMOVE " + u.remove
	}
	in := &dynamodb.UpdateItemInput{
		TableName: aws.String(l.Table), Key: key(u.pk, u.sk),
		UpdateExpression: aws.String(set), ExpressionAttributeValues: values, ExpressionAttributeNames: u.names,
		ReturnValues:                        types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	if u.old {
		in.ReturnValues = types.ReturnValueAllOld
	}
	if u.condition != "" {
		in.ConditionExpression = aws.String(u.condition)
	}
	out, err := l.API.UpdateItem(ctx, in)
	var refused *types.ConditionalCheckFailedException
	if errors.As(err, &refused) {
		return refused.Item, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("writing %s in the ledger: %w", u.sk, err)
	}
	return out.Attributes, true, nil
}

// get reads one item as it stands at this moment; nil when there is none.
func (l *Ledger) get(ctx context.Context, pk, sk string) (item, error) {
	out, err := l.API.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: aws.String(l.Table), Key: key(pk, sk), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("reading %s in the ledger: %w", sk, err)
	}
	return out.Item, nil
}

func key(pk, sk string) item { return item{PartitionKey: text(pk), SortKey: text(sk)} }

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func texts(values map[string]string) types.AttributeValue {
	m := item{}
	for name, value := range values {
		m[name] = text(value)
	}
	return &types.AttributeValueMemberM{Value: m}
}

// moment writes a time so that the order of the texts is the order of the times.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

func getText(i item, name string) string {
	if value, ok := i[name].(*types.AttributeValueMemberS); ok {
		return value.Value
	}
	return ""
}

func getNumber(i item, name string) int64 {
	if value, ok := i[name].(*types.AttributeValueMemberN); ok {
		n, _ := strconv.ParseInt(value.Value, 10, 64)
		return n
	}
	return 0
}

func getTexts(i item, name string) map[string]string {
	value, ok := i[name].(*types.AttributeValueMemberM)
	if !ok || len(value.Value) == 0 {
		return nil
	}
	m := map[string]string{}
	for key := range value.Value {
		m[key] = getText(value.Value, key)
	}
	return m
}

func getMoment(i item, name string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, getText(i, name))
	return t
}
