package ledger

import (
	"strings"
	"testing"
)

var archived = Outage{Channel: "slack", Target: "C0123456789"}

func TestClaimOutage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		refuse  bool
		claimed bool
	}{
		"told a day ago, or never":         {false, true},
		"told lately, or told of just now": {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &table{refuse: test.refuse}
			claimed, err := f.ledger().ClaimOutage(t.Context(), archived, "execution-1")
			if err != nil || claimed != test.claimed {
				t.Fatalf("got %v, %v", claimed, err)
			}
			u := f.last(t)
			if got := keyOf(u.Key); got != "outage#slack#C0123456789 outage" {
				t.Errorf("key %q", got)
			}
			wanted := "SET expires = :expires, holder = :me, heldUntil = :until IF " +
				"(attribute_not_exists(toldAt) OR toldAt < :lapsed) AND (attribute_not_exists(holder) OR holder = :me OR heldUntil < :now)"
			if got := expressions(u); got != wanted {
				t.Errorf("got  %s\nwant %s", got, wanted)
			}
			v := values(u)
			if v[":me"] != "execution-1" || v[":now"] != moment(now) || v[":until"] != moment(now.Add(telling)) || v[":lapsed"] != moment(now.Add(-ToldFor)) {
				t.Errorf("values %v", v)
			}
		})
	}
}

func TestSettleOutage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		told bool
		want string
	}{
		"told":     {true, "SET expires = :expires, toldAt = :now REMOVE holder, heldUntil IF "},
		"not told": {false, "SET expires = :expires REMOVE holder, heldUntil IF holder = :me"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &table{}
			if err := f.ledger().SettleOutage(t.Context(), archived, "execution-1", test.told); err != nil {
				t.Fatal(err)
			}
			u := f.last(t)
			if got := expressions(u); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			v := values(u)
			if want := 2; len(v) != want { // DynamoDB refuses values that no expression uses
				t.Errorf("%d values expected, found %v", want, v)
			}
			if test.told && v[":now"] != moment(now) || !test.told && v[":me"] != "execution-1" {
				t.Errorf("values %v", v)
			}
		})
	}
}

func TestEndOutage(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]bool{"one was told": false, "none was": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &table{refuse: refuse}
			if err := f.ledger().EndOutage(t.Context(), archived); err != nil {
				t.Fatal(err)
			}
			if got, want := expressions(f.last(t)), "SET expires = :expires REMOVE toldAt IF attribute_exists(toldAt)"; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestPing(t *testing.T) {
	t.Parallel()
	if err := (&table{}).ledger().Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOutageWithoutLedger(t *testing.T) {
	t.Parallel()
	l := (&table{err: errDown}).ledger()
	_, claimed := l.ClaimOutage(t.Context(), archived, "execution-1")
	for name, err := range map[string]error{
		"claim":  claimed,
		"settle": l.SettleOutage(t.Context(), archived, "execution-1", true),
		"end":    l.EndOutage(t.Context(), archived),
		"ping":   l.Ping(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), "in the ledger: "+errDown.Error()) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
