package accountfile

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"fanfare/internal/account"
)

var update = flag.Bool("update", false, "write the golden files anew")

// least is the shortest file that is right.
const least = `account: "123456789012"
region: eu-west-1
environments: [{name: production}]
`

// refused are files with something wrong in them. What Parse says of each is in
// testdata/problems.golden, in this order.
var refused = []struct{ name, text string }{
	{"nothing", ""},
	{"only a comment", "# to be filled in\n"},
	{"null", "null\n"},
	{"a list", "- account\n"},
	{"a word", "production\n"},
	{"broken off", least + "slack: {channel: C1\n"},
	{"unknown key", least + "chanel: C1\n"},
	{"key in capitals", least + "Slack: {channel: C1}\n"},
	{"unknown key of an environment", strings.Replace(least, "{name: production}", "{name: production, prod: true}", 1)},
	{"unknown key of a service", least + "services: [{name: checkout, image: app}]\n"},
	{"unknown key of Slack", least + "slack: {channel: C1, token: xoxb}\n"},
	{"key given twice", least + "region: eu-west-1\n"},
	{"two accounts", least + "---\n" + least},
	{"tag of CloudFormation", strings.Replace(least, "[{name: production}]", "!Ref Environments", 1)},
	{"alias of nothing", least + "slack: *other\n"},
	{"text for a number", least + "logs: {retentionDays: a month}\n"},
	{"text for a list", least + "clusters: production\n"},
	{"text for a channel", least + "slack: on\n"},
	{"short account", strings.Replace(least, "123456789012", "12345678901", 1)},
	{"account in digits of another script", strings.Replace(least, "123456789012", "１２３４５６７８９０１２", 1)},
	{"region as a name", strings.Replace(least, "eu-west-1", "Ireland", 1)},
	{"region with a line break", strings.Replace(least, "eu-west-1", `"eu-west-1\n"`, 1)},
	{"no environments", strings.Replace(least, "[{name: production}]", "[]", 1)},
	{"environment without a name", strings.Replace(least, "name: production", "production: true", 1)},
	{"broken patterns of environments", strings.Replace(least, "name: production", `name: p, clusters: ["prod-["], services: [ok, ""]`, 1)},
	{"service without a name", least + "services: [{container: app}]\n"},
	{"broken pattern of a service", least + `services: [{name: ok}, {name: "a[b"}]` + "\n"},
	{"last tag for all services", least + "lastTag: /ecs/{cluster}/last-tag\n"},
	{"last tag that is no path", least + "lastTag: last-tag-{service}\n"},
	{"prefix that ends in a slash", least + "secrets: {prefix: /fanfare/}\n"},
	{"retention that CloudWatch Logs does not know", least + "logs: {retentionDays: 31}\n"},
	{"negative retention", least + "logs: {retentionDays: -1}\n"},
	{"GitLab", least + `gitlab: {url: gitlab.com, ref: v1, refPattern: "^main-([0-9a-f]+)", noise: [ok, "(", ""]}` + "\n"},
	{"broken refPattern", least + `gitlab: {refPattern: "(?P<ref>"}` + "\n"},
	{"Slack", least + "slack: {via: email, url: slack.com}\n"},
	{"channels left empty", least + "sns:\nslack:\npagerduty:\ngitlab:\n"},
	{"pattern for a cluster", least + "clusters: [production, 'prod-*']\n"},
	{"last tags among the secrets", least + "lastTag: /fanfare/{service}\n"},
	{"last tags that may be anything", least + "lastTag: '/{service}'\n"},
	{"key by its alias", least + "secrets: {keyArn: alias/fanfare}\n"},
	{"log group, e-mail", least + "logs: {group: 'a b'}\noperations: {email: nobody}\n"},
	{"address without a host", least + "gitlab: {url: 'https://'}\n"},
	{"channel by its name", least + "slack: {channel: '#deploys'}\n"},
	{"environment given twice", strings.Replace(least, "[{name: production}]", "[{name: production}, {name: production}]", 1)},
	{"PagerDuty for nobody", least + "pagerduty: {services: []}\n"},
	{"PagerDuty", least + `pagerduty: {services: ["[", ""], url: "ftp://pagerduty.com"}` + "\n"},
	{"SNS", least + `sns: {statuses: [failed, unknown], phones: ["+491701234567", "0170 1234567", "+0123456789"]}` + "\n"},
	{"everything at once", `account: x
region: y
environments: [{}]
services: [{}]
lastTag: t
secrets: {prefix: p}
logs: {retentionDays: 2}
gitlab: {ref: r}
slack: {}
pagerduty: {}
sns: {statuses: [s], phones: [p]}
`},
}

func TestProblems(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, test := range refused {
		_, err := Parse([]byte(test.text))
		if err == nil {
			t.Errorf("%s: no problem found", test.name)
			continue
		}
		fmt.Fprintf(&got, "== %s\n%s\n", test.name, strings.TrimRight(err.Error(), "\n"))
	}
	golden := filepath.Join("testdata", "problems.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("what is said of wrong files has changed (see -update):\n%s", got.String())
	}
}

