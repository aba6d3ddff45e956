package standin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"fanfare/internal/local/fault"
	"fanfare/internal/outbound"
)

func TestFaultsOnSlack(t *testing.T) {
	t.Parallel()
	const post, webhook = "/api/chat.postMessage", testWebhook
	for _, tt := range []struct {
		name, path string
		fault      fault.Fault
		status     int // 0 when there is no answer
		contains   string
		accepted   bool
	}{
		{"rate", post, fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: 3}, 429, `{"ok":false,"error":"ratelimited"}`, false},
		{"server error", post, fault.Fault{Kind: fault.Status}, 500, `{"ok":false,"error":"internal_error"}`, false},
		{"own body", post, fault.Fault{Kind: fault.Status, Status: 200, Body: `{"ok":false,"error":"fatal_error"}`}, 200, "fatal_error", false},
		{"html", post, fault.Fault{Kind: fault.HTML, Status: 502}, 502, "<html>", false},
		{"garbage", post, fault.Fault{Kind: fault.Garbage}, 200, "not json", false},
		{"delay", post, fault.Fault{Kind: fault.Delay, DelayMS: 1}, 200, `"ok":true`, true},
		{"drop", post, fault.Fault{Kind: fault.Drop}, 0, "", false},
		{"truncate", post, fault.Fault{Kind: fault.Truncate}, 0, "", true},
		{"status after", post, fault.Fault{Kind: fault.Status, After: true}, 500, `{"ok":false,"error":"internal_error"}`, true},
		{"garbage after", post, fault.Fault{Kind: fault.Garbage, After: true}, 200, "not json", true},
		{"html after", post, fault.Fault{Kind: fault.HTML, After: true, Status: 502}, 502, "<html>", true},
		{"delay after", post, fault.Fault{Kind: fault.Delay, After: true, DelayMS: 1}, 200, `"ok":true`, true},
		{"drop after", post, fault.Fault{Kind: fault.Drop, After: true}, 0, "", true},
		{"hang", post, fault.Fault{Kind: fault.Hang, DelayMS: 1}, 0, "", false},
		{"hang after", post, fault.Fault{Kind: fault.Hang, DelayMS: 1, After: true}, 0, "", true},
		{"kill of nobody", post, fault.Fault{Kind: fault.Kill, After: true}, 500, "no Lambda worker", true},
		{"key", post, fault.Fault{Kind: fault.Drop, Key: `"text":"hi"`}, 0, "", false},
		{"another key", post, fault.Fault{Kind: fault.Drop, Key: "ho"}, 200, `"ok":true`, true},
		{"webhook rate", webhook, fault.Fault{Kind: fault.Status, Status: 429, Match: "webhook"}, 429, "ratelimited", false},
		{"another method", post, fault.Fault{Kind: fault.Drop, Match: "chat.update"}, 200, `"ok":true`, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.fault.Target = "slack"
			log := &Log{}
			s := NewSlack(SlackOptions{Token: testToken, Channels: []string{"C1"}, Webhooks: map[string]string{testWebhook: "C1"}}, log, withFault(t, tt.fault))
			header := map[string]string{"Content-Type": "application/json; charset=utf-8", "Authorization": "Bearer " + testToken, outbound.EventHeader: "evt-7"}
			got, err := trySend(t, s, "POST", tt.path, header, `{"channel":"C1","text":"hi"}`)
			if (err != nil) != (tt.status == 0) {
				t.Fatalf("error %v, %+v", err, got)
			}
			if tt.status != 0 && (got.status != tt.status || !strings.Contains(got.body, tt.contains)) {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if tt.fault.RetryAfter != 0 && got.header.Get("Retry-After") != "3" {
				t.Errorf("Retry-After: %v", got.header)
			}
			remembered := log.Requests(VendorSlack, "evt-7")
			if len(remembered) != 1 || remembered[0].Accepted != tt.accepted || (len(s.Messages("")) == 1) != tt.accepted {
				t.Errorf("remembered %+v, and %d messages", remembered, len(s.Messages("")))
			}
		})
	}
}

