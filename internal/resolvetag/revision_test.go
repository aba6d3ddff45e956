package resolvetag_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	pipelines "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

const redirect = "https://eu-west-1.console.aws.amazon.com/codesuite/settings/connections/redirect?" +
	"connectionArn=arn:aws:codeconnections:eu-west-1:210987654321:connection/7d1c2a90&referenceType=COMMIT&Commit=0a1b&FullRepositoryId="

func TestSummary(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ said, want string }{
		"plain":                     {"Fix the cart", "Fix the cart"},
		"a whole message":           {"\n Fix the cart\r\n\r\nIt was empty.\n", "Fix the cart"},
		"of a connection":           {`{"ProviderType":"GitLab","CommitMessage":"Fix the cart\n\nIt was empty.\n"}`, "Fix the cart"},
		"of a connection, no title": {`{"ProviderType":"GitLab","CommitMessage":""}`, ""},
		"cut off":                   {`{"ProviderType":"GitLab","CommitMessage":"Fix the c`, ""},
		"of another type":           {`{"ProviderType":"GitLab","CommitMessage":7}`, ""},
		"braces of its own":         {"{cart} is fixed", "{cart} is fixed"},
		"JSON of its own":           {`{"a":1}`, `{"a":1}`},
		"of S3":                     {"Amazon S3 version id: " + s3Version, "Amazon S3 version id: " + s3Version},
		"nothing":                   {"", ""},
		"control characters":        {"Fix\x1b[31m the\u202e cart\t\x00now", "Fix [31m the cart now"},
		"broken UTF-8":              {"Caf\xe9", "Caf\uFFFD"},
		"what channels must escape": {"<!channel> & *all*", "<!channel> & *all*"},
		"long":                      {strings.Repeat("ü", 300), strings.Repeat("ü", 199) + "…"},
	} {
		w := pipelined()
		w.execution.ArtifactRevisions[0].RevisionSummary = aws.String(test.said)
		if got := resolve(t, w, shop, event(deployment.Succeeded)).Revision; got.Summary != test.want || got.Artifact != "App" || got.ID != commit {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestProject(t *testing.T) {
	t.Parallel()
	const own = "https://gitlab.example/tools"
	for name, test := range map[string]struct {
		address, gitlab, said string
		want                  string
		noLink                bool
	}{
		"a connection":                    {redirect + "shop/checkout", "", "", "shop/checkout", false},
		"a connection to a subgroup":      {redirect + "shop%2Fpayments/checkout&x=y", own, "", "shop/payments/checkout", false},
		"a connection to GitLab":          {redirect + "shop/checkout", own, `{"ProviderType":"GitLabSelfManaged","CommitMessage":"A"}`, "shop/checkout", false},
		"a connection to another forge":   {redirect + "shop/checkout", own, `{"ProviderType":"GitHub","CommitMessage":"A"}`, "", false},
		"the same, cut off":               {redirect + "shop/checkout", own, `{"ProviderType":"Bitbucket","CommitMessage":"A`, "", false},
		"a connection to nothing":         {redirect, own, "", "", false},
		"a line break in it":              {redirect + "shop%0Acheckout", own, "", "shop checkout", false},
		"GitLab's own page":               {own + "/shop/payments/checkout/-/commit/0a1b", own, "", "shop/payments/checkout", false},
		"GitLab's own page, as an API's":  {own + "/shop/checkout/-/commit/0a1b?x=y#z", "https://GITLAB.example/tools/api/v4/", "", "shop/checkout", false},
		"GitLab, but no commit":           {own + "/shop/checkout/-/tree/0a1b", own, "", "", false},
		"GitLab, but not below its path":  {"https://gitlab.example/shop/checkout/-/commit/0a1b", own, "", "", false},
		"another GitLab":                  {"https://gitlab.other/tools/shop/checkout/-/commit/0a1b", own, "", "", false},
		"no GitLab in the account":        {own + "/shop/checkout/-/commit/0a1b", "", "", "", false},
		"an odd GitLab in the account":    {own + "/shop/checkout/-/commit/0a1b", "https://\x00", "", "", false},
		"a page of CodeCommit":            {"https://eu-west-1.console.aws.amazon.com/codecommit/home#/repository/checkout/commit/0a1b", own, "", "", false},
		"no address":                      {"", own, "", "", true},
		"an address that is none":         {"https://[", own, "", "", true},
		"an address that leaves its link": {redirect + "a|b>", own, "", "", true},
		"a script":                        {"javascript://x/connections/redirect?FullRepositoryId=a/b", own, "", "", true},
	} {
		w, a := pipelined(), shop
		if test.gitlab != "" {
			a.GitLab = &account.GitLab{URL: test.gitlab}
		}
		found := &w.execution.ArtifactRevisions[0]
		found.RevisionUrl, found.RevisionSummary = aws.String(test.address), aws.String(test.said)
		got := resolve(t, w, a, event(deployment.Succeeded))
		if got.Project != test.want || (got.Revision.URL == "") != test.noLink || !test.noLink && got.Revision.URL != test.address {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// FuzzPipeline gives the step any execution and actions: it must not panic, must say why
// when it finds nothing, and must say it in one clean line.
func FuzzPipeline(f *testing.F) {
	f.Add(`{"ArtifactRevisions":[{"Name":"App","RevisionId":"0a1b","RevisionSummary":"{\"ProviderType\":\"GitLab\",\"CommitMessage\":\"A\\nb\"}","RevisionUrl":"`+redirect+`a/b"}]}`,
		`[{"Status":"Failed","StageName":"Deploy","ActionName":"Release","Output":{"ExecutionResult":{"ExternalExecutionSummary":"no","ExternalExecutionUrl":"https://ci.example"}}}]`, "5", "failed", "App")
	f.Add(`{"ExecutionType":"ROLLBACK","Trigger":{},"ArtifactRevisions":[{},{}]}`, `[{"Status":"Failed","Output":{}},{}]`, "", "in_progress", "")
	f.Fuzz(func(t *testing.T, answer, actions, kept, status, artifact string) {
		w := pipelined()
		w.execution, w.pages = &pipelines.PipelineExecution{}, [][]pipelines.ActionExecutionDetail{nil}
		if json.Unmarshal([]byte(answer), w.execution) != nil || json.Unmarshal([]byte(actions), &w.pages[0]) != nil {
			t.Skip()
		}
		w.revision = kept
		got := resolve(t, w, naming(artifact), event(deployment.Status(status)))
		if got.Revision.IsZero() && got.Reason == "" || got.FailedAction != nil && status != "failed" {
			t.Errorf("got %+v", got)
		}
		lines := []string{got.Reason, got.Project, got.Revision.ID, got.Revision.Artifact, got.Revision.Summary, got.Revision.URL, got.PreviousRevision.ID}
		if a := got.FailedAction; a != nil {
			lines = append(lines, a.Stage, a.Name, a.Summary, a.URL)
		}
		for _, s := range lines {
			if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
				t.Errorf("not one clean line: %q", s)
			}
		}
	})
}
