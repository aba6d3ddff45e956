package commits

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"
)

const (
	jsonType = "application/json"
	htmlType = "text/html; charset=utf-8"
	page     = "<!DOCTYPE html><html><title>GitLab project not found (404)</title></html>"
)

// answers are those that hold nothing to show, and what is said of them.
var answers = map[string]struct {
	handler http.HandlerFunc
	want    string
}{
	"401":                    {answerWith(401, jsonType, `{"message":"401 Unauthorized"}`), unauthorized},
	"401 of OAuth":           {answerWith(401, jsonType, `{"error":"invalid_token","error_description":"expired"}`), unauthorized},
	"403":                    {answerWith(403, jsonType, `{"message":"403 Forbidden"}`), forbidden},
	"404 project":            {answerWith(404, jsonType, `{"message":"404 Project Not Found"}`), projectUnknown},
	"404 ref":                {answerWith(404, jsonType, `{"message":"404 Ref Not Found"}`), "GitLab does not know v1.2.0 or v1.3.0"},
	"404 ref as an object":   {answerWith(404, jsonType, `{"message":{"ref":["was not found"]}}`), "GitLab does not know v1.2.0 or v1.3.0"},
	"404 of something":       {answerWith(404, jsonType, `{"error":"404 Not Found: <reference>"}`), "GitLab answered 404"},
	"404 page":               {answerWith(404, htmlType, page), "GitLab answered 404"},
	"422 page":               {answerWith(422, htmlType, page), "GitLab answered 422"},
	"429":                    {answerWith(429, "text/plain", "Retry later"), rateLimited},
	"500":                    {answerWith(500, jsonType, `{"message":"500 Internal Server Error"}`), "GitLab failed with 500"},
	"503 page":               {answerWith(503, htmlType, page), "GitLab failed with 503"},
	"200 page":               {answerWith(200, htmlType, page), webPage},
	"200 page as JSON":       {answerWith(200, jsonType, page), malformed},
	"redirect":               {http.RedirectHandler("/users/sign_in", http.StatusFound).ServeHTTP, redirected},
	"304":                    {answerWith(304, jsonType, ""), redirected},
	"204":                    {answerWith(204, jsonType, ""), "GitLab answered 204"},
	"no body":                {answerWith(200, jsonType, ""), brokenOff},
	"a part":                 {answerWith(200, jsonType, `{"commits":[{"id":"c0ffee01","title":"A"}`), brokenOff},
	"cut connection":         {cutConnection, unreachable},
	"cut body":               {cutBody, brokenOff},
	"no JSON":                {answerWith(200, jsonType, `{"commits":[}`), malformed},
	"a list":                 {answerWith(200, jsonType, `[{"id":"c0ffee01","title":"A"}]`), malformed},
	"null":                   {answerWith(200, jsonType, `null`), malformed},
	"no commits in it":       {answerWith(200, jsonType, `{"id":"c0ffee01","title":"A"}`), malformed},
	"commits of a kind":      {answerWith(200, jsonType, `{"commits":{}}`), malformed},
	"deep":                   {answerWith(200, jsonType, `{"x":`+strings.Repeat("[", 1000)), malformed},
	"same commit":            {answerWith(200, jsonType, `{"commit":null,"commits":[],"compare_same_ref":true}`), sameCommit},
	"older":                  {answerWith(200, jsonType, `{"commit":null,"commits":[],"diffs":[],"compare_same_ref":false}`), noCommits},
	"empty after a timeout":  {answerWith(200, jsonType, `{"commits":[],"compare_timeout":true}`), compareTimeout},
	"empty, then broken off": {answerWith(200, jsonType, `{"commits":[],`), brokenOff},
	"only noise":             {answerWith(200, jsonType, `{"commits":[{"id":"c0ffee01","title":"Bump x"}]}`), onlyNoise},
	"too large":              {endless(`{"commits":[{"id":"c0ffee01","title":"A"},{"message":"`, "x"), tooLarge},
	"too many":               {answerWith(200, jsonType, `{"commits":[{"id":"x"}`+strings.Repeat(`,{"id":"x"}`, maxCommits)+`]}`), tooLarge},
}