// The text of a form's field is met as it was meant, with all that an encoding puts in between.
func TestKeyInAForm(t *testing.T) {
	t.Parallel()
	set := withFault(t, fault.Fault{Target: "slack", Kind: fault.Status, Key: `shop/čart "7"`, Times: 1})
	s := NewSlack(SlackOptions{Token: testToken, Channels: []string{"C1"}}, nil, set)
	for _, text := range []string{"another", `shop/čart "7" failed`} {
		got := send(t, s, "POST", "/api/chat.postMessage", formHeader, form("channel", "C1", "text", text))
		if faulty := got.status == 500; faulty != strings.HasPrefix(text, "shop") {
			t.Errorf("%s: %d %s", text, got.status, got.body)
		}
	}
	if p := set.Played(""); p[0].Played != 1 {
		t.Errorf("played %+v", p)
	}
}

// A connection that is dropped must not carry so much as a status line.
func TestDropAnswersNothing(t *testing.T) {
	t.Parallel()
	log := &Log{}
	p := NewPagerDuty(PagerDutyOptions{}, log, withFault(t, fault.Fault{Target: "pagerduty", Kind: fault.Drop}))
	got, err := trySend(t, p, "POST", "/v2/enqueue", nil, "{}")
	if err == nil || got.status != 0 || log.Requests("", "")[0].Status != 0 {
		t.Errorf("got %+v, %v; remembered %+v", got, err, log.Requests("", ""))
	}
}

func TestFaultsOnTheOthers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		target, path, contentType, contains string
		status                              int
	}{
		{"pagerduty", "/v2/enqueue", "application/json; charset=utf-8", `"status":"throttle exceeded"`, 429},
		{"pagerduty", "/v2/change/enqueue", "application/json; charset=utf-8", `"message":"Service Unavailable"`, 503},
		{"gitlab", "/api/v4/projects/1", "application/json; charset=utf-8", `{"message":"503 Service Unavailable"}`, 503},
		{"phone", "/", "text/plain; charset=utf-8", "Internal Server Error", 500},
	} {
		set := withFault(t, fault.Fault{Target: tt.target, Kind: fault.Status, Status: tt.status})
		h := map[string]http.Handler{
			"pagerduty": NewPagerDuty(PagerDutyOptions{}, nil, set),
			"gitlab":    NewGitLab(GitLabOptions{}, nil, set),
			"phone":     NewPhone(nil, set),
		}[tt.target]
		got := send(t, h, "POST", tt.path, nil, "{}")
		if got.status != tt.status || got.header.Get("Content-Type") != tt.contentType || !strings.Contains(got.body, tt.contains) {
			t.Errorf("%s %d: %v %s", tt.target, got.status, got.header, got.body)
		}
	}
}

func TestTooLargeABody(t *testing.T) {
	t.Parallel()
	log := &Log{}
	got := send(t, newTestSlack(newClock(), log), "POST", "/api/chat.postMessage", formHeader, strings.Repeat("x", maxBody+1))
	if got.status != http.StatusRequestEntityTooLarge || log.Requests("", "")[0].Accepted {
		t.Errorf("got %d", got.status)
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	var l Log
	if got := l.Requests("", ""); got == nil || len(got) != 0 {
		t.Errorf("an empty log has %v", got)
	}
	l.Add(Request{Vendor: "slack", Event: "a"})
	l.Add(Request{Vendor: "slack", Event: "b"})
	l.Add(Request{Vendor: "sns", Event: "a"})
	for _, tt := range []struct {
		vendor, event string
		want          int
	}{{"", "", 3}, {"slack", "", 2}, {"", "a", 2}, {"sns", "a", 1}, {"sns", "b", 0}} {
		if got := len(l.Requests(tt.vendor, tt.event)); got != tt.want {
			t.Errorf("%q, %q: %d", tt.vendor, tt.event, got)
		}
	}
	for range maxRemembered {
		l.Add(Request{At: time.Unix(1, 0)})
	}
	if got := l.Requests("", ""); len(got) != maxRemembered || got[0].Vendor != "" {
		t.Errorf("%d are remembered", len(got))
	}
	l.Clear()
	if len(l.Requests("", "")) != 0 {
		t.Error("the log is not cleared")
	}
}
