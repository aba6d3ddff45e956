package slack

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

var update = flag.Bool("update", false, "write the golden files anew")

var bot = account.Account{Slack: &account.Slack{Channel: "C0123456789", Via: "bot"}}

func format(t testing.TB, doc deployment.Document, a account.Account) Message {
	t.Helper()
	made, err := Format(doc, a)
	if err != nil {
		t.Fatal(err)
	}
	return made.(Message)
}

// hostile is a failure about which everything that others write is meant badly.
func hostile() deployment.Document {
	doc := channeltest.Documents()["failed"]
	doc.Deployment.Reason = "```<!channel> & <@U012AB3CD>\r\n>>> quoted\u202e *bold"
	doc.Commits.Items = []deployment.Commit{
		{ShortID: "9f1c2d00", Title: "Merge <!channel> into `main` --> & *done", Author: "<!here> _Mallory_", URL: "https://gitlab.example.com/a|b>c"},
		{ShortID: "9f1c2d01", Title: "```", Author: "`@channel`", URL: "javascript:alert(1)"},
		{ShortID: "<@U1>|x", Title: "already &lt;b&gt; escaped, see https://evil.example/@everyone", Author: "~Eve~", URL: "https://gitlab.example.com/c?a=1&b=2"},
		{Title: "\u200b\x08", URL: "https://gitlab.example.com/d"},
	}
	doc.Commits.Total, doc.Commits.Reason = 4, "tag <v1> & \"v2\" are not in GitLab"
	return doc
}

// maximal is a failure that fills everything to its limit.
func maximal(letter string) deployment.Document {
	doc := channeltest.Documents()["failed"]
	long := strings.Repeat(letter, 5000)
	address := "https://gitlab.example.com/?" + strings.Repeat("a", maxLink-28)
	d := &doc.Deployment
	d.Service, d.Cluster, d.Environment, d.Reason, d.ID, d.Account, d.Region = long, long, long, long, long, long, long
	d.ConsoleURL, d.LogsURL = address+strings.Repeat("c", maxURL-maxLink), address+strings.Repeat("l", maxURL-maxLink)
	doc.Release.Image.Tag, doc.Release.Previous.Tag, doc.Release.Reason = long, "1"+long, long
	doc.Commits.Reason, doc.Commits.Filtered, doc.Commits.Total = long, 1<<30, 1<<30
	doc.Commits.CompareURL = address
	doc.Commits.Items = nil
	for range 50 {
		doc.Commits.Items = append(doc.Commits.Items, deployment.Commit{ShortID: long, Title: long, Author: long, URL: address})
	}
	return doc
}

func TestGolden(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	golden := map[string]deployment.Document{"hostile": hostile(), "maximal": maximal("ÿ"), "maximal_pipeline": maximalPipeline("ÿ")}
	for _, name := range []string{
		"in_progress", "succeeded", "failed", "unknown_status", "environment_unknown",
		"rollback_in_progress", "rollback_succeeded", "rollback_failed",
		"succeeded_many_commits", "succeeded_first_release", "succeeded_digest_release", "succeeded_only_noise",
		"in_progress_same_release", "in_progress_unknown_release", "succeeded_no_commits_0",
		"failed_without_details",
		"stuck", "rollback_stuck", "staging_stuck", "stuck_without_details", "stuck_and_nothing_else_known", "superseded",
		"pipeline_in_progress", "pipeline_succeeded", "pipeline_failed", "pipeline_failed_again", "pipeline_stopping",
		"pipeline_stopped_for_a_reason", "pipeline_superseded", "pipeline_canceled", "pipeline_unknown",
		"pipeline_succeeded_without_commits", "pipeline_failed_unknown_release",
		"drill_failed", "drill_failed_that_pages", "drill_pipeline_failed_that_pages",
		"window_failed", "window_failed_for_each", "window_succeeded_for_sns",
	} {
		doc, ok := documents[name]
		if !ok {
			t.Fatalf("there is no document %s", name)
		}
		golden[name] = doc
	}
	for name, doc := range golden {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			message := format(t, doc, bot)
			for _, problem := range problemsOf(message) {
				t.Error(problem)
			}
			channeltest.Golden(t, "testdata/"+name+".golden.json", message, *update)
			compareText(t, "testdata/"+name+".golden.txt", "Notification: "+readable(message.Text)+"\n\n"+Render(message))
		})
	}
}

