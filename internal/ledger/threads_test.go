package ledger

import (
	"testing"
	"time"

	"fanfare/internal/channel"
)

// TestThreadUnsure tells since when something may have been posted that is not noted.
func TestThreadUnsure(t *testing.T) {
	t.Parallel()
	died := now.Add(-time.Hour) // when its hold ended
	for name, test := range map[string]struct {
		found item
		want  time.Time
	}{
		"never held":              {nil, time.Time{}},
		"let go":                  {item{"threadUntil": text(moment(died))}, time.Time{}},
		"never let go":            {item{"threadHolder": text("a"), "threadUntil": text(moment(died))}, died.Add(-5 * time.Minute)},
		"noted":                   {item{"threadUnsure": text(moment(now))}, now},
		"noted empty":             {item{"threadUnsure": text("")}, time.Time{}},
		"noted, and never let go": {item{"threadUnsure": text(moment(now)), "threadHolder": text("a"), "threadUntil": text(moment(died))}, died.Add(-5 * time.Minute)},
		"noted long before":       {item{"threadUnsure": text(moment(died.Add(-time.Hour))), "threadHolder": text("a"), "threadUntil": text(moment(died))}, died.Add(-time.Hour)},
	} {
		got, err := Threads{(&table{found: test.found}).ledger()}.Hold(t.Context(), deploymentKey, "me", now)
		if err != nil || !got.Unsure.Equal(test.want) {
			t.Errorf("%s: %s, %v, want %s", name, got.Unsure, err, test.want)
		}
	}
}

// TestThreadKeepsItsPlace notes where the deployment is told, and reads it again.
func TestThreadKeepsItsPlace(t *testing.T) {
	t.Parallel()
	f := &table{}
	if err := (Threads{f.ledger()}).Note(t.Context(), deploymentKey, "me", channel.Thread{Digest: "C1/now/1", Slot: now}); err != nil {
		t.Fatal(err)
	}
	v := values(f.last(t))
	if v[":digest"] != "C1/now/1" || v[":slot"] != moment(now) || v[":unsure"] != "" || v[":ts"] != "" {
		t.Errorf("wrote %v", v)
	}
	f.found = item{"threadDigest": text(v[":digest"]), "threadSlot": text(v[":slot"]), "threadUnsure": text(v[":unsure"])}
	got, err := Threads{f.ledger()}.Hold(t.Context(), deploymentKey, "me", now)
	if err != nil || got.Digest != "C1/now/1" || !got.Slot.Equal(now) || !got.Unsure.IsZero() {
		t.Errorf("read %+v, %v", got, err)
	}
}
