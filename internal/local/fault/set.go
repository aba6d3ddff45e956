package fault

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxKept bounds how many faults that were played out are remembered for Played.
const maxKept = 10_000

// Set holds the faults that are to be played, and how often each was. Its zero value is
// ready for use, by many goroutines.
type Set struct {
	mu    sync.Mutex
	turns []*turn
}

// turn is a fault in a set.
type turn struct {
	fault  Fault
	left   int // of Times
	played int
	// problem is the last reason why it could not be played, if any.
	problem atomic.Pointer[string]
}

func (t *turn) over() bool { return t.fault.Times > 0 && t.left == 0 }

func (t *turn) fits(target, operation string) bool {
	return !t.over() && t.fault.Target == target && strings.Contains(operation, t.fault.Match)
}

// Played is a fault as it was added, and what came of it.
type Played struct {
	Fault
	// Played is how often it was taken up.
	Played int `json:"played"`
	// Problem tells why it could not be played the last time that it failed, such as that
	// no Lambda worker was found to be killed.
	Problem string `json:"problem,omitempty"`
}

// Add puts a fault at the end of the set.
func (s *Set) Add(f Fault) error {
	if err := f.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f.turn = nil
	s.turns = append(s.turns, &turn{fault: f, left: f.Times})
	if len(s.turns) > maxKept {
		if i := slices.IndexFunc(s.turns, (*turn).over); i >= 0 {
			s.turns = slices.Delete(s.turns, i, i+1)
		}
	}
	return nil
}

// Clear removes every fault and forgets how often it was played; with a key, only those
// that have this Key.
func (s *Set) Clear(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns = slices.DeleteFunc(s.turns, func(t *turn) bool { return key == "" || t.fault.Key == key })
}

// List returns the faults that are still to be played, with the Times that are left.
func (s *Set) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := []Fault{}
	for _, t := range s.turns {
		if !t.over() {
			f := t.fault
			f.Times = t.left
			left = append(left, f)
		}
	}
	return left
}

// Played returns every fault since the last Clear, in the order in which they were added,
// and how often each was played; with a key, only those that have this Key. Of a set that
// grew beyond 10,000, the oldest that were played out are gone.
func (s *Set) Played(key string) []Played {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []Played{}
	for _, t := range s.turns {
		if key != "" && t.fault.Key != key {
			continue
		}
		p := Played{Fault: t.fault, Played: t.played}
		if problem := t.problem.Load(); problem != nil {
			p.Problem = *problem
		}
		all = append(all, p)
	}
	return all
}

// Take returns the first fault for the target's operation and counts it as played. The
// request's text (see Text) is asked for only when a fault with a Key may be meant; nil
// stands for an empty one.
func (s *Set) Take(target, operation string, text func() string) (Fault, bool) {
	said := ""
	if text != nil && s.asks(target, operation) {
		said = text()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.turns {
		if t.fits(target, operation) && strings.Contains(said, t.fault.Key) {
			t.left = max(0, t.left-1)
			t.played++
			f := t.fault
			f.turn = t
			return f, true
		}
	}
	return Fault{}, false
}

// asks tells whether a fault for the target's operation has a Key. The set is not locked
// while the text is read, for that may wait for who sends it.
func (s *Set) asks(target, operation string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.turns, func(t *turn) bool { return t.fault.Key != "" && t.fits(target, operation) })
}

// Text is what the Key of a fault is looked for in: the request's path and query, and its
// body, all as they came and decoded. JSON is taken as it is written.
func Text(r *http.Request, body []byte) string {
	parts := []string{r.URL.Path, r.URL.RequestURI(), string(body)}
	encoded := []string{r.URL.RawQuery}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		encoded = append(encoded, string(body))
	}
	for _, form := range encoded {
		values, _ := url.ParseQuery(form) // of a form that is broken, what can be read
		for _, all := range values {
			parts = append(parts, all...)
		}
	}
	return strings.Join(parts, "\n")
}
