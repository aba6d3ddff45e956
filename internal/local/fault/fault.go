// Package fault plays failures on command in the local world: the edge in front of
// the engine and the vendors' stand-ins all ask the same Set before they answer.
package fault

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kinds of failure that can be played.
const (
	Status   = "status"   // answer with Status, RetryAfter and Body
	Delay    = "delay"    // wait DelayMS, then answer as usual
	Drop     = "drop"     // close the connection without an answer
	Garbage  = "garbage"  // 200 with Body, or with bytes that no parser takes
	HTML     = "html"     // Status with an HTML page, as a proxy in front of a vendor does
	Truncate = "truncate" // promise a longer body than is sent, then close
)

// Fault is one failure to play.
type Fault struct {
	// Target is who plays it: aws, slack, pagerduty, gitlab or phone.
	Target string `json:"target"`
	// Match is a substring of the operation, such as "chat.postMessage" or
	// "ecs:DescribeServices"; empty matches all.
	Match string `json:"match,omitempty"`
	// Kind is one of the constants above.
	Kind string `json:"kind"`
	// Status is the HTTP status of kinds status and html; 500 when unset.
	Status int `json:"status,omitempty"`
	// RetryAfter is the Retry-After header in seconds; none when 0.
	RetryAfter int `json:"retryAfter,omitempty"`
	// Body replaces the answer's body; each target has a vendor-like default.
	Body string `json:"body,omitempty"`
	// DelayMS delays the answer by so many milliseconds, for every kind.
	DelayMS int `json:"delayMs,omitempty"`
	// Times is how often it is played before it is gone; 0 means until cleared.
	Times int `json:"times,omitempty"`
}

// Check tells whether f can be played, naming the field that is wrong.
func (f Fault) Check() error {
	switch f.Target {
	case "aws", "slack", "pagerduty", "gitlab", "phone":
	default:
		return fmt.Errorf("target: %q is none of aws, slack, pagerduty, gitlab, phone", f.Target)
	}
	switch f.Kind {
	case Status, Delay, Drop, Garbage, HTML, Truncate:
	default:
		return fmt.Errorf("kind: %q is none of status, delay, drop, garbage, html, truncate", f.Kind)
	}
	if f.Times < 0 || f.DelayMS < 0 || f.RetryAfter < 0 {
		return fmt.Errorf("times, delayMs and retryAfter: none may be under 0")
	}
	if f.Kind == Delay && f.DelayMS <= 0 {
		return fmt.Errorf("delayMs: a delay needs a number of milliseconds above 0")
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status: %d is not between 200 and 599", f.Status)
	}
	return nil
}

// Set holds the faults that are to be played. Its zero value is ready for use.
type Set struct {
	mu     sync.Mutex
	faults []Fault
}

// Add puts a fault at the end of the set.
func (s *Set) Add(f Fault) error {
	if err := f.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
	return nil
}

// Clear removes every fault.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// List returns the faults that are still to be played.
func (s *Set) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Fault{}, s.faults...)
}

// Take returns the first fault for the target's operation and counts it as played.
func (s *Set) Take(target, operation string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Target != target || !strings.Contains(operation, f.Match) {
			continue
		}
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		} else if f.Times > 1 {
			s.faults[i].Times--
		}
		return f, true
	}
	return Fault{}, false
}

// Play answers the request as the fault says, with body as the default for an error
// status. A dropped or truncated answer ends in a panic of http.ErrAbortHandler, which is
// how a handler hangs up. It returns false when the caller is still to answer as usual (a delay).
func (f Fault) Play(w http.ResponseWriter, r *http.Request, contentType, body string) bool {
	if f.DelayMS > 0 {
		select {
		case <-time.After(time.Duration(f.DelayMS) * time.Millisecond):
		case <-r.Context().Done():
			return true
		}
	}
	if f.Body != "" {
		body = f.Body
	}
	status := f.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	switch f.Kind {
	case Delay:
		return false
	case Status:
		answer(w, status, contentType, body)
	case HTML:
		answer(w, status, "text/html; charset=utf-8", "<!DOCTYPE html><html><head><title>Whoops</title></head><body><h1>Something went wrong on our end.</h1></body></html>")
	case Garbage:
		if f.Body == "" {
			body = "\x00\xff{not json"
		}
		answer(w, http.StatusOK, contentType, body)
	case Truncate:
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", "4096")
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write([]byte(`{"ok":tr`))
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		panic(http.ErrAbortHandler)
	case Drop:
		panic(http.ErrAbortHandler)
	}
	return true
}

func answer(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
