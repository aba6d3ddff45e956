package failure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
)

type awsError struct {
	code   string
	status int
}

func (e awsError) Error() string       { return "api error " + e.code }
func (e awsError) ErrorCode() string   { return e.code }
func (e awsError) HTTPStatusCode() int { return e.status }

func TestClassify(t *testing.T) {
	t.Parallel()
	secretURL := &url.Error{Op: "Post", URL: "https://hooks.example.com/services/T/B/hush", Err: errors.New("connection refused")}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"a wrapped permanent":           {fmt.Errorf("sending: %w", Permanentf("bad key")), "Permanent"},
		"a wrapped transient":           {fmt.Errorf("sending: %w", Transientf("hiccup")), "Transient"},
		"a wrapped rate limit":          {fmt.Errorf("sending: %w", &RateLimited{Err: errors.New("slow"), After: time.Second}), "RateLimited"},
		"a timeout":                     {fmt.Errorf("asking: %w", context.DeadlineExceeded), "Transient"},
		"no answer":                     {fmt.Errorf("posting: %w", secretURL), "Transient"},
		"AWS throttles":                 {awsError{"ThrottlingException", 400}, "Transient"},
		"AWS breaks":                    {awsError{"Whatever", 503}, "Transient"},
		"AWS refuses":                   {awsError{"AccessDeniedException", 400}, "Permanent"},
		"a sentence of ours":            {errors.New("no such thing"), "Permanent"},
		"permanent although a timeout":  {Permanentf("gave up: %w", context.DeadlineExceeded), "Permanent"},
		"giving up on a rate limit":     {fmt.Errorf("x: %w", Permanentf("gave up: %w", &RateLimited{Err: errors.New("slow"), After: time.Hour})), "Permanent"},
		"a channel that is gone":        {fmt.Errorf("posting: %w", Unreachablef("slack refused it: is_archived")), "Unreachable"},
		"joined errors":                 {errors.Join(errors.New("a"), Transientf("b")), "Transient"},
		"transient around an AWS error": {Transientf("reading: %w", awsError{"AccessDenied", 400}), "Transient"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Classify(test.err)
			if name := reflect.TypeOf(got).Elem().Name(); name != test.want {
				t.Errorf("class = %s, want %s", name, test.want)
			}
			if strings.Contains(got.Error(), "hush") {
				t.Errorf("the secret shows: %s", got)
			}
			if !errors.Is(got, test.err) {
				t.Errorf("the chain is broken: %v", got)
			}
		})
	}
	if Classify(nil) != nil {
		t.Error("nil became an error")
	}
}

func TestNamesAreTheTypes(t *testing.T) {
	t.Parallel()
	var got []string
	for _, err := range []error{&Transient{}, &Permanent{}, &RateLimited{}, &Unreachable{}} {
		got = append(got, reflect.TypeOf(err).Elem().Name())
	}
	if !reflect.DeepEqual(got, Names) {
		t.Errorf("Names = %v, the types are %v", Names, got)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		header string
		want   time.Duration
	}{
		"seconds":         {"7", 7 * time.Second},
		"a fraction":      {"1.5", 1500 * time.Millisecond},
		"zero":            {"0", time.Second},
		"a date":          {"Fri, 20 Nov 2026 10:00:30 GMT", 30 * time.Second},
		"a date gone by":  {"Fri, 20 Nov 2026 09:00:00 GMT", time.Second},
		"missing":         {"", 20 * time.Second},
		"not a number":    {"soon", 20 * time.Second},
		"less than none":  {"-4", 20 * time.Second},
		"beyond all days": {"1e300", 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := RetryAfter(http.Header{"Retry-After": {test.header}}, now, 20*time.Second)
			if got != test.want {
				t.Errorf("RetryAfter(%q) = %s, want %s", test.header, got, test.want)
			}
		})
	}
}

func TestFromStatus(t *testing.T) {
	t.Parallel()
	cause := errors.New("the vendor said no")
	for status, want := range map[int]string{
		400: "Permanent", 401: "Permanent", 404: "Permanent", 408: "Transient", 425: "Transient",
		429: "RateLimited", 500: "Transient", 502: "Transient", 503: "Transient", 302: "Permanent",
	} {
		got := FromStatus(status, nil, time.Second, cause)
		if name := reflect.TypeOf(got).Elem().Name(); name != want || !errors.Is(got, cause) {
			t.Errorf("status %d is %s, want %s around the cause", status, name, want)
		}
	}
}
