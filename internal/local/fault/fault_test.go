package fault

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault Fault
		want  string
	}{
		"fine":              {Fault{Target: "slack", Kind: Status}, ""},
		"no target":         {Fault{Kind: Status}, "target"},
		"no kind":           {Fault{Target: "aws"}, "kind"},
		"a delay of none":   {Fault{Target: "aws", Kind: Delay}, "delayMs"},
		"no such status":    {Fault{Target: "aws", Kind: Status, Status: 42}, "status"},
		"less than never":   {Fault{Target: "aws", Kind: Status, Times: -1}, "times"},
		"a phone's worker":  {Fault{Target: "phone", Kind: Kill}, "kind"},
		"a wait before now": {Fault{Target: "aws", Kind: Status, RetryAfter: -1}, "retryAfter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := test.fault.Check()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTake(t *testing.T) {
	t.Parallel()
	var s Set
	for _, f := range []Fault{{Target: "aws", Match: "ecs:", Kind: Drop, Times: 2}, {Target: "aws", Kind: HTML}} {
		if err := s.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []string{Drop, Drop, HTML, HTML} {
		if f, ok := s.Take("aws", "ecs:DescribeServices", nil); !ok || f.Kind != want {
			t.Errorf("take %d is %q, want %q", i, f.Kind, want)
		}
	}
	if _, ok := s.Take("slack", "ecs:DescribeServices", nil); ok {
		t.Error("another target's fault is taken")
	}
	if s.Clear(""); len(s.List()) != 0 {
		t.Error("something is left after Clear")
	}
}

func TestPlay(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  Fault
		status int // 0: no whole answer
		body   string
		header string
	}{
		"status":   {Fault{Kind: Status, Status: 429, RetryAfter: 7}, 429, "sorry", "7"},
		"default":  {Fault{Kind: Status}, 500, "sorry", ""},
		"body":     {Fault{Kind: Status, Body: "own"}, 500, "own", ""},
		"html":     {Fault{Kind: HTML, Status: 502}, 502, "<!DOCTYPE html>", ""},
		"garbage":  {Fault{Kind: Garbage}, 200, "\x00\xff", ""},
		"drop":     {Fault{Kind: Drop}, 0, "", ""},
		"truncate": {Fault{Kind: Truncate}, 0, "", ""},
		"hang":     {Fault{Kind: Hang, DelayMS: 1}, 0, "", ""},
		"delay":    {Fault{Kind: Delay, DelayMS: 1}, 200, "as usual", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if !test.fault.Play(w, r, "text/plain", "sorry") {
					_, _ = io.WriteString(w, "as usual")
				}
			}))
			defer server.Close()
			response, err := http.Get(server.URL)
			if err != nil {
				if test.status != 0 {
					t.Error(err)
				}
				return
			}
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			if test.status == 0 {
				if err == nil {
					t.Errorf("a whole answer: %d %q", response.StatusCode, body)
				}
				return
			}
			if err != nil || response.StatusCode != test.status || !strings.HasPrefix(string(body), test.body) || response.Header.Get("Retry-After") != test.header {
				t.Errorf("got %d %q %q (%v)", response.StatusCode, body, response.Header.Get("Retry-After"), err)
			}
		})
	}
}
