package standin

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestMaskBody(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded"
	for _, tt := range []struct{ name, kind, body, want string }{
		{"nothing", "", "", ""},
		{"json", "application/json", `{"routing_key":"k3y","n":1.50,"a":[{"Token":"t"}],"html":"<b>&"}`, `{"a":[{"Token":"***"}],"html":"<b>&","n":1.50,"routing_key":"***"}`},
		{"a known secret anywhere", "application/json", `{"text":"the key is s3cret","s3cret":1}`, `{"***":1,"text":"the key is ***"}`},
		{"form", form, "token=xoxb&text=a+b&blocks=%5B%7B%22type%22%3A%22divider%22%7D%5D", `{"blocks":[{"type":"divider"}],"text":"a b","token":"***"}`},
		{"form with broken blocks", form, "blocks=%5B", `{"blocks":"["}`},
		{"json in a form", form, "payload=%7B%22token%22%3A%22x%22%7D", `{"payload":{"token":"***"}}`},
		{"text", "text/plain", "hello", `"hello"`},
		{"broken json", "application/json", `{"routing_key": "k3y", "x`, `"{\"routing_key\": \"***\", \"x"`},
		{"broken form", form, "token=k3y&a=%zz", `"token=***&a=%zz"`},
		{"two values", "application/json", `{"token":"k3y"} {}`, `"{\"token\":\"***\"} {}"`},
		{"no UTF-8", "text/plain", "a\xff", `"a` + "\uFFFD" + `"`},
		{"much", "text/plain", strings.Repeat("x", maxKeptBytes+1), `"(262145 bytes, too many to remember)"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(maskBody(tt.kind, []byte(tt.body), replacer([]string{"s3cret", ""}))); got != tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestMaskPath(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ path, want string }{
		{"/services/T/B/x?y=1", "/services/***?y=1"},
		{"/api/v4/projects/a%2Fb?from=v1&private_token=k3y&to=v2", "/api/v4/projects/a%2Fb?from=v1&private_token=***&to=v2"},
		{"/x?TOKEN=k3y", "/x?TOKEN=***"},
		{"/x?toke%6E=k3y", "/x?toke%6E=***"},
		{"/s3cret?a=s3cret", "/***?a=***"},
		{"/x?%zz=k3y", "/x?%zz=***"},
	} {
		u, err := url.Parse(tt.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := maskPath(u, replacer([]string{"s3cret"})); got != tt.want {
			t.Errorf("%s: got %s", tt.path, got)
		}
	}
}

// No secret of any vendor may be found in what is remembered or shown.
func TestNothingRememberedHoldsASecret(t *testing.T) {
	t.Parallel()
	log, c := &Log{}, newClock()
	s := newTestSlack(c, log)
	send(t, s, "POST", "/api/chat.postMessage", formHeader, form("token", testToken, "channel", "C1", "text", "my token is "+testToken))
	send(t, s, "POST", "/api/chat.postMessage?token="+testToken, nil, `{"token":"`+testToken+`"}`)
	send(t, s, "POST", testWebhook, nil, `{"text":"posted to `+testWebhook+`"}`)
	send(t, s, "POST", "/services/T000/B000/wrongsecret", nil, `{"text":"x"}`)
	p := newTestPagerDuty(c, log)
	send(t, p, "POST", "/v2/enqueue", nil, toJSON(t, trigger()))
	send(t, p, "POST", "/v2/enqueue", nil, `{"routing_key":"wrongsecret"`)
	g := newTestGitLab(t, c, log, nil, "")
	send(t, g, "GET", "/api/v4/projects/1?private_token="+gitLabToken, map[string]string{"PRIVATE-TOKEN": gitLabToken}, "")
	if n := len(log.Requests("", "")); n != 7 {
		t.Fatalf("%d requests", n)
	}
	remembered := toJSON(t, log.Requests("", ""))
	shown := toJSON(t, p.Incidents())
	for _, secret := range []string{"secretpart", "hooksecret", "wrongsecret", shopKey} {
		if strings.Contains(remembered, secret) || strings.Contains(shown, secret) {
			t.Errorf("%s is in %s%s", secret, remembered, shown)
		}
	}
}

func FuzzMaskBody(f *testing.F) {
	f.Add("application/json", []byte(`{"token":"k3y","a":[1,{"b":null}]}`))
	f.Add("application/x-www-form-urlencoded", []byte("token=k3y&blocks=%5B1%5D"))
	f.Add("text/plain", []byte("\xff{"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		got := maskBody(kind, body, replacer([]string{"k3y-of-the-vendor"}))
		if len(body) > 0 && !json.Valid(got) {
			t.Fatalf("no json: %s", got)
		}
	})
}
