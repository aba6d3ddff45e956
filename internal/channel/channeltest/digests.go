package channeltest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"fanfare/internal/channel"
)

// Digests is a channel.Digests in memory, which several goroutines may use. Its zero value
// is empty and goes by the real clock.
type Digests struct {
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Err is what every call fails with; nil for none.
	Err error

	mu      sync.Mutex
	since   map[string]time.Time
	counts  map[string]int
	digests map[string]*digest
}

type digest struct {
	channel.Digest
	holder  string
	until   time.Time
	entries map[string]channel.Entry
	numbers map[string]int64
}

// Place counts from the first message of a minute on. A digest has no end here.
func (d *Digests) Place(_ context.Context, slack string, limit int) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counts == nil {
		d.since, d.counts = map[string]time.Time{}, map[string]int{}
	}
	if now := d.now(); now.Sub(d.since[slack]) >= time.Minute {
		d.since[slack], d.counts[slack] = now, 0
	}
	if d.counts[slack]++; d.counts[slack] <= limit || d.Err != nil {
		return "", d.Err
	}
	return fmt.Sprintf("%s/%d/1", slack, d.since[slack].Unix()), nil
}

// Join keeps the later state: an end, else the one that was emitted later.
func (d *Digests) Join(_ context.Context, name string, entry channel.Entry) (int64, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.Err != nil {
		return 0, false, d.Err
	}
	g := d.of(name)
	switch before, known := g.entries[entry.Key]; {
	case known && before == entry:
		return g.numbers[entry.Key], false, nil
	case known && (before.Status.Certain() && !entry.Status.Certain() || before.Status.Certain() == entry.Status.Certain() && before.At.After(entry.At)):
		return 0, true, nil
	}
	g.Joined++
	g.entries[entry.Key], g.numbers[entry.Key] = entry, g.Joined
	return g.Joined, false, nil
}

// Hold makes the holder the editor, unless somebody else's time has not run out.
func (d *Digests) Hold(_ context.Context, name, holder string, long time.Duration) (channel.Digest, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	g := d.of(name)
	found := g.Digest
	if d.Err != nil || g.holder != "" && g.holder != holder && g.until.After(d.now()) {
		return found, false, d.Err
	}
	g.holder, g.until = holder, d.now().Add(long)
	if g.Unsure.IsZero() {
		g.Unsure = d.now()
	}
	return found, true, nil
}

// Entries are in no order.
func (d *Digests) Entries(_ context.Context, name string) ([]channel.Entry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var entries []channel.Entry
	for _, entry := range d.of(name).entries {
		entries = append(entries, entry)
	}
	return entries, d.Err
}

// Note keeps what the digest has become, when the holder is its editor.
func (d *Digests) Note(_ context.Context, name, holder string, to channel.Digest) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g := d.of(name); g.holder == holder && d.Err == nil {
		g.holder, g.TS, g.Shown, g.Next, g.Unsure = "", to.TS, to.Shown, to.Next, to.Unsure
	}
	return d.Err
}

// Get returns what is known of the digest, for a test to look at.
func (d *Digests) Get(name string) channel.Digest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.of(name).Digest
}

func (d *Digests) of(name string) *digest {
	if d.digests == nil {
		d.digests = map[string]*digest{}
	}
	if d.digests[name] == nil {
		d.digests[name] = &digest{entries: map[string]channel.Entry{}, numbers: map[string]int64{}}
	}
	return d.digests[name]
}

func (d *Digests) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}
