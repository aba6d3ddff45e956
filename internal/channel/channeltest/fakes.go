package channeltest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/failure"
	"fanfare/internal/secret"
)

// Secrets is a secret.Store that holds the secrets by their names, in memory.
type Secrets map[string]string

// Secret returns the secret of that name, or a failure.Permanent when there is none.
func (s Secrets) Secret(_ context.Context, name string) (secret.Value, error) {
	text, ok := s[name]
	if !ok {
		return secret.Value{}, failure.Permanentf("reading the secret %s: no such parameter", name)
	}
	return secret.New(text), nil
}

// Threads is a channel.Threads in memory, which several goroutines may use. Its zero
// value is empty and goes by the real clock.
type Threads struct {
	// Now is the clock by which holds run out; time.Now when nil.
	Now func() time.Time

	mu      sync.Mutex
	threads map[string]channel.Thread
}

// Hold reserves the message. Somebody else's hold that has not run out yet is a
// failure.RateLimited, with the time until it does. Taking one that was never let go,
// be it another's that has run out or the holder's own, shows as Interrupted.
func (s *Threads) Hold(ctx context.Context, key, holder string, until time.Time) (channel.Thread, error) {
	if err := ctx.Err(); err != nil {
		return channel.Thread{}, failure.Transientf("holding the message: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	thread := s.threads[key]
	if left := thread.Until.Sub(s.now()); thread.Holder != "" && thread.Holder != holder && left > 0 {
		return channel.Thread{}, &failure.RateLimited{
			Err:   fmt.Errorf("holding the message: %s holds it", thread.Holder),
			After: max(left, time.Second),
		}
	}
	if thread.Interrupted = thread.Holder != ""; thread.Interrupted && thread.Unsure.IsZero() {
		thread.Unsure = thread.Until.Add(-time.Minute)
	}
	thread.Holder, thread.Until = holder, until
	s.put(key, thread)
	return thread, nil
}

// Note keeps what the message has become. Only its holder may; for anybody else it is
// a failure.Transient, since the next attempt begins with a hold of its own.
func (s *Threads) Note(ctx context.Context, key, holder string, thread channel.Thread) error {
	if err := ctx.Err(); err != nil {
		return failure.Transientf("noting the message: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.threads[key]
	if held.Holder != holder {
		return &failure.Transient{Err: errors.New("noting the message: somebody else holds it by now")}
	}
	thread.Holder, thread.Until = held.Holder, held.Until
	s.put(key, thread)
	return nil
}

// Release lets go of the message. It does nothing when somebody else holds it.
func (s *Threads) Release(ctx context.Context, key, holder string) error {
	if err := ctx.Err(); err != nil {
		return failure.Transientf("releasing the message: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if thread := s.threads[key]; thread.Holder == holder {
		thread.Holder, thread.Until = "", time.Time{}
		s.put(key, thread)
	}
	return nil
}

// Get returns what is known of the message, for a test to look at.
func (s *Threads) Get(key string) channel.Thread {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.threads[key]
}

// Put makes something known of the message, for a test to begin with.
func (s *Threads) Put(key string, thread channel.Thread) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key, thread)
}

func (s *Threads) put(key string, thread channel.Thread) {
	if s.threads == nil {
		s.threads = map[string]channel.Thread{}
	}
	s.threads[key] = thread
}

func (s *Threads) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
