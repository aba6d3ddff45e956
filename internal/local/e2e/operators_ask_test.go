//go:build e2e

package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanfare/internal/doctor"
)

// ok are the checks of the local account when nothing is wrong.
var ok = []string{
	"secret /fanfare/slack/bot-token", "slack token", "slack scopes", "slack channel " + channelID, "slack channel " + fallbackID,
	"secret /fanfare/pagerduty/routing-key", "pagerduty key", "secret /fanfare/gitlab/token", "gitlab token",
	"operations topic", "texts topic", "queue fanfare-events-dlq", "queue fanfare-deliveries-dlq", "ledger",
}

func TestDoctorFindsNothing(t *testing.T) {
	quiet(t)
	ear := listens(t)
	before := requests(t)
	want := ""
	for _, name := range ok {
		want += "ok       " + name + "\n"
	}
	if d := operated(t, "doctor"); d.code != 0 || d.complaints != "" || d.out != want+"All 14 things are in order.\n" {
		t.Errorf("%+v", d)
	}
	var result doctor.Result
	invoke(t, "doctor", doctor.Input{Report: true}, &result)
	if len(result.Checks) != len(ok) {
		t.Errorf("%d things are looked at", len(result.Checks))
	}
	ear.hears(t)
	if got := requests(t); got != before {
		t.Errorf("doctor has changed what people see: %s, before %s", got, before)
	}
}

// requests is what everybody sees at the vendors.
func requests(t *testing.T) string {
	t.Helper()
	var all []string
	for _, path := range []string{"/slack/messages", "/pagerduty/incidents", "/pagerduty/changes", "/phone/messages"} {
		var list []any
		control(t, "GET", path, nil, &list)
		all = append(all, path, strings.Repeat("|", len(list)))
	}
	return strings.Join(all, " ")
}

// TestDoctorFinds breaks one thing at a time: doctor names it, and says how to mend it.
func TestDoctorFinds(t *testing.T) {
	set := func(path string, change map[string]any) func(*testing.T) {
		return func(t *testing.T) { control(t, "POST", path, change, nil) }
	}
	soon := time.Now().UTC().AddDate(0, 0, 10).Format(time.DateOnly)
	for _, test := range []struct {
		name     string
		breaks   func(*testing.T)
		says     []string
		problems int
		slackOff bool // so that the fallback channel hears nothing
	}{
		{"Slack's token is revoked", set("/slack/token", map[string]any{"revoked": true}),
			[]string{"/PROBLEM  slack token: .*token_revoked.*/", "/         .*--name /fanfare/slack/bot-token --value …/"}, 4, true},
		{"a scope is missing", set("/slack/token", map[string]any{"scopes": []string{"chat:write", "channels:history", "channels:read", "groups:read"}}),
			[]string{"/PROBLEM  slack scopes: groups:history is missing: .*/", "/         add groups:history to the bot token's scopes .*/"}, 1, false},
		{"the channel is archived", set("/slack/channels", map[string]any{"id": channelID, "archived": true}),
			[]string{"PROBLEM  slack channel " + channelID + ": it is archived", "/         unarchive it; or .*make deploy ACCOUNT=local/"}, 1, false},
		{"PagerDuty's key is revoked", set("/pagerduty/keys", map[string]any{"revoked": true}),
			[]string{"/PROBLEM  pagerduty key: .*nobody is paged/", "/         .*--name /fanfare/pagerduty/routing-key --value …/"}, 1, false},
		{"GitLab's token ends", set("/gitlab/token", map[string]any{"expiresAt": soon}),
			[]string{"PROBLEM  gitlab token: the token expires on " + soon + ", in 10 days", "/         make a token with the scope read_api, .*--name /fanfare/gitlab/token --value …/"}, 1, false},
		{"a secret is missing", missing(w, "/fanfare/gitlab/token"),
			[]string{"PROBLEM  secret /fanfare/gitlab/token: it does not exist", "/         put it there: .*--name /fanfare/gitlab/token --value …/"}, 2, false},
		{"a message waits", func(t *testing.T) {
			if _, err := sqs.NewFromConfig(w.Config()).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(deliveryQueue()), MessageBody: aws.String("{}")}); err != nil {
				t.Fatal(err)
			}
		}, []string{"/PROBLEM  queue fanfare-deliveries-dlq: about 1 message is in it: .*/", "/         .*: make redrive ACCOUNT=local/"}, 1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			quiet(t)
			ear := listens(t)
			test.breaks(t)
			d := operated(t, "doctor")
			d.says(t, 1, test.says...)
			if got := strings.Count(d.out, "PROBLEM  "); got != test.problems || strings.Count(d.out, "ok       ") != len(ok)-test.problems {
				t.Errorf("%d problems, want %d, in\n%s", got, test.problems, d.out)
			}
			ear.hears(t)
			invoke(t, "doctor", doctor.Input{Report: true}, &doctor.Result{})
			const subject = "Fanfare has a problem that somebody must mend"
			if test.slackOff {
				inNotice(t, ear.mails(t, subject), "Found by the daily check.", "1. "+strings.TrimSuffix(strings.TrimPrefix(test.says[0], "/PROBLEM  "), ": .*token_revoked.*/"))
				return
			}
			inNotice(t, ear.hears(t, subject), "Found by the daily check.", "To look again: make doctor ACCOUNT=…")
		})
	}
}

