package pagerduty

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/internal/account"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

func format(t *testing.T, doc deployment.Document) Message {
	t.Helper()
	made, err := Format(doc, account.Account{})
	if err != nil {
		t.Fatal(err)
	}
	return made.(Message)
}

func TestFormatGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"failed", "failed_first_release", "failed_unknown_release", "failed_digest_release", "failed_without_details",
		"failed_without_cluster_and_id", "failed_for_a_long_reason", "rollback_failed",
		"stuck", "rollback_stuck", "stuck_without_details", "stuck_and_nothing_else_known",
		"succeeded", "succeeded_first_release", "succeeded_unknown_release", "hostile bidi failed", "hostile json failed",
		"pipeline_failed", "pipeline_failed_again", "pipeline_failed_without_details", "pipeline_succeeded",
		"drill_failed_that_pages", "drill_pipeline_succeeded_that_pages",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, ok := channeltest.Documents()[name]
			if !ok {
				t.Fatal("no such document")
			}
			file := strings.ReplaceAll(name, " ", "_") + ".golden.json"
			channeltest.Golden(t, filepath.Join("testdata", file), format(t, doc), *update)
		})
	}
}

func TestFormatRefuses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"in_progress", "staging_failed", "staging_stuck", "superseded", "environment_unknown", "unknown_status",
		"rollback_in_progress", "rollback_succeeded", "rollback_known_by_the_ledger_alone", "empty",
		"pipeline_staging_failed", "pipeline_stopping", "pipeline_stopped", "pipeline_superseded", "pipeline_canceled",
		"drill_failed", "drill_pipeline_failed", "drill_in_progress_that_pages",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := Format(channeltest.Documents()[name], account.Account{})
			if _, ok := err.(*failure.Permanent); !ok || made != nil {
				t.Errorf("Format = %v, %v, want a Permanent error", made, err)
			}
		})
	}
}

func TestResolveHasTheKeyOfTheTrigger(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	failed := format(t, documents["failed"]).Events[0]
	rolledBack := format(t, documents["rollback_failed"]).Events[0]
	if stuck := format(t, documents["stuck"]).Events[0]; stuck.Action != "trigger" || stuck.DedupKey != failed.DedupKey {
		t.Errorf("what is stuck: %+v", stuck)
	}
	succeeded := format(t, documents["succeeded"]).Events[0]
	if failed.DedupKey != succeeded.DedupKey || failed.DedupKey != rolledBack.DedupKey {
		t.Errorf("keys differ: %q, %q, %q", failed.DedupKey, succeeded.DedupKey, rolledBack.DedupKey)
	}
	if failed.Action != "trigger" || succeeded.Action != "resolve" {
		t.Errorf("actions are %s and %s", failed.Action, succeeded.Action)
	}
}

// TestADrillTouchesNoRealIncident holds the keys of drills apart from those of what is
// meant, and together among themselves.
func TestADrillTouchesNoRealIncident(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	for _, of := range []string{"", "pipeline_"} {
		key := func(name string) string { return format(t, documents[name]).Events[0].DedupKey }
		real, failed, succeeded := key(of+"failed"), key("drill_"+of+"failed_that_pages"), key("drill_"+of+"succeeded_that_pages")
		if failed == real || failed != succeeded {
			t.Errorf("a drill of %q has the keys %q and %q, the real one %q", of, failed, succeeded, real)
		}
	}
}

// TestADrillIsMarked looks at all that is shown of one.
func TestADrillIsMarked(t *testing.T) {
	t.Parallel()
	for name, doc := range channeltest.Documents() {
		made, err := Format(doc, account.Account{})
		if err != nil {
			continue
		}
		var payloads []Payload
		for _, event := range made.(Message).Events {
			if event.Payload != nil {
				payloads = append(payloads, *event.Payload)
			}
		}
		for _, change := range made.(Message).Changes {
			payloads = append(payloads, change.Payload)
		}
		for _, payload := range payloads {
			drill := doc.Deployment.Drill != nil
			if strings.HasPrefix(payload.Summary, "DRILL: ") != drill || payload.Details.Drill != drill {
				t.Errorf("%s: drill %t, told as %+v", name, drill, payload)
			}
		}
	}
}

