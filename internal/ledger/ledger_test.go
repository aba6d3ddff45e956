package ledger

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

// calls are all that the ledger can be asked, and the sort key that each is about.
var calls = map[string]struct {
	sk string
	do func(ctx context.Context, l *Ledger) error
}{
	"TakeEvent": {"claim", func(ctx context.Context, l *Ledger) error { _, _, err := l.TakeEvent(ctx, some, "me"); return err }},
	"TakeOver": {"claim", func(ctx context.Context, l *Ledger) error {
		_, _, err := l.TakeOver(ctx, some, "me", "dead")
		return err
	}},
	"NoteRepeat": {"claim", func(ctx context.Context, l *Ledger) error { return l.NoteRepeat(ctx, some) }},
	"BeginDelivery": {"delivery#slack", func(ctx context.Context, l *Ledger) error {
		_, err := l.BeginDelivery(ctx, some, "slack", "me")
		return err
	}},
	"EndDelivery": {"delivery#slack", func(ctx context.Context, l *Ledger) error {
		return l.EndDelivery(ctx, some, "slack", deployment.Delivery{Outcome: deployment.Sent, SentAt: now}, true)
	}},
	"EndDelivery, not sent": {"delivery#slack", func(ctx context.Context, l *Ledger) error {
		return l.EndDelivery(ctx, some, "slack", deployment.Delivery{Outcome: deployment.Wait}, false)
	}},
	"Reserve": {"lane", func(ctx context.Context, l *Ledger) error {
		_, err := l.Reserve(ctx, channel.Lane{Key: "a"})
		return err
	}},
	"Reserve, urgent": {"lane", func(ctx context.Context, l *Ledger) error {
		_, err := l.Reserve(ctx, channel.Lane{Key: "a", Urgent: true})
		return err
	}},
	"Ready": {"lane", func(ctx context.Context, l *Ledger) error { _, err := l.Ready(ctx, channel.Lane{Key: "a"}); return err }},
	"Ready, urgent": {"lane", func(ctx context.Context, l *Ledger) error {
		_, err := l.Ready(ctx, channel.Lane{Key: "a", Urgent: true})
		return err
	}},
	"WriteAudit": {"delivery#slack", func(ctx context.Context, l *Ledger) error {
		return l.WriteAudit(ctx, document(deployment.Ordinary), Audit{Channel: "slack"})
	}},
	"Progress": {"deployment", func(ctx context.Context, l *Ledger) error { _, err := l.Progress(ctx, deploymentKey); return err }},
	"Advance": {"deployment", func(ctx context.Context, l *Ledger) error {
		_, _, err := l.Advance(ctx, deploymentKey, deployment.Ordinary, some)
		return err
	}},
	"End": {"ended", func(ctx context.Context, l *Ledger) error { _, err := l.End(ctx, some, now); return err }},
	"End of a failure": {"ended", func(ctx context.Context, l *Ledger) error {
		failed := some
		failed.Status = deployment.Failed
		_, err := l.End(ctx, failed, now)
		return err
	}},
	"NoteFailure": {"failed", func(ctx context.Context, l *Ledger) error { return l.NoteFailure(ctx, some, now) }},
	"LastFailure": {"failed", func(ctx context.Context, l *Ledger) error { _, err := l.LastFailure(ctx, serviceKey); return err }},
	"Restart":     {"deployment", func(ctx context.Context, l *Ledger) error { return l.Restart(ctx, deploymentKey, some) }},
	"WriteAudit of what was sent": {"delivery#slack", func(ctx context.Context, l *Ledger) error {
		return l.WriteAudit(ctx, document(deployment.Ordinary), Audit{Channel: "slack", Delivery: deployment.Delivery{SentAt: now}})
	}},
	"Release": {"deployment", func(ctx context.Context, l *Ledger) error { _, err := l.Release(ctx, deploymentKey); return err }},
	"SaveRelease": {"deployment", func(ctx context.Context, l *Ledger) error {
		return l.SaveRelease(ctx, document(deployment.Rollback), deployment.Release{})
	}},
	"LastTried": {"tried", func(ctx context.Context, l *Ledger) error { _, err := l.LastTried(ctx, serviceKey); return err }},
	"SetGood": {"good", func(ctx context.Context, l *Ledger) error {
		_, _, err := l.SetGood(ctx, serviceKey, deployment.Image{}, now)
		return err
	}},
	"Good": {"good", func(ctx context.Context, l *Ledger) error { _, err := l.Good(ctx, serviceKey); return err }},
	"Hold": {"deployment", func(ctx context.Context, l *Ledger) error {
		_, err := Threads{l}.Hold(ctx, deploymentKey, "me", now)
		return err
	}},
	"Note": {"deployment", func(ctx context.Context, l *Ledger) error {
		return Threads{l}.Note(ctx, deploymentKey, "me", channel.Thread{})
	}},
	"ReleaseThread": {"deployment", func(ctx context.Context, l *Ledger) error { return Threads{l}.Release(ctx, deploymentKey, "me") }},
}

