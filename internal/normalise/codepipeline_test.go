package normalise_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fanfare/internal/deployment"
	"fanfare/internal/normalise"
)

func TestPipelineStates(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]deployment.Status{
		"STARTED":    deployment.InProgress,
		"RESUMED":    deployment.InProgress,
		"SUCCEEDED":  deployment.Succeeded,
		"FAILED":     deployment.Failed,
		"STOPPING":   deployment.Stopping,
		"STOPPED":    deployment.Stopped,
		"SUPERSEDED": deployment.Superseded,
		"CANCELED":   deployment.Canceled,
		"CANCELLED":  deployment.Canceled,
		"Cancelled":  deployment.Canceled,
		"Failed":     deployment.Failed,
		"ABANDONED":  deployment.Unknown, // of actions only
		"FAILED_":    deployment.Unknown,
		"InProgress": deployment.Unknown, // of the API only
	} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			d, err := normalise.Event(changeOf(t, "pipeline-started", fields{"detail.state": state}), shop)
			if err != nil || d.Status != want || d.Name != state {
				t.Errorf("got %s %s, %v; want %s", d.Name, d.Status, err, want)
			}
		})
	}
}

func TestPipelineAttempt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		attempt any
		want    int
	}{
		"missing":            {nil, 0},
		"whole":              {2, 2},
		"text":               {"1", 1},
		"text of a decimal":  {"3.0", 3},
		"zero":               {0, 0},
		"text of zero":       {"0.0", 0},
		"half":               {1.5, 0},
		"less than nothing":  {-1, 0},
		"more than a number": {"1e300", 0},
		"endless":            {"Inf", 0},
		"no number":          {"NaN", 0},
		"words":              {"second", 0},
		"list":               {[]int{1}, 0},
		"truth":              {true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := normalise.Event(changeOf(t, "pipeline-started", fields{"detail.pipeline-execution-attempt": test.attempt}), shop)
			if err != nil || d.Attempt != test.want {
				t.Errorf("got %d, %v; want %d", d.Attempt, err, test.want)
			}
		})
	}
}

func TestPipeline(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:codepipeline:eu-west-1:210987654321:"
	tests := []struct {
		name    string
		changes fields
		same    func(d deployment.Deployment) bool
	}{
		{"of production", fields{},
			func(d deployment.Deployment) bool { return d.Environment == "production" && d.Production }},
		{"not in the account file", fields{"detail.pipeline": "search", "resources": nil},
			func(d deployment.Deployment) bool {
				return d.Pipeline == "search" && d.Environment == "" && !d.Production
			}},
		{"no execution id", fields{"detail.execution-id": nil},
			func(d deployment.Deployment) bool { return d.ID == "" }},
		{"the longest name", fields{"detail.pipeline": strings.Repeat("p", 100)},
			func(d deployment.Deployment) bool { return len(d.Pipeline) == 100 }},
		{"the detail counts more than the ARN", fields{"resources": []string{"arn:aws-cn:codepipeline:cn-north-1:1:checkout-staging"}},
			func(d deployment.Deployment) bool {
				return d.Pipeline == "checkout-production" && d.Production && d.Partition == "aws"
			}},
		{"the ARN that agrees is found", fields{"account": nil, "resources": []string{arn + "other", "arn:aws:codepipeline:eu-west-1:111111111111:checkout-production"}},
			func(d deployment.Deployment) bool { return d.Account == "111111111111" }},
		{"the name from the ARN", fields{"detail.pipeline": nil},
			func(d deployment.Deployment) bool { return d.Pipeline == "checkout-production" }},
		{"the name from the old form of the ARN", fields{"detail.pipeline": map[string]any{}, "resources": []string{arn + "pipeline:checkout-staging"}},
			func(d deployment.Deployment) bool { return d.Environment == "staging" && !d.Production }},
		{"the name after what is no pipeline's ARN", fields{"detail.pipeline": nil, "resources": []any{7, arn + "webhook:hook", arn + "a/Deploy/Release", "arn:aws:ecs:eu-west-1:1:x", arn + "search"}},
			func(d deployment.Deployment) bool { return d.Pipeline == "search" }},
		{"account and region from the ARN", fields{"account": nil, "region": nil},
			func(d deployment.Deployment) bool { return d.Account == "210987654321" && d.Region == "eu-west-1" }},
		{"partition from the region", fields{"region": "us-gov-west-1", "resources": nil},
			func(d deployment.Deployment) bool { return d.Partition == "aws-us-gov" }},
		{"rolled back by a person", fields{"detail.execution-trigger": fields{"trigger-type": "ManualRollback"}},
			func(d deployment.Deployment) bool { return d.Kind == deployment.Rollback }},
		{"the end of a rollback", fields{"detail.state": "SUCCEEDED", "detail.execution-trigger": fields{"trigger-type": "AutomatedRollback"}},
			func(d deployment.Deployment) bool {
				return d.Kind == deployment.Rollback && d.Status == deployment.Succeeded
			}},
		{"a comment is no rollback", fields{"detail.stop-execution-comments": "rolling back"},
			func(d deployment.Deployment) bool {
				return d.Kind == deployment.Ordinary && d.Reason == "rolling back"
			}},
		{"a commit message is no rollback", fields{"detail.execution-trigger": fields{"commit-message": "AutomatedRollback"}},
			func(d deployment.Deployment) bool { return d.Kind == deployment.Ordinary && d.Reason == "" }},
		{"a trigger that is text", fields{"detail.execution-trigger": "AutomatedRollback"},
			func(d deployment.Deployment) bool { return d.Kind == deployment.Ordinary }},
		{"a trigger that is a list", fields{"detail.execution-trigger": []any{fields{"trigger-type": "ManualRollback"}}},
			func(d deployment.Deployment) bool { return d.Kind == deployment.Ordinary }},
		{"comments of several lines", fields{"detail.stop-execution-comments": "one\r\n\u202etwo\x07\u200b <!channel>\x00"},
			func(d deployment.Deployment) bool { return d.Reason == "one two <!channel>" }},
		{"long comments", fields{"detail.stop-execution-comments": strings.Repeat("ö", 2000)},
			func(d deployment.Deployment) bool {
				return utf8.RuneCountInString(d.Reason) == 500 && strings.HasSuffix(d.Reason, "…")
			}},
		{"hostile commit message", fields{"detail.execution-trigger": fields{"commit-message": strings.Repeat("\x00\u202e<!here>", 5000)}},
			func(d deployment.Deployment) bool { return d.Reason == "" && d.Name == "STARTED" }},
		{"the start is no time of the event", fields{"detail.start-time": "2030-01-01T00:00:00Z"},
			func(d deployment.Deployment) bool {
				return d.Time.Year() == 2026 && d.UpdatedAt.IsZero() && d.StartedAt.IsZero()
			}},
		{"the start", fields{"detail.start-time": "2026-01-01T00:00:00.5Z"},
			func(d deployment.Deployment) bool {
				return d.StartedAt.Equal(time.Date(2026, 1, 1, 0, 0, 0, 5e8, time.UTC))
			}},
		{"the start of a retry is the first attempt's", fields{"detail.start-time": "2026-01-01T00:00:00Z", "detail.pipeline-execution-attempt": 2},
			func(d deployment.Deployment) bool { return d.Attempt == 2 && d.StartedAt.IsZero() }},
		{"execution that is an ARN with a path", fields{"detail.execution-id": "arn:aws:codepipeline:r:1:p/x"}, withoutID},
		{"execution that parts a key", fields{"detail.execution-id": "a|b"}, withoutID},
		{"execution with a control character", fields{"detail.execution-id": "a\x1bb"}, withoutID},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d, err := normalise.Event(changeOf(t, "pipeline-started", test.changes), shop)
			if err != nil || !test.same(d) {
				t.Errorf("got %+v, %v", d, err)
			}
		})
	}
}

func TestPipelineRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes fields
		field   string
	}{
		{"stage", fields{"detail-type": "CodePipeline Stage Execution State Change"}, "detail-type"},
		{"action", fields{"detail-type": "CodePipeline Action Execution State Change"}, "detail-type"},
		{"ECS's detail type", fields{"detail-type": "ECS Deployment State Change"}, "detail-type"},
		{"other case", fields{"detail-type": "codepipeline pipeline execution state change"}, "detail-type"},
		{"CodeStar notification", fields{"detail-type": nil, "id": nil, "detailType": "CodePipeline Pipeline Execution State Change", "additionalAttributes": fields{}}, "detail-type"},
		{"no name", fields{"detail.pipeline": nil, "resources": []string{}}, "detail.pipeline"},
		{"name with mark-up", fields{"detail.pipeline": "<!channel>"}, "detail.pipeline"},
		{"name with a slash", fields{"detail.pipeline": "../../x"}, "detail.pipeline"},
		{"name with a colon", fields{"detail.pipeline": "drill:x"}, "detail.pipeline"},
		{"long name", fields{"detail.pipeline": strings.Repeat("p", 101)}, "detail.pipeline"},
		{"no state", fields{"detail.state": nil}, "detail.state"},
		{"state of two words", fields{"detail.state": "FAILED <!here>"}, "detail.state"},
		{"region that is a host", fields{"region": "example.org/"}, "region"},
		{"account that parts a key", fields{"account": "1|2"}, "account"},
		{"account that only a contradicting ARN knows", fields{"account": nil, "detail.pipeline": "search"}, "account"},
		{"no time", fields{"time": nil}, "time"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			refused(t, changeOf(t, "pipeline-started", test.changes), test.field)
		})
	}
}

func TestPipelineLinks(t *testing.T) {
	t.Parallel()
	const pipelines = "https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/"
	tests := []struct {
		name    string
		changes fields
		want    string
	}{
		{"execution", fields{},
			pipelines + "checkout-production/executions/7c1e2f90-4a6b-4d13-9e58-2b0f6d7a8c31/visualization?region=eu-west-1"},
		{"pipeline", fields{"detail.execution-id": nil}, pipelines + "checkout-production/view?region=eu-west-1"},
		{"execution that would lead elsewhere", fields{"detail.pipeline": "a@b.c", "detail.execution-id": `1?x#y%<>"\`},
			pipelines + "a@b.c/executions/1%3Fx%23y%25%3C%3E%22%5C/visualization?region=eu-west-1"},
		{"GovCloud", fields{"region": "us-gov-west-1", "resources": nil},
			"https://us-gov-west-1.console.amazonaws-us-gov.com/codesuite/codepipeline/pipelines/checkout-production/executions/7c1e2f90-4a6b-4d13-9e58-2b0f6d7a8c31/visualization?region=us-gov-west-1"},
		{"partition without a known console", fields{"region": "us-iso-east-1", "resources": []string{"arn:aws-iso:codepipeline:us-iso-east-1:1:checkout-production"}}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := shop
			a.Logs.Group = "/ecs/{service}" // a service's, not a pipeline's
			d, err := normalise.Event(changeOf(t, "pipeline-started", test.changes), a)
			if err != nil || d.ConsoleURL != test.want || d.LogsURL != "" {
				t.Errorf("got %q and %q, %v; want %q", d.ConsoleURL, d.LogsURL, err, test.want)
			}
		})
	}
}

// withoutID: an id that is not fit for a key costs nobody a page.
func withoutID(d deployment.Deployment) bool {
	return d.ID == "" && d.Pipeline == "checkout-production"
}
