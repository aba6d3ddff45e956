package channeltest

import (
	"errors"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

func TestDigests(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	now := time.Date(2026, 3, 14, 2, 0, 0, 0, time.UTC)
	digests := &Digests{Now: func() time.Time { return now }}
	place := func() string {
		name, err := digests.Place(ctx, "C1", 1)
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	if place() != "" {
		t.Fatal("the first is in a digest")
	}
	name := place()
	if other, _ := digests.Place(ctx, "C2", 1); name == "" || other != "" {
		t.Fatalf("the second is in %q, another channel's first in %q", name, other)
	}
	if now = now.Add(time.Minute); place() != "" {
		t.Error("a minute later it still counts")
	}
	entry := channel.Entry{Key: "a", Status: deployment.InProgress, At: now}
	join := func(status deployment.Status, at time.Time) (int64, bool) {
		entry.Status, entry.At = status, at
		number, late, err := digests.Join(ctx, name, entry)
		if err != nil {
			t.Fatal(err)
		}
		return number, late
	}
	for i, step := range []struct {
		status deployment.Status
		after  time.Duration
		number int64
		late   bool
	}{
		{deployment.InProgress, 0, 1, false}, {deployment.InProgress, 0, 1, false}, {deployment.Succeeded, time.Minute, 2, false},
		{deployment.InProgress, time.Hour, 0, true}, {deployment.Failed, time.Second, 0, true}, {deployment.Failed, time.Hour, 3, false},
	} {
		if number, late := join(step.status, now.Add(step.after)); number != step.number || late != step.late {
			t.Errorf("step %d: %d, %v", i, number, late)
		}
	}
	if entries, err := digests.Entries(ctx, name); err != nil || len(entries) != 1 || entries[0] != entry {
		t.Errorf("entries are %+v, %v", entries, err)
	}
	d, ok, err := digests.Hold(ctx, name, "me", time.Minute)
	if err != nil || !ok || d.Joined != 3 || d.Shown != 0 || !d.Unsure.IsZero() {
		t.Errorf("held %+v, %v, %v", d, ok, err)
	}
	if _, ok, _ := digests.Hold(ctx, name, "another", time.Minute); ok {
		t.Error("two hold it")
	}
	if d, ok, _ := digests.Hold(ctx, name, "me", time.Minute); !ok || !d.Unsure.Equal(now) {
		t.Errorf("held again: %+v, %v", d, ok)
	}
	_ = digests.Note(ctx, name, "another", channel.Digest{TS: "9.9"})
	if err := digests.Note(ctx, name, "me", channel.Digest{TS: "1.1", Shown: 3}); err != nil || digests.Get(name) != (channel.Digest{TS: "1.1", Joined: 3, Shown: 3}) {
		t.Errorf("noted %+v, %v", digests.Get(name), err)
	}
	digests.Err = errors.New("away")
	if _, _, err := digests.Hold(ctx, name, "me", 0); err == nil {
		t.Error("held without the ledger")
	}
}
