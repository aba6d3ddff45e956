package slack

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"fanfare/internal/outbound"
)

func clientOf(v *vendor) *Client {
	return NewClient(token+"\n", v.URL+"/api", outbound.NewClient(5*time.Second))
}

func TestClientPost(t *testing.T) {
	t.Parallel()
	v := newVendor(t, answerOf{body: posted}, answerOf{body: `{"ok":false,"error":"is_archived"}`})
	if err := clientOf(v).Post(context.Background(), "C1", "<!channel> & `x`"); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"method": "chat.postMessage", "channel": "C1", "text": "&lt;!channel&gt; &amp; 'x'", "token": token,
		"unfurl_links": "false", "link_names": "false", "parse": "none", "mrkdwn": "false",
	} {
		if got := v.calls[0].Get(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	err := clientOf(v).Post(context.Background(), "C1", "x")
	if classOf(err) != "Unreachable" || err.Error() != "posting the text: slack refused it: is_archived (the channel is archived)" {
		t.Errorf("became %s: %v", classOf(err), err)
	}
}

func TestClientAuth(t *testing.T) {
	t.Parallel()
	scopes := http.Header{"X-Oauth-Scopes": {"chat:write,channels:history, " + token + " <x>,groups:history"}}
	for name, test := range map[string]struct {
		answer answerOf
		want   Identity
		class  string
	}{
		"good":       {answerOf{header: scopes, body: `{"ok":true,"team":"Shop","user":"fanfare","team_id":"T1"}`}, Identity{"Shop", []string{"chat:write", "channels:history", "groups:history"}}, "<nil>"},
		"no scopes":  {answerOf{body: `{"ok":true,"team":"Shop\u202e\n"}`}, Identity{Team: "Shop"}, "<nil>"},
		"bad token":  {answerOf{body: `{"ok":false,"error":"invalid_auth"}`}, Identity{}, "Unreachable"},
		"a page":     {answerOf{body: `<html>`}, Identity{}, "Transient"},
		"odd answer": {answerOf{body: `{"ok":true,"team":{}}`}, Identity{}, "Transient"},
		"429":        {answerOf{status: 429, header: http.Header{"Retry-After": {"3"}}}, Identity{}, "RateLimited 3s"},
	} {
		got, err := clientOf(newVendor(t, test.answer)).Auth(context.Background())
		if classOf(err) != test.class || !reflect.DeepEqual(got, test.want) || err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("%s: became %+v, %s: %v", name, got, classOf(err), err)
		}
	}
}

func TestClientChannel(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer string
		want   ChannelInfo
		class  string
	}{
		"good":      {`{"ok":true,"channel":{"id":"C1","name":"deploys","is_archived":false,"is_member":true,"created":1449252889,"topic":{"value":"x"}}}`, ChannelInfo{"deploys", false, true}, "<nil>"},
		"archived":  {`{"ok":true,"channel":{"name":"old","is_archived":true}}`, ChannelInfo{"old", true, false}, "<nil>"},
		"not there": {`{"ok":false,"error":"channel_not_found"}`, ChannelInfo{}, "Unreachable"},
		"no scope":  {`{"ok":false,"error":"missing_scope"}`, ChannelInfo{}, "Unreachable"},
		"nothing":   {`{"ok":true}`, ChannelInfo{}, "Transient"},
		"odd":       {`{"ok":true,"channel":"C1"}`, ChannelInfo{}, "Transient"},
	} {
		v := newVendor(t, answerOf{})
		v.looks = []answerOf{{body: test.answer}}
		got, err := clientOf(v).Channel(context.Background(), "C1")
		if classOf(err) != test.class || got != test.want || v.methods() != "conversations.info" {
			t.Errorf("%s: became %+v, %s: %v", name, got, classOf(err), err)
		}
	}
}