func compareText(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(filepath.FromSlash(file), []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatalf("%v; make it with -update", err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it, then run the test with -update\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

// TestRenderSurvivesJSON shows a message as the workflow carries it.
func TestRenderSurvivesJSON(t *testing.T) {
	t.Parallel()
	message := format(t, hostile(), bot)
	carried, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var read Message
	if err := json.Unmarshal(carried, &read); err != nil {
		t.Fatal(err)
	}
	if got, want := Render(read), Render(message); got != want {
		t.Errorf("after JSON:\n%s\nbefore:\n%s", got, want)
	}
}

func TestFormatForWebhook(t *testing.T) {
	t.Parallel()
	message := format(t, channeltest.Documents()["failed"], account.Account{Slack: &account.Slack{Channel: "C0123456789", Via: "webhook"}})
	if message.Channel != "" || message.Alert != nil {
		t.Errorf("a webhook takes no channel and has no thread, found channel %q, alert %v", message.Channel, message.Alert)
	}
}

func TestFormatWithoutSlack(t *testing.T) {
	t.Parallel()
	if _, err := Format(deployment.Document{}, account.Account{}); err == nil {
		t.Error("an error expected, found none")
	}
}

func TestHeadline(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	change := func(name string, change func(*deployment.Document)) deployment.Document {
		doc := channeltest.Documents()[name]
		change(&doc)
		return doc
	}
	for name, test := range map[string]struct {
		doc  deployment.Document
		want string
	}{
		"in progress":      {documents["in_progress"], "🚀 checkout 1.42.0 is being deployed to production"},
		"live":             {documents["succeeded"], "✅ checkout 1.42.0 is live in production"},
		"failed":           {documents["failed"], "🔴 checkout 1.42.0 failed to deploy to production"},
		"rolling back":     {documents["rollback_in_progress"], "⏪ checkout is being rolled back to 1.41.0 in production"},
		"rolled back":      {documents["rollback_succeeded"], "⏪ checkout was rolled back to 1.41.0 in production"},
		"stuck":            {documents["rollback_failed"], "🔴 checkout could not be rolled back to 1.41.0 in production"},
		"same, in":         {documents["in_progress_same_release"], "🚀 checkout 1.42.0 is being redeployed to production"},
		"same, live":       {documents["succeeded_same_release"], "✅ checkout 1.42.0 was redeployed to production"},
		"same, failed":     {documents["failed_same_release"], "🔴 checkout 1.42.0 failed to redeploy to production"},
		"version unknown":  {documents["succeeded_unknown_release"], "✅ checkout was deployed to production"},
		"cluster only":     {documents["environment_unknown"], "🔴 checkout 1.42.0 failed to deploy to cluster shop"},
		"nothing known":    {documents["empty failed"], "🔴 a service failed to deploy"},
		"unknown":          {documents["unknown_status"], "ℹ️ checkout in production: SERVICE_DEPLOYMENT_UNKNOWN"},
		"unknown, unnamed": {documents["empty"], "ℹ️ a service: an unknown event"},
		"ledger knows": {change("succeeded", func(doc *deployment.Document) {
			doc.Claim.Kind = deployment.Rollback
		}), "⏪ checkout was rolled back to 1.42.0 in production"},
		"pipeline, in":              {documents["pipeline_in_progress"], "🚀 Pipeline checkout-production: 4f7c21ab is being deployed to production"},
		"pipeline, again":           {documents["pipeline_tried_again"], "🚀 Pipeline checkout-production: 4f7c21ab is being deployed to production (attempt 2)"},
		"pipeline, live":            {documents["pipeline_succeeded"], "✅ Pipeline checkout-production: 4f7c21ab is live in production"},
		"pipeline, stopping":        {documents["pipeline_stopping"], "✋ Pipeline checkout-production: 4f7c21ab is being stopped on its way to production"},
		"pipeline, stopped":         {documents["pipeline_stopped"], "✋ Pipeline checkout-production: 4f7c21ab was stopped on its way to production"},
		"pipeline, superseded":      {documents["pipeline_superseded"], "⏭️ Pipeline checkout-production: 4f7c21ab was superseded on its way to production"},
		"pipeline, canceled":        {documents["pipeline_canceled"], "🚫 Pipeline checkout-production: 4f7c21ab was canceled on its way to production"},
		"pipeline, unknown":         {documents["pipeline_unknown"], "ℹ️ Pipeline checkout-production in production: UNKNOWN"},
		"pipeline, nothing known":   {documents["pipeline_failed_without_details"], "🔴 Pipeline checkout-production: a release failed to deploy to production"},
		"pipeline, version unknown": {documents["pipeline_succeeded_unknown_release"], "✅ Pipeline checkout-production: a release was deployed to production"},
		"service, stopped":          {documents["empty stopped"], "✋ a service was stopped"},
		"rollback, stopped": {change("rollback_succeeded", func(doc *deployment.Document) {
			doc.Deployment.Status = deployment.Stopped
		}), "✋ checkout was stopped on its way back to 1.41.0 in production"},
		"long": {maximal("w"), "🔴 " + strings.Repeat("w", 49) + "… " + strings.Repeat("w", 35) + "… failed to deploy to " + strings.Repeat("w", 27) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			symbol, words := headline(test.doc)
			if got := symbol + " " + words; got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	image := func(tag string) deployment.Image { return deployment.Image{Repository: "shop/checkout", Tag: tag} }
	for name, test := range map[string]struct {
		release *deployment.Release
		want    string
	}{
		"none":     {nil, "unknown"},
		"new":      {&deployment.Release{Outcome: "new", Image: image("2"), Previous: image("1")}, "1 → 2"},
		"moved":    {&deployment.Release{Outcome: "new", Image: image("latest"), Previous: image("latest")}, "latest (another image than before)"},
		"first":    {&deployment.Release{Outcome: "first", Image: image("2")}, "2 (first known deployment)"},
		"same":     {&deployment.Release{Outcome: "same", Image: image("2"), Previous: image("2")}, "2 (the same as before)"},
		"back":     {&deployment.Release{Outcome: "rollback", Image: image("1"), Previous: image("2")}, "2 → 1"},
		"half":     {&deployment.Release{Outcome: "unknown", Image: image("2"), Reason: "no last good tag"}, "2\nno last good tag"},
		"the rest": {&deployment.Release{Outcome: "unknown", Previous: image("1"), Reason: "ECS did not answer"}, "unknown, was 1\nECS did not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := versionsOf(deployment.Document{Release: test.release}); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for took, want := range map[time.Duration]string{
		time.Second: "1 s", 119 * time.Second: "119 s", 2 * time.Minute: "2 min", 4*time.Minute + 40*time.Second: "5 min",
		2*time.Hour + 5*time.Minute: "2 h 5 min", 50 * time.Hour: "50 h 0 min",
	} {
		if got := inWords(took); got != want {
			t.Errorf("%s became %q, want %q", took, got, want)
		}
	}
}

// TestCommitsNotShown counts what is not in the list, be it that there are more than
// the document holds, or more than fit.
func TestCommitsNotShown(t *testing.T) {
	t.Parallel()
	tooLong := maximal("&")
	for name, test := range map[string]struct {
		commits     *deployment.Commits
		least, most int
	}{
		"none":      {&deployment.Commits{Items: tooLong.Commits.Items[:1], Total: 1}, 1, 1},
		"one":       {&deployment.Commits{Items: tooLong.Commits.Items[:1], Total: 2}, 1, 1},
		"total low": {&deployment.Commits{Items: tooLong.Commits.Items[:2]}, 2, 2},
		"too long":  {tooLong.Commits, 2, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := channeltest.Documents()["succeeded"]
			doc.Commits = test.commits
			shown, rest := 0, 0
			for line := range strings.Lines(Render(format(t, doc, bot))) {
				if strings.HasPrefix(line, "• ") {
					shown++
				}
				if strings.HasPrefix(line, "and ") {
					fmt.Sscanf(line, "and %d more", &rest)
				}
			}
			if want := max(test.commits.Total, len(test.commits.Items)); shown+rest != want || shown < test.least || shown > test.most {
				t.Errorf("%d commits are shown and %d more counted, of %d", shown, rest, want)
			}
		})
	}
}

func BenchmarkFormat(b *testing.B) {
	doc := channeltest.Documents()["failed_many_commits"]
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Format(doc, bot); err != nil {
			b.Fatal(err)
		}
	}
}
