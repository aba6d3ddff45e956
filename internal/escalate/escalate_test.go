package escalate

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"fanfare/internal/account"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/step"
)

var update = flag.Bool("update", false, "write the golden files anew")

const execution = "arn:aws:states:eu-west-1:123456789012:execution:fanfare-notify:e1"

func shop() account.Account {
	return account.Account{
		ID: "123456789012", Region: "eu-west-1", Secrets: account.Secrets{Prefix: "/fanfare"},
		Environments: []account.Environment{{Name: "production", Production: true}, {Name: "staging", Told: account.Told{SlackChannel: "C0STAGING00"}}},
		Slack:        &account.Slack{Channel: "C0123456789", Via: "bot", Fallback: "C0FALLBACK0"},
		PagerDuty:    &account.PagerDuty{}, SNS: &account.SNS{},
	}
}

// input is what the workflow gives when the deliveries ended so.
func input(deliveries map[string]deployment.Delivery) step.Input {
	var in step.Input
	in.Document.Deployment = deployment.Deployment{
		Event: "e1", Name: "SERVICE_DEPLOYMENT_FAILED", Account: "123456789012", Region: "eu-west-1", Cluster: "shop",
		Service: "checkout", ID: "ecs-svc/1", Environment: "production", Production: true,
	}
	in.Document.Claim = &deployment.Claim{Holder: execution}
	in.Document.Deliveries = deliveries
	return in
}

func dead(reason, detail string) deployment.Delivery {
	return deployment.Delivery{Outcome: deployment.DeadLettered, Reason: reason, Detail: deployment.Said(detail)}
}

// caused is the Cause of a function's error, as Step Functions hands it over.
func caused(message string) string {
	return fmt.Sprintf(`{"errorMessage":%q,"errorType":"Unreachable"}`, message)
}

// memory is the ledger's outages, without a clock.
type memory struct {
	told, held map[ledger.Outage]bool
	// broken are errors of claiming and of settling.
	claim, settle error
}

func newMemory() *memory {
	return &memory{told: map[ledger.Outage]bool{}, held: map[ledger.Outage]bool{}}
}

func (m *memory) ClaimOutage(_ context.Context, o ledger.Outage, holder string) (bool, error) {
	if holder == "" {
		return false, errors.New("nobody claims it")
	}
	if m.claim != nil || m.told[o] || m.held[o] {
		return false, m.claim
	}
	m.held[o] = true
	return true, nil
}

func (m *memory) SettleOutage(ctx context.Context, o ledger.Outage, _ string, told bool) error {
	if m.settle != nil || ctx.Err() != nil {
		return errors.Join(m.settle, ctx.Err())
	}
	m.held[o] = false
	m.told[o] = told
	return nil
}

// teller keeps what it is to tell.
type teller struct {
	notices []notice.Notice
	err     map[string]error // by a part of the subject
}

func (f *teller) Tell(_ context.Context, n notice.Notice) error {
	for part, err := range f.err {
		if strings.Contains(n.Subject, part) {
			return err
		}
	}
	f.notices = append(f.notices, n)
	return nil
}

func TestEscalate(t *testing.T) {
	t.Parallel()
	webhook := shop()
	webhook.Slack = &account.Slack{Via: "webhook"}
	for name, test := range map[string]struct {
		account    account.Account
		deliveries map[string]deployment.Delivery
		want       []string
	}{
		"nothing":                      {shop(), nil, nil},
		"all is well":                  {shop(), map[string]deployment.Delivery{"slack": {Outcome: deployment.Sent}, "sns": {Outcome: deployment.None, Reason: "Unreachable"}}, nil},
		"one message alone":            {shop(), map[string]deployment.Delivery{"slack": dead("Permanent", caused("slack refused it: invalid_blocks"))}, nil},
		"too long without an answer":   {shop(), map[string]deployment.Delivery{"pagerduty": dead("Transient", caused("status 500"))}, nil},
		"an archived channel":          {shop(), map[string]deployment.Delivery{"slack": dead("Unreachable", caused("slack refused it: is_archived"))}, []string{"slack#C0123456789"}},
		"a revoked token":              {shop(), map[string]deployment.Delivery{"slack": dead("Unreachable", caused("slack refused it: token_revoked"))}, []string{"slack#bot-token"}},
		"a webhook that is gone":       {webhook, map[string]deployment.Delivery{"slack": dead("Unreachable", caused("HTTP status 404: slack refused it: no_service"))}, []string{"slack#webhook-url"}},
		"a key that is invalid":        {shop(), map[string]deployment.Delivery{"pagerduty": dead("Unreachable", caused("status 400"))}, []string{"pagerduty#routing-key"}},
		"a topic that is gone":         {shop(), map[string]deployment.Delivery{"sns": dead("SNS.NotFoundException", "Topic does not exist")}, []string{"sns#texts"}},
		"a topic that is not ours":     {shop(), map[string]deployment.Delivery{"sns": dead("SNS.AuthorizationErrorException", "no")}, []string{"sns#texts"}},
		"as the SDK's integration has": {shop(), map[string]deployment.Delivery{"sns": dead("Sns.NotFoundException", "no")}, []string{"sns#texts"}},
		"a message that SNS refuses":   {shop(), map[string]deployment.Delivery{"sns": dead("SNS.InvalidParameterException", "no")}, nil},
		"SNS's word from elsewhere":    {shop(), map[string]deployment.Delivery{"slack": dead("SNS.NotFoundException", "no")}, nil},
		"one of no known channel":      {shop(), map[string]deployment.Delivery{"teams": dead("Unreachable", "")}, []string{"teams#all"}},
		"the file has no Slack":        {account.Account{}, map[string]deployment.Delivery{"slack": dead("Unreachable", "")}, []string{"slack#bot-token"}},
		"several, in order": {shop(), map[string]deployment.Delivery{
			"sns": dead("SNS.NotFoundException", ""), "pagerduty": dead("Unreachable", ""),
			"slack": {Outcome: deployment.Stranded, Reason: "Unreachable"}}, []string{"pagerduty#routing-key", "slack#C0123456789", "sns#texts"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := &teller{}
			s := Step{Account: test.account, Ledger: newMemory(), Teller: told}
			result, err := s.Escalate(t.Context(), input(test.deliveries))
			if err != nil || !reflect.DeepEqual(result.Told, append([]string{}, test.want...)) || len(result.Known) > 0 {
				t.Errorf("got %+v, %v; want %v", result, err, test.want)
			}
			if len(told.notices) != len(test.want) {
				t.Errorf("got %d notices", len(told.notices))
			}
		})
	}
}

