// Package outbound is the one way out to a vendor: every HTTP request that Fanfare
// makes to somebody other than AWS goes through a client of this package.
package outbound

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// EventHeader carries the id of the event that a request is about, so that what a
// vendor or a proxy saw can be matched with an execution.
const EventHeader = "X-Fanfare-Event"

// MaxBody is how much of an answer is read, in bytes, unless a caller says otherwise.
const MaxBody = 1 << 20

type eventKey struct{}

// WithEvent returns a context whose requests carry the event's id.
func WithEvent(ctx context.Context, event string) context.Context {
	return context.WithValue(ctx, eventKey{}, event)
}

// NewClient returns a client whose requests take at most timeout, from dialling to the
// last byte; a context with an earlier deadline ends them earlier.
func NewClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &transport{next: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
			TLSHandshakeTimeout: 3 * time.Second,
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        4,
			IdleConnTimeout:     60 * time.Second,
		}},
		// A vendor's API does not redirect; following one would carry the secret elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type transport struct{ next http.RoundTripper }

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", "fanfare")
	if event, ok := r.Context().Value(eventKey{}).(string); ok && headerSafe(event) {
		r.Header.Set(EventHeader, event)
	}
	return t.next.RoundTrip(r)
}

// headerSafe keeps a strange event id from making the whole request fail.
func headerSafe(value string) bool {
	for _, c := range []byte(value) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return value != ""
}

// ReadBody reads at most limit bytes of the answer's body, closes it, and tells
// whether there was more.
func ReadBody(response *http.Response, limit int64) (body []byte, more bool, err error) {
	defer response.Body.Close()
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, false, fmt.Errorf("reading the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return body[:limit], true, nil
	}
	return body, false, nil
}
