package demo

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"fanfare/internal/deployment"
	"fanfare/internal/local/play"
)

func asExpected() (expected, play.Result) {
	want := expected{
		slack: []string{post}, pagerduty: []string{trigger}, says: []string{"1.42.0"},
		reasons: map[string]deployment.Reason{"pagerduty": deployment.ProductionFailure},
	}
	request := func(path, body string) []play.Request {
		return []play.Request{{Method: "POST", Path: path, Body: json.RawMessage(body)}}
	}
	return want, play.Result{
		Result: play.Carried, Execution: &play.Execution{States: []string{"Normalise", "Delivered"}},
		Channels: map[string]play.Channel{
			"slack":     {Requests: request(post, `{"text":"checkout 1.42.0"}`)},
			"pagerduty": {Reason: "production_failure", Requests: request("/v2/enqueue", `{"event_action":"trigger"}`)},
			"sns":       {},
		},
	}
}

// TestProblems changes one thing at a time of a result that is as expected.
func TestProblems(t *testing.T) {
	t.Parallel()
	want, fine := asExpected()
	if problems := want.problems(fine); len(problems) != 0 {
		t.Fatalf("found %q", problems)
	}
	for name, test := range map[string]struct {
		change func(*expected, *play.Result)
		want   string
	}{
		"no rule took it":    {func(_ *expected, r *play.Result) { r.Execution = nil }, "no rule"},
		"another end":        {func(e *expected, _ *play.Result) { e.end = "Duplicate" }, "end in Duplicate"},
		"it failed":          {func(_ *expected, r *play.Result) { r.Result = play.Failed }, "end in Delivered"},
		"one request more":   {func(_ *expected, r *play.Result) { r.Channels["sns"] = r.Channels["slack"] }, "sns was to be told 0 times"},
		"another request":    {func(e *expected, _ *play.Result) { e.slack = []string{edit} }, "chat.update"},
		"another reason":     {func(e *expected, _ *play.Result) { e.reasons["pagerduty"] = deployment.NotFailed }, "not_failed"},
		"something not said": {func(e *expected, _ *play.Result) { e.says = []string{"1.43.0"} }, "1.43.0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, r := asExpected()
			test.change(&want, &r)
			if problems := want.problems(r); !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, test.want) }) {
				t.Errorf("%q is not among %q", test.want, problems)
			}
		})
	}
}