func TestEscalateOnce(t *testing.T) {
	t.Parallel()
	told := &teller{}
	s := Step{Account: shop(), Ledger: newMemory(), Teller: told}
	archived := input(map[string]deployment.Delivery{"slack": dead("Unreachable", caused("slack refused it: is_archived"))})
	for range 3 {
		if _, err := s.Escalate(t.Context(), archived); err != nil {
			t.Fatal(err)
		}
	}
	result, err := s.Escalate(t.Context(), archived)
	if err != nil || len(told.notices) != 1 || !reflect.DeepEqual(result, Result{Told: []string{}, Known: []string{"slack#C0123456789"}}) {
		t.Errorf("got %d notices, %+v, %v", len(told.notices), result, err)
	}
	// Another channel is another outage.
	archived.Document.Deployment.Environment = "staging"
	result, err = s.Escalate(t.Context(), archived)
	if err != nil || !reflect.DeepEqual(result.Told, []string{"slack#C0STAGING00"}) {
		t.Errorf("got %+v, %v", result, err)
	}
}

func TestEscalateTrouble(t *testing.T) {
	t.Parallel()
	both := input(map[string]deployment.Delivery{"pagerduty": dead("Unreachable", ""), "slack": dead("Unreachable", "")})
	for name, test := range map[string]struct {
		ledger  func(*memory)
		teller  teller
		told    int
		class   any
		retried []string // what the same input tells when all is well again
	}{
		"nobody takes it now": {teller: teller{err: map[string]error{"PagerDuty": failure.Transientf("down")}}, told: 1,
			class: &failure.Transient{}, retried: []string{"pagerduty#routing-key"}},
		"nobody ever takes one, the other perhaps": {teller: teller{err: map[string]error{"PagerDuty": failure.Permanentf("gone"), "Slack": failure.Transientf("down")}},
			class: &failure.Transient{}, retried: []string{"pagerduty#routing-key", "slack#C0123456789"}},
		"nobody ever takes them": {teller: teller{err: map[string]error{"cannot": failure.Permanentf("gone")}},
			class: &failure.Permanent{}, retried: []string{"pagerduty#routing-key", "slack#C0123456789"}},
		"the ledger is down": {ledger: func(m *memory) { m.claim = context.DeadlineExceeded },
			class: &failure.Transient{}, retried: []string{"pagerduty#routing-key", "slack#C0123456789"}},
		"the ledger fails afterwards": {ledger: func(m *memory) { m.settle = context.DeadlineExceeded }, told: 2, retried: []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			if test.ledger != nil {
				test.ledger(m)
			}
			s := Step{Account: shop(), Ledger: m, Teller: &test.teller}
			_, err := s.Escalate(t.Context(), both)
			if reflect.TypeOf(err) != reflect.TypeOf(test.class) || len(test.teller.notices) != test.told {
				t.Fatalf("got %d notices, %T %v", len(test.teller.notices), err, err)
			}
			m.claim, m.settle, test.teller.err = nil, nil, nil
			result, err := s.Escalate(t.Context(), both)
			if err != nil || !reflect.DeepEqual(result.Told, test.retried) {
				t.Errorf("again: got %+v, %v; want %v", result, err, test.retried)
			}
		})
	}
}

