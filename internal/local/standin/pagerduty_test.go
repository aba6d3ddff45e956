package standin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"fanfare/internal/outbound"
)

var (
	shopKey = strings.Repeat("a", 32)
	cartKey = strings.Repeat("b", 32)
)

func newTestPagerDuty(c *clock, log *Log) *PagerDuty {
	return NewPagerDuty(PagerDutyOptions{RoutingKeys: map[string]string{shopKey: "shop", cartKey: "cart"}, Now: c.now}, log, nil)
}

// object is JSON to be sent; merged returns one with a few fields set otherwise.
type object map[string]any

func (o object) with(name string, value any) object {
	changed := object{}
	for k, v := range o {
		changed[k] = v
	}
	changed[name] = value
	if value == nil {
		delete(changed, name)
	}
	return changed
}

func trigger() object {
	return object{"routing_key": shopKey, "event_action": "trigger", "dedup_key": "eu/shop", "payload": payload()}
}

func payload() object {
	return object{"summary": "shop failed", "source": "ecs", "severity": "critical"}
}

func (p *PagerDuty) testSend(t *testing.T, path string, body object, event string) (int, pagerDutyAnswer) {
	t.Helper()
	got := send(t, p, "POST", path, map[string]string{"Content-Type": "application/json", outbound.EventHeader: event}, toJSON(t, body))
	return got.status, fromJSON[pagerDutyAnswer](t, got.body)
}

func TestPagerDutyRules(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("é", n) }
	withPayload := func(name string, value any) object { return trigger().with("payload", payload().with(name, value)) }
	change := object{"routing_key": shopKey, "payload": object{"summary": "shop deployed"}}
	const alerts, changes = "/v2/enqueue", "/v2/change/enqueue"
	for _, tt := range []struct {
		name, path string
		body       object
		want       string // the only error; empty for 202
	}{
		{"trigger", alerts, trigger(), ""},
		{"no key", alerts, trigger().with("routing_key", nil), "'routing_key' is missing or blank"},
		{"short key", alerts, trigger().with("routing_key", "abc"), "Length of 'routing_key' is incorrect (should be 32 characters)"},
		{"key with a hyphen", alerts, trigger().with("routing_key", strings.Repeat("a-", 16)), "'routing_key' cannot contain non-alphanumeric characters."},
		{"no action", alerts, trigger().with("event_action", nil), "'event_action' is missing or blank"},
		{"other action", alerts, trigger().with("event_action", "open"), "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"},
		{"dedup key of 255", alerts, trigger().with("dedup_key", long(255)), ""},
		{"dedup key of 256", alerts, trigger().with("dedup_key", long(256)), "'dedup_key' is too long (maximum is 255 characters)"},
		{"resolve without dedup key", alerts, object{"routing_key": shopKey, "event_action": "resolve"}, "'dedup_key' is missing or blank"},
		{"acknowledge without payload", alerts, object{"routing_key": shopKey, "event_action": "acknowledge", "dedup_key": "x"}, ""},
		{"no payload", alerts, trigger().with("payload", nil), "'payload' is missing or blank"},
		{"blank summary", alerts, withPayload("summary", "  "), "'payload.summary' is missing or blank"},
		{"summary of 1024", alerts, withPayload("summary", long(1024)), ""},
		{"summary of 1025", alerts, withPayload("summary", long(1025)), "'payload.summary' is too long (maximum is 1024 characters)"},
		{"no source", alerts, withPayload("source", nil), "'payload.source' is missing or blank"},
		{"no severity", alerts, withPayload("severity", nil), "'payload.severity' is missing or blank"},
		{"other severity", alerts, withPayload("severity", "Critical"), "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"},
		{"timestamp without colon", alerts, withPayload("timestamp", "2026-08-01T08:42:58.315+0000"), ""},
		{"timestamp", alerts, withPayload("timestamp", "2026-08-01T08:42:58Z"), ""},
		{"no timestamp", alerts, withPayload("timestamp", "yesterday"), "'payload.timestamp' is invalid (must be ISO 8601)"},
		{"summary of another type", alerts, withPayload("summary", 5), "'payload.summary' is invalid (must not be a number)"},
		{"link without href", alerts, trigger().with("links", []object{{"text": "x"}}), "'links[0].href' is missing or blank"},
		{"link", alerts, trigger().with("links", []object{{"href": "https://example.com", "text": "x"}}), ""},
		{"image over http", alerts, trigger().with("images", []object{{"src": "http://example.com"}}), "'images[0].src' is invalid (must be HTTPS)"},
		{"image without src", alerts, trigger().with("images", []object{{}}), "'images[0].src' is missing or blank"},
		{"more than 512 KB", alerts, withPayload("custom_details", object{"log": strings.Repeat("x", 512_000)}), "event is too large (maximum is 512 KB)"},

		{"change", changes, change, ""},
		{"change without summary", changes, change.with("payload", object{}), "'payload.summary' is missing or blank"},
		{"change with a long summary", changes, change.with("payload", object{"summary": long(1025)}), "'payload.summary' is too long (maximum is 1024 characters)"},
		{"change without payload", changes, change.with("payload", nil), "'payload' is missing or blank"},
		{"change link without href", changes, change.with("links", []object{{}}), "'links[0].href' is missing or blank"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newTestPagerDuty(newClock(), nil)
			status, a := p.testSend(t, tt.path, tt.body, "")
			if tt.want == "" {
				if status != 202 || a.Status != "success" || (a.DedupKey == "") != (tt.path == changes) {
					t.Errorf("got %d %+v", status, a)
				}
				return
			}
			if status != 400 || a.Status != "invalid event" || len(a.Errors) != 1 || a.Errors[0] != tt.want {
				t.Errorf("got %d %+v", status, a)
			}
			if len(p.Incidents())+len(p.Changes()) != 0 {
				t.Error("an event that was refused was kept")
			}
		})
	}
}

