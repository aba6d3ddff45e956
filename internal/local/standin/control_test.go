package standin

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"fanfare/internal/local/fault"
)

func TestControlShowsTheWorld(t *testing.T) {
	t.Parallel()
	log, c := &Log{}, newClock()
	world := World{Slack: newTestSlack(c, log), PagerDuty: newTestPagerDuty(c, log), Phone: NewPhone(log, nil)}
	control := Control(log, &fault.Set{}, world)
	paths := []string{"/requests", "/requests?vendor=gitlab", "/faults", "/slack/messages", "/pagerduty/incidents", "/pagerduty/changes", "/phone/messages"}
	for _, h := range []struct {
		name  string
		world World
	}{{"an empty world", world}, {"no world", World{}}} {
		for _, path := range paths {
			if got := send(t, Control(&Log{}, &fault.Set{}, h.world), "GET", path, nil, ""); got.status != 200 || got.body != "[]" {
				t.Errorf("%s, %s: %d %s", h.name, path, got.status, got.body)
			}
		}
	}

	world.Slack.testCall(t, "chat.postMessage", "channel", "C1", "text", "hi")
	world.PagerDuty.testSend(t, "/v2/enqueue", trigger(), "evt-2")
	world.PagerDuty.testSend(t, "/v2/change/enqueue", object{"routing_key": shopKey, "payload": object{"summary": "x"}}, "evt-2")
	send(t, world.Phone, "POST", "/", sns("Notification"), toJSON(t, notification("x")))
	for path, want := range map[string]int{
		"/requests": 4, "/requests?vendor=pagerduty": 2, "/requests?event=evt-2": 2, "/requests?vendor=sns&event=evt-1": 1,
		"/requests?event=none": 0, "/slack/messages": 1, "/slack/messages?channel=C2": 0,
		"/pagerduty/incidents": 1, "/pagerduty/changes": 1, "/phone/messages": 1,
	} {
		got := send(t, control, "GET", path, nil, "")
		if list := fromJSON[[]any](t, got.body); got.status != 200 || len(list) != want {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := send(t, control, "GET", "/requests?vendor=teams", nil, ""); got.status != 400 || !strings.Contains(got.body, "vendor: ") {
		t.Errorf("unknown vendor: %d %s", got.status, got.body)
	}
	if got := send(t, control, "DELETE", "/requests", nil, ""); got.status != 204 || len(log.Requests("", "")) != 0 {
		t.Errorf("DELETE: %d", got.status)
	}
}

func TestControlFaults(t *testing.T) {
	t.Parallel()
	set := &fault.Set{}
	control := Control(&Log{}, set, World{})
	for _, tt := range []struct{ name, body, want string }{
		{"unknown key", `{"target":"slack","kind":"drop","tiems":1}`, "tiems: a fault has no such field"},
		{"unknown target", `{"target":"teams","kind":"drop"}`, `target: "teams" is none of aws, slack, pagerduty, gitlab, phone`},
		{"unknown kind", `{"target":"slack","kind":"explode"}`, `kind: "explode" is none of status, delay, drop, garbage, html, truncate, kill, hang`},
		{"delay without time", `{"target":"slack","kind":"delay"}`, "delayMs: a delay needs a number of milliseconds above 0"},
		{"number as text", `{"target":"slack","kind":"drop","times":"2"}`, "times: a string is not what this field holds"},
		{"no json", `kind=drop`, "body: it is not one fault as a JSON object"},
		{"list", `[]`, "body: it is not one fault as a JSON object"},
		{"two", `{"target":"slack","kind":"drop"}{}`, "body: one fault at a time"},
		{"nothing", ``, "body: it is not one fault as a JSON object"},
		{"large", `{"target":"` + strings.Repeat("x", maxBodyBytes) + `"}`, "body: it is not one fault as a JSON object"},
	} {
		got := send(t, control, "POST", "/faults", nil, tt.body)
		if a := fromJSON[controlError](t, got.body); got.status != 400 || a.Error != tt.want {
			t.Errorf("%s: %d %s", tt.name, got.status, got.body)
		}
	}
	if len(set.List()) != 0 {
		t.Fatalf("a wrong fault was taken: %+v", set.List())
	}
	got := send(t, control, "POST", "/faults", nil, `{"target":"slack","match":"chat","kind":"status","status":503,"times":2}`)
	if list := fromJSON[[]fault.Fault](t, got.body); got.status != 200 || len(list) != 1 || list[0].Times != 2 {
		t.Errorf("POST: %d %s", got.status, got.body)
	}
	if got := send(t, control, "GET", "/faults", nil, ""); got.body != `[{"target":"slack","match":"chat","kind":"status","status":503,"times":2}]` {
		t.Errorf("the form of a fault has changed: %s", got.body)
	}
	send(t, control, "POST", "/faults", nil, `{"target":"aws","key":"shop-1","kind":"kill","after":true}`)
	set.Take("slack", "chat.update", nil)
	if got := send(t, control, "GET", "/faults/played", nil, ""); got.body != `[{"target":"slack","match":"chat","kind":"status","status":503,"times":2,"played":1},{"target":"aws","key":"shop-1","kind":"kill","after":true,"played":0}]` {
		t.Errorf("played: %s", got.body)
	}
	if got := send(t, control, "GET", "/faults/played?key=shop-1", nil, ""); len(fromJSON[[]fault.Played](t, got.body)) != 1 {
		t.Errorf("played with the key: %s", got.body)
	}
	if got := send(t, control, "DELETE", "/faults?key=shop-1", nil, ""); got.status != 204 || len(set.List()) != 1 {
		t.Errorf("DELETE of a key: %d, %+v", got.status, set.List())
	}
	if got := send(t, control, "GET", "/faults", nil, ""); !strings.Contains(got.body, `"match":"chat"`) {
		t.Errorf("GET: %s", got.body)
	}
	if got := send(t, control, "DELETE", "/faults", nil, ""); got.status != 204 || len(set.List()) != 0 {
		t.Errorf("DELETE: %d", got.status)
	}
}

func TestControlStates(t *testing.T) {
	t.Parallel()
	c := newClock()
	world := World{Slack: newTestSlack(c, nil), PagerDuty: newTestPagerDuty(c, nil), GitLab: NewGitLab(GitLabOptions{Token: "glpat"}, nil, nil)}
	control := Control(&Log{}, &fault.Set{}, world)
	for _, tt := range []struct{ method, path, body, want string }{
		{"POST", "/slack/token", `{"revoked":true,"scopes":["chat:write"]}`, `"token":{"revoked":true,"scopes":["chat:write"]}`},
		{"POST", "/slack/channels", `{"id":"C1","archived":true}`, `{"id":"C1","name":"c1","archived":true,"removed":false,"private":false,"member":true}`},
		{"POST", "/slack/channels", `{"id":"C1","removed":true}`, `"archived":true,"removed":true`},
		{"POST", "/slack/channels", `{"id":"C2","member":false}`, `"member":false`},
		{"POST", "/slack/channels", `{"id":"C5","archived":true}`, `{"error":"id: \"C5\" is none of C1, C2, C9"}`},
		{"POST", "/slack/channels", `{"name":"C5"}`, `{"error":"name: a change has no such field"}`},
		{"GET", "/slack/state", "", `"token":{"revoked":true`},
		{"DELETE", "/slack/state", "", ""},
		{"GET", "/slack/state", "", `{"token":{"revoked":false,"scopes":["chat:write","channels:history","groups:history","channels:read","groups:read"]},"channels":[{"id":"C1","name":"c1","archived":false,"removed":false,"private":false,"member":true},{"id":"C2","name":"c2","archived":false,"removed":false,"private":false,"member":true},{"id":"C9","name":"c9","archived":true,"removed":false,"private":false,"member":true}]}`},
		{"POST", "/pagerduty/keys", `{"service":"shop","revoked":true}`, `[{"service":"cart","revoked":false},{"service":"shop","revoked":true}]`},
		{"POST", "/pagerduty/keys", `{"service":"x"}`, `{"error":"service: no integration key belongs to it"}`},
		{"DELETE", "/pagerduty/keys", "", ""},
		{"GET", "/pagerduty/keys", "", `{"service":"shop","revoked":false}`},
		{"GET", "/pagerduty/counts?key=shop", "", `"total":{"incidents":0,`},
		{"POST", "/gitlab/token", `{"expiresAt":"2026-12-01","scopes":["read_user"]}`, `{"name":"fanfare","scopes":["read_user"],"revoked":false,"expiresAt":"2026-12-01"}`},
		{"POST", "/gitlab/token", `{"revoked":true}`, `"revoked":true,"expiresAt":"2026-12-01"`},
		{"POST", "/gitlab/token", `{"expiresAt":"soon"}`, `{"error":"expiresAt: \"soon\" is no day such as 2027-01-31"}`},
		{"DELETE", "/gitlab/token", "", ""},
		{"GET", "/gitlab/token", "", `{"name":"fanfare","scopes":["read_api"],"revoked":false,"expiresAt":""}`},
	} {
		got := send(t, control, tt.method, tt.path, nil, tt.body)
		want := 200
		if tt.method == "DELETE" {
			want = 204
		} else if strings.HasPrefix(tt.want, `{"error"`) {
			want = 400
		}
		if got.status != want || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s %s %s: %d %s", tt.method, tt.path, tt.body, got.status, got.body)
		}
	}
	nowhere := Control(&Log{}, &fault.Set{}, World{})
	for _, path := range []string{"/slack/token", "/slack/channels", "/pagerduty/keys", "/gitlab/token"} {
		if got := send(t, nowhere, "POST", path, nil, "{}"); got.status != 404 {
			t.Errorf("%s of no world: %d %s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/slack/state", "/pagerduty/keys", "/pagerduty/counts", "/gitlab/token"} {
		if got := send(t, nowhere, "GET", path, nil, ""); got.status != 200 {
			t.Errorf("%s of no world: %d %s", path, got.status, got.body)
		}
	}
}

func FuzzReadFault(f *testing.F) {
	f.Add(`{"target":"slack","kind":"drop"}`)
	f.Add(`{"target":5}`)
	f.Fuzz(func(t *testing.T, body string) {
		var got fault.Fault
		if err := readBody(strings.NewReader(body), "fault", &got); err == nil && !json.Valid([]byte(body)) {
			t.Fatalf("took %q", body)
		} else if err != nil && errors.Unwrap(err) != nil {
			t.Fatalf("a raw error goes out: %v", err)
		}
	})
}
