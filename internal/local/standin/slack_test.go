package standin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testToken   = "xoxb-1111-2222-secretpart"
	testWebhook = "/services/T000/B000/hooksecret"
)

var formHeader = map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Bearer " + testToken}

func newTestSlack(c *clock, log *Log) *Slack {
	return NewSlack(SlackOptions{
		Token: testToken, Channels: []string{"C1", "C2"}, Archived: []string{"C9"},
		Webhooks: map[string]string{testWebhook: "C1", "/services/T000/B009/old": "C9", "/services/T000/B008/gone": "C8"},
		Now:      c.now,
	}, log, nil)
}

// call calls a method with a form, and returns the answer.
func (s *Slack) testCall(t *testing.T, method string, pairs ...string) slackAnswer {
	t.Helper()
	got := send(t, s, "POST", "/api/"+method, formHeader, form(pairs...))
	if got.status != http.StatusOK {
		t.Fatalf("%s: status %d, %s", method, got.status, got.body)
	}
	return fromJSON[slackAnswer](t, got.body)
}

func TestSlackAuthenticatesAndReadsBodies(t *testing.T) {
	t.Parallel()
	const asJSON, asForm = "application/json; charset=utf-8", "application/x-www-form-urlencoded"
	bearer := "Bearer " + testToken
	for _, tt := range []struct {
		name, kind, auth, body, want string
	}{
		{"no token", asForm, "", form("channel", "C1", "text", "hi"), "not_authed"},
		{"wrong token", asForm, "Bearer xoxb-other", form("channel", "C1", "text", "hi"), "invalid_auth"},
		{"token in the form", asForm, "", form("token", testToken, "channel", "C1", "text", "hi"), ""},
		{"token in JSON is not looked at", asJSON, "", `{"token":"` + testToken + `","channel":"C1","text":"hi"}`, "not_authed"},
		{"json", asJSON, bearer, `{"channel":"C1","text":"hi"}`, ""},
		{"json with blocks as a list", asJSON, bearer, `{"channel":"C1","blocks":[{"type":"divider"}]}`, ""},
		{"json with blocks as a string", asJSON, bearer, `{"channel":"C1","blocks":"[{\"type\":\"divider\"}]"}`, ""},
		{"broken json", asJSON, bearer, `{"channel":`, "invalid_json"},
		{"json list", asJSON, bearer, `[]`, "json_not_object"},
		{"json null", asJSON, bearer, `null`, "json_not_object"},
		{"broken form", asForm, bearer, "a=%zz", "invalid_form_data"},
		{"no type", "", bearer, "{}", "missing_post_type"},
		{"strange type", "text/csv", bearer, "a,b", "invalid_post_type"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newTestSlack(newClock(), nil)
			got := send(t, s, "POST", "/api/chat.postMessage", map[string]string{"Content-Type": tt.kind, "Authorization": tt.auth}, tt.body)
			a := fromJSON[slackAnswer](t, got.body)
			if got.status != 200 || a.Error != tt.want || a.OK != (tt.want == "") {
				t.Errorf("status %d, %s", got.status, got.body)
			}
		})
	}
}

func TestSlackWarnsOfAMissingCharset(t *testing.T) {
	t.Parallel()
	got := send(t, newTestSlack(newClock(), nil), "POST", "/api/chat.postMessage",
		map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + testToken}, `{"channel":"C1","text":"hi"}`)
	if a := fromJSON[slackAnswer](t, got.body); !a.OK || a.Warning != "missing_charset" || len(a.Metadata.Warnings) != 1 {
		t.Error(got.body)
	}
}

func TestSlackMethods(t *testing.T) {
	t.Parallel()
	s := newTestSlack(newClock(), nil)
	if a := s.testCall(t, "auth.test"); !a.OK || a.TeamID == "" || a.UserID == "" || a.BotID == "" {
		t.Errorf("auth.test: %+v", a)
	}
	if a := s.testCall(t, "chat.postmessage"); a.Error != "unknown_method" {
		t.Errorf("unknown method: %+v", a)
	}
	if got := send(t, s, "GET", "/api/auth.test", formHeader, ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", got.status)
	}
	if got := send(t, s, "POST", "/elsewhere", formHeader, ""); got.status != http.StatusNotFound {
		t.Errorf("another path: status %d", got.status)
	}
}

