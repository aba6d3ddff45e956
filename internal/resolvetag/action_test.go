package resolvetag_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	pipelines "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"fanfare/internal/deployment"
)

func TestWhichActionFailed(t *testing.T) {
	t.Parallel()
	type page = []pipelines.ActionExecutionDetail
	const none = "CodePipeline lists no failed action"
	failed := func(name string, after time.Duration) pipelines.ActionExecutionDetail {
		return action("Deploy", name, "Failed", after, "")
	}
	foreign := failed("Foreign", 0)
	foreign.PipelineExecutionId = aws.String("another")
	tests := []struct {
		name  string
		pages []page
		first time.Duration // of the attempt's events, before the failure's
		want  string
		words string
		calls int
	}{
		{"the only one", []page{{failed("A", 0)}}, time.Hour, "A", "", 1},
		{"the latest", []page{{failed("A", -2*time.Minute), failed("B", -time.Minute), failed("C", -3*time.Minute)}}, time.Hour, "B", "", 1},
		{"not those that ended otherwise", []page{{action("Deploy", "A", "Abandoned", 0, ""), action("Deploy", "B", "Succeeded", 0, ""), action("Deploy", "C", "InProgress", 0, ""), failed("D", -time.Minute)}}, time.Hour, "D", "", 1},
		{"not another execution's", []page{{foreign, failed("A", -time.Minute)}}, time.Hour, "A", "", 1},
		{"not an earlier attempt's", []page{{failed("A", -30*time.Minute)}}, 10 * time.Minute, "", none, 1},
		{"an earlier attempt's too, when this one's beginning was not seen", []page{{failed("A", -30*time.Minute)}}, 0, "A", "", 1},
		{"not a later attempt's, as the event is late", []page{{failed("Later", 20*time.Minute), failed("A", 0)}}, time.Hour, "A", "", 1},
		{"within the second of the event", []page{{failed("A", time.Minute+900*time.Millisecond)}}, time.Hour, "A", "", 1},
		{"on the second page", []page{{action("Build", "A", "Succeeded", 0, "")}, {failed("B", 0)}}, time.Hour, "B", "", 2},
		{"the newest come first", []page{{failed("A", 0)}, {failed("B", -time.Minute)}}, time.Hour, "A", "", 1},
		{"none", []page{{action("Build", "A", "Succeeded", 0, "")}}, time.Hour, "", none, 1},
		{"nothing", nil, time.Hour, "", none, 1},
		{"nil pointers", []page{{{}, {Status: "Failed"}}}, time.Hour, " failed", "", 1},
		{"too many pages", make([]page, 9), time.Hour, "", "the failed action is unknown: CodePipeline lists too many", 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, doc := pipelined(), event(deployment.Failed)
			w.ledger = map[string]deployment.Release{doc.Key(): {Revision: deployment.Revision{ID: commit}}}
			w.pages = test.pages
			doc.Claim.StartedAt = failedAt.Add(-test.first)
			got := resolve(t, w, shop, doc)
			name := ""
			if got.FailedAction != nil {
				if name = got.FailedAction.Name; name == "" {
					name = got.FailedAction.Cause()
				}
			}
			if name != test.want || got.Reason != test.words || len(w.calls) != 1+test.calls {
				t.Errorf("got %q, %+v after %v", name, got, w.calls)
			}
		})
	}
}

func TestFailedActionDegrades(t *testing.T) {
	t.Parallel()
	for code, words := range map[string]string{
		"ThrottlingException":       "was too busy to answer",
		"AccessDeniedException":     "refused access",
		"PipelineNotFoundException": "does not know the pipeline",
		"InvalidNextTokenException": "broke off its answer",
		"InternalServerError":       "was not reachable",
	} {
		w := pipelined()
		w.actionsErr = refused(code)
		got := resolve(t, w, shop, event(deployment.Failed))
		if got.FailedAction != nil || got.Outcome != deployment.NewRelease || got.Reason != "the failed action is unknown: CodePipeline "+words {
			t.Errorf("%s: got %+v", code, got)
		}
	}
}