func TestPagerDutyKeys(t *testing.T) {
	t.Parallel()
	p := newTestPagerDuty(newClock(), nil)
	try := func(key string) string {
		t.Helper()
		got := send(t, p, "POST", "/v2/enqueue", nil, toJSON(t, trigger().with("routing_key", key)))
		if got.status != 202 && (got.status != 400 || got.header.Get("Content-Type") != "text/plain; charset=utf-8") {
			t.Errorf("got %d %v", got.status, got.header)
		}
		return got.body
	}
	if got := try(strings.Repeat("c", 32)); got != "Invalid routing key" {
		t.Errorf("unknown: %s", got)
	}
	if err := p.ChangeKey(PagerDutyKey{Service: "nobody", Revoked: true}); err == nil {
		t.Error("a key of nobody's is revoked")
	}
	if err := p.ChangeKey(PagerDutyKey{Service: "shop", Revoked: true}); err != nil {
		t.Fatal(err)
	}
	if got := p.Keys(); len(got) != 2 || got[0] != (PagerDutyKey{"cart", false}) || got[1] != (PagerDutyKey{"shop", true}) {
		t.Errorf("the keys are %+v", got)
	}
	if got := try(shopKey); got != "Invalid routing key" {
		t.Errorf("revoked: %s", got)
	}
	if got := try(cartKey); !strings.Contains(got, "success") {
		t.Errorf("another's: %s", got)
	}
	if err := p.ChangeKey(PagerDutyKey{}); err != nil {
		t.Fatal(err)
	}
	if got := try(shopKey); !strings.Contains(got, "success") || len(p.Incidents()) != 2 {
		t.Errorf("undone: %s", got)
	}
}

func TestPagerDutyCounts(t *testing.T) {
	t.Parallel()
	p := newTestPagerDuty(newClock(), nil)
	if got := toJSON(t, p.Counts("")); !strings.HasPrefix(got, `{"alerts":[],"changes":[],"total":{`) {
		t.Errorf("at first: %s", got)
	}
	post := func(body object) {
		t.Helper()
		path := "/v2/enqueue"
		if body["event_action"] == nil {
			path = "/v2/change/enqueue"
		}
		if status, a := p.testSend(t, path, body, "evt-1"); status != 202 {
			t.Fatalf("%d %+v", status, a)
		}
	}
	resolve := object{"routing_key": shopKey, "event_action": "resolve", "dedup_key": "eu/shop"}
	change := object{"routing_key": shopKey, "payload": object{"summary": "shop-7 deployed", "custom_details": object{"a": 1, "b": 2}}}
	other := trigger().with("dedup_key", "0").with("payload", payload().with("custom_details", object{"service": "cart-7"}))
	for _, body := range []object{resolve, trigger(), trigger(), trigger(), resolve, resolve, trigger(),
		resolve.with("event_action", "acknowledge"), other, change, change, change.with("links", []object{{"href": "https://example.com"}}),
		change.with("payload", object{"summary": "cart-7 deployed"}),
	} {
		post(body)
	}
	p.testSend(t, "/v2/enqueue", trigger().with("payload", nil), "") // refused, and not counted
	golden(t, "pagerduty_counts.json", map[string]any{"all": p.Counts(""), "cart-7": p.Counts("cart-7"), "nobody": p.Counts("nobody")})
}

