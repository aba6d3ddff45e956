// Package standin plays the vendors in the local world: Slack, PagerDuty, GitLab and the
// phone at the end of an SMS. Each is an http.Handler with the vendor's own paths, refuses
// what the vendor refuses, limits as the vendor limits, fails when a fault.Set says so, and
// remembers what it received. Nothing that is remembered holds a secret.
package standin

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Vendors, as in Request.Vendor.
const (
	VendorSlack     = "slack"
	VendorPagerDuty = "pagerduty"
	VendorGitLab    = "gitlab"
	VendorSNS       = "sns" // the phone, which hears from SNS only
)

// maxRemembered bounds the memory of a world that is left running for days.
const maxRemembered = 10_000

// Request is one call that a stand-in received, with every secret masked.
type Request struct {
	At     time.Time `json:"at"`
	Vendor string    `json:"vendor"` // slack, pagerduty, gitlab or sns
	// Event is the id of the event that the call belongs to, from the header outbound.EventHeader or,
	// for the phone, from the message attribute event_id.
	Event  string `json:"event,omitempty"`
	Method string `json:"method"`
	Path   string `json:"path"` // with the query
	// Body is the JSON that came; a form as an object, any other text as a string.
	Body json.RawMessage `json:"body"`
	// Status is the HTTP status of the answer; 0 when the connection was closed without one.
	Status int `json:"status"`
	// Accepted tells that the vendor took the call, even if its answer was lost on the way.
	Accepted bool   `json:"accepted"`
	Answer   string `json:"answer,omitempty"` // the beginning of the answer's body
}

// Log remembers requests in the order of their answers, the last 10,000 of them. Its zero
// value is ready for use, by many goroutines.
type Log struct {
	mu       sync.Mutex
	requests []Request
}

// Add remembers a request.
func (l *Log) Add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, r)
	if extra := len(l.requests) - maxRemembered; extra > 0 {
		l.requests = slices.Delete(l.requests, 0, extra)
	}
}

// Requests returns what was received from the vendor's callers for the event, oldest first.
// An empty vendor or event matches all. The result is never nil.
func (l *Log) Requests(vendor, event string) []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := []Request{}
	for _, r := range l.requests {
		if (vendor == "" || r.Vendor == vendor) && (event == "" || r.Event == event) {
			found = append(found, r)
		}
	}
	return found
}

// Clear forgets every request.
func (l *Log) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = nil
}
