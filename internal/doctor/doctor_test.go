package doctor

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"fanfare/internal/account"
	"fanfare/internal/channel/channeltest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestAllIsWell has the checks in their order, as the command gets them.
func TestAllIsWell(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world){
		"well-bot":     func(*world) {},
		"well-webhook": func(w *world) { w.account.Slack = &account.Slack{Via: "webhook"} },
		"well-least": func(w *world) {
			w.account.Slack, w.account.PagerDuty, w.account.GitLab = nil, nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			change(w)
			result := w.doctor().Look(t.Context())
			channeltest.Golden(t, "testdata/"+name+".golden.json", result, *update)
			for _, c := range result.Checks {
				if !c.OK || c.Problem != "" || c.Mend != "" {
					t.Errorf("%+v", c)
				}
			}
		})
	}
}

// TestOneProblem breaks one thing at a time: its check alone says so, besides those that
// cannot be made without it.
func TestOneProblem(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized"}
	secretNamed := func(name string, p ssmtypes.Parameter) func(*world) {
		return func(w *world) { w.secrets[name] = p }
	}
	for name, test := range map[string]struct {
		change func(*world)
		check  string
		want   string // part of the problem
		mend   string // part of what to do
		follow int
	}{
		"no token": {func(w *world) { delete(w.secrets, "/fanfare/slack/bot-token") }, "secret /fanfare/slack/bot-token", "does not exist",
			"aws ssm put-parameter --overwrite --type SecureString --region eu-west-1 --name /fanfare/slack/bot-token --value …", 6},
		"an empty key":               {secretNamed("/fanfare/pagerduty/routing-key", stored(" \n")), "secret /fanfare/pagerduty/routing-key", "empty", "put-parameter", 1},
		"a key in a key's line":      {secretNamed("/fanfare/pagerduty/routing-key", stored(routingKey+"\n")), "secret /fanfare/pagerduty/routing-key", "white space", "put-parameter", 0},
		"a key that hides something": {secretNamed("/fanfare/pagerduty/routing-key", stored(routingKey+"\u200b")), "secret /fanfare/pagerduty/routing-key", "do not belong", "put-parameter", 0},
		"a secret that is none": {secretNamed("/fanfare/gitlab/token", ssmtypes.Parameter{Type: ssmtypes.ParameterTypeString, Value: stored(labToken).Value}),
			"secret /fanfare/gitlab/token", "no SecureString", "delete-parameter", 0},

		"a revoked token":        {func(w *world) { w.refusal = "token_revoked" }, "slack token", "token_revoked", "put-parameter", 5},
		"Slack is in trouble":    {func(w *world) { w.refusal = "internal_error" }, "slack token", "could not be looked at", "make doctor", 5},
		"no scope to post":       {func(w *world) { w.scopes = strings.TrimPrefix(allScopes, "chat:write,") }, "slack scopes", "chat:write is missing: nothing can be posted", "add chat:write", 0},
		"no scope to find again": {func(w *world) { w.scopes = "chat:write,channels:read,groups:read" }, "slack scopes", "may come twice", "add channels:history, groups:history", 0},
		"no scope to look":       {func(w *world) { w.scopes = "chat:write,channels:history,groups:history" }, "slack scopes", "channels:read is missing", "add channels:read, groups:read", 4},
		"Slack says no scopes":   {func(w *world) { w.scopes = "" }, "slack scopes", "did not say", "api.slack.com/apps", 4},
		"an archived channel":    {func(w *world) { w.channels["C0STAGING00"] = `{"id":"C0","is_archived":true,"is_member":true}` }, "slack channel C0STAGING00", "archived", "unarchive", 0},
		"a channel that is gone": {func(w *world) { delete(w.channels, "C0FALLBACK0") }, "slack channel C0FALLBACK0", "channel_not_found", "C0FALLBACK0", 0},
		"a channel without us":   {func(w *world) { w.channels["C0SEARCH000"] = `{"id":"C0"}` }, "slack channel C0SEARCH000", "not in it", "invite", 0},
		"a webhook that is none": {func(w *world) {
			w.account.Slack = &account.Slack{Via: "webhook"}
			w.secrets["/fanfare/slack/webhook-url"] = stored("https://hooks.slack.com/T0DONOT")
		}, "slack webhook (its shape alone: a post would be seen)", "not the address", "put-parameter", 0},
		"a webhook without TLS": {func(w *world) {
			w.account.Slack = &account.Slack{Via: "webhook"}
			w.secrets["/fanfare/slack/webhook-url"] = stored(strings.Replace(webhookURL, "https", "http", 1))
		}, "slack webhook (its shape alone: a post would be seen)", "not the address", "put-parameter", 0},

		"PagerDuty refuses the key": {func(w *world) { w.pagerDuty = http.StatusBadRequest }, "pagerduty key", "nobody is paged", "integration key", 0},
		"PagerDuty limits us":       {func(w *world) { w.pagerDuty = http.StatusTooManyRequests }, "pagerduty key", "could not be looked at: the answer has status 429", "make doctor", 0},
		"somebody in between":       {func(w *world) { w.pagerDuty = http.StatusOK }, "pagerduty key", "status 200", "make doctor", 0},
		"PagerDuty's address":       {func(w *world) { w.account.PagerDuty = &account.PagerDuty{URL: "://"} }, "pagerduty key", "no address", "account file", 0},

		"GitLab refuses the token": {func(w *world) { w.gitLab = http.StatusUnauthorized }, "gitlab token", "refuses the token", "read_api", 0},
		"GitLab forbids it":        {func(w *world) { w.gitLab = http.StatusForbidden }, "gitlab token", "may not use the API", "read_api", 0},
		"an old GitLab":            {func(w *world) { w.gitLab = http.StatusNotFound }, "gitlab token", "15.5", "gitlab.url", 0},
		"GitLab is down":           {func(w *world) { w.gitLab = http.StatusBadGateway }, "gitlab token", "status 502", "make doctor", 0},
		"GitLab's address":         {func(w *world) { w.account.GitLab = &account.GitLab{URL: "gitlab"} }, "gitlab token", "no address", "account file", 0},
		"a token that ends":        {func(w *world) { w.token = `{"scopes":["api"],"expires_at":"2026-03-20"}` }, "gitlab token", "expires on 2026-03-20, in 6 days", "put-parameter", 0},

		"nobody at the operations topic": {func(w *world) { w.subscriptions["operations"] = nil }, "operations topic", "nobody subscribes", "ops@example.com", 0},
		"an unconfirmed mail":            {func(w *world) { w.subscriptions["operations"] = []string{"PendingConfirmation"} }, "operations topic", "nobody has confirmed", "aws sns subscribe", 0},
		"one of two unconfirmed": {func(w *world) {
			w.subscriptions["operations"] = append(w.subscriptions["operations"], "PendingConfirmation")
		},
			"operations topic", "1 subscription waits", "ops@example.com", 0},
		"no mail at all": {func(w *world) { w.account.Operations.Email = ""; w.subscriptions["operations"] = []string{"Deleted"} },
			"operations topic", "nobody subscribes", "set operations.email", 0},
		"no operations topic":   {func(w *world) { delete(w.subscriptions, "operations") }, "operations topic", "does not exist", "make deploy", 0},
		"no texts topic":        {func(w *world) { delete(w.subscriptions, "texts") }, "texts topic", "does not exist", "make deploy", 0},
		"nobody gets texts":     {func(w *world) { w.subscriptions["texts"] = nil }, "texts topic", "nobody gets a text", "sns.phones", 0},
		"a text is unconfirmed": {func(w *world) { w.subscriptions["texts"] = append(w.subscriptions["texts"], "pending confirmation") }, "texts topic", "1 subscription waits", "list-subscriptions-by-topic", 0},
		"messages wait": {func(w *world) {
			w.depths["fanfare-deliveries-dlq"] = map[string]string{"ApproximateNumberOfMessages": "2", "ApproximateNumberOfMessagesNotVisible": "1"}
		}, "queue fanfare-deliveries-dlq", "about 3 messages are in it", "make redrive", 0},
		"an event waits": {func(w *world) {
			w.depths["fanfare-events-dlq"] = map[string]string{"ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "0"}
		}, "queue fanfare-events-dlq", "about 1 message is in it", "make redrive", 0},
		"a queue tells nothing":   {func(w *world) { delete(w.depths, "fanfare-events-dlq") }, "queue fanfare-events-dlq", "could not be looked at", "make doctor", 0},
		"the ledger is forbidden": {func(w *world) { w.err["ledger"] = denied }, "ledger", "could not be looked at", "make deploy", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			test.change(w)
			result := w.doctor().Look(t.Context())
			hides(t, result)
			following := 0
			for _, c := range result.Checks {
				switch {
				case c.follows && !c.OK:
					following++
				case c.Name == test.check:
					if c.OK || !strings.Contains(c.Problem, test.want) || !strings.Contains(c.Mend, test.mend) {
						t.Errorf("got %+v", c)
					}
				case !c.OK:
					t.Errorf("not expected: %+v", c)
				}
			}
			if following != test.follow {
				t.Errorf("%d checks that follow expected, found %d", test.follow, following)
			}
			if !slices.ContainsFunc(result.Checks, func(c Check) bool { return c.Name == test.check }) {
				t.Errorf("there is no check %q", test.check)
			}
		})
	}
}

