package doctor

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"fanfare/internal/account"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/ledger"
)

var now = time.Date(2026, 3, 14, 7, 0, 0, 0, time.UTC)

const (
	slackToken = "xoxb-do-not-show-slack"
	routingKey = "donotshow0123456789pagerduty0123"
	labToken   = "glpat-do-not-show-gitlab"
	webhookURL = "https://hooks.slack.com/services/T0DONOT/B0SHOW/webhook"
	allScopes  = "chat:write,channels:history,groups:history,channels:read,groups:read"
)

// world is all that the doctor looks at, in order unless a test breaks it.
type world struct {
	account account.Account
	secrets map[string]ssmtypes.Parameter
	// Slack: the token's scopes, its channels as conversations.info tells of them, and the
	// word by which it refuses the token.
	scopes   string
	channels map[string]string
	refusal  string
	// Answers of PagerDuty and GitLab.
	pagerDuty, gitLab int
	token             string
	// subscriptions are the ARNs, by the end of the topic's; a topic that is not there does
	// not exist. depths are attributes of the queues.
	subscriptions map[string][]string
	depths        map[string]map[string]string
	// hang are vendors that never answer, and err what AWS's services fail with, by name.
	hang string
	err  map[string]error

	mu       sync.Mutex
	over     []string
	resolved []string
	notices  []notice.Notice
}

func stored(value string) ssmtypes.Parameter {
	return ssmtypes.Parameter{Type: ssmtypes.ParameterTypeSecureString, Value: aws.String(value)}
}

func newWorld() *world {
	const member = `{"id":"C0","name":"deployments","is_channel":true,"is_member":true}`
	empty := map[string]string{"ApproximateNumberOfMessages": "0", "ApproximateNumberOfMessagesNotVisible": "0"}
	return &world{
		account: account.Account{
			ID: "123456789012", Region: "eu-west-1", Secrets: account.Secrets{Prefix: "/fanfare"},
			Environments: []account.Environment{{Name: "staging", Told: account.Told{SlackChannel: "C0STAGING00"}}},
			Services:     []account.Service{{Name: "worker", Told: account.Told{SlackChannel: "C0STAGING00"}}},
			Pipelines:    []account.Pipeline{{Name: "search", Told: account.Told{SlackChannel: "C0SEARCH000"}}},
			Slack:        &account.Slack{Channel: "C0123456789", Fallback: "C0FALLBACK0", Via: "bot", URL: "https://slack.test/api/"},
			PagerDuty:    &account.PagerDuty{URL: "https://pagerduty.test"},
			GitLab:       &account.GitLab{URL: "https://gitlab.test/below"},
			SNS:          &account.SNS{},
			Operations:   account.Operations{Email: "ops@example.com"},
		},
		secrets: map[string]ssmtypes.Parameter{
			"/fanfare/slack/bot-token": stored(slackToken), "/fanfare/pagerduty/routing-key": stored(routingKey),
			"/fanfare/gitlab/token": stored(labToken), "/fanfare/slack/webhook-url": stored(webhookURL),
		},
		scopes:        allScopes,
		channels:      map[string]string{"C0123456789": member, "C0FALLBACK0": member, "C0STAGING00": member, "C0SEARCH000": member},
		pagerDuty:     http.StatusAccepted,
		gitLab:        http.StatusOK,
		token:         `{"id":1,"scopes":["read_api"],"revoked":false,"active":true,"expires_at":"2026-12-31"}`,
		subscriptions: map[string][]string{"operations": {"arn:aws:sns:eu-west-1:123456789012:fanfare-operations:1"}, "texts": {"arn:aws:sns:eu-west-1:123456789012:fanfare-texts:1"}},
		depths:        map[string]map[string]string{"fanfare-events-dlq": empty, "fanfare-deliveries-dlq": empty},
		err:           map[string]error{},
	}
}

func (w *world) doctor() *Doctor {
	return &Doctor{
		Account: w.account, SSM: w, SNS: w, SQS: w, Ledger: w, Teller: w, HTTP: &http.Client{Transport: w}, Now: func() time.Time { return now },
		EventQueue: "https://sqs.test/123456789012/fanfare-events-dlq", DeliveryQueue: "https://sqs.test/123456789012/fanfare-deliveries-dlq",
		OperationsTopic: "arn:aws:sns:eu-west-1:123456789012:fanfare-operations", TextsTopic: "arn:aws:sns:eu-west-1:123456789012:fanfare-texts",
	}
}