func TestSlackPost(t *testing.T) {
	t.Parallel()
	attachments := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("{},", n), ",") + "]" }
	for _, tt := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"text", []string{"channel", "C1", "text", "hi"}, ""},
		{"blocks alone", []string{"channel", "C1", "blocks", `[{"type":"divider"}]`}, ""},
		{"no channel", []string{"text", "hi"}, "channel_not_found"},
		{"unknown channel", []string{"channel", "C5", "text", "hi"}, "channel_not_found"},
		{"archived", []string{"channel", "C9", "text", "hi"}, "is_archived"},
		{"nothing", []string{"channel", "C1"}, "no_text"},
		{"empty blocks", []string{"channel", "C1", "blocks", "[]"}, "no_text"},
		{"blocks of another form", []string{"channel", "C1", "blocks", `{"blocks":[]}`}, "invalid_blocks_format"},
		{"invalid blocks", []string{"channel", "C1", "blocks", `[{"type":"nonsense"}]`}, "invalid_blocks"},
		{"too much in the blocks", []string{"channel", "C1", "blocks", manySections(5, 2700)}, "msg_blocks_too_long"},
		{"just not too much", []string{"channel", "C1", "blocks", manySections(4, 2700)}, ""},
		{"attachments alone", []string{"channel", "C1", "attachments", attachments(100)}, ""},
		{"too many attachments", []string{"channel", "C1", "attachments", attachments(101)}, "too_many_attachments"},
		{"attachments of another form", []string{"channel", "C1", "attachments", "null"}, "invalid_attachments"},
		{"reply to nothing", []string{"channel", "C1", "text", "hi", "thread_ts", "1.000001"}, "cannot_reply_to_message"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newTestSlack(newClock(), nil)
			a := s.testCall(t, "chat.postMessage", tt.pairs...)
			if a.Error != tt.want || a.OK != (tt.want == "") {
				t.Fatalf("got %+v, want %q", a, tt.want)
			}
			if posted := len(s.Messages("")) == 1; posted != a.OK {
				t.Errorf("posted: %v, answered ok: %v", posted, a.OK)
			}
		})
	}
}

func manySections(n, length int) string {
	section := fmt.Sprintf(`{"type":"section","text":{"type":"mrkdwn","text":"%s"}}`, strings.Repeat("é", length))
	return "[" + strings.TrimSuffix(strings.Repeat(section+",", n), ",") + "]"
}

func TestSlackCutsLongText(t *testing.T) {
	t.Parallel()
	s := newTestSlack(newClock(), nil)
	s.testCall(t, "chat.postMessage", "channel", "C1", "text", strings.Repeat("é", 40_001))
	if got := []rune(s.Messages("")[0].Text); len(got) != 40_000 {
		t.Errorf("%d characters were kept", len(got))
	}
}

func TestSlackTimestampsGrow(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newTestSlack(c, nil)
	first := s.testCall(t, "chat.postMessage", "channel", "C1", "text", "1")
	second := s.testCall(t, "chat.postMessage", "channel", "C2", "text", "2")
	c.add(-time.Hour)
	third := s.testCall(t, "chat.postMessage", "channel", "C1", "text", "3")
	if first.TS != "1700000000.000100" || second.TS != "1700000000.000101" || third.TS != "1700000000.000102" {
		t.Errorf("got %s, %s, %s", first.TS, second.TS, third.TS)
	}
}

