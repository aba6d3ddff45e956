// Package failure is the one place that decides what an error means for a retry.
//
// Step Functions matches an error by the name of the outermost Go type that a Lambda
// returns, so every handler passes its error through [Classify] as the last thing it
// does, and the workflow's Retry and Catch name the types of this package.
package failure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Transient is an error that may be gone the next time: worth a few retries.
type Transient struct{ Err error }

// Permanent is an error that no retry mends: it goes straight to the dead-letter queue.
type Permanent struct{ Err error }

// Unreachable is an error that no retry mends, of the channel and not of the message: the
// channel is gone, or the token or key is no longer good. Nothing gets through until a
// person mends it.
type Unreachable struct{ Err error }

// RateLimited says that the other side wants us to wait. It is not retried by the
// workflow's Retry: the sender turns it into the outcome wait.
type RateLimited struct {
	Err error
	// After is how long the other side asks to wait, at least a second.
	After time.Duration
}

func (e *Transient) Error() string   { return e.Err.Error() }
func (e *Permanent) Error() string   { return e.Err.Error() }
func (e *RateLimited) Error() string { return e.Err.Error() }
func (e *Unreachable) Error() string { return e.Err.Error() }

// Unwrap gives the error that was classified.
func (e *Transient) Unwrap() error { return e.Err }

// Unwrap gives the error that was classified.
func (e *Permanent) Unwrap() error { return e.Err }

// Unwrap gives the error that was classified.
func (e *RateLimited) Unwrap() error { return e.Err }

// Unwrap gives the error that was classified.
func (e *Unreachable) Unwrap() error { return e.Err }

// Transientf makes a Transient error of a format as fmt.Errorf takes it.
func Transientf(format string, args ...any) error {
	return &Transient{Err: fmt.Errorf(format, args...)}
}

// Permanentf makes a Permanent error of a format as fmt.Errorf takes it.
func Permanentf(format string, args ...any) error {
	return &Permanent{Err: fmt.Errorf(format, args...)}
}

// Unreachablef makes an Unreachable error of a format as fmt.Errorf takes it.
func Unreachablef(format string, args ...any) error {
	return &Unreachable{Err: fmt.Errorf(format, args...)}
}

// Names are the error names that Step Functions sees for this package's types.
var Names = []string{"Transient", "Permanent", "RateLimited", "Unreachable"}

// Classify returns err as one of this package's four types, outermost and by pointer,
// which is what a Lambda handler must return. An error that carries one of them
// anywhere in its chain keeps that class and the whole chain's text. Of the rest,
// timeouts, broken connections and the throttling and server errors of AWS are
// transient; everything else is permanent, because we built it. Of several classes in
// one chain the outermost counts. No URL survives: it
// may hold a secret. Nil stays nil.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	text := withoutURL(err)
	switch class := outermost(err).(type) {
	case *RateLimited:
		return &RateLimited{Err: text, After: class.After}
	case *Unreachable:
		return &Unreachable{Err: text}
	case *Permanent:
		return &Permanent{Err: text}
	case *Transient:
		return &Transient{Err: text}
	}
	if isTransient(err) {
		return &Transient{Err: text}
	}
	return &Permanent{Err: text}
}

// outermost returns the first error of this package's types in the chain, seen from
// outside: whoever classified last knew most. Nil when there is none.
func outermost(err error) error {
	switch e := err.(type) {
	case nil:
		return nil
	case *RateLimited, *Unreachable, *Permanent, *Transient:
		return err
	case interface{ Unwrap() []error }:
		for _, joined := range e.Unwrap() {
			if found := outermost(joined); found != nil {
				return found
			}
		}
		return nil
	default:
		return outermost(errors.Unwrap(err))
	}
}

// isTransient knows the errors that are nobody's classification yet.
func isTransient(err error) bool {
	var network net.Error
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return true
	case errors.As(err, &syntax):
		return false
	case errors.As(err, &network):
		return true
	}
	var unanswered *url.Error
	if errors.As(err, &unanswered) {
		return true // the request got no answer at all
	}
	return transientAWS(err)
}

// transientAWS reads the error as the AWS SDK gives it, without importing the SDK:
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
func transientAWS(err error) bool {
	var answered interface{ HTTPStatusCode() int }
	if errors.As(err, &answered) && answered.HTTPStatusCode() >= 500 {
		return true
	}
	var coded interface{ ErrorCode() string }
	if !errors.As(err, &coded) {
		return false
	}
	switch code := coded.ErrorCode(); code {
	case "InternalServerError", "InternalFailure", "ServiceUnavailable", "ServerException",
		"RequestTimeout", "RequestTimeoutException", "TransactionConflictException",
		"ProvisionedThroughputExceededException", "RequestLimitExceeded", "LimitExceededException",
		"TooManyRequestsException", "TooManyUpdates", "SlowDown", "BandwidthLimitExceeded":
		return true
	default:
		return strings.Contains(code, "Throttl")
	}
}

// FromStatus classifies a vendor's HTTP answer other than a success. 429 is
// RateLimited with Retry-After (a default of fallback when the header is missing or
// makes no sense), 408, 425 and 5xx are Transient, the rest is Permanent. Vendors whose
// rules differ decide before they call this.
func FromStatus(status int, header http.Header, fallback time.Duration, err error) error {
	switch {
	case status == http.StatusTooManyRequests:
		return &RateLimited{Err: err, After: RetryAfter(header, time.Now(), fallback)}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return &Transient{Err: err}
	default:
		return &Permanent{Err: err}
	}
}

// RetryAfter reads the Retry-After header, in seconds or as a date
// (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after), and returns at least one
// second; fallback when it is missing or cannot be read.
func RetryAfter(header http.Header, now time.Time, fallback time.Duration) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	wait := fallback
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 && seconds < 1e6 {
		wait = time.Duration(seconds * float64(time.Second))
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return max(wait, time.Second)
}

// withoutURL is err with the URL taken out of its text where net/http put one in.
func withoutURL(err error) error {
	var unanswered *url.Error
	if !errors.As(err, &unanswered) {
		return err
	}
	plain := strings.ReplaceAll(err.Error(), unanswered.Error(), unanswered.Op+" request: "+unanswered.Err.Error())
	plain = strings.ReplaceAll(plain, unanswered.URL, "(address hidden)")
	return &redacted{text: plain, err: err}
}

// redacted keeps the chain of an error whose text must not be shown.
type redacted struct {
	text string
	err  error
}

func (r *redacted) Error() string { return r.text }
func (r *redacted) Unwrap() error { return r.err }
