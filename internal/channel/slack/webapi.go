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
	"path"
	"regexp"
	"strings"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/account"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
)

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

// answer is what Slack's answer to any method has.
type answer struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Metadata struct {
		Messages []string `json:"messages"`
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
	case !got.OK:
		return nil, senseless
	}
	needs := needsOf[path.Base(r.URL.Path)]
	if needs == nil {
		needs = placeIn
	}
	needed, err := needs(body)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(needed)
	if err != nil {
		return nil, fmt.Errorf("handing on slack's answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(content))
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
