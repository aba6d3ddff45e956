package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/secret"
)

func TestWebhook(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer answerOf
		class  string
		says   string
	}{
		"ok":                  {answerOf{body: "ok"}, "<nil>", ""},
		"ok, and a line end":  {answerOf{body: "ok\n"}, "<nil>", ""},
		"invalid_payload":     {answerOf{status: 400, body: "invalid_payload"}, "Permanent", "posting to the webhook: HTTP status 400: slack refused it: invalid_payload"},
		"action_prohibited":   {answerOf{status: 403, body: "action_prohibited"}, "Unreachable", "posting to the webhook: HTTP status 403: slack refused it: action_prohibited (the workspace allows no such webhook)"},
		"no_service":          {answerOf{status: 404, body: "no_service"}, "Unreachable", "posting to the webhook: HTTP status 404: slack refused it: no_service (the webhook was removed: renew the secret slack/webhook-url)"},
		"channel_is_archived": {answerOf{status: 410, body: "channel_is_archived"}, "Unreachable", "posting to the webhook: HTTP status 410: slack refused it: channel_is_archived (the channel is archived)"},
		"rollup_error":        {answerOf{status: 500, body: "rollup_error"}, "Transient", "posting to the webhook: HTTP status 500: slack refused it: rollup_error"},
		"429":                 {answerOf{status: 429, header: http.Header{"Retry-After": {"3"}}, body: "rate_limited"}, "RateLimited 3s", "posting to the webhook: HTTP status 429: slack refused it: rate_limited"},
		"a page with 200":     {answerOf{body: "<html>"}, "Transient", "posting to the webhook: the answer is not slack's ok"},
		"a page":              {answerOf{status: 503, body: "<html>"}, "Transient", "posting to the webhook: slack answered with HTTP status 503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, test.answer)
			doc := channeltest.Documents()["failed"]
			receipt, err := NewSender(depsAt("webhook", v.URL, nil)).Send(context.Background(), dispatchOf(t, doc, "webhook"))
			if classOf(err) != test.class || err != nil && err.Error() != test.says || err == nil && receipt.Outcome != deployment.Sent {
				t.Errorf("became %s: %v, receipt %+v\nwant %s: %s", classOf(err), err, receipt, test.class, test.says)
			}
			if len(v.calls) != 1 || v.calls[0].Get("method") != webhookPath || v.calls[0].Get("event") != doc.Deployment.Event {
				t.Fatalf("called: %v", v.calls)
			}
			var sent map[string]any
			if err := json.Unmarshal([]byte(v.calls[0].Get("body")), &sent); err != nil {
				t.Fatal(err)
			}
			if sent["text"] == "" || len(sent["blocks"].([]any)) < 4 || sent["unfurl_links"] != false || sent["unfurl_media"] != false || len(sent) != 4 {
				t.Errorf("sent: %v", sent)
			}
		})
	}
}

// TestWebhookAgain cannot look whether it was posted before.
func TestWebhookAgain(t *testing.T) {
	t.Parallel()
	v := newVendor(t, answerOf{body: "ok"})
	dispatch := dispatchOf(t, channeltest.Documents()["failed"], "webhook")
	dispatch.Unsure = time.Now().Add(-time.Minute)
	receipt, err := NewSender(depsAt("webhook", v.URL, nil)).Send(context.Background(), dispatch)
	if err != nil || receipt.Outcome != deployment.Repeated || len(v.calls) != 1 {
		t.Errorf("became %+v, %v after %q", receipt, err, v.methods())
	}
}

func TestWebhookAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "hooks.slack.com" + webhookPath, "https://" + webhookPath, "https://%zz" + webhookPath, "ftp://hooks.slack.com" + webhookPath, "https://hooks.slack.com:x" + webhookPath} {
		deps := depsAt("webhook", "", nil)
		deps.Secrets = channeltest.Secrets{secret.SlackWebhookURL: address}
		_, err := NewSender(deps).Send(context.Background(), dispatchOf(t, channeltest.Documents()["failed"], "webhook"))
		if classOf(err) != "Unreachable" || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q became %v", address, err)
		}
	}
}
