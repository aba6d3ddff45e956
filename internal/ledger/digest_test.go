package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

// scripted answers one write after another.
type scripted struct {
	table
	steps []step
}

type step struct {
	refuse bool
	found  item
}

func (s *scripted) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	next := step{}
	if n := len(s.updates); n < len(s.steps) {
		next = s.steps[n]
	}
	s.refuse, s.found = next.refuse, next.found
	return s.table.UpdateItem(ctx, in)
}

func (s *scripted) digests() Digests {
	l := s.ledger()
	l.API = s
	return Digests{l}
}

// wrote are keys and expressions of the writes.
func (s *scripted) wrote(t *testing.T) string {
	t.Helper()
	var all []string
	for _, in := range s.updates {
		// DynamoDB refuses a placeholder that stands for nothing, and one that is not used.
		used := slices.Compact(slices.Sorted(slices.Values(placeholders.FindAllString(expressions(in), -1))))
		defined := slices.AppendSeq(slices.Collect(maps.Keys(in.ExpressionAttributeValues)), maps.Keys(in.ExpressionAttributeNames))
		if slices.Sort(defined); !slices.Equal(used, defined) {
			t.Errorf("used %v, defined %v", used, defined)
		}
		all = append(all, keyOf(in.Key)+": "+strings.TrimPrefix(expressions(in), "SET expires = :expires, "))
	}
	return strings.Join(all, "\n")
}

var entry = channel.Entry{Key: deploymentKey, Status: deployment.Succeeded, Kind: deployment.Ordinary, At: some.Time, Name: "checkout", Version: "1.42.0"}

