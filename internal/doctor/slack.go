package doctor

import (
	"context"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"fanfare/internal/channel"
	"fanfare/internal/channel/slack"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/secret"
)

// Scopes of the bot token: https://docs.slack.dev/reference/scopes
const (
	scopeWrite  = "chat:write"
	scopePublic = "chat:write.public"
)

// scopes are those that Fanfare needs, and what it cannot do without each.
var scopes = []struct{ name, without string }{
	{scopeWrite, "nothing can be posted"},
	{"channels:history", "a message in a public channel cannot be found again after a crash, and may come twice"},
	{"groups:history", "a message in a private channel cannot be found again after a crash, and may come twice"},
	{"channels:read", "nobody can look whether a public channel is there"},
	{"groups:read", "nobody can look whether a private channel is there"},
}

// bot is the bot token and what it may do, asked once for all checks.
type bot struct {
	secret   kept
	client   func() (*slack.Client, *trouble)
	identity func() (slack.Identity, error)
}

func (d *Doctor) slack(ctx context.Context) []check {
	switch s := d.Account.Slack; {
	case s == nil:
		return nil
	case s.Via == "webhook":
		k := d.secret(ctx, channel.Slack, secret.SlackWebhookURL)
		return []check{k.check(), {name: "slack webhook (its shape alone: a post would be seen)", look: func(context.Context) *trouble {
			address, found := k.use()
			if found != nil {
				return found
			}
			return d.lookAtWebhook(address)
		}}}
	}
	b := d.bot(ctx)
	checks := []check{
		b.secret.check(),
		{name: "slack token", look: func(context.Context) *trouble { return d.lookAtToken(b) }},
		{name: "slack scopes", look: func(context.Context) *trouble { return lookAtScopes(b) },
			over: ledger.Outage{Channel: channel.Slack, Target: secret.SlackBotToken}},
	}
	for _, id := range d.slackChannels() {
		checks = append(checks, check{
			name: "slack channel " + id, look: func(ctx context.Context) *trouble { return d.lookAtChannel(ctx, b, id) },
			over: ledger.Outage{Channel: channel.Slack, Target: id},
		})
	}
	return checks
}

func (d *Doctor) bot(ctx context.Context) bot {
	b := bot{secret: d.secret(ctx, channel.Slack, secret.SlackBotToken)}
	b.client = func() (*slack.Client, *trouble) {
		token, found := b.secret.use()
		if found != nil {
			return nil, found
		}
		return slack.NewClient(token, d.Account.Slack.URL, d.HTTP), nil
	}
	b.identity = shared(func() (slack.Identity, error) {
		client, found := b.client()
		if found != nil {
			return slack.Identity{}, errors.New(found.problem)
		}
		ctx, cancel := context.WithTimeout(ctx, Patience)
		defer cancel()
		return client.Auth(ctx)
	})
	return b
}

// slackChannels are the ids that the account file names, each once.
func (d *Doctor) slackChannels() []string {
	a := d.Account
	ids := []string{a.Slack.Channel, a.Slack.Fallback}
	for _, e := range a.Environments {
		ids = append(ids, e.SlackChannel)
	}
	for _, s := range a.Services {
		ids = append(ids, s.SlackChannel)
	}
	for _, p := range a.Pipelines {
		ids = append(ids, p.SlackChannel)
	}
	var once []string
	for _, id := range ids {
		if id != "" && !slices.Contains(once, id) {
			once = append(once, id)
		}
	}
	return once
}

func (d *Doctor) lookAtToken(b bot) *trouble {
	if _, found := b.client(); found != nil {
		return found
	}
	_, err := b.identity()
	var gone *failure.Unreachable
	switch {
	case err == nil:
		return nil
	case errors.As(err, &gone):
		return &trouble{
			problem: "Slack refuses the token: " + shown(err),
			mend:    "install the app in the workspace again, and put its bot token here: " + notice.PutSecret(d.Account, channel.Slack, secret.SlackBotToken),
		}
	default:
		return unseen("the token", err)
	}
}

// known is the client and what its token may do; the trouble is that of the token, which
// has a check of its own.
func (b bot) known() (*slack.Client, slack.Identity, *trouble) {
	client, found := b.client()
	if found != nil {
		return nil, slack.Identity{}, found
	}
	identity, err := b.identity()
	if err != nil {
		return nil, slack.Identity{}, &trouble{problem: "not looked at, because Slack did not accept the token", mend: "mend the token first", follows: true}
	}
	return client, identity, nil
}

func lookAtScopes(b bot) *trouble {
	_, identity, found := b.known()
	if found != nil {
		return found
	}
	if len(identity.Scopes) == 0 {
		return &trouble{problem: "Slack did not say what the token may do", mend: "look at the scopes under OAuth & Permissions at https://api.slack.com/apps"}
	}
	var missing, without []string
	for _, scope := range scopes {
		if !slices.Contains(identity.Scopes, scope.name) {
			missing = append(missing, scope.name)
			without = append(without, scope.name+" is missing: "+scope.without)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return &trouble{
		problem: strings.Join(without, "; "),
		mend:    "add " + strings.Join(missing, ", ") + " to the bot token's scopes under OAuth & Permissions at https://api.slack.com/apps, and install the app again",
	}
}

func (d *Doctor) lookAtChannel(ctx context.Context, b bot, id string) *trouble {
	client, identity, found := b.known()
	if found != nil {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	info, err := client.Channel(ctx, id)
	var gone *failure.Unreachable
	switch {
	case err != nil && strings.Contains(err.Error(), "missing_scope"):
		return &trouble{problem: "not looked at, because the token lacks channels:read or groups:read", mend: "mend the scopes first", follows: lookAtScopes(b) != nil}
	case errors.As(err, &gone):
		return &trouble{
			problem: "the app cannot see it: it does not exist, or is private without the app in it: " + shown(err),
			mend:    "invite the app to it; or correct the id " + id + " in the account file, and " + notice.Make("deploy"),
		}
	case err != nil:
		return unseen("it", err)
	case info.Archived:
		return &trouble{problem: "it is archived", mend: "unarchive it; or name another channel instead of " + id + " in the account file, and " + notice.Make("deploy")}
	case !info.Member && !slices.Contains(identity.Scopes, scopePublic):
		return &trouble{problem: "the app is not in it, and may not post from outside", mend: "invite the app to it"}
	}
	return nil
}

// webhookPath is that of an incoming webhook's address:
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
var webhookPath = regexp.MustCompile(`^/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]+$`)

// lookAtWebhook looks at the address alone. It is the secret: nothing of it is shown.
func (d *Doctor) lookAtWebhook(address string) *trouble {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "https" || u.Hostname() == "127.0.0.1") && u.Host != "" && webhookPath.MatchString(u.Path) {
		return nil
	}
	return &trouble{
		problem: "it is not the address of an incoming webhook: https://hooks.slack.com/services/ and three parts expected",
		mend:    "copy the address from Incoming Webhooks at https://api.slack.com/apps, and put it here: " + notice.PutSecret(d.Account, channel.Slack, secret.SlackWebhookURL),
	}
}