// TestOnlyFailuresAreAsked spares CodePipeline the question when nothing failed.
func TestOnlyFailuresAreAsked(t *testing.T) {
	t.Parallel()
	for _, status := range []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Stopping, deployment.Stopped,
		deployment.Superseded, deployment.Canceled, deployment.Unknown} {
		w := pipelined()
		if got := resolve(t, w, shop, event(status)); got.FailedAction != nil || strings.Contains(strings.Join(w.calls, " "), "Actions") {
			t.Errorf("%s: got %+v after %v", status, got, w.calls)
		}
	}
}

func TestWhatTheActionSays(t *testing.T) {
	t.Parallel()
	result := func(summary, code, message, link string) *pipelines.ActionExecutionResult {
		return &pipelines.ActionExecutionResult{ExternalExecutionSummary: aws.String(summary), ExternalExecutionUrl: aws.String(link),
			ErrorDetails: &pipelines.ErrorDetails{Code: aws.String(code), Message: aws.String(message)}}
	}
	const build = "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/projects/checkout/build/checkout%3A7/log?region=eu-west-1"
	tests := []struct {
		name     string
		result   *pipelines.ActionExecutionResult
		approval bool
		want     string
		link     string
	}{
		{"its summary", result("2 tests\nfailed\x1b[0m", "JobFailed", "no", build), false, "2 tests failed [0m", build},
		{"a summary in JSON", result(`{"ProviderType":"GitLab","CommitMessage":"Fix the cart"}`, "", "", ""), false, "Fix the cart", ""},
		{"the error's message", result(" ", "JobFailed", "Build terminated with state: FAILED", ""), false, "Build terminated with state: FAILED", ""},
		{"the error's code before it", result("", "PermissionError", "The role may not do it.", ""), false, "PermissionError: The role may not do it.", ""},
		{"the code is in the message", result("", "PermissionError", "PermissionError at S3", ""), false, "PermissionError at S3", ""},
		{"the code alone", result("", "SystemUnavailable", "", ""), false, "SystemUnavailable", ""},
		{"nothing", result("", "", "", ""), false, "", ""},
		{"nil pointers", &pipelines.ActionExecutionResult{ErrorDetails: &pipelines.ErrorDetails{}}, false, "", ""},
		{"no result", nil, false, "", ""},
		{"a long one", result(strings.Repeat("ä", 5000), "", "", ""), false, strings.Repeat("ä", 499) + "…", ""},
		{"rejected", result("Not during the sale", "", "", ""), true, "approval rejected: Not during the sale", ""},
		{"rejected without a word", nil, true, "approval rejected", ""},
		{"nobody answered", result("", "JobFailed", "The approval action timed out.", ""), true, "approval timed out: The approval action timed out.", ""},
		{"no address but a script", result("a", "", "", "javascript:alert(1)"), false, "a", ""},
		{"an address that leaves its link", result("a", "", "", "https://ci.example/1|<!channel>"), false, "a", ""},
		{"an address with a password", result("a", "", "", "https://user:word@ci.example/1"), false, "a", ""},
		{"an address of its own", result("a", "", "", "http://ci.example:8080/job/7#log"), false, "a", "http://ci.example:8080/job/7#log"},
		{"an address without a host", result("a", "", "", "https:///7"), false, "a", ""},
		{"an address too long", result("a", "", "", "https://ci.example/"+strings.Repeat("7", 2048)), false, "a", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := pipelined()
			failed := &w.pages[0][0]
			failed.Output.ExecutionResult = test.result
			failed.StageName, failed.ActionName = aws.String("De\nploy"), aws.String(strings.Repeat("n", 101))
			if test.approval {
				failed.Input = &pipelines.ActionExecutionInput{ActionTypeId: &pipelines.ActionTypeId{Category: pipelines.ActionCategoryApproval}}
			}
			got := resolve(t, w, shop, event(deployment.Failed)).FailedAction
			want := deployment.Action{Stage: "De ploy", Name: strings.Repeat("n", 99) + "…", Summary: test.want, URL: test.link}
			if got == nil || *got != want {
				t.Errorf("got %+v", got)
			}
		})
	}
}