// TestForbidden has AWS refuse what the function may not do: a problem, and never silence.
func TestForbidden(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized"}
	for service, count := range map[string]int{"ssm": 3, "sns": 2, "sqs": 2, "ledger": 1} {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			w.err[service] = denied
			found := 0
			for _, c := range w.doctor().Look(t.Context()).Checks {
				if !c.OK && !c.follows {
					found++
					if !strings.Contains(c.Problem, "not authorized") {
						t.Errorf("got %+v", c)
					}
				}
			}
			if found != count {
				t.Errorf("%d problems expected, found %d", count, found)
			}
		})
	}
}

// TestHanging has one vendor never answer, by a clock that does not make the test wait.
func TestHanging(t *testing.T) {
	t.Parallel()
	for vendor, check := range map[string]string{"slack": "slack token", "pagerduty": "pagerduty key", "gitlab": "gitlab token"} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.hang = vendor
				began := time.Now()
				for _, c := range w.doctor().Look(t.Context()).Checks {
					late := c.Name == check
					if c.OK == (late || c.follows) || late && !strings.Contains(c.Problem, "in time") {
						t.Errorf("got %+v", c)
					}
				}
				if took := time.Since(began); took != Patience {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestTimeIsUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newWorld()
	for _, c := range w.doctor().Look(ctx).Checks {
		if vendor := c.Name == "slack token" || c.Name == "pagerduty key" || c.Name == "gitlab token"; vendor && c.OK {
			t.Errorf("got %+v", c)
		}
	}
}

// TestOver has the outages that are over when all is well, so that the next is told.
func TestOver(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.err["ledger"] = nil
	delete(w.channels, "C0STAGING00")
	w.pagerDuty = http.StatusBadRequest
	w.doctor().Look(t.Context())
	slices.Sort(w.over)
	if got, want := strings.Join(w.over, " "), "slack#C0123456789 slack#C0FALLBACK0 slack#C0SEARCH000 slack#bot-token sns#texts"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if len(w.resolved) != 1 || w.resolved[0] != "resolve "+nobodysIncident {
		t.Errorf("PagerDuty got %v", w.resolved)
	}
}

// TestPublic has an app that may post in public channels without being in them.
func TestPublic(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.scopes += ",chat:write.public"
	w.channels["C0SEARCH000"] = `{"id":"C0"}`
	for _, c := range w.doctor().Look(t.Context()).Checks {
		if !c.OK {
			t.Errorf("got %+v", c)
		}
	}
}

func TestUnanswered(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New("malformed HTTP response \"" + routingKey + "\""), context.DeadlineExceeded} {
		if got := unanswered(err).Error(); strings.Contains(got, routingKey) || got == "" {
			t.Errorf("got %q", got)
		}
	}
}
