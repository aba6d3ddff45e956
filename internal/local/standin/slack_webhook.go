package standin

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// webhook answers an incoming webhook as Slack does, with a word and a status:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
func (s *Slack) webhook(c *call) reply {
	if c.Method != http.MethodPost {
		return text(http.StatusMethodNotAllowed, "this stand-in takes POST only")
	}
	id, bad, status := s.webhookChannel(c.URL.Path)
	if bad != "" {
		return text(status, bad)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[id]
	switch {
	case ch == nil || ch.Removed:
		return text(http.StatusNotFound, "channel_not_found")
	case ch.Archived:
		return text(http.StatusGone, "channel_is_archived")
	}
	if seconds, limited := s.limited(ch.posts); limited {
		return tooMany(text(0, "rate_limited"), seconds)
	}
	args, refused := webhookArguments(c)
	if refused != nil {
		return text(http.StatusBadRequest, "invalid_payload")
	}
	m, refused := s.post(ch, args, c.event)
	if refused != nil {
		return text(http.StatusBadRequest, refused.word)
	}
	m.Webhook = true
	done := text(http.StatusOK, "ok")
	done.accepted = true
	return done
}

// webhookChannel finds the channel of a webhook's path: /services/T…/B…/secret.
func (s *Slack) webhookChannel(path string) (id, bad string, status int) {
	if id, known := s.webhooks[path]; known {
		return id, "", 0
	}
	if parts := strings.Split(path, "/"); len(parts) == 5 {
		for known := range s.webhooks {
			if strings.HasPrefix(known, strings.Join(parts[:4], "/")+"/") {
				return "", "invalid_token", http.StatusForbidden
			}
		}
	}
	return "", "no_service", http.StatusNotFound
}

// webhookArguments reads JSON, or JSON in the field payload of a form.
func webhookArguments(c *call) (arguments, *refusal) {
	body := c.body
	if kind, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, refuse("invalid_payload")
		}
		body = []byte(form.Get("payload"))
	}
	return jsonArguments(body)
}
