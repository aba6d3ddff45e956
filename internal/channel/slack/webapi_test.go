package slack

import (
	"context"
	"net/http"
	"testing"

	"fanfare/internal/channel/channeltest"
)

// TestAnswers is what becomes of one answer of Slack's, to a message or to an edit.
func TestAnswers(t *testing.T) {
	t.Parallel()
	said := func(word string) answerOf { return answerOf{body: `{"ok":false,"error":"` + word + `"}`} }
	wait := func(answer answerOf, seconds string) answerOf {
		answer.header = http.Header{"Retry-After": {seconds}}
		return answer
	}
	for name, test := range map[string]struct {
		answer answerOf
		class  string
		says   string
	}{
		"channel_not_found":   {said("channel_not_found"), "Unreachable", "posting the message: slack refused it: channel_not_found (check slack.channel in the account file, and that the app is in that channel)"},
		"not_in_channel":      {said("not_in_channel"), "Unreachable", "posting the message: slack refused it: not_in_channel (invite the app to the channel)"},
		"invalid_auth":        {said("invalid_auth"), "Unreachable", "posting the message: slack refused it: invalid_auth (check the secret slack/bot-token)"},
		"msg_blocks_too_long": {said("msg_blocks_too_long"), "Permanent", "posting the message: slack refused it: msg_blocks_too_long"},
		"message_not_found":   {said("message_not_found"), "Permanent", "posting the message: slack refused it: message_not_found"},
		"a word of tomorrow":  {said("quota_of_emoji_used_up"), "Permanent", "posting the message: slack refused it: quota_of_emoji_used_up"},
		"invalid_blocks": {answerOf{body: `{"ok":false,"error":"invalid_blocks","errors":[{"a":1}],"response_metadata":{"messages":["[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]","` + token + `"]}}`},
			"Permanent", "posting the message: slack refused it: invalid_blocks: [ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		"internal_error":         {said("internal_error"), "Transient", "posting the message: slack refused it: internal_error"},
		"fatal_error":            {said("fatal_error"), "Transient", "posting the message: slack refused it: fatal_error"},
		"service_unavailable":    {said("service_unavailable"), "Transient", "posting the message: slack refused it: service_unavailable"},
		"request_timeout":        {said("request_timeout"), "Transient", "posting the message: slack refused it: request_timeout"},
		"team_added_to_org":      {said("team_added_to_org"), "Transient", "posting the message: slack refused it: team_added_to_org"},
		"message_limit_exceeded": {said("message_limit_exceeded"), "Transient", "posting the message: slack refused it: message_limit_exceeded"},
		"ratelimited":            {wait(said("ratelimited"), "9"), "RateLimited 9s", "posting the message: slack refused it: ratelimited"},
		"rate_limited":           {said("rate_limited"), "RateLimited 30s", "posting the message: slack refused it: rate_limited"},
		"429":                    {wait(answerOf{status: 429, body: `{"ok":false,"error":"ratelimited"}`}, "42"), "RateLimited 42s", "posting the message: slack answered with HTTP status 429"},
		"429, not said how long": {answerOf{status: 429}, "RateLimited 30s", "posting the message: slack answered with HTTP status 429"},
		"500":                    {answerOf{status: 500, body: "<html>oops</html>"}, "Transient", "posting the message: slack answered with HTTP status 500"},
		"404":                    {answerOf{status: 404, body: "<html>oops</html>"}, "Permanent", "posting the message: slack answered with HTTP status 404"},
		"302":                    {answerOf{status: 302, header: http.Header{"Location": {"https://evil.example"}}}, "Permanent", "posting the message: slack answered with HTTP status 302"},
		"a page":                 {answerOf{body: "<html>sign in</html>"}, "Transient", "posting the message: slack's answer cannot be read"},
		"half":                   {answerOf{body: posted[:40]}, "Transient", "posting the message: slack's answer cannot be read"},
		"nothing":                {answerOf{}, "Transient", "posting the message: slack's answer cannot be read"},
		"no reason":              {answerOf{body: `{"ok":false}`}, "Transient", "posting the message: slack's answer makes no sense"},
		"no ts":                  {answerOf{body: `{"ok":true,"channel":"C0123456789"}`}, "Transient", "posting the message: slack's answer makes no sense"},
		"an ts of tokens":        {answerOf{body: `{"ok":true,"channel":"C0123456789","ts":"` + token + `"}`}, "Transient", "posting the message: slack's answer makes no sense"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := channeltest.Documents()["in_progress"]
			threads := &channeltest.Threads{}
			v := newVendor(t, test.answer)
			receipt, err := NewSender(depsAt("bot", v.URL, threads)).Send(context.Background(), dispatchOf(t, doc, "bot"))
			if classOf(err) != test.class || err.Error() != test.says {
				t.Errorf("became %s: %v, receipt %+v\nwant %s: %s", classOf(err), err, receipt, test.class, test.says)
			}
			if left := threads.Get(doc.Key()); left.Holder != "" || left.TS != "" {
				t.Errorf("left behind is %+v", left)
			}
			if len(v.calls) != 1 {
				t.Errorf("%d calls were made, want 1", len(v.calls))
			}
		})
	}
}
