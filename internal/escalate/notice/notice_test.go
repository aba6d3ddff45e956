package notice

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"fanfare/internal/account"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/failure"
)

const token = "xoxb-do-not-show"

// topic is SNS.
type topic struct {
	err       error
	published []*sns.PublishInput
}

func (f *topic) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	f.published = append(f.published, in)
	return &sns.PublishOutput{}, nil
}

func TestTell(t *testing.T) {
	t.Parallel()
	const taken, revoked = `{"ok":true,"channel":"C0FALLBACK0","ts":"1.2"}`, `{"ok":false,"error":"token_revoked"}`
	gone := &types.NotFoundException{}
	for name, test := range map[string]struct {
		fallback, slack string
		secrets         channeltest.Secrets
		sns             error
		want            any // the error's class
	}{
		"both take it":              {fallback: "C0FALLBACK0", slack: taken},
		"the token is revoked":      {fallback: "C0FALLBACK0", slack: revoked},
		"the token is missing":      {fallback: "C0FALLBACK0", secrets: channeltest.Secrets{}},
		"the topic is gone":         {fallback: "C0FALLBACK0", slack: taken, sns: gone},
		"no fallback":               {slack: revoked},
		"no fallback, and no topic": {slack: taken, sns: gone, want: &failure.Permanent{}},
		"no fallback, SNS is down":  {sns: context.DeadlineExceeded, want: &failure.Transient{}},
		"both gone":                 {fallback: "C0FALLBACK0", slack: revoked, sns: gone, want: &failure.Permanent{}},
		"one gone, one down":        {fallback: "C0FALLBACK0", slack: `{"ok":false,"error":"internal_error"}`, sns: gone, want: &failure.Transient{}},
		"one gone, one limits us":   {fallback: "C0FALLBACK0", slack: `{"ok":false,"error":"ratelimited"}`, sns: gone, want: &failure.Transient{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, test.slack) }))
			defer server.Close()
			if test.secrets == nil {
				test.secrets = channeltest.Secrets{"bot-token": token}
			}
			f := &topic{err: test.sns}
			teller := Teller{
				Account: account.Account{Slack: &account.Slack{Fallback: test.fallback, URL: server.URL + "/"}},
				Secrets: test.secrets, HTTP: server.Client(), SNS: f, Topic: "arn:topic",
			}
			err := teller.Tell(t.Context(), Notice{Subject: "A subject", Text: "line\nline"})
			if reflect.TypeOf(err) != reflect.TypeOf(test.want) {
				t.Errorf("got %T %v", err, err)
			}
			if err != nil && strings.Contains(err.Error(), token) {
				t.Errorf("the error shows the token: %v", err)
			}
			if test.sns == nil && (len(f.published) != 1 || aws.ToString(f.published[0].TopicArn) != "arn:topic" ||
				aws.ToString(f.published[0].Subject) != "A subject" || aws.ToString(f.published[0].Message) != "line\nline") {
				t.Errorf("published %v", f.published)
			}
		})
	}
}

// TestHangingSlack has a Slack that never answers: the topic is told all the same, in time.
func TestHangingSlack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &topic{}
		teller := Teller{
			Account: account.Account{Slack: &account.Slack{Fallback: "C0FALLBACK0", URL: "http://slack.invalid/"}},
			Secrets: channeltest.Secrets{"bot-token": token}, SNS: f,
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			})},
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		if err := teller.Tell(ctx, Notice{Subject: "s", Text: "t"}); err != nil || len(f.published) != 1 || time.Since(began) != Within {
			t.Errorf("got %d published after %s, %v", len(f.published), time.Since(began), err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func FuzzSubject(f *testing.F) {
	for _, seed := range []string{"Fanfare cannot reach Slack", "Zürich\n→ x", strings.Repeat("é", 200), "\xff\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := subject(s)
		if len(got) > maxSubject || !utf8.ValidString(got) {
			t.Errorf("%q became %q", s, got)
		}
		for _, r := range got {
			if r < ' ' || r > '~' {
				t.Errorf("%q became %q, with %q", s, got, r)
			}
		}
	})
}