// TestWhy asks of what was paged, repeated, not delivered, and not known.
func TestWhy(t *testing.T) {
	scaled(t, 0.02)
	quiet(t)
	paged := tell("production", "checkout")
	event := paged.fails()
	wantLines(t, send(t, event), slackFails, pages, texts)
	heading := paged.id + " in production: 1 event (" + w.Account + "/" + w.Region + "/production/checkout)"
	fell := event.Time.Format("2006-01-02 15:04:05 UTC") + "  FAILED: tasks failed to start"
	const because = "because a production deployment failed, and a person is needed"
	about := []string{heading, fell, "  SERVICE_DEPLOYMENT_FAILED, event " + event.ID, "/  execution [-0-9a-f]+, claimed .* after the event/"}
	channels := []string{"/  pagerduty: told at .*, " + because + "/", "/    dedup key .*/production/checkout, .*/",
		"/  slack: told at .*, because it is told of every deployment/", "/    .*channel " + channelID + ", ts .*/", "/  sns: told at .*, " + because + "/"}
	operated(t, "why", paged.id).says(t, 0, append(about, channels...)...)

	send(t, event)
	send(t, event)
	operated(t, "why", strings.TrimPrefix(paged.id, "ecs-svc/")).says(t, 0,
		append(append(about, "/  came 2 times more, the last at .*: whoever brought it found it claimed/"), channels...)...)
	if o := operated(t, "why", "production/checkout"); o.code != 0 || !strings.Contains("\n"+o.out, "\n"+heading+"\n") {
		t.Errorf("by the service's name: %+v", o)
	}

	control(t, "POST", "/pagerduty/keys", map[string]any{"revoked": true}, nil)
	dead := tell("production", "search")
	event = dead.fails()
	incomplete(t, send(t, event))
	operated(t, "why", dead.id).says(t, 0, dead.id+" in production: 1 event ("+w.Account+"/"+w.Region+"/production/search)",
		"  pagerduty: NOT TOLD: it was put in the queue of deliveries, from where `make redrive ACCOUNT=local` sends it",
		"/    Unreachable: .*; it was to be told because a production deployment failed, and a person is needed/", "/  slack: told at .*/", "/  sns: told at .*/")

	quietly := tell("staging", "orders")
	send(t, quietly.fails())
	operated(t, "why", quietly.id).says(t, 0, "  pagerduty: not told: the environment is not a production one", "/  slack: told at .*/")

	operated(t, "why", "ecs-svc/"+digits(19)).says(t, 1, "/Nothing is known of ecs-svc/.*\\./", "/- .*`make redrive ACCOUNT=local DRY=1` shows it\\./")
	operated(t, "why", "production/nobody-knows").says(t, 1, "Nothing is known of production/nobody-knows.")
}