func cutConnection(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func cutBody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", jsonType)
	io.WriteString(w, `{"commits":[{"id":"c0ffee01","title":"A"},`)
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// endless goes on until the client has had enough.
func endless(begin, then string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		chunk := strings.Repeat(then, 1+(64<<10)/len(then))
		_, err := io.WriteString(w, begin)
		for err == nil {
			_, err = io.WriteString(w, chunk)
		}
	}
}

func TestAnswersDegrade(t *testing.T) {
	t.Parallel()
	for name, test := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			server := gitLab(t, func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				// The client's own handling of a 429 would sleep until then.
				w.Header().Set("RateLimit-Limit", "1")
				w.Header().Set("RateLimit-Reset", "4102444800")
				test.handler(w, r)
			})
			checkDegraded(t, server.URL, test.want)
			if n := requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		server := httptest.NewServer(nil)
		server.Close()
		checkDegraded(t, server.URL, unreachable)
	})
}

// checkDegraded finds commits and expects nothing but the reason.
func checkDegraded(t *testing.T, address, want string) {
	t.Helper()
	var log strings.Builder
	found := newFinder(address, &log).Find(t.Context(), document())
	if found.Reason != want || found.Total != 0 || found.Items == nil || len(found.Items) != 0 {
		t.Errorf("found %+v, want no commits and the reason %q", found, want)
	}
	if link := address + "/shop/checkout/-/compare/v1.2.0...v1.3.0"; found.CompareURL != link {
		t.Errorf("link %q, want %q", found.CompareURL, link)
	}
	checkReason(t, found.Reason)
	for _, leak := range []string{testToken, "://", "/api/v4", "sign_in"} {
		if strings.Contains(found.Reason+log.String(), leak) {
			t.Errorf("%q is told in %q or logged in %s", leak, found.Reason, log.String())
		}
	}
}

// checkReason tells whether a reason is fit for a message.
func checkReason(t *testing.T, reason string) {
	t.Helper()
	if utf8.RuneCountInString(reason) > 120 || strings.HasSuffix(reason, ".") || strings.ContainsAny(reason, "\r\n<>") {
		t.Errorf("%q is no reason for a message", reason)
	}
}

// An HTTP client that follows redirects must not carry the token to where they lead.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	server := gitLab(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/users/sign_in" {
			t.Error("the redirect was followed")
		}
		http.Redirect(w, r, "/users/sign_in", http.StatusFound)
	})
	finder := newFinder(server.URL, io.Discard)
	finder.HTTP = &http.Client{}
	if found := finder.Find(t.Context(), document()); found.Reason != redirected {
		t.Errorf("reason %q", found.Reason)
	}
}

// roundTrip answers requests without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (r roundTrip) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

func TestOneAttempt(t *testing.T) {
	t.Parallel()
	attempts := 0
	finder := newFinder("https://gitlab.example", io.Discard)
	finder.HTTP = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		attempts++
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	})}
	if found := finder.Find(t.Context(), document()); found.Reason != unreachable || attempts != 1 {
		t.Errorf("%d attempts, reason %q", attempts, found.Reason)
	}
}

// counter is a body without an end.
type counter struct {
	begin io.Reader
	read  int
	open  bool
}

func (c *counter) Read(p []byte) (int, error) {
	if !c.open {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := c.begin.Read(p)
	if err == io.EOF {
		n = copy(p, "x")
	}
	c.read += n
	return n, nil
}

func (c *counter) Close() error {
	c.open = false
	return nil
}

func TestNonsenseIsNotReadToItsEnd(t *testing.T) {
	t.Parallel()
	body := &counter{begin: strings.NewReader(`{"commits":}`), open: true}
	finder := newFinder("https://gitlab.example", io.Discard)
	finder.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: body, Request: r}, nil
	})}
	if found := finder.Find(t.Context(), document()); found.Reason != malformed || body.read > 1<<20 {
		t.Errorf("%d bytes read, reason %q", body.read, found.Reason)
	}
}
