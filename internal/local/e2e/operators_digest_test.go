//go:build e2e

package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
)

// TestLedgerDigestPlaces: whoever comes at the same time, the first so many messages of a
// minute have none, and all others the same, until it is full.
func TestLedgerDigestPlaces(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	digests, id := ledger.Digests{Ledger: table(&now)}, "C"+digits(10)
	const limit, many = 20, 30
	place := func(limit int) string {
		name, err := digests.Place(t.Context(), id, limit)
		if err != nil {
			t.Error(err)
		}
		return name
	}
	var mu sync.Mutex
	count := map[string]int{}
	var group sync.WaitGroup
	for range many {
		group.Go(func() {
			name := place(limit)
			mu.Lock()
			defer mu.Unlock()
			count[name]++
		})
	}
	group.Wait()
	if count[""] != limit || len(count) != 2 {
		t.Errorf("of %d messages %d stand alone, want %d: %v", many, count[""], limit, count)
	}
	now = now.Add(59 * time.Second)
	if name := place(limit); count[name] != many-limit {
		t.Errorf("within the minute the next one belongs to %q, want one of %v", name, count)
	}
	now = now.Add(2 * time.Second)
	if name := place(limit); name != "" {
		t.Errorf("the first of a new minute belongs to %q", name)
	}
	if name := place(1); name == "" || count[name] > 0 {
		t.Errorf("the digest of the next minute is %q, the one before it %v", name, count)
	}
}

// TestLedgerDigestOfMany has many join at the same time, and hands the digest from one
// editor to the next.
func TestLedgerDigestOfMany(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	noon := now
	digests, digest := ledger.Digests{Ledger: table(&now)}, "C"+digits(10)+"/x/1"
	entry := func(i int, status deployment.Status, minute int) channel.Entry {
		return channel.Entry{Key: fmt.Sprintf("a/r/c/s%02d/ecs-svc/1", i), Name: fmt.Sprintf("s%02d", i), Status: status, Kind: deployment.Ordinary,
			At: noon.Add(time.Duration(minute) * time.Minute), Environment: "staging"}
	}
	join := func(e channel.Entry, want int64, wantLate bool) {
		t.Helper()
		if number, late, err := digests.Join(t.Context(), digest, e); err != nil || late != wantLate || number != want {
			t.Errorf("%s %s joined as %d, late %t, want %d, %t (%v)", e.Name, e.Status, number, late, want, wantLate, err)
		}
	}
	const many = 30
	numbers := make([]int64, many)
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			number, late, err := digests.Join(t.Context(), digest, entry(i, deployment.InProgress, 1))
			if err != nil || late {
				t.Errorf("the entry %d: late %t, %v", i, late, err)
			}
			numbers[i] = number
		})
	}
	group.Wait()
	for number := range int64(many) {
		if !slices.Contains(numbers, number+1) {
			t.Errorf("nobody has the number %d: %v", number+1, numbers)
		}
	}
	join(entry(0, deployment.InProgress, 1), numbers[0], false)
	join(entry(0, deployment.Succeeded, 5), many+1, false)
	join(entry(0, deployment.InProgress, 1), 0, true)
	join(entry(0, deployment.Succeeded, 5), many+1, false)

	holds := func(holder string, want channel.Digest, wantOK bool) {
		t.Helper()
		got, ok, err := digests.Hold(t.Context(), digest, holder, 30*time.Second)
		if err != nil || ok != wantOK || got != want {
			t.Errorf("%s holds it %t: %+v, want %t: %+v (%v)", holder, ok, got, wantOK, want, err)
		}
	}
	began := now
	holds("a", channel.Digest{Joined: many + 1}, true)
	now = now.Add(10 * time.Second)
	holds("b", channel.Digest{Joined: many + 1, Unsure: began}, false)
	now = now.Add(time.Minute) // a died
	holds("b", channel.Digest{Joined: many + 1, Unsure: began}, true)
	if err := digests.Note(t.Context(), digest, "a", channel.Digest{TS: "9.9", Shown: 99}); err != nil {
		t.Error(err)
	}
	holds("c", channel.Digest{Joined: many + 1, Unsure: began}, false)
	shown := channel.Digest{TS: "1.1", Shown: many + 1, Next: now.Add(time.Second)}
	if err := digests.Note(t.Context(), digest, "b", shown); err != nil {
		t.Error(err)
	}
	join(entry(1, deployment.Failed, 6), many+2, false)
	shown.Joined = many + 2
	holds("c", shown, true)

	entries, err := digests.Entries(t.Context(), digest)
	slices.SortFunc(entries, func(a, b channel.Entry) int { return strings.Compare(a.Key, b.Key) })
	if err != nil || len(entries) != many || entries[0] != entry(0, deployment.Succeeded, 5) || entries[1] != entry(1, deployment.Failed, 6) || entries[2] != entry(2, deployment.InProgress, 1) {
		t.Errorf("%d have joined: %+v, %v", len(entries), entries, err)
	}
}
