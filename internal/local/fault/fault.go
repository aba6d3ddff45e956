// Package fault plays failures on command in the local world: the edge in front of
// the engine and the vendors' stand-ins all ask the same Set before they answer.
package fault

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Kinds of failure that can be played.
const (
	Status   = "status"   // answer with Status, RetryAfter and Body
	Delay    = "delay"    // wait DelayMS, then answer as usual
	Drop     = "drop"     // close the connection without an answer
	Garbage  = "garbage"  // 200 with Body, or with bytes that no parser takes
	HTML     = "html"     // Status with an HTML page, as a proxy in front of a vendor does
	Truncate = "truncate" // carry the request out, promise a longer body than is sent, then close
	Kill     = "kill"     // kill the Lambda worker that asks, and close the connection
	Hang     = "hang"     // no answer until who asks gives up, for DelayMS at most
)

var (
	targets = []string{"aws", "slack", "pagerduty", "gitlab", "phone"}
	kinds   = []string{Status, Delay, Drop, Garbage, HTML, Truncate, Kill, Hang}
)

// Fault is one failure to play.
type Fault struct {
	// Target is who plays it: aws, slack, pagerduty, gitlab or phone.
	Target string `json:"target"`
	// Match is a substring of the operation, such as "chat.postMessage" or
	// "ecs:DescribeServices"; empty matches all.
	Match string `json:"match,omitempty"`
	// Key is a text that the request's path, query or body must hold, such as the name of
	// a service, so that what is played for one is not met by another; empty matches all.
	// It is a mere substring: "shop-1" is in "shop-10", too.
	Key string `json:"key,omitempty"`
	// Kind is one of the constants above.
	Kind string `json:"kind"`
	// After has the request carried out before the fault is played: it is the answer that
	// is lost then, and not the request. A truncated answer always is.
	After bool `json:"after,omitempty"`
	// Status is the HTTP status of kinds status and html; 500 when unset.
	Status int `json:"status,omitempty"`
	// RetryAfter is the Retry-After header in seconds; none when 0.
	RetryAfter int `json:"retryAfter,omitempty"`
	// Body replaces the answer's body; each target has a vendor-like default.
	Body string `json:"body,omitempty"`
	// DelayMS delays the answer by so many milliseconds, for every kind. It is how long
	// kind hang lasts at most; 60 s when 0.
	DelayMS int `json:"delayMs,omitempty"`
	// Times is how often it is played before it is gone; 0 means until cleared.
	Times int `json:"times,omitempty"`

	// turn is where a fault that was taken tells what came of it.
	turn *turn
}

// Check tells whether f can be played, naming the field that is wrong.
func (f Fault) Check() error {
	if !slices.Contains(targets, f.Target) {
		return fmt.Errorf("target: %q is none of %s", f.Target, strings.Join(targets, ", "))
	}
	if !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("kind: %q is none of %s", f.Kind, strings.Join(kinds, ", "))
	}
	if f.Kind == Kill && f.Target == "phone" {
		return fmt.Errorf("kind: the phone is called by SNS, and there is no Lambda worker to kill")
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

// Late tells whether the request is to be carried out before the fault is played.
func (f Fault) Late() bool { return f.After || f.Kind == Truncate }

// StatusCode is the HTTP status of kinds status and html.
func (f Fault) StatusCode() int {
	if f.Status == 0 {
		return http.StatusInternalServerError
	}
	return f.Status
}
