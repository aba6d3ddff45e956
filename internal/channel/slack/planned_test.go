package slack

import (
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

// maximalPipeline is maximal for a drill with a pipeline in two windows.
func maximalPipeline(letter string) deployment.Document {
	doc, long := maximal(letter), strings.Repeat(letter, 5000)
	address := doc.Deployment.ConsoleURL
	d := &doc.Deployment
	d.Service, d.Cluster, d.LogsURL = "", "", ""
	d.Pipeline, d.Attempt, d.Drill = long, 1<<60, &deployment.Drill{Page: true}
	doc.Release.Revision = deployment.Revision{ID: long, Artifact: long, Summary: long, URL: address}
	doc.Release.PreviousRevision = deployment.Revision{ID: "1" + long}
	doc.Release.FailedAction = &deployment.Action{Stage: long, Name: long, Summary: long, URL: address}
	doc.Plan = deployment.Plan{}
	for _, of := range []string{channel.PagerDuty, channel.SNS} {
		doc.Plan[of] = deployment.Decision{
			Decision: deployment.Suppress, Reason: deployment.MaintenanceWindow,
			Window: &deployment.Window{Name: of + long, Owner: long, Reason: long, Until: doc.Deployment.Time},
		}
	}
	return doc
}

// TestChannelOfTheirOwn sends a pipeline's and an environment's news where the account
// file wants them.
func TestChannelOfTheirOwn(t *testing.T) {
	t.Parallel()
	a := account.Account{
		Slack:        &account.Slack{Channel: "C0EVERYBODY", Via: "bot"},
		Environments: []account.Environment{{Name: "staging", Told: account.Told{SlackChannel: "C0STAGING"}}},
		Pipelines:    []account.Pipeline{{Name: "checkout-production", Told: account.Told{SlackChannel: "C0CHECKOUT"}}},
	}
	for name, want := range map[string]string{
		"failed": "C0EVERYBODY", "staging_failed": "C0STAGING", "pipeline_failed": "C0CHECKOUT", "pipeline_staging_failed": "C0STAGING",
	} {
		if got := format(t, channeltest.Documents()[name], a).Channel; got != want {
			t.Errorf("%s goes to %s, want %s", name, got, want)
		}
	}
}

// TestADrillIsMarked looks at all that is seen first of one.
func TestADrillIsMarked(t *testing.T) {
	t.Parallel()
	for name, doc := range channeltest.Documents() {
		message := format(t, doc, bot)
		shown := map[string]string{"text": message.Text, "message": Render(Message{Blocks: message.Blocks})}
		if message.Alert != nil {
			shown["alert's text"], shown["alert"] = message.Alert.Text, Render(Message{Blocks: message.Alert.Blocks})
		}
		for what, text := range shown {
			drill := doc.Deployment.Drill != nil
			if strings.HasPrefix(text, "DRILL: ") != drill {
				t.Errorf("%s: drill %t, its %s is %.200q", name, drill, what, text)
			}
			if note := drillNote(doc.Deployment.Drill); drill && !strings.Contains(what, "text") && !strings.Contains(text, readable(note)) {
				t.Errorf("%s: %q is not in its %s: %.300q", name, note, what, text)
			}
		}
	}
}

func TestQuietNote(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	upgrade := "maintenance window database-upgrade until <!date^1773460800^{date_short_pretty}, {time}|14 Mar 2026, 04:00 UTC> (data platform, PostgreSQL 17)"
	for name, want := range map[string]string{
		"failed":                      "",
		"window_failed":               "🚧 Nobody was paged or texted: " + upgrade,
		"window_failed_for_pagerduty": "🚧 Nobody was paged: " + upgrade,
		"window_succeeded_for_sns":    "🚧 Nobody was texted: " + upgrade,
		"window_failed_for_each":      "🚧 Nobody was paged: " + upgrade + "\n🚧 Nobody was texted: " + strings.Replace(upgrade, "database-upgrade", "quiet-sunday", 1),
		"window_failed_unnamed":       "🚧 Nobody was paged: maintenance window",
		"window_failed_and_lost":      "🚧 Nobody was paged or texted: a maintenance window is in force",
	} {
		if got := quietNote(documents[name].Plan); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		message := format(t, documents[name], bot)
		shown := map[string]string{"message": renderBlocks(message.Blocks)}
		if message.Alert != nil {
			shown["alert"] = renderBlocks(message.Alert.Blocks)
		}
		for what, text := range shown {
			if !strings.Contains(text, readable(want)) || strings.Contains(text, "Nobody") != (want != "") {
				t.Errorf("%s: the %s says\n%s", name, what, text)
			}
		}
	}
}