const (
	counting = "slack#C1 minute: #count = #count + :one IF since > :lapsed"
	anew     = "slack#C1 minute: since = :now, #count = :one IF attribute_not_exists(since) OR since <= :lapsed"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	counted := func(n int64) item { return item{"since": text("2026-03-14T11:59:30.000000000Z"), "count": number(n)} }
	const digest = "C1/2026-03-14T11:59:30.000000000Z/"
	for name, test := range map[string]struct {
		steps []step
		want  string
		wrote string
	}{
		"the first":             {[]step{{refuse: true}, {found: counted(1)}}, "", counting + "\n" + anew},
		"the last of its own":   {[]step{{found: counted(20)}}, "", counting},
		"the first in a digest": {[]step{{found: counted(21)}}, digest + "1", counting},
		"the last of a part":    {[]step{{found: counted(170)}}, digest + "1", counting},
		"of the next part":      {[]step{{found: counted(171)}}, digest + "2", counting},
		"another was first":     {[]step{{refuse: true}, {refuse: true}, {found: counted(2)}}, "", counting + "\n" + anew + "\n" + counting},
	} {
		s := &scripted{steps: test.steps}
		got, err := s.digests().Place(t.Context(), "C1", 20)
		if err != nil || got != test.want || s.wrote(t) != test.wrote {
			t.Errorf("%s: %q, %v after\n%s", name, got, err, s.wrote(t))
		}
		if in := s.updates[0]; values(in)[":lapsed"] != moment(now.Add(-time.Minute)) {
			t.Errorf("%s: wrote %v", name, values(in))
		}
	}
	always := &scripted{steps: []step{{refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}, {refuse: true}}}
	if _, err := always.digests().Place(t.Context(), "C1", 20); err == nil || !strings.Contains(err.Error(), "others did 6 times") {
		t.Errorf("got %v", err)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	const pk = "digest#D "
	const put = pk + "entry#" + deploymentKey + ": entry = :entry, progress = :progress REMOVE joined IF attribute_not_exists(progress) OR progress < :progress"
	const count = pk + "digest: joined = if_not_exists(joined, :none) + :one IF "
	const mark = pk + "entry#" + deploymentKey + ": joined = :joined IF progress = :progress"
	same := item{"progress": text(order(entry.Status, entry.At))}
	numbered := item{"progress": text(order(entry.Status, entry.At)), "joined": number(4)}
	failed := item{"progress": text(order(deployment.Failed, entry.At)), "joined": number(5)}
	for name, test := range map[string]struct {
		steps []step
		want  int64
		late  bool
		wrote string
	}{
		"new":                   {[]step{{}, {found: item{"joined": number(7)}}, {}}, 7, false, put + "\n" + count + "\n" + mark},
		"again":                 {[]step{{refuse: true, found: numbered}}, 4, false, put},
		"again, without number": {[]step{{refuse: true, found: same}, {found: item{"joined": number(8)}}, {}}, 8, false, put + "\n" + count + "\n" + mark},
		"late":                  {[]step{{refuse: true, found: failed}}, 0, true, put},
		"late in between":       {[]step{{}, {found: item{"joined": number(7)}}, {refuse: true}}, 7, true, put + "\n" + count + "\n" + mark},
	} {
		s := &scripted{steps: test.steps}
		got, late, err := s.digests().Join(t.Context(), "D", entry)
		if err != nil || got != test.want || late != test.late || s.wrote(t) != test.wrote {
			t.Errorf("%s: %d, %v, %v after\n%s", name, got, late, err, s.wrote(t))
		}
		var written channel.Entry
		if err := json.Unmarshal([]byte(values(s.updates[0])[":entry"]), &written); err != nil || written != (channel.Entry{Key: entry.Key, Status: entry.Status, Kind: entry.Kind, At: written.At, Name: entry.Name, Version: entry.Version}) || !written.At.Equal(entry.At) {
			t.Errorf("%s: wrote %+v, %v", name, written, err)
		}
	}
}

func TestHoldAndNoteDigest(t *testing.T) {
	t.Parallel()
	held := item{"ts": text("1.2"), "joined": number(7), "shown": number(5), "next": text(moment(now.Add(time.Second))), "unsure": text(moment(now.Add(-time.Minute)))}
	want := channel.Digest{TS: "1.2", Joined: 7, Shown: 5, Next: now.Add(time.Second), Unsure: now.Add(-time.Minute)}
	for _, refuse := range []bool{false, true} {
		s := &scripted{steps: []step{{refuse: refuse, found: held}}}
		got, ok, err := s.digests().Hold(t.Context(), "D", "me", 15*time.Second)
		if err != nil || ok == refuse || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, %v", got, ok, err)
		}
		in := s.updates[0]
		if s.wrote(t) != "digest#D digest: holder = :me, heldUntil = :until, unsure = if_not_exists(unsure, :now) IF attribute_not_exists(holder) OR holder = :me OR heldUntil < :now" ||
			in.ReturnValues != types.ReturnValueAllOld || values(in)[":until"] != moment(now.Add(15*time.Second)) {
			t.Errorf("wrote %s, %v", s.wrote(t), values(in))
		}
	}
	for unsure, remove := range map[time.Time]string{{}: "holder, heldUntil, unsure", now: "holder, heldUntil"} {
		s := &scripted{}
		want.Unsure = unsure
		if err := s.digests().Note(t.Context(), "D", "me", want); err != nil {
			t.Fatal(err)
		}
		if s.wrote(t) != "digest#D digest: ts = :ts, shown = :shown, #next = :next REMOVE "+remove+" IF holder = :me" ||
			values(s.updates[0])[":shown"] != "5" || values(s.updates[0])[":ts"] != "1.2" {
			t.Errorf("wrote %s, %v", s.wrote(t), values(s.updates[0]))
		}
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	content, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	one := item{"entry": text(string(content))}
	f := &table{pages: [][]item{{one, one}, {one}}}
	entries, err := Digests{f.ledger()}.Entries(t.Context(), "D")
	if err != nil || len(entries) != 3 || entries[0].Key != entry.Key || len(f.queries) != 2 {
		t.Fatalf("got %+v, %v after %d", entries, err, len(f.queries))
	}
	in := f.queries[0]
	if aws.ToString(in.KeyConditionExpression) != "pk = :pk AND begins_with(sk, :entry)" || !aws.ToBool(in.ConsistentRead) || aws.ToString(in.TableName) != "fanfare-ledger" ||
		!reflect.DeepEqual(in.ExpressionAttributeValues, item{":pk": text("digest#D"), ":entry": text("entry#")}) {
		t.Errorf("asked %+v", in)
	}
	if _, err := (Digests{(&table{err: errDown}).ledger()}).Entries(t.Context(), "D"); !errors.Is(err, errDown) {
		t.Errorf("got %v", err)
	}
	broken := &table{pages: [][]item{{{"sk": text("entry#x"), "entry": text("{")}}}}
	if _, err := (Digests{broken.ledger()}).Entries(t.Context(), "D"); err == nil || !strings.Contains(err.Error(), "entry#x") {
		t.Errorf("got %v", err)
	}
}