var placeholders = regexp.MustCompile(`[:#][A-Za-z]+`)

// TestEveryCall holds what is the same for all: the table, a life that is prolonged,
// consistent reads, no placeholder too many or too few, and errors that say what was
// tried.
func TestEveryCall(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &table{}
			if err := call.do(t.Context(), f.ledger()); err != nil {
				t.Fatal(err)
			}
			for _, in := range f.gets {
				if aws.ToString(in.TableName) != "fanfare-ledger" || !aws.ToBool(in.ConsistentRead) || getText(in.Key, SortKey) != call.sk {
					t.Errorf("read %+v", in)
				}
			}
			for _, in := range f.updates {
				if aws.ToString(in.TableName) != "fanfare-ledger" || getText(in.Key, SortKey) != call.sk ||
					in.ReturnValuesOnConditionCheckFailure != types.ReturnValuesOnConditionCheckFailureAllOld {
					t.Errorf("wrote %+v", in)
				}
				if getNumber(in.ExpressionAttributeValues, ":expires") != now.Add(400*24*time.Hour).Unix() || !strings.HasPrefix(expressions(in), "SET expires = :expires") {
					t.Errorf("its life: %s", expressions(in))
				}
				// DynamoDB refuses a placeholder that stands for nothing, and one that is not used.
				used := slices.Compact(slices.Sorted(slices.Values(placeholders.FindAllString(expressions(in), -1))))
				defined := slices.Sorted(maps.Keys(in.ExpressionAttributeValues))
				defined = slices.Sorted(slices.Values(slices.AppendSeq(defined, maps.Keys(in.ExpressionAttributeNames))))
				if !slices.Equal(used, defined) {
					t.Errorf("used %v, defined %v", used, defined)
				}
				if in.ExpressionAttributeNames != nil && len(in.ExpressionAttributeNames) == 0 {
					t.Error("no names at all must be nil")
				}
			}
			if len(f.gets)+len(f.updates) != 1 {
				t.Errorf("%d reads, %d writes", len(f.gets), len(f.updates))
			}
			err := call.do(t.Context(), (&table{err: errDown}).ledger())
			if !errors.Is(err, errDown) || !strings.Contains(err.Error(), call.sk+" in the ledger: ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestApplyRefused(t *testing.T) {
	t.Parallel()
	f := &table{refuse: true, found: item{"holder": text("another")}}
	got, ok, err := f.ledger().apply(t.Context(), update{pk: "a", sk: "b", condition: "c", old: true})
	if err != nil || ok || getText(got, "holder") != "another" {
		t.Errorf("got %v, %v, %v", got, ok, err)
	}
	in := f.last(t)
	if keyOf(in.Key) != "a b" || aws.ToString(in.ConditionExpression) != "c" || in.ReturnValues != types.ReturnValueAllOld {
		t.Errorf("wrote %+v", in)
	}
	f.refuse = false
	if got, ok, err = f.ledger().apply(t.Context(), update{pk: "a", sk: "b"}); err != nil || !ok || getText(got, "holder") != "another" {
		t.Errorf("got %v, %v, %v", got, ok, err)
	}
	if in := f.last(t); in.ConditionExpression != nil || in.ReturnValues != types.ReturnValueAllNew {
		t.Errorf("wrote %+v", in)
	}
}

// TestDecoding reads attributes that are not what they should be: nothing of them is
// taken, and nothing stops.
func TestDecoding(t *testing.T) {
	t.Parallel()
	i := item{
		"text": text("a"), "number": number(-7), "texts": texts(map[string]string{"ts": "1.2"}), "none": texts(nil),
		"mixed": &types.AttributeValueMemberM{Value: item{"ts": text("1"), "n": number(2)}},
		"odd":   &types.AttributeValueMemberN{Value: "1.5"}, "null": &types.AttributeValueMemberNULL{Value: true}, "nil": nil,
	}
	for name, want := range map[string]string{"text": "a", "number": "", "texts": "", "null": "", "nil": "", "missing": ""} {
		if got := getText(i, name); got != want {
			t.Errorf("text of %s: %q", name, got)
		}
	}
	for name, want := range map[string]int64{"text": 0, "number": -7, "odd": 0, "null": 0, "nil": 0, "missing": 0} {
		if got := getNumber(i, name); got != want {
			t.Errorf("number of %s: %d", name, got)
		}
	}
	for name, want := range map[string]map[string]string{"texts": {"ts": "1.2"}, "none": nil, "mixed": {"ts": "1", "n": ""}, "text": nil, "missing": nil} {
		if got := getTexts(i, name); !reflect.DeepEqual(got, want) {
			t.Errorf("texts of %s: %v", name, got)
		}
	}
	if getText(nil, "text") != "" || getNumber(nil, "number") != 0 || !getMoment(i, "text").IsZero() {
		t.Error("something was read out of nothing")
	}
}

// moments are in the order of their times.
var moments = []time.Time{
	{}, time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), now.Add(-24 * time.Hour), now.Truncate(time.Second),
	now.In(time.FixedZone("", 5*3600)), now.Add(time.Nanosecond), now.Add(time.Millisecond).In(time.FixedZone("", -8*3600)),
	now.Add(time.Second), now.Add(time.Hour), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
}

