package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/secret"
)

// webhookMessage is what an incoming webhook takes:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
type webhookMessage struct {
	content
	UnfurlLinks bool `json:"unfurl_links"`
	UnfurlMedia bool `json:"unfurl_media"`
}

// sendToWebhook posts the message. A webhook's address is its secret, so nothing that
// holds it becomes part of an error. Nor can it be asked what it has posted: what was
// perhaps posted before is posted again.
func (s *sender) sendToWebhook(ctx context.Context, message content, again bool) (channel.Receipt, error) {
	given, err := s.secret(ctx, secret.SlackWebhookURL)
	if err != nil {
		return channel.Receipt{}, err
	}
	address, err := url.Parse(strings.TrimSpace(given.Reveal()))
	if err != nil || address.Host == "" || (address.Scheme != "https" && address.Scheme != "http") {
		return channel.Receipt{}, failure.Unreachablef("posting to the webhook: the secret slack/%s is not an address such as https://hooks.slack.com/services/…", secret.SlackWebhookURL)
	}
	body, err := json.Marshal(webhookMessage{content: message})
	if err != nil {
		return channel.Receipt{}, failure.Permanentf("writing the message for the webhook: %w", err)
	}
	if err := s.postTo(ctx, address, body); err != nil {
		return channel.Receipt{}, fmt.Errorf("posting to the webhook: %w", err)
	}
	if again {
		return channel.Receipt{Outcome: deployment.Repeated}, nil
	}
	return channel.Receipt{Outcome: deployment.Sent}, nil
}

func (s *sender) postTo(ctx context.Context, address *url.URL, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), bytes.NewReader(body))
	if err != nil {
		return failure.Permanentf("the request cannot be made")
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	response, answer, err := ask(s.HTTP, request)
	if err != nil {
		return err
	}
	// The status says what an error means, the body in one word of plain text which
	// one it is.
	said := strings.TrimSpace(string(answer))
	if response.StatusCode != http.StatusOK {
		return ofStatus(response, said)
	}
	if said != "ok" {
		return failure.Transientf("the answer is not slack's ok")
	}
	return nil
}
