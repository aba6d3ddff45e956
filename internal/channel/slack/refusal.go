package slack

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"fanfare/internal/failure"
)

// defaultWait is how long to wait when Slack says that it is too much, but not for how
// long: https://docs.slack.dev/apis/web-api/rate-limits
const defaultWait = 30 * time.Second

// The words by which Slack says that something is wrong, where they mean anything else
// than a Permanent error of this one message. What we built stays wrong however often it is sent, and so,
// as far as anyone can know, does what a word says that Slack adds tomorrow.
// https://docs.slack.dev/reference/methods/chat.postMessage#errors
// https://docs.slack.dev/reference/methods/chat.update#errors
var (
	// slowDown are the words for too much at once.
	slowDown = []string{"ratelimited", "rate_limited"}
	// passing are the words for what is gone the next time: trouble on Slack's side, or
	// a workspace or channel that is being moved.
	passing = []string{
		"internal_error", "fatal_error", "service_unavailable", "request_timeout", "message_limit_exceeded",
		"team_added_to_org", "org_login_required", "external_channel_migrating",
	}
	// gone are the words for a channel in which nothing gets through any more, whatever the
	// message, until a person mends the channel, the app or its secret: those of the Web
	// API and those of webhooks, which have some of their own.
	// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
	gone = []string{
		"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel",
		"restricted_action_non_threadable_channel", "restricted_action_thread_only_channel", "no_permission", "access_denied",
		"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope", "not_allowed_token_type",
		"team_not_found", "team_disabled", "team_access_not_granted", "enterprise_is_restricted", "ekm_access_denied",
		"no_service", "no_service_id", "no_team", "no_active_hooks", "invalid_token", "channel_is_archived", "action_prohibited",
		"posting_to_general_channel_denied", "user_not_found",
	}
	// uneditable are the words for a message that can no longer be edited: somebody has
	// deleted it, or the workspace closes messages after a while.
	uneditable = []string{"message_not_found", "cant_update_message", "edit_window_closed"}
)

// advice says what to do about the words that an installation meets first.
var advice = map[string]string{
	"not_in_channel":    "invite the app to the channel",
	"channel_not_found": "check slack.channel in the account file, and that the app is in that channel",
	"is_archived":       "the channel is archived",
	"missing_scope":     "give the app the scope chat:write",
	"invalid_auth":      "check the secret slack/bot-token",
	"not_authed":        "check the secret slack/bot-token",
	"token_revoked":     "renew the secret slack/bot-token",
	"token_expired":     "renew the secret slack/bot-token",
	"account_inactive":  "renew the secret slack/bot-token",

	"no_service":          "the webhook was removed: renew the secret slack/webhook-url",
	"no_service_id":       "renew the secret slack/webhook-url",
	"no_team":             "renew the secret slack/webhook-url",
	"no_active_hooks":     "the app's webhooks are turned off: renew the secret slack/webhook-url",
	"invalid_token":       "renew the secret slack/webhook-url",
	"channel_is_archived": "the channel is archived",
	"action_prohibited":   "the workspace allows no such webhook",
}

// refusal is an answer by which Slack says no, in one word.
type refusal struct {
	word    string
	details []string
}

func (r *refusal) Error() string {
	said := "slack refused it: " + r.word
	if len(r.details) > 0 {
		said += ": " + strings.Join(r.details, ", ")
	}
	if todo := advice[r.word]; todo != "" {
		said += " (" + todo + ")"
	}
	return said
}

// ofWord classifies what Slack says; of the details it keeps the first few that name a
// place in the message.
func ofWord(said string, details []string, header http.Header) error {
	r := &refusal{word: said}
	for _, detail := range details {
		if len(r.details) < 3 && pointer.MatchString(detail) {
			r.details = append(r.details, detail)
		}
	}
	switch {
	case slices.Contains(slowDown, said):
		return &failure.RateLimited{Err: r, After: failure.RetryAfter(header, time.Now(), defaultWait)}
	case slices.Contains(passing, said):
		return &failure.Transient{Err: r}
	case slices.Contains(gone, said):
		return &failure.Unreachable{Err: r}
	default:
		return &failure.Permanent{Err: r}
	}
}

// ofStatus classifies an answer by its status alone, and shows the word that came with
// it, if any did.
func ofStatus(response *http.Response, said string) error {
	err := fmt.Errorf("slack answered with HTTP status %d", response.StatusCode)
	if word.MatchString(said) {
		err = fmt.Errorf("HTTP status %d: %w", response.StatusCode, &refusal{word: said})
	}
	switch status := response.StatusCode; {
	case status < 300:
		return &failure.Transient{Err: err} // whoever said this is not Slack
	case status >= 400 && status < 500 && slices.Contains(gone, said):
		return &failure.Unreachable{Err: err}
	}
	return failure.FromStatus(response.StatusCode, response.Header, defaultWait, err)
}

// isUneditable tells whether the error says that the message cannot be edited any more.
func isUneditable(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && slices.Contains(uneditable, refused.word)
}
