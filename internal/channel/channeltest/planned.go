package channeltest

import (
	"fmt"
	"strings"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

// statuses are all that a deployment may have.
var statuses = []deployment.Status{
	deployment.InProgress, deployment.Succeeded, deployment.Failed, deployment.Stopping,
	deployment.Stopped, deployment.Superseded, deployment.Canceled, deployment.Stuck, deployment.Unknown,
}

// pipeline is an execution of checkout-production that brings one commit after another.
func pipeline(status deployment.Status) deployment.Document {
	const (
		name      = "checkout-production"
		execution = "2c9d7e4f-0b1a-4c3d-8e5f-6a7b8c9d0e1f"
		console   = "https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/"
	)
	doc := base(status)
	d := &doc.Deployment
	d.Source, d.Name = deployment.CodePipeline, strings.ToUpper(string(status))
	d.Cluster, d.Service, d.Pipeline = "", "", name
	d.ID, d.Attempt, d.Reason = execution, 1, ""
	d.ConsoleURL, d.LogsURL = console+name+"/executions/"+execution+"/timeline?region=eu-west-1", ""
	doc.Release = &deployment.Release{
		Outcome: deployment.NewRelease,
		Revision: deployment.Revision{
			ID: strings.Repeat("4f7c21ab", 5), Artifact: "Source", Summary: "Let the cart keep vouchers",
			URL: "https://gitlab.example.com/shop/checkout/-/commit/4f7c21ab",
		},
		PreviousRevision: deployment.Revision{ID: strings.Repeat("9f1c2d00", 5), Artifact: "Source", Summary: "Round prices up"},
		Project:          "shop/checkout",
	}
	doc.Commits.CompareURL = "https://gitlab.example.com/shop/checkout/-/compare/9f1c2d00...4f7c21ab"
	if status == deployment.Failed {
		doc.Release.FailedAction = &deployment.Action{
			Stage: "Deploy", Name: "Integration", Summary: "2 of 118 tests failed: the cart forgets its vouchers.",
			URL: "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/projects/checkout-integration/build/checkout-integration%3A7d1f?region=eu-west-1",
		}
	}
	return doc
}

func addPipelines(documents map[string]deployment.Document) {
	for _, status := range statuses {
		documents["pipeline_"+string(status)] = pipeline(status)
	}
	change := func(name string, status deployment.Status, change func(*deployment.Document)) {
		doc := pipeline(status)
		change(&doc)
		documents["pipeline_"+name] = doc
	}
	change("failed_again", deployment.Failed, func(doc *deployment.Document) { doc.Deployment.Attempt = 2 })
	change("tried_again", deployment.InProgress, func(doc *deployment.Document) { doc.Deployment.Attempt = 2 })
	change("staging_failed", deployment.Failed, func(doc *deployment.Document) {
		doc.Deployment.Pipeline = "checkout-staging"
		doc.Deployment.Environment, doc.Deployment.Production = "staging", false
	})
	change("failed_without_details", deployment.Failed, func(doc *deployment.Document) {
		doc.Claim, doc.Release, doc.Commits, doc.Deployment.ConsoleURL = nil, nil, nil, ""
	})
	change("failed_without_action", deployment.Failed, func(doc *deployment.Document) { doc.Release.FailedAction = nil })
	change("stopped_for_a_reason", deployment.Stopped, func(doc *deployment.Document) { doc.Deployment.Reason = "The price list is wrong" })
	for _, status := range []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed} {
		change(string(status)+"_without_commits", status, func(doc *deployment.Document) {
			doc.Commits = &deployment.Commits{Reason: "no GitLab project"}
		})
		change(string(status)+"_first_release", status, func(doc *deployment.Document) {
			doc.Release.Outcome, doc.Release.PreviousRevision = deployment.FirstRelease, deployment.Revision{}
			doc.Commits = &deployment.Commits{Reason: "first release"}
		})
		change(string(status)+"_same_release", status, func(doc *deployment.Document) {
			doc.Release.Outcome, doc.Release.PreviousRevision = deployment.SameRelease, doc.Release.Revision
			doc.Commits = &deployment.Commits{Reason: "the same release again"}
		})
		change(string(status)+"_unknown_release", status, func(doc *deployment.Document) {
			doc.Release.Outcome, doc.Release.Reason = deployment.UnknownRelease, "the pipeline has several sources, and the account file names none"
			doc.Release.Revision, doc.Release.PreviousRevision = deployment.Revision{}, deployment.Revision{}
			doc.Commits = &deployment.Commits{Reason: "release unknown"}
		})
		change(string(status)+"_from_an_object", status, func(doc *deployment.Document) {
			doc.Release.Revision = deployment.Revision{ID: "Xq3R0tV9pLk2sB7nW5yD1mZ8cF4hJ6gA", Artifact: "Bundle"}
			doc.Commits = &deployment.Commits{Reason: "the revision is not a commit"}
		})
	}
}

