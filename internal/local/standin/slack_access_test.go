package standin

import (
	"strings"
	"testing"
)

func newAccessSlack(scopes ...string) *Slack {
	return NewSlack(SlackOptions{
		Token: testToken, Scopes: scopes, Channels: []string{"C1", "G1"}, Private: []string{"G1"}, Names: map[string]string{"C1": "deployments"},
		Webhooks: map[string]string{testWebhook: "C1"}, Now: newClock().now,
	}, nil, nil)
}

func TestSlackScopes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scopes, method, channel, needed string
	}{
		{"", "chat.postMessage", "C1", "chat:write"},
		{"chat:write.public", "chat.postMessage", "C1", "chat:write"},
		{"chat:write", "chat.postMessage", "C1", ""},
		{"chat:write", "conversations.history", "C1", "channels:history,groups:history"},
		{"chat:write,groups:history", "conversations.history", "C1", "channels:history"},
		{"channels:history", "conversations.history", "G1", "groups:history"},
		{"channels:history", "conversations.history", "C1", ""},
		{"channels:history", "conversations.info", "C1", "channels:read,groups:read"},
		{"groups:read", "conversations.info", "G1", ""},
		{"", "auth.test", "", ""},
	} {
		s := newAccessSlack(append([]string{}, splitList(tt.scopes)...)...)
		s.ChangeToken(SlackTokenChange{Scopes: splitList(tt.scopes)})
		got := send(t, s, "POST", "/api/"+tt.method, formHeader, form("channel", tt.channel, "text", "x"))
		a := fromJSON[slackAnswer](t, got.body)
		if tt.needed == "" && !a.OK || tt.needed != "" && (a.Error != "missing_scope" || a.Needed != tt.needed || a.Provided != tt.scopes) {
			t.Errorf("%s in %s with %q: %s", tt.method, tt.channel, tt.scopes, got.body)
		}
		if header := got.header.Get("X-Oauth-Scopes"); header != tt.scopes {
			t.Errorf("%s with %q: the header says %q", tt.method, tt.scopes, header)
		}
	}
}

func splitList(list string) []string {
	return strings.FieldsFunc(list+",", func(c rune) bool { return c == ',' })
}

func TestSlackToken(t *testing.T) {
	t.Parallel()
	s := newAccessSlack()
	yes := true
	s.ChangeToken(SlackTokenChange{Revoked: &yes})
	for _, method := range []string{"auth.test", "chat.postMessage", "conversations.info"} {
		got := send(t, s, "POST", "/api/"+method, formHeader, form("channel", "C1", "text", "x"))
		if a := fromJSON[slackAnswer](t, got.body); a.Error != "token_revoked" || got.header.Get("X-Oauth-Scopes") != "" {
			t.Errorf("%s: %s", method, got.body)
		}
	}
	s.Restore()
	if a := s.testCall(t, "chat.postMessage", "channel", "C1", "text", "x"); !a.OK {
		t.Errorf("restored: %+v", a)
	}
}

func TestSlackChannelsChange(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, tt := range map[string]struct {
		change                             SlackChannelChange
		post, history, info, update, hooks string
	}{
		"nothing":           {SlackChannelChange{ID: "C1"}, "", "", "", "", "ok"},
		"archived":          {SlackChannelChange{ID: "C1", Archived: &yes}, "is_archived", "", "", "is_inactive", "channel_is_archived"},
		"removed":           {SlackChannelChange{ID: "C1", Removed: &yes}, "channel_not_found", "channel_not_found", "channel_not_found", "channel_not_found", "channel_not_found"},
		"left":              {SlackChannelChange{ID: "C1", Member: &no}, "not_in_channel", "not_in_channel", "", "not_in_channel", "ok"},
		"a private one":     {SlackChannelChange{ID: "G1"}, "", "", "", "", "ok"},
		"left, and private": {SlackChannelChange{ID: "G1", Member: &no}, "channel_not_found", "channel_not_found", "channel_not_found", "channel_not_found", "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newAccessSlack()
			id := tt.change.ID
			ts := s.testCall(t, "chat.postMessage", "channel", id, "text", "x").TS
			if err := s.ChangeChannel(tt.change); err != nil {
				t.Fatal(err)
			}
			for method, want := range map[string]string{
				"chat.postMessage": tt.post, "conversations.history": tt.history, "conversations.info": tt.info, "chat.update": tt.update,
			} {
				if a := s.testCall(t, method, "channel", id, "ts", ts, "text", "y"); a.Error != want || a.OK != (want == "") {
					t.Errorf("%s: %+v, want %q", method, a, want)
				}
			}
			if got := send(t, s, "POST", testWebhook, nil, `{"text":"hi"}`); got.body != tt.hooks {
				t.Errorf("webhook: %s", got.body)
			}
			s.Restore()
			if a := s.testCall(t, "chat.postMessage", "channel", id, "text", "z"); !a.OK {
				t.Errorf("restored: %+v", a)
			}
		})
	}
	if err := newAccessSlack().ChangeChannel(SlackChannelChange{ID: "C5"}); err == nil || !strings.Contains(err.Error(), "C5") {
		t.Errorf("no such channel: %v", err)
	}
}

func TestSlackPublicChannelsNeedNoMember(t *testing.T) {
	t.Parallel()
	s := newAccessSlack("chat:write", "chat:write.public", "channels:history")
	no := false
	if err := s.ChangeChannel(SlackChannelChange{ID: "C1", Member: &no}); err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]string{"chat.postMessage": "", "conversations.history": "not_in_channel"} {
		if a := s.testCall(t, method, "channel", "C1", "text", "x"); a.Error != want {
			t.Errorf("%s: %+v", method, a)
		}
	}
}

func TestSlackInfo(t *testing.T) {
	t.Parallel()
	s := newAccessSlack()
	for id, want := range map[string]string{
		"C1": `{"id":"C1","name":"deployments","name_normalized":"deployments","is_channel":true,"is_group":false,"is_private":false,"is_archived":false,"is_member":true}`,
		"G1": `{"id":"G1","name":"g1","name_normalized":"g1","is_channel":false,"is_group":true,"is_private":true,"is_archived":false,"is_member":true}`,
	} {
		got := send(t, s, "POST", "/api/conversations.info", formHeader, form("channel", id))
		if !strings.Contains(got.body, `"channel":`+want) {
			t.Errorf("%s: %s", id, got.body)
		}
	}
}
