package channeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

const planted = "pl4nt3d-s3cr3t-0f-n0b0dy"

// sound is a channel that keeps the contract: a text, posted with a token.
func sound() channel.Channel {
	return channel.Channel{
		Format: func(doc deployment.Document, _ account.Account) (any, error) {
			return map[string]string{"status": string(doc.Deployment.Status)}, nil
		},
		NewSender: func(deps channel.Deps) channel.Sender { return poster(post(deps, nil)) },
	}
}

type poster func(ctx context.Context, dispatch channel.Dispatch) (channel.Receipt, error)

func (p poster) Send(ctx context.Context, dispatch channel.Dispatch) (channel.Receipt, error) {
	return p(ctx, dispatch)
}

// post posts the message; fault, if there is one, may change what comes of the answer.
func post(deps channel.Deps, fault func(answer *http.Response, err error) error) poster {
	return func(ctx context.Context, dispatch channel.Dispatch) (channel.Receipt, error) {
		var message map[string]string
		if json.Unmarshal(dispatch.Message, &message) != nil {
			return channel.Receipt{}, failure.Permanentf("reading the message")
		}
		key, err := deps.Secrets.Secret(ctx, "key")
		if err != nil {
			return channel.Receipt{}, &failure.Unreachable{Err: err}
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, deps.Account.PagerDuty.URL, strings.NewReader(key.Reveal()))
		if err != nil {
			return channel.Receipt{}, failure.Permanentf("no request")
		}
		answer, err := deps.HTTP.Do(r)
		if err == nil {
			defer answer.Body.Close()
		}
		if fault != nil {
			if err := fault(answer, err); err != nil {
				return channel.Receipt{}, err
			}
		}
		switch {
		case err != nil:
			return channel.Receipt{}, failure.Transientf("no answer")
		case answer.StatusCode == http.StatusOK:
			return channel.Receipt{Outcome: deployment.Sent}, nil
		case answer.StatusCode < 300:
			return channel.Receipt{}, failure.Transientf("status %d", answer.StatusCode)
		}
		return channel.Receipt{}, failure.FromStatus(answer.StatusCode, answer.Header, 1e9, fmt.Errorf("status %d", answer.StatusCode))
	}
}

func options() Options {
	return Options{
		Account:       func(url string) account.Account { return account.Account{PagerDuty: &account.PagerDuty{URL: url}} },
		MaxBytes:      1000,
		Secrets:       func(string) Secrets { return Secrets{"key": planted} },
		Hidden:        []string{planted},
		Document:      Documents()["failed"],
		Success:       func(http.ResponseWriter, *http.Request) {},
		SuccessStatus: http.StatusOK,
		Junk:          Taken,
	}
}

func TestASoundChannelPasses(t *testing.T) { Run(t, sound(), options()) }

func TestAChannelWithoutSenderPasses(t *testing.T) {
	c := sound()
	c.NewSender = nil
	Run(t, c, Options{Account: options().Account, MaxBytes: 1000})
}

// TestBadFormats holds channels to the contract that break it.
func TestBadFormats(t *testing.T) {
	t.Parallel()
	calls := 0
	for name, test := range map[string]struct {
		format func(doc deployment.Document) (any, error)
		says   string
	}{
		"unclassified": {func(deployment.Document) (any, error) { return nil, errors.New("no") }, "must be Permanent"},
		"transient":    {func(deployment.Document) (any, error) { return nil, failure.Transientf("no") }, "must be Permanent"},
		"panic":        {func(deployment.Document) (any, error) { panic("oh") }, "panicked: oh"},
		"no JSON":      {func(deployment.Document) (any, error) { return func() {}, nil }, "marshalling"},
		"unstable":     {func(deployment.Document) (any, error) { calls++; return calls, nil }, "two things"},
		"changes":      {func(doc deployment.Document) (any, error) { doc.Release.Image.Tag = "x"; return "", nil }, "the document was changed"},
		"too long":     {func(deployment.Document) (any, error) { return strings.Repeat("x", 2000), nil }, "2002 bytes long"},
		"secret":       {func(deployment.Document) (any, error) { return planted, nil }, "shows a secret"},
		"half a one":   {func(deployment.Document) (any, error) { return planted[5:14], nil }, "shows a secret"},
		"control":      {func(deployment.Document) (any, error) { return []string{"a\u202eb"}, nil }, "U+202E at /0"},
		"control key":  {func(deployment.Document) (any, error) { return map[string]any{"a\x1b": 1}, nil }, "U+001B"},
	} {
		t.Run(name, func(t *testing.T) {
			c := channel.Channel{Format: func(doc deployment.Document, _ account.Account) (any, error) { return test.format(doc) }}
			err := checkFormat(c, options(), Documents()["failed"], Documents()["failed"])
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("the kit says %v, want %q", err, test.says)
			}
		})
	}
}

