package ledger

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanfare/internal/deployment"
)

// Trail is all that the ledger knows of one event. What it does not know is empty.
type Trail struct {
	Event string
	// Name is the event's own, such as SERVICE_DEPLOYMENT_FAILED.
	Name string
	// Deployment is the key of its deployment, as [deployment.Key] makes it.
	Deployment  string
	Status      deployment.Status
	Kind        deployment.Kind
	Environment string
	// Said is the vendor's own sentence, as far as it says more than the status.
	Said string
	// Time is when the event was emitted.
	Time time.Time
	// Holder is the ARN of the execution that tells it, or has told it; TakenFrom that of
	// the one before, which died.
	Holder, TakenFrom string
	ClaimedAt         time.Time
	// Repeats counts how often the event came again, RepeatedAt is when it last did.
	Repeats    int
	RepeatedAt time.Time
	// Rows are what became of the channels, sorted by their names.
	Rows []Row
}

// Row is what became of one channel for one event.
type Row struct {
	Audit
	Window string
	// RecordedAt is when the row was written; zero when no execution came so far, and then
	// the decision is not known.
	RecordedAt time.Time
	// Begun counts how often the delivery was begun.
	Begun int
	// MissedAt is when it last could not be told, and Missed why; zero when it never was so.
	MissedAt time.Time
	Missed   string
	// Sending is since when somebody is sending it; zero when nobody is.
	Sending time.Time
}

// Bounds of what is read for one question.
const (
	maxEvents = 60  // of one deployment: a rollout has two to four
	maxListed = 500 // items of one service
)

// EventsOf returns the events of the deployments that have this id, in the order in which
// they were emitted, the newest 60 of them. Of a deployment without an id it is event- and
// its event's id.
func (l *Ledger) EventsOf(ctx context.Context, id string) ([]Trail, error) {
	keys, err := l.eventsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	return l.trails(ctx, keys)
}

// LatestOf returns the events of the latest deployments of the service, at most so many,
// in the order in which they were emitted.
func (l *Ledger) LatestOf(ctx context.Context, serviceKey string, deployments int) ([]Trail, error) {
	var ids, keys []string
	listed := 0
	err := l.find(ctx, l.listed(serviceKey), func(i item) bool {
		listed++
		pk, key := getText(i, PartitionKey), getText(i, "deployment")
		if of, ok := strings.CutPrefix(pk, "deployment#"); ok {
			key = of
		}
		if key == "" { // a delivery that was begun, and never recorded: its claim is found by the id
			return listed < maxListed
		}
		id := idOf(key, serviceKey)
		if !slices.Contains(ids, id) {
			if len(ids) == deployments {
				return false
			}
			ids = append(ids, id)
		}
		if strings.HasPrefix(pk, "event#") && len(keys) < maxEvents {
			keys = append(keys, pk)
		}
		return listed < maxListed
	})
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		of, err := l.eventsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, pk := range of {
			if strings.Contains(pk, "|"+serviceKey+"/") { // the claim's key has the deployment's
				keys = append(keys, pk)
			}
		}
	}
	return l.trails(ctx, keys)
}

// eventsOf are the partition keys of the events of this id, the newest first.
func (l *Ledger) eventsOf(ctx context.Context, id string) ([]string, error) {
	var keys []string
	err := l.find(ctx, l.listed(byID(id)), func(i item) bool {
		keys = append(keys, getText(i, PartitionKey))
		return len(keys) < maxEvents
	})
	return keys, err
}