// addDrills adds exercises: of a service and of a pipeline, that page and that do not.
func addDrills(documents map[string]deployment.Document) {
	for _, status := range statuses {
		for name, of := range map[string]func(deployment.Status) deployment.Document{"": base, "pipeline_": pipeline} {
			for suffix, page := range map[string]bool{"": false, "_that_pages": true} {
				doc := of(status)
				doc.Deployment.Drill = &deployment.Drill{Page: page}
				documents["drill_"+name+string(status)+suffix] = doc
			}
		}
	}
	back := rollback(deployment.Failed)
	back.Deployment.Drill = &deployment.Drill{Page: true}
	documents["drill_rollback_failed_that_pages"] = back
}

// window is a maintenance window that quiets the channels.
func window(name string, quiets ...string) deployment.Window {
	return deployment.Window{
		Name: name, Since: emitted.Truncate(time.Hour), Until: emitted.Truncate(time.Hour).Add(2 * time.Hour),
		Quiets: quiets, Owner: "data platform", Reason: "PostgreSQL 17",
	}
}

// within puts the document into the windows: each channel is suppressed by the first
// that quiets it.
func within(doc deployment.Document, windows ...deployment.Window) deployment.Document {
	doc.Maintenance = &deployment.Maintenance{Windows: windows}
	doc.Plan = deployment.Plan{channel.Slack: {Decision: deployment.Deliver, Reason: deployment.EveryDeployment}}
	for i := len(windows) - 1; i >= 0; i-- {
		for _, quiet := range windows[i].Quiets {
			doc.Plan[quiet] = deployment.Decision{
				Decision: deployment.Suppress, Reason: deployment.MaintenanceWindow, Window: &windows[i],
			}
		}
	}
	return doc
}

func addWindows(documents map[string]deployment.Document) {
	both := func() deployment.Window { return window("database-upgrade", channel.PagerDuty, channel.SNS) }
	documents["window_failed"] = within(base(deployment.Failed), both())
	documents["window_rollback_failed"] = within(rollback(deployment.Failed), both())
	documents["window_pipeline_failed"] = within(pipeline(deployment.Failed), both())
	documents["window_failed_for_pagerduty"] = within(base(deployment.Failed), window("database-upgrade", channel.PagerDuty))
	documents["window_succeeded_for_sns"] = within(base(deployment.Succeeded), window("database-upgrade", channel.SNS))
	documents["window_failed_for_each"] = within(base(deployment.Failed),
		window("database-upgrade", channel.PagerDuty), window("quiet-sunday", channel.SNS))
	documents["window_failed_for_all"] = within(base(deployment.Failed), window("database-upgrade", channel.Slack, channel.PagerDuty, channel.SNS))
	documents["window_failed_unnamed"] = within(base(deployment.Failed), deployment.Window{Quiets: []string{channel.PagerDuty}})
	drill := within(base(deployment.Failed), both())
	drill.Deployment.Drill = &deployment.Drill{Page: true}
	documents["window_drill_failed_that_pages"] = drill
	lost := within(base(deployment.Failed), both())
	for _, of := range []string{channel.PagerDuty, channel.SNS} {
		lost.Plan[of] = deployment.Decision{Decision: deployment.Suppress, Reason: deployment.MaintenanceWindow}
	}
	documents["window_failed_and_lost"] = lost
}

// addHostilePipelines puts hostile texts where only pipelines and planned work have any.
func addHostilePipelines(documents map[string]deployment.Document) {
	for name, text := range hostile {
		for _, status := range []deployment.Status{deployment.Failed, deployment.Superseded} {
			doc := withText(status, text)
			d := &doc.Deployment
			d.Cluster, d.Service, d.Pipeline, d.Attempt, d.Drill = "", "", text, 1<<40, &deployment.Drill{Page: true}
			revision := deployment.Revision{ID: text, Artifact: text, Summary: text, URL: text}
			doc.Release.Revision, doc.Release.PreviousRevision = revision, revision
			doc.Release.FailedAction = &deployment.Action{Stage: text, Name: text, Summary: text, URL: text}
			planned := []deployment.Window{window(text, channel.PagerDuty), window(text+"2", channel.SNS)}
			for i := range planned {
				planned[i].Owner, planned[i].Reason = text, text
			}
			documents[fmt.Sprintf("hostile pipeline %s %s", name, status)] = within(doc, planned...)
		}
		action := pipeline(deployment.Failed)
		action.Release.FailedAction.Summary = text
		documents["hostile action "+name] = action
		reason := within(base(deployment.Failed), window("database-upgrade", channel.PagerDuty))
		reason.Plan[channel.PagerDuty].Window.Reason = text
		documents["hostile window "+name] = reason
	}
}
