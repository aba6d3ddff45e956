package outbound

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// seen starts a server that hands on the headers of the requests that it gets.
func seen(t *testing.T) (url string, headers <-chan http.Header) {
	t.Helper()
	got := make(chan http.Header, 8)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header }))
	t.Cleanup(server.Close)
	return server.URL, got
}

func get(ctx context.Context, t *testing.T, client *http.Client, url string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err == nil {
		t.Cleanup(func() { response.Body.Close() })
	}
	if len(request.Header) > 0 {
		t.Errorf("the caller's request was changed: %v", request.Header)
	}
	return response, err
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, event string
		want        bool
	}{
		{"an EventBridge id", "5f0c8a1e-7a34-4a52-9d3a-6f2b8c1d0e11", true},
		{"all that may stand in a header", " !\"#$~|", true},
		{"no id", "", false},
		{"a line break", "a\r\nX-Injected: yes", false},
		{"a tab", "a\tb", false},
		{"DEL", "a\x7f", false},
		{"another script", "Ereignis-ü", false},
		{"broken UTF-8", "a\xff", false},
	}
	url, headers := seen(t)
	client := NewClient(10 * time.Second)
	for _, test := range tests {
		if _, err := get(WithEvent(t.Context(), test.event), t, client, url); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		header := <-headers
		values := header.Values(EventHeader)
		if test.want && (len(values) != 1 || values[0] != strings.TrimSpace(test.event)) || !test.want && len(values) != 0 {
			t.Errorf("%s: got %q", test.name, values)
		}
		if agent := header.Values("User-Agent"); len(agent) != 1 || agent[0] != "fanfare" {
			t.Errorf("%s: User-Agent %q", test.name, agent)
		}
		if header.Get("X-Injected") != "" {
			t.Errorf("%s: a header was put in", test.name)
		}
	}
	if _, err := get(t.Context(), t, client, url); err != nil {
		t.Fatal(err)
	}
	if header := <-headers; len(header.Values(EventHeader)) != 0 {
		t.Errorf("without an event: %v", header)
	}
}

// TestNoRedirects holds that what a request carries goes nowhere else.
func TestNoRedirects(t *testing.T) {
	t.Parallel()
	elsewhere, headers := seen(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(elsewhere, status))
		response, err := get(t.Context(), t, NewClient(10*time.Second), server.URL)
		if err != nil || response.StatusCode != status {
			t.Errorf("%d: got %v, %v", status, response, err)
		}
		server.Close()
	}
	if len(headers) > 0 {
		t.Error("a redirect was followed")
	}
}

// TestTimeout asks servers that do not answer, or that never come to an end.
func TestTimeout(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	handlers := map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-ended },
		"no end": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "the beginning")
			_ = http.NewResponseController(w).Flush()
			<-ended
		},
	}
	servers := map[string]*httptest.Server{}
	for name, handler := range handlers {
		servers[name] = httptest.NewServer(handler)
		t.Cleanup(servers[name].Close)
	}
	t.Cleanup(func() { close(ended) }) // the last to be registered is the first to run
	contexts := map[string]func() (context.Context, context.CancelFunc, time.Duration){
		"by the client": func() (context.Context, context.CancelFunc, time.Duration) {
			return t.Context(), func() {}, 50 * time.Millisecond
		},
		"by the context": func() (context.Context, context.CancelFunc, time.Duration) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			return ctx, cancel, time.Minute
		},
	}
	for of, server := range servers {
		for by, begin := range contexts {
			ctx, cancel, timeout := begin()
			response, err := get(ctx, t, NewClient(timeout), server.URL)
			if err == nil {
				_, _, err = ReadBody(response, MaxBody)
			}
			var late net.Error
			if !errors.As(err, &late) || !late.Timeout() {
				t.Errorf("%s, ended %s: %v", of, by, err)
			}
			cancel()
		}
	}
}

// body is an answer's body that notes whether it was closed.
type body struct {
	io.Reader
	closed bool
}

func (b *body) Close() error {
	b.closed = true
	return nil
}

func TestReadBody(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		limit      int64
		want       string
		more       bool
	}{
		{"empty", "", 5, "", false},
		{"short", "abc", 5, "abc", false},
		{"as long as it may be", "abcde", 5, "abcde", false},
		{"a byte more", "abcdef", 5, "abcde", true},
		{"much more", strings.Repeat("abcde", 1000), 5, "abcde", true},
		{"nothing allowed", "a", 0, "", true},
		{"nothing allowed, nothing there", "", 0, "", false},
	}
	for _, test := range tests {
		b := &body{Reader: strings.NewReader(test.text)}
		got, more, err := ReadBody(&http.Response{Body: b}, test.limit)
		if err != nil || string(got) != test.want || more != test.more || !b.closed {
			t.Errorf("%s: got %q, %v, %v, closed %v", test.name, got, more, err, b.closed)
		}
	}
	// What is beyond the limit is not even read.
	rest := strings.NewReader(strings.Repeat("x", 1000))
	if _, _, err := ReadBody(&http.Response{Body: &body{Reader: rest}}, 10); err != nil || rest.Len() < 1000-11 {
		t.Errorf("%d bytes are left, %v", rest.Len(), err)
	}
	cut := &body{Reader: io.MultiReader(strings.NewReader("abc"), broken{})}
	if got, more, err := ReadBody(&http.Response{Body: cut}, 10); !errors.Is(err, errCut) || got != nil || more || !cut.closed {
		t.Errorf("cut: got %q, %v, %v, closed %v", got, more, err, cut.closed)
	}
}

// broken is a connection that breaks off.
type broken struct{}

var errCut = errors.New("connection reset")

func (broken) Read([]byte) (int, error) { return 0, errCut }
