package slack

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/account"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
)

// defaultWait is how long to wait when Slack says that it is too much, but not for how
// long: https://docs.slack.dev/apis/web-api/rate-limits
const defaultWait = 30 * time.Second

// The words by which Slack says that something is wrong, where they mean anything else
// than a Permanent error. What we built stays wrong however often it is sent, and so,
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
}

// newAPI returns a client of the Web API for one call after another, without retries.
func newAPI(token, address string, client *http.Client) *slackgo.Client {
	if address == "" {
		address = account.DefaultSlack
	}
	return slackgo.New(strings.TrimSpace(token), slackgo.OptionAPIURL(strings.TrimSuffix(address, "/")+"/"), slackgo.OptionHTTPClient(answers{client}))
}

// answers is the HTTP client below slack-go's. It turns every refusal into an error of
// package failure, and hands on no more of an answer than is needed: Slack echoes the
// message, and an echo that slack-go cannot read must not make an error, and thereby a
// second message, of one that was posted.
type answers struct{ client *http.Client }

// answer is what matters of Slack's answer to any method.
type answer struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error,omitempty"`
	Channel  string `json:"channel,omitempty"`
	TS       string `json:"ts,omitempty"`
	Metadata struct {
		Messages []string `json:"messages,omitempty"`
	} `json:"response_metadata"`
}

// Do sends the request; the answer that it returns is one that says ok.
func (a answers) Do(r *http.Request) (*http.Response, error) {
	response, body, err := ask(a.client, r)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, ofStatus(response, "")
	}
	var got answer
	if err := json.Unmarshal(body, &got); err != nil {
		return nil, failure.Transientf("slack's answer cannot be read")
	}
	switch {
	case !got.OK && word.MatchString(got.Error):
		return nil, ofWord(got.Error, got.Metadata.Messages, response.Header)
	case !got.OK || !timestamp.MatchString(got.TS) || !channelID.MatchString(got.Channel):
		return nil, failure.Transientf("slack's answer makes no sense")
	}
	needed, err := json.Marshal(got)
	if err != nil {
		return nil, fmt.Errorf("handing on slack's answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(needed))
	return response, nil
}

// What Slack says is shown only where it looks like what Slack says. Anything else may
// come from whatever stands in between, which may say back the secret.
var (
	word      = regexp.MustCompile(`^[a-z0-9_]{1,80}$`)
	timestamp = regexp.MustCompile(`^[0-9]{1,20}\.[0-9]{1,20}$`)
	channelID = regexp.MustCompile(`^[A-Z0-9]{1,30}$`)
	pointer   = regexp.MustCompile(`^(\[[A-Z]+\] )?[A-Za-z0-9 ,']{1,100} \[json-pointer:[a-z0-9_/]{1,80}\]$`)
)

// ask sends the request and reads the answer; the error is Transient. Of an answer with
// any other status than 200 the body may break off: the status says enough.
func ask(client *http.Client, r *http.Request) (*http.Response, []byte, error) {
	response, err := client.Do(r)
	if err != nil {
		return nil, nil, unanswered(err)
	}
	body, _, err := outbound.ReadBody(response, outbound.MaxBody)
	if err != nil && response.StatusCode == http.StatusOK {
		return nil, nil, failure.Transientf("slack's answer broke off")
	}
	return response, body, nil
}

// unanswered says why there is no answer, without what net/http adds: the address,
// which a webhook must not show, and of an answer that is not HTTP its first line.
func unanswered(err error) error {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &timeout) && timeout.Timeout():
		return failure.Transientf("slack did not answer in time")
	case errors.As(err, &network):
		return &failure.Transient{Err: network}
	case errors.As(err, &certificate):
		return &failure.Transient{Err: certificate}
	default:
		return failure.Transientf("the connection to slack broke")
	}
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
	if response.StatusCode < 300 {
		return &failure.Transient{Err: err} // whoever said this is not Slack
	}
	return failure.FromStatus(response.StatusCode, response.Header, defaultWait, err)
}

// isUneditable tells whether the error says that the message cannot be edited any more.
func isUneditable(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && slices.Contains(uneditable, refused.word)
}
