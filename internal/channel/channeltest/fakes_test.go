package channeltest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/failure"
)

func TestThreads(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := time.Date(2026, 3, 14, 2, 0, 0, 0, time.UTC)
	threads := &Threads{Now: func() time.Time { return now }}
	hold := func(holder string) (channel.Thread, error) {
		return threads.Hold(ctx, "key", holder, now.Add(time.Minute))
	}

	thread, err := hold("a")
	if err != nil || thread.Interrupted || thread.TS != "" {
		t.Fatalf("first hold: %+v, %v", thread, err)
	}
	var limited *failure.RateLimited
	if _, err = hold("b"); !errors.As(err, &limited) || limited.After != time.Minute {
		t.Fatalf("hold of what is held: %v", err)
	}
	if err := threads.Note(ctx, "key", "b", channel.Thread{TS: "9"}); err == nil {
		t.Error("somebody else may note")
	}
	thread.TS = "1"
	if err := threads.Note(ctx, "key", "a", thread); err != nil {
		t.Fatal(err)
	}
	if thread, err = hold("a"); err != nil || !thread.Interrupted || thread.TS != "1" {
		t.Fatalf("hold of one's own: %+v, %v", thread, err)
	}
	now = now.Add(2 * time.Minute)
	if thread, err = hold("b"); err != nil || !thread.Interrupted || thread.TS != "1" {
		t.Fatalf("hold of what has run out: %+v, %v", thread, err)
	}
	if err := threads.Release(ctx, "key", "a"); err != nil || threads.Get("key").Holder != "b" {
		t.Fatalf("release of another's: %v", err)
	}
	if err := threads.Release(ctx, "key", "b"); err != nil {
		t.Fatal(err)
	}
	if thread, err = hold("c"); err != nil || thread.Interrupted || thread.TS != "1" {
		t.Fatalf("hold after release: %+v, %v", thread, err)
	}
	threads.Put("other", channel.Thread{TS: "7"})
	if threads.Get("other").TS != "7" || threads.Get("key").TS != "1" {
		t.Error("keys mix")
	}
}

func TestThreadsHoldForOneAlone(t *testing.T) {
	t.Parallel()
	var threads Threads
	var group sync.WaitGroup
	held := make(chan string, 50)
	for i := range 50 {
		holder := string(rune('A' + i))
		group.Go(func() {
			if _, err := threads.Hold(context.Background(), "key", holder, time.Now().Add(time.Hour)); err == nil {
				held <- holder
			}
		})
	}
	group.Wait()
	if len(held) != 1 {
		t.Errorf("%d hold it", len(held))
	}
}
