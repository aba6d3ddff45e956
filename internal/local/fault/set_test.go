package fault

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// add makes a set of the faults.
func add(t *testing.T, faults ...Fault) *Set {
	t.Helper()
	s := &Set{}
	for _, f := range faults {
		if err := s.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s := add(t,
		Fault{Target: "slack", Key: "shop-a", Kind: Drop, Times: 1},
		Fault{Target: "slack", Key: "shop-b", Match: "chat.", Kind: HTML, Times: 1},
		Fault{Target: "slack", Match: "webhook", Kind: Garbage},
	)
	for _, test := range []struct{ operation, text, want string }{
		{"chat.postMessage", "shop-c failed", ""},
		{"auth.test", "shop-b failed", ""},
		{"chat.postMessage", "shop-b failed", HTML},
		{"chat.postMessage", "shop-b failed", ""}, // it was played out
		{"webhook", "shop-c failed", Garbage},
		{"webhook", "shop-a failed", Drop},
	} {
		f, _ := s.Take("slack", test.operation, func() string { return test.text })
		if f.Kind != test.want {
			t.Errorf("%s %q is answered with %q, want %q", test.operation, test.text, f.Kind, test.want)
		}
	}
}

// A body that nobody asks about must stay unread: the edge passes it on while it comes in.
func TestTextIsAskedForOnlyWhereAKeyIs(t *testing.T) {
	t.Parallel()
	s := add(t, Fault{Target: "aws", Match: "ssm:", Key: "x", Kind: Drop}, Fault{Target: "slack", Kind: Drop})
	for operation, want := range map[string]bool{"ssm:GetParameter": true, "ecs:DescribeServices": false} {
		asked := false
		s.Take("aws", operation, func() string { asked = true; return "" })
		if asked != want {
			t.Errorf("%s: asked %t", operation, asked)
		}
	}
	if _, ok := s.Take("aws", "ssm:GetParameter", nil); ok {
		t.Error("a fault with a key is taken for no text")
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	const name = "shop/čheckout"
	form := url.Values{"blocks": {`[{"text":"` + name + `"}]`}, "broken": {"%"}}.Encode() + "&x=%zz"
	for where, r := range map[string]*http.Request{
		"path":  httptest.NewRequest("GET", "/api/"+url.PathEscape(name)+"/x", nil),
		"query": httptest.NewRequest("GET", "/?"+url.Values{"service": {name}}.Encode(), nil),
		"body":  httptest.NewRequest("POST", "/", nil),
		"form":  httptest.NewRequest("POST", "/", nil),
	} {
		body := ""
		switch where {
		case "body":
			body = `{"service":"` + name + `"}`
		case "form":
			body = form
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		}
		if text := Text(r, []byte(body)); !strings.Contains(text, name) || strings.Contains(text, "another") {
			t.Errorf("%s: got %q", where, text)
		}
	}
	if text := Text(httptest.NewRequest("POST", "/", nil), []byte(form)); strings.Contains(text, name) {
		t.Errorf("a form is decoded that is none: %q", text)
	}
}

func TestPlayed(t *testing.T) {
	t.Parallel()
	s := add(t,
		Fault{Target: "aws", Key: "a", Kind: Drop, Times: 2},
		Fault{Target: "aws", Key: "b", Kind: Kill},
	)
	for range 3 {
		s.Take("aws", "x", func() string { return "a" })
	}
	if f, ok := s.Take("aws", "x", func() string { return "b" }); ok {
		played(f) // which cannot be done to our own process
	}
	all := s.Played("")
	if len(all) != 2 || all[0].Played != 2 || all[0].Times != 2 || all[0].Problem != "" || all[1].Played != 1 || !strings.Contains(all[1].Problem, "connection") {
		t.Errorf("got %+v", all)
	}
	if left := s.List(); len(left) != 1 || left[0].Key != "b" {
		t.Errorf("still to be played: %+v", left)
	}
	if one := s.Played("a"); len(one) != 1 || one[0].Key != "a" {
		t.Errorf("of a: %+v", one)
	}
	s.Clear("b")
	if left := s.Played(""); len(left) != 1 || left[0].Key != "a" {
		t.Errorf("without b: %+v", left)
	}
	if s.Clear(""); len(s.Played("")) != 0 {
		t.Error("something is remembered after Clear")
	}
}

// played plays the fault for a request that came by no connection.
func played(f Fault) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.Play(w, httptest.NewRequest("POST", "/", nil), "text/plain", "sorry")
	return w
}

func TestAMillionPlaysAreNotRemembered(t *testing.T) {
	t.Parallel()
	s := add(t, Fault{Target: "slack", Kind: Delay, DelayMS: 1})
	for i := range maxKept + 5 {
		key := fmt.Sprintf("play-%d-", i)
		if err := s.Add(Fault{Target: "aws", Key: key, Kind: Drop, Times: 1}); err != nil {
			t.Fatal(err)
		}
		if i < 10 {
			s.Take("aws", "x", func() string { return key })
		}
	}
	if n := len(s.Played("")); n != maxKept {
		t.Errorf("%d are remembered, %d expected", n, maxKept)
	}
	if n := len(s.List()); n != maxKept+5-10+1 {
		t.Errorf("%d are still to be played", n)
	}
}

func TestManyTakeAtOnce(t *testing.T) {
	t.Parallel()
	const times = 50
	s := add(t, Fault{Target: "aws", Key: "shop", Kind: Drop, Times: times})
	var all sync.WaitGroup
	for range 2 * times {
		all.Go(func() {
			s.Take("aws", "x", func() string { return "shop" })
			s.List()
		})
	}
	all.Wait()
	if p := s.Played(""); p[0].Played != times || len(s.List()) != 0 {
		t.Errorf("got %+v", p)
	}
}
