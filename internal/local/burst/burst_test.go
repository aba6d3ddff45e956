package burst

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanfare/internal/accountfile"
	"fanfare/internal/local/standin"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestAccountFile(t *testing.T) {
	t.Parallel()
	if _, err := accountfile.Read(filepath.Join("..", "..", "..", AccountFile)); err != nil {
		t.Error(err)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	fails, inStaging, services := 0, 0, map[string]bool{}
	for _, d := range plan(40) {
		services[d.service] = true
		if d.fails {
			fails++
		}
		if d.cluster == "staging" {
			inStaging++
		}
		if d.fails && d.cluster != "production" {
			t.Errorf("%+v pages nobody", d)
		}
	}
	if fails != 4 || inStaging < 10 || len(services) != 40 {
		t.Errorf("%d fail, %d are in staging, %d services", fails, inStaging, len(services))
	}
}

// burstOf three: the first fails, the second is shown in a digest, the third in its own line.
func received(began time.Time) ([]deployment, []standin.Request, []standin.SlackMessage, []standin.Incident) {
	all := plan(3)
	request := func(second int, vendor, path string, status int, body string) standin.Request {
		return standin.Request{At: began.Add(time.Duration(second) * time.Second), Vendor: vendor, Path: path, Status: status, Accepted: status < 300, Body: json.RawMessage(body)}
	}
	requests := []standin.Request{
		request(-5, standin.VendorSlack, "/api/chat.postMessage", 200, `{"text":"warm-up"}`),
		request(1, standin.VendorSlack, "/api/chat.postMessage", 200, `{"text":"service-000"}`),
		request(2, standin.VendorSlack, "/api/chat.postMessage", 429, `{"text":"service-001"}`),
		request(3, standin.VendorSlack, "/api/chat.postMessage", 200, `{"metadata":{"event_payload":{"key":"k","part":"digest"}}}`),
		request(4, standin.VendorSlack, "/api/conversations.history", 200, `{}`),
		request(5, standin.VendorSlack, "/api/chat.update", 200, `{}`),
		request(6, standin.VendorSlack, "/api/chat.postMessage", 200, `{"thread_ts":"1.1"}`),
		request(5, standin.VendorPagerDuty, "/v2/enqueue", 202, `{"event_action":"trigger"}`),
		request(9, standin.VendorPagerDuty, "/v2/enqueue", 202, `{"event_action":"resolve"}`),
	}
	messages := []standin.SlackMessage{
		{Text: "service-000 failed to deploy"},
		{Text: "2 deployments", Blocks: json.RawMessage(`"✅ service-001\n🚀 service-002"`)},
		{Text: "service-002 failed to deploy", ThreadTS: "1.1"},
	}
	return all, requests, messages, []standin.Incident{{DedupKey: "1/eu/production/service-000"}}
}

func TestReport(t *testing.T) {
	t.Parallel()
	began := time.Now()
	all, requests, messages, incidents := received(began)
	r := measure(all, requests, began, began.Add(3*time.Second))
	r.check(all, messages, incidents)
	if strings.Join(r.Untold, " ") != "service-002" || len(r.Unpaged) != 0 {
		t.Errorf("untold %q, unpaged %q", r.Untold, r.Unpaged)
	}
	if r.check(all, messages, nil); len(r.Unpaged) != 1 {
		t.Errorf("unpaged %q", r.Unpaged)
	}
	r.Untold, r.Unpaged, r.Put = r.Untold[:1], nil, 2*time.Second
	r.Attempts["delivery#slack"], r.Attempts["delivery#pagerduty"] = 2.4, 1
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "report.golden")
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// TestIdeal sends one after the other at the rate, and none before it came.
func TestIdeal(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	at := func(seconds ...float64) []time.Time {
		var all []time.Time
		for _, s := range seconds {
			all = append(all, start.Add(time.Duration(s*float64(time.Second))))
		}
		return all
	}
	for name, test := range map[string]struct {
		arrivals      []time.Time
		rate          float64
		reached, best float64
	}{
		"all at once":          {at(0, 0, 0, 0), 2, 0, 1.5},
		"in no order":          {at(3, 0, 1), 1, 3, 3},
		"slower than the rate": {at(0, 10, 20), 1, 20, 20},
		"a jam at the end":     {at(0, 10, 10, 10), 1, 10, 12},
	} {
		reached, best := ideal(test.arrivals, test.rate)
		if !reached.Equal(at(test.reached)[0]) || !best.Equal(at(test.best)[0]) {
			t.Errorf("%s: reached %v, best %v", name, reached.Sub(start), best.Sub(start))
		}
	}
	if reached, best := ideal(nil, 1); !reached.IsZero() || !best.IsZero() {
		t.Error("nothing was sent, and took its time")
	}
}

// TestReach leaves the further edits of digests out, and what nobody knows when it came.
func TestReach(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	later := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	request := func(vendor, event, path, body string) standin.Request {
		return standin.Request{Vendor: vendor, Event: event, Path: path, Body: json.RawMessage(body), Accepted: true, At: later(60)}
	}
	var r Report
	r.reach([]standin.Request{
		request("pagerduty", "a", "/v2/enqueue", `{"event_action":"trigger"}`), request("pagerduty", "b", "/v2/enqueue", `{"event_action":"trigger"}`),
		request("pagerduty", "c", "/v2/enqueue", `{"event_action":"resolve"}`), request("slack", "a", "/api/chat.postMessage", `{}`),
		request("slack", "b", "/api/chat.postMessage", `{}`), request("slack", "a", "/api/chat.update", `{"text":"📚"}`), request("slack", "z", "/api/chat.postMessage", `{}`),
	}, map[string]time.Time{
		"pagerduty a": later(5), "pagerduty b": later(5), "pagerduty c": later(50), "slack a": later(7), "slack b": later(7),
	}, began, later(1))
	if r.PagesReached != 4*time.Second || r.BestPage != 4500*time.Millisecond || r.StatesReached != 7*time.Second || r.BestState != 8*time.Second {
		t.Errorf("%+v", r)
	}
}