func TestSlackThreadsAndEdits(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newTestSlack(c, nil)
	parent := s.testCall(t, "chat.postMessage", "channel", "C1", "text", "shop: deploying", "blocks", `[ {"type":"divider"} ]`)
	reply := s.testCall(t, "chat.postMessage", "channel", "C1", "text", "it failed", "thread_ts", parent.TS, "reply_broadcast", "true")
	if reply.Message.ThreadTS != parent.TS || reply.Message.Subtype != "thread_broadcast" {
		t.Errorf("reply: %+v", reply.Message)
	}
	quiet := s.testCall(t, "chat.postMessage", "channel", "C1", "text", "details", "thread_ts", parent.TS)
	for _, tt := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"reply to a reply", []string{"channel", "C1", "text", "x", "thread_ts", reply.TS}, "cannot_reply_to_message"},
		{"reply in another channel", []string{"channel", "C2", "text", "x", "thread_ts", parent.TS}, "cannot_reply_to_message"},
	} {
		if a := s.testCall(t, "chat.postMessage", tt.pairs...); a.Error != tt.want {
			t.Errorf("%s: %+v", tt.name, a)
		}
	}
	if got := send(t, s, "POST", testWebhook, nil, `{"text":"by webhook"}`); got.status != 200 {
		t.Fatalf("webhook: %s", got.body)
	}
	hooked := s.Messages("C1")[3]
	for _, tt := range []struct {
		name  string
		pairs []string
		want  string
	}{
		{"other blocks", []string{"channel", "C1", "ts", parent.TS, "text", "shop: done", "blocks", `[{"type":"divider"},{"type":"divider"}]`}, ""},
		{"text in place of blocks", []string{"channel", "C1", "ts", parent.TS, "text", "shop: deployed"}, ""},
		{"4,000 characters", []string{"channel", "C1", "ts", quiet.TS, "text", strings.Repeat("é", 4000)}, ""},
		{"4,001 characters", []string{"channel", "C1", "ts", quiet.TS, "text", strings.Repeat("é", 4001)}, "msg_too_long"},
		{"nothing", []string{"channel", "C1", "ts", parent.TS}, "no_text"},
		{"no such message", []string{"channel", "C1", "ts", "1.1", "text", "x"}, "message_not_found"},
		{"message of another channel", []string{"channel", "C2", "ts", parent.TS, "text", "x"}, "message_not_found"},
		{"message of a webhook", []string{"channel", "C1", "ts", hooked.TS, "text", "x"}, "cant_update_message"},
		{"unknown channel", []string{"channel", "C5", "ts", parent.TS, "text", "x"}, "channel_not_found"},
		{"invalid blocks", []string{"channel", "C1", "ts", parent.TS, "blocks", `[{"type":"header"}]`}, "invalid_blocks"},
		{"broadcast of a parent", []string{"channel", "C1", "ts", parent.TS, "reply_broadcast", "true"}, "cant_broadcast_message"},
		{"broadcast with content", []string{"channel", "C1", "ts", quiet.TS, "reply_broadcast", "true", "text", "x"}, "no_dual_broadcast_content_update"},
	} {
		c.add(2 * time.Second)
		if a := s.testCall(t, "chat.update", tt.pairs...); a.Error != tt.want || a.OK != (tt.want == "") {
			t.Errorf("%s: %+v", tt.name, a)
		}
	}
	c.add(5 * time.Second)
	s.testCall(t, "chat.update", "channel", "C1", "ts", quiet.TS, "text", "details")
	if a := s.testCall(t, "chat.update", "channel", "C1", "ts", quiet.TS, "reply_broadcast", "true"); !a.OK {
		t.Errorf("late broadcast: %+v", a)
	}
	golden(t, "slack_messages.json", s.Messages("C1"))
	if got := s.Messages("C2"); len(got) != 0 {
		t.Errorf("C2 has %+v", got)
	}
}