func (w *world) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	if w.err["ssm"] != nil {
		return nil, w.err["ssm"]
	}
	found, ok := w.secrets[aws.ToString(in.Name)]
	if !ok || !aws.ToBool(in.WithDecryption) {
		return nil, &ssmtypes.ParameterNotFound{}
	}
	return &ssm.GetParameterOutput{Parameter: &found}, nil
}

// ListSubscriptionsByTopic gives one subscription a page.
func (w *world) ListSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput, _ ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	if w.err["sns"] != nil {
		return nil, w.err["sns"]
	}
	topic := aws.ToString(in.TopicArn)
	all, ok := w.subscriptions[topic[strings.LastIndex(topic, "-")+1:]]
	if !ok {
		return nil, &snstypes.NotFoundException{}
	}
	at := len(aws.ToString(in.NextToken))
	out := &sns.ListSubscriptionsByTopicOutput{}
	if at < len(all) {
		out.Subscriptions = []snstypes.Subscription{{SubscriptionArn: aws.String(all[at])}}
	}
	if at+1 < len(all) {
		out.NextToken = aws.String(strings.Repeat("x", at+1))
	}
	return out, nil
}

func (w *world) GetQueueAttributes(_ context.Context, in *sqs.GetQueueAttributesInput, _ ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	address := aws.ToString(in.QueueUrl)
	return &sqs.GetQueueAttributesOutput{Attributes: w.depths[address[strings.LastIndex(address, "/")+1:]]}, w.err["sqs"]
}

func (w *world) Ping(context.Context) error { return w.err["ledger"] }

func (w *world) EndOutage(_ context.Context, o ledger.Outage) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = append(w.over, o.String())
	return w.err["ledger"]
}

func (w *world) Tell(_ context.Context, n notice.Notice) error {
	w.notices = append(w.notices, n)
	return w.err["teller"]
}

// RoundTrip is the vendors.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	if strings.HasPrefix(r.Host, w.hang+".") {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	answer := httptest.NewRecorder()
	switch r.Host + r.URL.Path {
	case "slack.test/api/auth.test":
		answer.Header().Set("X-OAuth-Scopes", w.scopes)
		w.slack(answer, r, `"team":"Fanfare","url":"https://fanfare.slack.com/","user_id":"U0","team_id":"T0"`)
	case "slack.test/api/conversations.info":
		_ = r.ParseForm()
		found, ok := w.channels[r.PostForm.Get("channel")]
		switch {
		case !ok:
			_, _ = io.WriteString(answer, `{"ok":false,"error":"channel_not_found"}`)
		case !strings.Contains(w.scopes, ":read"):
			_, _ = io.WriteString(answer, `{"ok":false,"error":"missing_scope"}`)
		default:
			w.slack(answer, r, `"channel":`+found)
		}
	case "pagerduty.test/v2/enqueue":
		var event map[string]string
		_ = json.NewDecoder(r.Body).Decode(&event)
		w.mu.Lock()
		w.resolved = append(w.resolved, event["event_action"]+" "+event["dedup_key"])
		w.mu.Unlock()
		answer.WriteHeader(w.pagerDuty)
		_, _ = io.WriteString(answer, `{"status":"invalid event","errors":["`+event["routing_key"]+`"]}`)
	case "gitlab.test/below/api/v4/personal_access_tokens/self":
		answer.WriteHeader(w.gitLab)
		if r.Header.Get("PRIVATE-TOKEN") == labToken {
			_, _ = io.WriteString(answer, w.token)
		}
	default:
		answer.WriteHeader(http.StatusTeapot)
	}
	return answer.Result(), nil
}

func (w *world) slack(answer io.Writer, r *http.Request, rest string) {
	word := w.refusal
	_ = r.ParseForm()
	if r.Header.Get("Authorization") != "Bearer "+slackToken && r.PostForm.Get("token") != slackToken {
		word = "invalid_auth"
	}
	if word != "" {
		_, _ = io.WriteString(answer, `{"ok":false,"error":"`+word+`"}`)
		return
	}
	_, _ = io.WriteString(answer, `{"ok":true,`+rest+`}`)
}

// hides fails the test when a secret is shown.
func hides(t *testing.T, shown any) {
	t.Helper()
	text, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{slackToken, routingKey, labToken, "T0DONOT"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%s is shown in %s", secret, text)
		}
	}
}