// trails reads all that is known of the events, which may be named twice.
func (l *Ledger) trails(ctx context.Context, keys []string) ([]Trail, error) {
	slices.Sort(keys)
	var all []Trail
	for _, pk := range slices.Compact(keys) {
		t := begin(pk)
		err := l.find(ctx, &dynamodb.QueryInput{
			TableName: aws.String(l.Table), ConsistentRead: aws.Bool(true),
			KeyConditionExpression: aws.String(PartitionKey + " = :pk"), ExpressionAttributeValues: item{":pk": text(pk)},
		}, func(i item) bool { t.add(i); return true })
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	slices.SortStableFunc(all, func(a, b Trail) int { return cmp.Or(a.Time.Compare(b.Time), a.ClaimedAt.Compare(b.ClaimedAt)) })
	return all, nil
}

// begin is what the event's key says: the id, the deployment, and the name.
func begin(pk string) Trail {
	event, rest, _ := strings.Cut(strings.TrimPrefix(pk, "event#"), "|")
	t := Trail{Event: event, Deployment: rest}
	if at := strings.LastIndex(rest, "|"); at >= 0 {
		t.Deployment, t.Name = rest[:at], rest[at+1:]
	}
	return t
}

// add takes in one item of the event. What the audit says of the event counts more than
// what the claim does, which knew less.
func (t *Trail) add(i item) {
	name, isRow := strings.CutPrefix(getText(i, SortKey), "delivery#")
	if isRow {
		t.Rows = append(t.Rows, rowOf(name, i))
	} else {
		t.Holder, t.TakenFrom, t.ClaimedAt = getText(i, "holder"), getText(i, "takenFrom"), getMoment(i, "claimedAt")
		t.Repeats, t.RepeatedAt = int(getNumber(i, "repeats")), getMoment(i, "lastRepeatAt")
		t.Said = getText(i, "said")
	}
	take := func(field *string, value string) {
		if value != "" && (isRow || *field == "") {
			*field = value
		}
	}
	take(&t.Deployment, getText(i, "deployment"))
	take((*string)(&t.Status), getText(i, "status"))
	take((*string)(&t.Kind), getText(i, "kind"))
	take(&t.Environment, getText(i, "environment"))
	if t.Said == "" { // of a pipeline, nobody knows it until the failed action is looked up
		t.Said = getText(i, "cause")
	}
	if at := getMoment(i, IndexSort); !at.IsZero() {
		t.Time = at
	}
}

func rowOf(channel string, i item) Row {
	return Row{
		Audit: Audit{
			Channel: channel,
			Decision: deployment.Decision{
				Decision: deployment.Verdict(getText(i, "decision")), Reason: deployment.Reason(getText(i, "reason"))},
			Delivery: deployment.Delivery{
				Outcome: deployment.Outcome(getText(i, "outcome")), Reason: getText(i, "detail"),
				Attempts: int(getNumber(i, "tries")), Receipt: getTexts(i, "receipt"), SentAt: getMoment(i, "sentAt"),
			},
			Execution: getText(i, "execution"), Version: getText(i, "version"),
			Latency: time.Duration(getNumber(i, "latencyMs")) * time.Millisecond,
		},
		Window: getText(i, "maintenanceWindow"), RecordedAt: getMoment(i, "recordedAt"),
		Begun: int(getNumber(i, "attempts")), Sending: getMoment(i, "sending"),
		MissedAt: getMoment(i, "missedAt"), Missed: getText(i, "missed"),
	}
}

// listed asks the index for all of one key, the newest first.
func (l *Ledger) listed(of string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: aws.String(l.Table), IndexName: aws.String(Index), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression:    aws.String("#service = :of"),
		ExpressionAttributeNames:  map[string]string{"#service": IndexKey},
		ExpressionAttributeValues: item{":of": text(of)},
	}
}

// find gives all items of the query to each, page by page, until it returns false.
func (l *Ledger) find(ctx context.Context, in *dynamodb.QueryInput, each func(item) bool) error {
	for {
		out, err := l.API.Query(ctx, in)
		if err != nil {
			return fmt.Errorf("looking through the ledger: %w", err)
		}
		for _, found := range out.Items {
			if !each(found) {
				return nil
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// idEnd is what [deployment.Key] puts behind a deployment's id.
var idEnd = regexp.MustCompile(`(/attempt-[0-9]+)?(/rollback)?$`)

// idOf is the deployment's id inside its key.
func idOf(key, serviceKey string) string {
	return idEnd.ReplaceAllString(strings.TrimPrefix(key, serviceKey+"/"), "")
}

// IDOf takes a deployment's key apart: whose it is, and its id. ok is false when it is none.
func IDOf(key string) (serviceKey, id string, ok bool) {
	parts := strings.SplitN(key, "/", 5)
	of := 4 // account/region/cluster/service
	if len(parts) > 2 && strings.Contains(parts[2], "pipeline:") {
		parts, of = strings.SplitN(key, "/", 4), 3
	}
	if len(parts) <= of || slices.Contains(parts, "") {
		return "", "", false
	}
	serviceKey = strings.Join(parts[:of], "/")
	return serviceKey, idOf(key, serviceKey), true
}