func TestMoments(t *testing.T) {
	t.Parallel()
	for i, at := range moments {
		if got := getMoment(item{"at": text(moment(at))}, "at"); !got.Equal(at) {
			t.Errorf("wrote %v, read %v", at, got)
		}
		if i > 0 && moment(moments[i-1]) >= moment(at) {
			t.Errorf("%s is not before %s", moment(moments[i-1]), moment(at))
		}
	}
}

// TestOrder compares any two states as texts and as documented: a final one comes after
// one that is not, of two alike the later emitted, and at the same moment the worse.
func TestOrder(t *testing.T) {
	t.Parallel()
	worse := []deployment.Status{deployment.Unknown, deployment.InProgress, deployment.Succeeded, deployment.Failed}
	after := func(a, b deployment.Status, at, bt time.Time) bool {
		switch {
		case a.Final() != b.Final():
			return a.Final()
		case !at.Equal(bt):
			return at.After(bt)
		default:
			return slices.Index(worse, a) > slices.Index(worse, b)
		}
	}
	for _, a := range worse {
		for _, b := range worse {
			for _, at := range moments {
				for _, bt := range moments {
					if got := order(a, at) > order(b, bt); got != after(a, b, at, bt) {
						t.Errorf("%q after %q: %v", order(a, at), order(b, bt), got)
					}
				}
			}
		}
	}
	if order("paused", now) != order(deployment.Unknown, now) {
		t.Error("a status of later days counts for more than an unknown one")
	}
}