func TestSlackLimitsTheRate(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newTestSlack(c, nil)
	post := func(channel string) answer {
		return send(t, s, "POST", "/api/chat.postMessage", formHeader, form("channel", channel, "text", "x"))
	}
	var ts string
	for range 10 {
		got := post("C1")
		if got.status != 200 {
			t.Fatalf("within the burst: %d", got.status)
		}
		ts = fromJSON[slackAnswer](t, got.body).TS
	}
	got := post("C1")
	if got.status != 429 || got.header.Get("Retry-After") != "1" || got.body != `{"ok":false,"error":"ratelimited"}` {
		t.Errorf("beyond the burst: %d, %v, %s", got.status, got.header, got.body)
	}
	if got := send(t, s, "POST", testWebhook, nil, `{"text":"x"}`); got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("webhook of the same channel: %d %s", got.status, got.body)
	}
	if got := post("C2"); got.status != 200 {
		t.Errorf("another channel: %d", got.status)
	}
	edit := func() answer {
		return send(t, s, "POST", "/api/chat.update", formHeader, form("channel", "C1", "ts", ts, "text", "y"))
	}
	for range 10 {
		if got := edit(); got.status != 200 {
			t.Fatalf("chat.update has a limit of its own: %d", got.status)
		}
	}
	if got := edit(); got.status != 429 || got.header.Get("Retry-After") != "2" {
		t.Errorf("chat.update beyond the burst: %d, %v", got.status, got.header)
	}
	c.add(time.Second)
	if got := post("C1"); got.status != 200 {
		t.Errorf("a second later: %d", got.status)
	}
	if got := post("C1"); got.status != 429 {
		t.Errorf("a second later, the second message: %d", got.status)
	}
}

func TestSlackWebhook(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path, kind, body string
		status                 int
		want                   string
	}{
		{"json", testWebhook, "application/json", `{"text":"hi"}`, 200, "ok"},
		{"payload in a form", testWebhook, "application/x-www-form-urlencoded", form("payload", `{"text":"hi"}`), 200, "ok"},
		{"no json", testWebhook, "application/json", `{"text":`, 400, "invalid_payload"},
		{"nothing", testWebhook, "application/json", "", 400, "invalid_payload"},
		{"no text", testWebhook, "application/json", `{}`, 400, "no_text"},
		{"invalid blocks", testWebhook, "application/json", `{"blocks":[{"type":"header"}]}`, 400, "invalid_blocks"},
		{"archived channel", "/services/T000/B009/old", "application/json", `{"text":"hi"}`, 410, "channel_is_archived"},
		{"channel is gone", "/services/T000/B008/gone", "application/json", `{"text":"hi"}`, 404, "channel_not_found"},
		{"wrong secret", "/services/T000/B000/other", "application/json", `{"text":"hi"}`, 403, "invalid_token"},
		{"unknown webhook", "/services/T000/B777/other", "application/json", `{"text":"hi"}`, 404, "no_service"},
		{"no webhook", "/services/x", "application/json", `{"text":"hi"}`, 404, "no_service"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := &Log{}
			s := newTestSlack(newClock(), log)
			got := send(t, s, "POST", tt.path, map[string]string{"Content-Type": tt.kind}, tt.body)
			if got.status != tt.status || got.body != tt.want {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if n := len(s.Messages("")); (n == 1) != (tt.want == "ok") {
				t.Errorf("%d messages posted", n)
			}
			if r := log.Requests("", "")[0]; r.Path != "/services/***" || r.Accepted != (tt.want == "ok") {
				t.Errorf("remembered %+v", r)
			}
		})
	}
	if got := send(t, newTestSlack(newClock(), nil), "GET", testWebhook, nil, ""); got.status != 405 {
		t.Errorf("GET: %d", got.status)
	}
}

func TestSlackTakesManyAtOnce(t *testing.T) {
	t.Parallel()
	const many = 40
	log := &Log{}
	s := NewSlack(SlackOptions{Token: testToken, Channels: []string{"C1"}, Burst: many, Now: newClock().now}, log, nil)
	var posts sync.WaitGroup
	for range many {
		posts.Go(func() {
			r := httptest.NewRequest("POST", "/api/chat.postMessage", strings.NewReader(form("channel", "C1", "text", "x")))
			r.Header.Set("Content-Type", formHeader["Content-Type"])
			r.Header.Set("Authorization", formHeader["Authorization"])
			s.ServeHTTP(httptest.NewRecorder(), r)
			s.Messages("")
		})
	}
	posts.Wait()
	seen := map[string]bool{}
	for _, m := range s.Messages("C1") {
		seen[m.TS] = true
	}
	if len(seen) != many || len(log.Requests(VendorSlack, "")) != many {
		t.Errorf("%d distinct messages, %d requests", len(seen), len(log.Requests("", "")))
	}
}
