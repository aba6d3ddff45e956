// Package notice tells those who look after Fanfare that something is wrong with Fanfare
// itself: in the fallback Slack channel, and through the operations topic. One way that is
// broken does not stop the other.
package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"fanfare/internal/account"
	"fanfare/internal/channel/slack"
	"fanfare/internal/failure"
	"fanfare/internal/secret"
	"fanfare/internal/text"
)

const (
	// Within is how long one notice may take: the ways are gone at the same time.
	Within = 4 * time.Second
	// maxSubject is how many characters the subject of an e-mail has at most:
	// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
	maxSubject = 99
	// maxSlack is well below the 40,000 characters at which Slack cuts:
	// https://docs.slack.dev/reference/methods/chat.postMessage#truncating
	maxSlack = 12_000
	// maxMessage keeps a message far below the 256 KB of SNS.
	maxMessage = 40_000
)

// Notice is what is told.
type Notice struct {
	// Subject is the subject of an e-mail and the first line in Slack: a few words of ASCII.
	Subject string
	// Text is plain text in lines, without markup.
	Text string
}

// Publisher publishes to an SNS topic.
type Publisher interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Teller tells notices.
type Teller struct {
	Account account.Account
	// Secrets are those of Slack.
	Secrets secret.Store
	HTTP    *http.Client
	SNS     Publisher
	// Topic is the operations topic's ARN.
	Topic string
}

// Tell tells the notice both ways, and has told it when one of them has taken it. The
// error, when neither has, is of package failure: Transient when one of them may take it
// the next time.
func (t *Teller) Tell(ctx context.Context, n Notice) error {
	ctx, cancel := context.WithTimeout(ctx, Within)
	defer cancel()
	ways := []func(context.Context, Notice) error{t.publish}
	if s := t.Account.Slack; s != nil && s.Fallback != "" {
		ways = append(ways, t.post)
	}
	problems := make([]error, len(ways))
	var all sync.WaitGroup
	for i, tell := range ways {
		all.Go(func() { problems[i] = tell(ctx, n) })
	}
	all.Wait()

	told, passing := false, false
	for _, err := range problems {
		if err == nil {
			told = true
			continue
		}
		passing = passing || mayPass(err)
		slog.WarnContext(ctx, "a notice was not taken", "notice", n.Subject, "error", err.Error())
	}
	switch err := errors.Join(problems...); {
	case told:
		return nil
	case passing:
		return failure.Transientf("nobody took the notice: %w", err)
	default:
		return failure.Permanentf("nobody took the notice: %w", err)
	}
}

// mayPass tells whether trying again may help.
func mayPass(err error) bool {
	switch err.(type) {
	case *failure.Transient, *failure.RateLimited:
		return true
	default:
		return false
	}
}

func (t *Teller) post(ctx context.Context, n Notice) error {
	token, err := t.Secrets.Secret(ctx, secret.SlackBotToken)
	if err == nil {
		err = slack.NewClient(token.Reveal(), t.Account.Slack.URL, t.HTTP).
			Post(ctx, t.Account.Slack.Fallback, text.Cut(n.Subject+"\n"+n.Text, maxSlack))
	}
	if err != nil {
		return failure.Classify(fmt.Errorf("telling the fallback channel %s: %w", t.Account.Slack.Fallback, err))
	}
	return nil
}

func (t *Teller) publish(ctx context.Context, n Notice) error {
	_, err := t.SNS.Publish(ctx, &sns.PublishInput{
		TopicArn: aws.String(t.Topic), Subject: aws.String(subject(n.Subject)), Message: aws.String(text.Cut(n.Text, maxMessage))})
	if err != nil {
		return failure.Classify(fmt.Errorf("telling the operations topic: %w", err))
	}
	return nil
}

// subject makes the text fit for SNS, which takes ASCII on one line.
func subject(s string) string {
	ascii := strings.Map(func(r rune) rune {
		if r > '~' {
			return '?'
		}
		return r
	}, text.Line(s))
	return ascii[:min(len(ascii), maxSubject)]
}