// TestDefaults holds what the file need not say.
func TestDefaults(t *testing.T) {
	t.Parallel()
	production := []account.Environment{{Name: "production"}}
	base := Account{ID: "123456789012", Region: "eu-west-1", Environments: production,
		LastTag: "/ecs/deployments/{cluster}/{service}/last-tag", Secrets: Secrets{Prefix: "/fanfare"}, Logs: Logs{RetentionDays: 30}}
	with := func(change func(*Account)) Account {
		a := base
		change(&a)
		return a
	}
	tests := []struct {
		name, text string
		want       Account
	}{
		{"the least", least, base},
		{"account without quotes", strings.ReplaceAll(least, `"`, ""), base},
		{"GitLab", least + "gitlab: {}\n", with(func(a *Account) { a.GitLab = &GitLab{URL: "https://gitlab.com", Ref: "{tag}"} })},
		{"Slack", least + "slack: {channel: C1}\n",
			with(func(a *Account) { a.Slack = &Slack{Channel: "C1", Via: "bot", URL: "https://slack.com/api/"} })},
		{"Slack by a webhook, which has its own channel", least + "slack: {via: webhook}\n",
			with(func(a *Account) { a.Slack = &Slack{Via: "webhook", URL: "https://slack.com/api/"} })},
		{"PagerDuty", least + "pagerduty: {services: ['*']}\n",
			with(func(a *Account) {
				a.PagerDuty = &PagerDuty{Services: []string{"*"}, URL: "https://events.pagerduty.com"}
			})},
		{"SNS", least + "sns: {}\n", with(func(a *Account) { a.SNS = &SNS{Statuses: []string{"failed"}} })},
		{"what is said stays", least + `
lastTag: /tags/{service}
secrets: {prefix: /ops/fanfare, keyArn: arn:aws:kms:eu-west-1:123456789012:key/1}
logs: {retentionDays: 3653, group: "/ecs/{service}"}
gitlab: {url: "http://gitlab.example.com", ref: "v{tag}", refPattern: "-(?P<ref>[0-9a-f]{8})$", noise: ["^chore"]}
slack: {channel: C1, via: webhook, url: "https://slack-gov.com/api/"}
pagerduty: {services: [checkout], url: "https://events.eu.pagerduty.com"}
sns: {statuses: [in_progress, succeeded], phones: ["+491701234567"]}
operations: {email: ops@example.com}
`, with(func(a *Account) {
			a.LastTag = "/tags/{service}"
			a.Secrets = Secrets{Prefix: "/ops/fanfare", KeyARN: "arn:aws:kms:eu-west-1:123456789012:key/1"}
			a.Logs = Logs{RetentionDays: 3653, Group: "/ecs/{service}"}
			a.GitLab = &GitLab{URL: "http://gitlab.example.com", Ref: "v{tag}", RefPattern: "-(?P<ref>[0-9a-f]{8})$", Noise: []string{"^chore"}}
			a.Slack = &Slack{Channel: "C1", Via: "webhook", URL: "https://slack-gov.com/api/"}
			a.PagerDuty = &PagerDuty{Services: []string{"checkout"}, URL: "https://events.eu.pagerduty.com"}
			a.SNS = &SNS{Statuses: []string{"in_progress", "succeeded"}, Phones: []string{"+491701234567"}}
			a.Operations = Operations{Email: "ops@example.com"}
		})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, err := Parse([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*a, test.want) {
				t.Errorf("got  %+v\nwant %+v", *a, test.want)
			}
		})
	}
}

// TestOurOwnFiles reads the accounts that come with Fanfare.
func TestOurOwnFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "infra", "accounts", "*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("found %v, %v: the example and the local one expected", files, err)
	}
	for _, file := range files {
		a, err := Read(file)
		if err != nil {
			t.Error(err)
			continue
		}
		if env, ok := a.EnvironmentOf("production", "checkout"); !ok || !env.Production {
			t.Errorf("%s: the cluster production is %+v, %v", file, env, ok)
		}
		if env, ok := a.EnvironmentOf("staging", "checkout"); !ok || env.Production {
			t.Errorf("%s: the cluster staging is %+v, %v", file, env, ok)
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	if _, err := Read(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("account: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := Read(wrong); a != nil || err == nil || !strings.HasPrefix(err.Error(), wrong+": account: ") {
		t.Errorf("got %v, %v", a, err)
	}
}

// FuzzParse looks for a text that stops the program, or that Parse accepts and the
// Lambdas then read otherwise.
func FuzzParse(f *testing.F) {
	f.Add([]byte(least))
	for _, test := range refused {
		f.Add([]byte(test.text))
	}
	if example, err := os.ReadFile(filepath.Join("..", "..", "infra", "accounts", "example.yaml")); err == nil {
		f.Add(example)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := Parse(text)
		if err != nil {
			return
		}
		handed, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var read account.Account
		if err := json.Unmarshal(handed, &read); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(read); err != nil || string(again) != string(handed) {
			t.Errorf("handed over %s, read %s, %v", handed, again, err)
		}
		if err := check(a); err != nil {
			t.Errorf("accepted, then refused: %v", err)
		}
	})
}