func TestDedupKey(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("s", 300)
	seen := map[string]string{}
	for name, service := range map[string]string{
		"short":            "checkout",
		"long":             long,
		"long, other end":  long[:299] + "x",
		"needs cleaning":   "check\u200bout",
		"long with runes":  "x" + strings.Repeat("ü", 200),
		"just fits":        strings.Repeat("s", 255-len("1/r/c/")),
		"just too long":    strings.Repeat("s", 256-len("1/r/c/")),
		"nothing but that": "\u202e\n",
	} {
		d := deployment.Deployment{Account: "1", Region: "r", Cluster: "c", Service: service}
		key := dedupKey(d)
		if len(key) > 255 || !utf8.ValidString(key) || !strings.HasPrefix(key, "1/r/c/") {
			t.Errorf("%s: key %q of %d bytes", name, key, len(key))
		}
		if (key == d.ServiceKey()) != (name == "short" || name == "just fits") {
			t.Errorf("%s: key %q", name, key)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s share the key %q", name, other, key)
		}
		if seen[key] = name; dedupKey(d) != key {
			t.Errorf("%s: key is not stable", name)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*deployment.Document)
		want   string
	}{
		"ordinary": {func(*deployment.Document) {}, "checkout 1.42.0 failed in production: tasks failed to start"},
		"no reason": {func(doc *deployment.Document) { doc.Deployment.Reason = "" },
			"checkout 1.42.0 failed in production"},
		"a reason that says nothing new": {func(doc *deployment.Document) { doc.Deployment.Reason = "ECS deployment ecs-svc/1 failed." },
			"checkout 1.42.0 failed in production"},
		"a reason of another's": {func(doc *deployment.Document) { doc.Deployment.Reason = "Deploy: alarm p99 went off." },
			"checkout 1.42.0 failed in production: Deploy: alarm p99 went off"},
		"no release": {func(doc *deployment.Document) { doc.Release = nil },
			"checkout failed in production: tasks failed to start"},
		"another name": {func(doc *deployment.Document) { doc.Deployment.Environment = "live-eu" },
			"checkout 1.42.0 failed in live-eu: tasks failed to start"},
		"nameless": {func(doc *deployment.Document) { doc.Deployment.Environment, doc.Deployment.Service = "", "" },
			"a service 1.42.0 failed in production: tasks failed to start"},
		"a service's name that leaves no room": {func(doc *deployment.Document) { doc.Deployment.Service = strings.Repeat("s", 100) },
			strings.Repeat("s", 100) + " 1.42.0 failed in production"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := channeltest.Documents()["failed"]
			test.change(&doc)
			if got := format(t, doc).Events[0].Payload.Summary; got != test.want {
				t.Errorf("summary = %q, want %q", got, test.want)
			}
		})
	}
	long := format(t, channeltest.Documents()["failed_for_a_long_reason"]).Events[0].Payload.Summary
	if n := utf8.RuneCountInString(long); n > goodSummary || !strings.HasPrefix(long, "checkout 1.42.0 failed in production: the load balancer") {
		t.Errorf("summary of %d characters: %s", n, long)
	}
}

func TestLinksAreLinks(t *testing.T) {
	t.Parallel()
	doc := channeltest.Documents()["failed"]
	for _, address := range []string{"", "javascript:alert(1)", "https://", "https://a b", "https://a.example/\u202e", "//a.example", "ftp://a.example",
		"https://a.example/" + strings.Repeat("x", 2048), "https://a.example/\n", "https://%zz"} {
		doc.Deployment.ConsoleURL, doc.Deployment.LogsURL, doc.Commits.CompareURL = address, address, address
		event := format(t, doc).Events[0]
		if len(event.Links) != 0 || event.ClientURL != "" {
			t.Errorf("%.40q became a link: %+v", address, event)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	for _, name := range []string{"failed", "succeeded", "hostile huge text failed"} {
		b.Run(name, func(b *testing.B) {
			doc := channeltest.Documents()[name]
			b.ReportAllocs()
			for b.Loop() {
				made, err := Format(doc, account.Account{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := json.Marshal(made); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