func TestPagerDutyUnreadable(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{", "[]", `"x"`, "{} {}"} {
		got := send(t, newTestPagerDuty(newClock(), nil), "POST", "/v2/enqueue", nil, body)
		if a := fromJSON[pagerDutyAnswer](t, got.body); got.status != 400 || a.Status != "Unrecognized object" {
			t.Errorf("%q: %d %s", body, got.status, got.body)
		}
	}
	if got := send(t, newTestPagerDuty(newClock(), nil), "GET", "/v2/enqueue", nil, ""); got.status != 404 {
		t.Errorf("GET: %d", got.status)
	}
}

func TestPagerDutyRefusesChangesToRulesets(t *testing.T) {
	t.Parallel()
	key := "R" + strings.Repeat("0", 31)
	p := NewPagerDuty(PagerDutyOptions{RoutingKeys: map[string]string{key: "ruleset"}}, nil, nil)
	status, a := p.testSend(t, "/v2/change/enqueue", object{"routing_key": key, "payload": object{"summary": "x"}}, "")
	if status != 400 || len(a.Errors) != 1 || !strings.Contains(a.Errors[0], "rulesets") {
		t.Errorf("got %d %+v", status, a)
	}
}

func TestPagerDutyIncidents(t *testing.T) {
	t.Parallel()
	c := newClock()
	p := newTestPagerDuty(c, nil)
	step := func(event string, body object) {
		t.Helper()
		c.add(time.Minute)
		if status, a := p.testSend(t, "/v2/enqueue", body, event); status != http.StatusAccepted || a.DedupKey != "eu/shop" {
			t.Fatalf("%s: %d %+v", event, status, a)
		}
	}
	resolve := object{"routing_key": shopKey, "event_action": "resolve", "dedup_key": "eu/shop"}
	step("stray", resolve)
	step("opens", trigger())
	step("repeats", trigger().with("payload", payload().with("summary", "shop failed again")))
	step("acknowledges", resolve.with("event_action", "acknowledge"))
	step("other key", resolve.with("routing_key", cartKey))
	step("resolves", resolve)
	step("resolves again", resolve)
	step("opens anew", trigger())
	if status, a := p.testSend(t, "/v2/change/enqueue", object{"routing_key": shopKey, "payload": object{"summary": "shop deployed", "source": "ecs"}}, "change"); status != 202 || a.Message != "Change event processed" {
		t.Errorf("change: %d %+v", status, a)
	}
	golden(t, "pagerduty.json", map[string]any{"incidents": p.Incidents(), "changes": p.Changes()})

	for range 2 {
		if _, a := p.testSend(t, "/v2/enqueue", trigger().with("dedup_key", nil), ""); a.DedupKey == "" {
			t.Error("no dedup key was made up")
		}
	}
	if got := len(p.Incidents()); got != 4 {
		t.Errorf("%d incidents; each trigger without a dedup key opens one", got)
	}
}

func TestPagerDutyLimitsTheRate(t *testing.T) {
	t.Parallel()
	c := newClock()
	p := newTestPagerDuty(c, nil)
	for i := range 120 {
		if status, _ := p.testSend(t, "/v2/enqueue", trigger(), ""); status != 202 {
			t.Fatalf("call %d: %d", i, status)
		}
		c.add(time.Second / 4) // 30 seconds in all
	}
	status, a := p.testSend(t, "/v2/enqueue", trigger(), "")
	if status != 429 || a.Status != "throttle exceeded" {
		t.Errorf("call 121: %d %+v", status, a)
	}
	if status, _ := p.testSend(t, "/v2/enqueue", trigger().with("routing_key", cartKey), ""); status != 202 {
		t.Errorf("another key: %d", status)
	}
	c.add(30 * time.Second)
	for i, want := range []int{202, 429} {
		if status, _ := p.testSend(t, "/v2/enqueue", trigger(), ""); status != want {
			t.Errorf("a minute after the first call, call %d: %d", i, status)
		}
	}
}

func FuzzPagerDutyEvent(f *testing.F) {
	f.Add([]byte(`{"routing_key":"x","event_action":"trigger","payload":{"summary":"s","timestamp":"2026"}}`), true)
	f.Add([]byte(`{"payload":null,"links":[null],"images":[{"src":"http"}]}`), false)
	f.Fuzz(func(t *testing.T, body []byte, isChange bool) {
		var e pagerDutyEvent
		if err := json.Unmarshal(body, &e); err != nil {
			if a := unreadable(err); a.status != 400 || !json.Valid([]byte(a.body)) {
				t.Fatalf("%+v", a)
			}
			return
		}
		found := e.check(isChange)
		if len(found) == 0 && (len([]rune(e.RoutingKey)) != 32 || e.Action != "resolve" && e.Action != "acknowledge" && e.Payload == nil) {
			t.Fatalf("took %s", body)
		}
	})
}
