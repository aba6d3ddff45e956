package ledger

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanfare/internal/deployment"
)

// shelf is a table that queries find their way in, two items a page.
type shelf struct {
	table
	items []item
	asked int
	down  error
	// downAt is the query, from 1, from which on it is down.
	downAt int
}

func (s *shelf) Query(_ context.Context, in *dynamodb.QueryInput, _ ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	if s.asked++; s.down != nil && s.asked >= s.downAt {
		return nil, s.down
	}
	attribute, value := PartitionKey, getText(in.ExpressionAttributeValues, ":pk")
	if aws.ToString(in.IndexName) == Index {
		attribute, value = IndexKey, getText(in.ExpressionAttributeValues, ":of")
	}
	var found []item
	for _, i := range s.items {
		if value != "" && getText(i, attribute) == value {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b item) int { return strings.Compare(getText(a, IndexSort), getText(b, IndexSort)) })
	if in.ScanIndexForward != nil && !*in.ScanIndexForward {
		slices.Reverse(found)
	}
	from := int(getNumber(in.ExclusiveStartKey, "from"))
	out := &dynamodb.QueryOutput{Items: found[from:min(from+2, len(found))]}
	if from+2 < len(found) {
		out.LastEvaluatedKey = item{"from": number(int64(from + 2))}
	}
	return out, nil
}

func (s *shelf) ledger() *Ledger {
	return &Ledger{API: s, Table: "fanfare-ledger", Now: func() time.Time { return now }}
}

// told are the items that an event leaves, so many minutes after noon.
func told(event, id, name string, minutes int, channels ...string) []item {
	at := moment(now.Add(time.Duration(minutes) * time.Minute))
	key := serviceKey + "/" + id
	pk := "event#" + event + "|" + key + "|" + name
	items := []item{{
		PartitionKey: text(pk), SortKey: text("claim"), IndexKey: text("id#" + strings.TrimSuffix(id, "/rollback")), IndexSort: text(at),
		"holder": text("execution-of-" + event), "claimedAt": text(at), "status": text("in_progress"), "kind": text("deployment"),
		"deployment": text(key), "name": text(name), "said": text("tasks failed to start"),
	}}
	for _, channel := range channels {
		items = append(items, item{
			PartitionKey: text(pk), SortKey: text("delivery#" + channel), IndexKey: text(serviceKey), IndexSort: text(at), "status": text("failed"),
			"kind": text("deployment"), "environment": text("production"), "deployment": text(key), "decision": text("deliver"),
			"reason": text("production_failure"), "outcome": text("sent"), "sentAt": text(at), "attempts": number(2), "tries": number(1),
			"latencyMs": number(1500), "execution": text("execution-of-" + event), "recordedAt": text(at), "maintenanceWindow": text(""),
			"receipt": texts(map[string]string{"ts": "1.2"}), "detail": text(""),
		})
	}
	return items
}

func events(trails []Trail) (ids []string) {
	for _, t := range trails {
		ids = append(ids, t.Event)
	}
	return ids
}

func TestEventsOf(t *testing.T) {
	t.Parallel()
	s := &shelf{items: slices.Concat(
		told("e3", "ecs-svc/1/rollback", "C", 9), told("e1", "ecs-svc/1", "A", 1, "slack", "pagerduty", "sns"),
		told("e2", "ecs-svc/1", "B", 5, "slack"), told("e4", "ecs-svc/2", "A", 6, "slack"))}
	got, err := s.ledger().EventsOf(t.Context(), "ecs-svc/1")
	if err != nil || !slices.Equal(events(got), []string{"e1", "e2", "e3"}) {
		t.Fatalf("got %v, %v", events(got), err)
	}
	at := now.Add(5 * time.Minute)
	want := Trail{
		Event: "e2", Name: "B", Deployment: deploymentKey, Status: deployment.Failed, Kind: deployment.Ordinary, Environment: "production",
		Said: "tasks failed to start", Time: at, Holder: "execution-of-e2", ClaimedAt: at,
		Rows: []Row{{
			Audit: Audit{
				Channel: "slack", Execution: "execution-of-e2", Latency: 1500 * time.Millisecond,
				Decision: deployment.Decision{Decision: deployment.Deliver, Reason: deployment.ProductionFailure},
				Delivery: deployment.Delivery{Outcome: deployment.Sent, SentAt: at, Attempts: 1, Receipt: map[string]string{"ts": "1.2"}},
			}, RecordedAt: at, Begun: 2,
		}},
	}
	if !reflect.DeepEqual(got[1], want) {
		t.Errorf("got\n%+v\nwant\n%+v", got[1], want)
	}
	if third := got[2]; third.Deployment != deploymentKey+"/rollback" || third.Status != deployment.InProgress || third.Rows != nil {
		t.Errorf("without rows: %+v", third)
	}
	if got, err := s.ledger().EventsOf(t.Context(), "ecs-svc/9"); err != nil || got != nil {
		t.Errorf("an id that is not known: %v, %v", got, err)
	}
}