// TestGiveBackWhenTimeIsUp has the caller's deadline pass while the notice is told.
func TestGiveBackWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	m := newMemory()
	s := Step{Account: shop(), Ledger: m, Teller: cancelling{cancel}}
	if _, err := s.Escalate(ctx, input(map[string]deployment.Delivery{"pagerduty": dead("Unreachable", "")})); err == nil {
		t.Error("an error expected")
	}
	if m.held[ledger.Outage{Channel: "pagerduty", Target: "routing-key"}] {
		t.Error("the claim was not given back")
	}
}

type cancelling struct{ cancel func() }

func (c cancelling) Tell(context.Context, notice.Notice) error {
	c.cancel()
	return failure.Transientf("time is up")
}

// TestNotices has what people read, as Slack and SNS get it.
func TestNotices(t *testing.T) {
	t.Parallel()
	own := shop()
	own.Secrets = account.Secrets{Prefix: "/ops/fanfare", KeyARN: "arn:aws:kms:eu-west-1:123456789012:key/1"}
	webhook := shop()
	webhook.Slack = &account.Slack{Via: "webhook"}
	for name, test := range map[string]struct {
		account  account.Account
		channel  string
		delivery deployment.Delivery
	}{
		"slack-channel": {shop(), "slack", dead("Unreachable", caused("posting the message: slack refused it: is_archived (the channel is archived)"))},
		"slack-token":   {own, "slack", dead("Unreachable", caused("posting the message: slack refused it: token_revoked (renew the secret slack/bot-token)"))},
		"slack-webhook": {webhook, "slack", dead("Unreachable", caused("posting to the webhook: HTTP status 404: slack refused it: no_service"))},
		"pagerduty":     {shop(), "pagerduty", dead("Unreachable", caused("sending the trigger event to PagerDuty: status 400: Event object is invalid"))},
		"sns":           {shop(), "sns", dead("SNS.NotFoundException", "Topic does not exist (Service: Sns, Status Code: 404, Request ID: 1)")},
		"stranded":      {shop(), "pagerduty", deployment.Delivery{Outcome: deployment.Stranded, Reason: "Unreachable"}},
		"outside-text":  {shop(), "slack", dead("Unreachable", "<!channel> `is_archived` & more\u202e\nTo mend it: nothing "+strings.Repeat("x", 500))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendors(t)
			s := Step{Account: test.account, Ledger: newMemory(), Teller: v.teller(test.account)}
			in := input(map[string]deployment.Delivery{test.channel: test.delivery})
			if name == "outside-text" {
				in.Document.Deployment.Service = "<@U0123456789>\nPay here"
			}
			if _, err := s.Escalate(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			golden(t, name+"-sns", "Subject: "+v.subject+"\n\n"+v.message+"\n")
			if test.account.Slack.Fallback != "" {
				golden(t, name+"-slack", v.channel+"\n\n"+v.text+"\n")
			}
		})
	}
}

// vendors are a Slack and an SNS that take everything.
type vendors struct {
	server *httptest.Server

	mu                              sync.Mutex
	channel, text, subject, message string
}

func newVendors(t *testing.T) *vendors {
	v := &vendors{}
	v.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		v.mu.Lock()
		defer v.mu.Unlock()
		v.channel, v.text = form.Get("channel"), form.Get("text")
		_, _ = io.WriteString(w, `{"ok":true,"channel":"C0FALLBACK0","ts":"1.2"}`)
	}))
	t.Cleanup(v.server.Close)
	return v
}

func (v *vendors) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.subject, v.message = aws.ToString(in.Subject), aws.ToString(in.Message)
	return &sns.PublishOutput{}, nil
}

func (v *vendors) teller(a account.Account) *notice.Teller {
	a.Slack = &account.Slack{Fallback: a.Slack.Fallback, URL: v.server.URL + "/api/"}
	return &notice.Teller{Account: a, Secrets: channeltest.Secrets{"bot-token": "xoxb-1"}, HTTP: v.server.Client(), SNS: v, Topic: "arn:aws:sns:eu-west-1:123456789012:fanfare-operations"}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.txt")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; make it with -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it, then run the test with -update\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

// FuzzWhy has details as anybody may write them: what is made of them is one line, of a
// length that is bounded, and never empty.
func FuzzWhy(f *testing.F) {
	for _, seed := range []string{
		"", "null", "{}", `{"errorMessage":"x","errorType":"Unreachable"}`, `{"errorMessage":7}`, `"text"`, "Topic does not exist", "\x00\xff", `{"errorMessage":"\u202e"}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, detail string) {
		said := why(detail)
		if said == "" || len([]rune(said)) > maxWhy || strings.ContainsAny(said, "\n\r\u202e") {
			t.Errorf("%q became %q", detail, said)
		}
	})
}