// TestBadSenders runs all checks on senders that break the contract, and expects one
// of them to say so.
func TestBadSenders(t *testing.T) {
	body := func(answer *http.Response) string {
		content, _ := io.ReadAll(io.LimitReader(answer.Body, 1000))
		return string(content)
	}
	for name, test := range map[string]struct {
		fault func(answer *http.Response, err error) error
		says  string
	}{
		"echoes the body": {func(answer *http.Response, err error) error {
			if err == nil && answer.StatusCode >= 400 {
				return failure.FromStatus(answer.StatusCode, answer.Header, 1e9, errors.New(body(answer)))
			}
			return nil
		}, "the error shows a secret"},
		"echoes the transport": {func(_ *http.Response, err error) error {
			if err != nil {
				return failure.Transientf("posting: %w", err)
			}
			return nil
		}, "the error shows a secret"},
		"classifies nothing": {func(_ *http.Response, err error) error { return err }, "not of package failure"},
		"takes 500 for good": {func(answer *http.Response, err error) error {
			if err == nil && answer.StatusCode == 500 {
				answer.StatusCode = 200
			}
			return nil
		}, "became taken, want Transient"},
		"panics": {func(answer *http.Response, err error) error { return errors.New(answer.Status) }, "Send panicked"},
		"does not listen": {func(answer *http.Response, err error) error {
			if err == nil && answer.StatusCode == 429 {
				return &failure.RateLimited{Err: errors.New("slow"), After: 1e9}
			}
			return nil
		}, `Retry-After "7": became a wait of 1s`},
	} {
		t.Run(name, func(t *testing.T) {
			c := sound()
			c.NewSender = func(deps channel.Deps) channel.Sender { return poster(post(deps, test.fault)) }
			var said []string
			for _, check := range sendChecks(options()) {
				if err := check.run(c, options()); err != nil {
					said = append(said, err.Error())
				}
			}
			if !strings.Contains(strings.Join(said, "\n"), test.says) {
				t.Errorf("the kit says %.500q, want %q", said, test.says)
			}
		})
	}
}

func TestLogsAreCaught(t *testing.T) {
	t.Run("within", func(t *testing.T) {
		logged := captureLogs(t)
		slog.Debug("oh", "key", planted)
		if hides([]string{planted}, "the log", logged.String()) == nil {
			t.Errorf("not seen: %s", logged)
		}
	})
	after := captureLogs(t)
	slog.Info("later")
	if !strings.Contains(after.String(), "later") {
		t.Error("a second capture sees nothing")
	}
}

func TestEveryEndIsLookedAt(t *testing.T) {
	t.Parallel()
	for name, receipt := range map[string]channel.Receipt{
		"no outcome":    {},
		"not a receipt": {Outcome: deployment.Wait},
		"a secret":      {Outcome: deployment.Sent, Values: map[string]string{"ts": planted}},
	} {
		if wellBehaved(options(), receipt, nil) == nil {
			t.Errorf("%s: passes", name)
		}
	}
	for name, err := range map[string]error{
		"unclassified": errors.New("no"),
		"endless":      failure.Permanentf("%s", strings.Repeat("no ", 3000)),
		"a secret":     failure.Permanentf("no %s", planted),
	} {
		if wellBehaved(options(), channel.Receipt{}, err) == nil {
			t.Errorf("error %s: passes", name)
		}
	}
}