func TestLatestOf(t *testing.T) {
	t.Parallel()
	begun := item{PartitionKey: text("event#e9|" + serviceKey + "/ecs-svc/9|A"), SortKey: text("delivery#slack"), IndexKey: text(serviceKey), IndexSort: text(moment(now.Add(time.Hour)))}
	progress := item{PartitionKey: text("deployment#" + serviceKey + "/ecs-svc/4"), SortKey: text("deployment"), IndexKey: text(serviceKey), IndexSort: text(moment(now.Add(50 * time.Minute)))}
	elsewhere := told("e8", "ecs-svc/3", "A", 31)
	elsewhere[0][PartitionKey] = text(strings.Replace(getText(elsewhere[0], PartitionKey), "/shop/", "/other/", 1))
	s := &shelf{items: slices.Concat(
		[]item{begun, progress}, elsewhere, told("e1", "ecs-svc/1", "A", 1, "slack"), told("e2", "ecs-svc/2", "A", 10, "slack", "sns"),
		told("e3", "ecs-svc/3", "A", 30, "slack"), told("e4", "ecs-svc/3", "B", 35), told("e5", "ecs-svc/4", "A", 50))}
	for n, want := range map[int][]string{1: {"e5"}, 2: {"e3", "e4", "e5"}, 3: {"e2", "e3", "e4", "e5"}, 9: {"e1", "e2", "e3", "e4", "e5"}} {
		if got, err := s.ledger().LatestOf(t.Context(), serviceKey, n); err != nil || !slices.Equal(events(got), want) {
			t.Errorf("the latest %d: %v, %v", n, events(got), err)
		}
	}
	for at := 1; at <= 4; at++ {
		s.asked, s.down, s.downAt = 0, errDown, at
		if _, err := s.ledger().LatestOf(t.Context(), serviceKey, 3); !errors.Is(err, errDown) || !strings.Contains(err.Error(), "looking through the ledger") {
			t.Errorf("down at query %d: %v", at, err)
		}
	}
}

// TestUnclaimedTrail: where the ledger could not be asked, only the rows tell of the event.
func TestUnclaimedTrail(t *testing.T) {
	t.Parallel()
	s := &shelf{items: told("e1", "ecs-svc/1", "A", 1, "slack")[1:]}
	got, err := s.ledger().LatestOf(t.Context(), serviceKey, 3)
	if err != nil || len(got) != 1 || got[0].Holder != "" || got[0].Name != "A" || got[0].Status != deployment.Failed || len(got[0].Rows) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestClaimIsFound: what is claimed is in the index under its deployment's id, whatever
// becomes of it.
func TestClaimIsFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*deployment.Deployment)
		id     string
	}{
		"of a service":    {func(*deployment.Deployment) {}, "id#ecs-svc/1"},
		"a rollback":      {func(d *deployment.Deployment) { d.Kind = deployment.Rollback }, "id#ecs-svc/1"},
		"a drill":         {func(d *deployment.Deployment) { d.Drill = &deployment.Drill{} }, "id#ecs-svc/1"},
		"without an id":   {func(d *deployment.Deployment) { d.ID = "" }, "id#event-e1"},
		"of a pipeline":   {func(d *deployment.Deployment) { d.Pipeline, d.ID = "checkout", "aa-bb" }, "id#aa-bb"},
		"a later attempt": {func(d *deployment.Deployment) { d.Pipeline, d.ID, d.Attempt = "checkout", "aa-bb", 3 }, "id#aa-bb"},
	} {
		f, d := &table{}, some
		test.change(&d)
		if _, _, err := f.ledger().TakeEvent(t.Context(), d, "me"); err != nil {
			t.Fatal(err)
		}
		v := values(f.last(t))
		if v[":id"] != test.id || v[":time"] != moment(d.Time) || v[":deployment"] != d.Key() || v[":name"] != d.Name || v[":status"] != "succeeded" {
			t.Errorf("%s: wrote %v", name, v)
		}
	}
}

func TestNoteRepeat(t *testing.T) {
	t.Parallel()
	f := &table{}
	if err := f.ledger().NoteRepeat(t.Context(), some); err != nil {
		t.Fatal(err)
	}
	in := f.last(t)
	if keyOf(in.Key) != "event#"+claimKey+" claim" || values(in)[":now"] != moment(now) ||
		!strings.Contains(expressions(in), "repeats = if_not_exists(repeats, :none) + :one") || !strings.Contains(expressions(in), "IF attribute_exists(holder)") {
		t.Errorf("wrote %s, %s, %v", keyOf(in.Key), expressions(in), values(in))
	}
}

func TestIDOf(t *testing.T) {
	t.Parallel()
	for key, want := range map[string][2]string{
		deploymentKey:                                {serviceKey, "ecs-svc/1"},
		deploymentKey + "/rollback":                  {serviceKey, "ecs-svc/1"},
		"1/eu-west-1/shop/drill:a/ecs-svc/1":         {"1/eu-west-1/shop/drill:a", "ecs-svc/1"},
		"1/eu-west-1/pipeline:a/b/attempt-2":         {"1/eu-west-1/pipeline:a", "b"},
		"1/r/drill:pipeline:a/b/attempt-12/rollback": {"1/r/drill:pipeline:a", "b"},
		serviceKey:               {},
		"1/eu-west-1/pipeline:a": {},
		"1//shop/a/ecs-svc/1":    {},
		"ecs-svc/1":              {},
		"":                       {},
	} {
		service, id, ok := IDOf(key)
		if service != want[0] || id != want[1] || ok != (want[0] != "") {
			t.Errorf("%s: got %s, %s, %t", key, service, id, ok)
		}
	}
}
