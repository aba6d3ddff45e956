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
	"time"

	"fanfare/internal/account"
)

var update = flag.Bool("update", false, "write the golden files anew")

// bare is a file that is right but for a channel, and least the shortest that is right.
const (
	bare = `account: "123456789012"
region: eu-west-1
environments: [{name: production, production: true}]
`
	least = bare + "slack: {channel: C1}\n"
)

// accounts is where the account files are that come with Fanfare.
var accounts = filepath.Join("..", "..", "infra", "accounts")

// golden holds what a person is told against the golden file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("what is said has changed (see -update):\n%s", got)
	}
}

func glob(t testing.TB, least int, pattern ...string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil || len(files) < least {
		t.Fatalf("%d files expected in %v, found %v, %v", least, pattern, files, err)
	}
	return files
}

// TestBad reads files that have one mistake each, which their names tell.
func TestBad(t *testing.T) {
	t.Parallel()
	for _, file := range glob(t, 25, "testdata", "bad", "*.yaml") {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := Read(file)
			var problems Problems
			if a != nil || !errors.As(err, &problems) {
				t.Fatalf("got %v, %v", a, err)
			}
			text := strings.ReplaceAll(err.Error(), filepath.ToSlash(filepath.Dir(file))+"/", "")
			if len(problems) != 1 {
				t.Fatalf("one problem expected, found\n%s", text)
			}
			p := problems[0]
			wholeFile := name == "broken-yaml" || name == "two-accounts"
			if p.File != file || p.Line < 1 || p.Column < 1 || p.Expected == "" || p.Found == "" || p.Path == "" != wholeFile {
				t.Errorf("incomplete: %+v", p)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", text+"\n")
		})
	}
}

// TestGood reads the file that the bad ones differ from.
func TestGood(t *testing.T) {
	t.Parallel()
	if _, err := Read(filepath.Join("testdata", "good.yaml")); err != nil {
		t.Error(err)
	}
}

// TestManyMistakes has all mistakes of a file told at once.
func TestManyMistakes(t *testing.T) {
	t.Parallel()
	for _, file := range glob(t, 2, "testdata", "*-mistakes.yaml") {
		_, err := Read(file)
		if err == nil {
			t.Fatalf("%s: no problem found", file)
		}
		golden(t, strings.TrimSuffix(file, ".yaml")+".golden", filepath.ToSlash(err.Error())+"\n")
	}
}

// odd are texts that are hardly account files, or odd in their YAML. What Parse says of
// each is in testdata/odd.golden, in this order.
var odd = []struct{ name, text string }{
	{"nothing", ""},
	{"only a comment", "# to be filled in\n"},
	{"null", "null\n"},
	{"a list", "- account\n"},
	{"a word", "production\n"},
	{"no settings", "{}\n"},
	{"a tab", "account:\n\t1\n"},
	{"a directive", "%YAML 1.2\n---\nregion: eu-west-1\n"},
	{"not UTF-8", "account: \"123456789012\"\nregion: \xff\n"},
	{"far too long", least + strings.Repeat("# padding\n", maxBytes)},
	{"too long", least + strings.Repeat("# padding\n", maxBytes/10)},
	{"too deep", "account: " + strings.Repeat("[", 5000)},
	{"far too many values", least + "sidecars: &a [" + strings.Repeat("x,", 200) + "]\nservices: [" +
		strings.Repeat("&s {name: x, channels: &c ["+strings.Repeat("slack,", 200)+"]},", 1) + strings.Repeat("*s,", 300) + "]\n"},
	{"an alias of itself", least + "clusters: &a [*a]\n"},
	{"two aliases of each other", least + "clusters: [&a *b, &b *a]\n"},
	{"keys that are no words", "? [account]\n: 1\n1: 2\n\"a b\\n\": 3\n'': 4\n"},
	{"an anchor and a tag for a key", "&a account: '123456789012'\n!t region: eu-west-1\n"},
	{"tags of YAML's own", least + "lastTag: !!str 1\nlogs: {retentionDays: !!int 30}\n"},
	{"a number too large", least + "logs: {retentionDays: 99999999999999999999}\n"},
	{"truth for a text", strings.Replace(least, "name: production", "name: true", 1)},
	{"a fraction for a text", strings.Replace(least, "name: production", "name: 1.5", 1)},
	{"account in digits of another script", strings.Replace(least, "123456789012", "１２３４５６７８９０１２", 1)},
	{"a long value", strings.Replace(least, "eu-west-1", strings.Repeat("eu-west-1", 100), 1)},
	{"region with a line break", strings.Replace(least, "eu-west-1", `"eu-west-1\n"`, 1)},
	{"channels left empty", bare + "sns:\nslack:\npagerduty:\ngitlab:\n"},
}

func TestOdd(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	for _, test := range odd {
		_, err := Parse([]byte(test.text))
		var problems Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: Problems expected, found %v", test.name, err)
			continue
		}
		fmt.Fprintf(&got, "== %s\n%v\n", test.name, err)
	}
	golden(t, filepath.Join("testdata", "odd.golden"), got.String())
}

// TestHostile has texts that take the parser long, or all memory, a quarter as long as they
// may be, for the sake of the race detector.
func TestHostile(t *testing.T) {
	t.Parallel()
	for name, unit := range map[string]string{
		"lists": "[", "settings": "{a: ", "entries": "- ", "keys": "? ", "anchors": "&a ", "tags": "!t ", "quotes": "'", "lines": "a: b\n",
	} {
		began := time.Now()
		if _, err := Parse([]byte(strings.Repeat(unit, maxBytes/4/len(unit)))); err == nil {
			t.Errorf("%s: taken", name)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: took %s", name, took)
		}
	}
}

// TestOrder tells the problems in the order of their lines.
func TestOrder(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte("slack: {}\naccount: 1\n"))
	var problems Problems
	if !errors.As(err, &problems) || len(problems) < 3 {
		t.Fatalf("got %v", err)
	}
	for i := 1; i < len(problems); i++ {
		if problems[i].Line < problems[i-1].Line {
			t.Errorf("line %d after line %d", problems[i].Line, problems[i-1].Line)
		}
	}
}

// TestDefaults holds what the file need not say.
func TestDefaults(t *testing.T) {
	t.Parallel()
	base := account.Account{ID: "123456789012", Region: "eu-west-1",
		Environments: []account.Environment{{Name: "production", Production: true}},
		Slack:        &account.Slack{Channel: "C1", Via: "bot", URL: "https://slack.com/api/", DigestAfter: 20},
		LastTag:      "/ecs/deployments/{cluster}/{service}/last-tag", LastRevision: "/codepipeline/deployments/{pipeline}/last-revision",
		Secrets: account.Secrets{Prefix: "/fanfare"}, Logs: account.Logs{RetentionDays: 30}}
	with := func(change func(*account.Account)) account.Account {
		a := base
		change(&a)
		return a
	}
	tests := []struct {
		name, text string
		want       account.Account
	}{
		{"the least", least, base},
		{"a mark for the order of bytes", "\ufeff" + least, base},
		{"account without quotes", strings.ReplaceAll(least, `"`, ""), base},
		{"account that begins with 0", strings.ReplaceAll(strings.ReplaceAll(least, `"`, ""), "1234", "0123"), with(func(a *account.Account) { a.ID = "012356789012" })},
		{"GitLab", least + "gitlab: {}\n", with(func(a *account.Account) { a.GitLab = &account.GitLab{URL: "https://gitlab.com", Ref: "{tag}"} })},
		{"Slack by a webhook, which has its own channel", bare + "slack: {via: webhook}\n",
			with(func(a *account.Account) {
				a.Slack = &account.Slack{Via: "webhook", URL: "https://slack.com/api/", DigestAfter: 20}
			})},
		{"PagerDuty", least + "pagerduty: {services: ['*']}\n",
			with(func(a *account.Account) {
				a.PagerDuty = &account.PagerDuty{Services: []string{"*"}, Pipelines: []string{"*"}, URL: "https://events.pagerduty.com"}
			})},
		{"PagerDuty for no pipeline", least + "pagerduty: {services: ['*'], pipelines: []}\n",
			with(func(a *account.Account) {
				a.PagerDuty = &account.PagerDuty{Services: []string{"*"}, Pipelines: []string{}, URL: "https://events.pagerduty.com"}
			})},
		{"SNS", least + "sns: {}\n", with(func(a *account.Account) { a.SNS = &account.SNS{Statuses: []string{"failed"}} })},
		{"aliases and blocks", least + "services:\n- name: &name a\n  channels: &who [slack]\n- name: |-\n    b\n  container: *name\n  channels: *who\n",
			with(func(a *account.Account) {
				who := account.Told{Channels: []string{"slack"}}
				a.Services = []account.Service{{Name: "a", Told: who}, {Name: "b", Container: "a", Told: who}}
			})},
		{"what is said stays", bare + `
lastTag: /tags/{service}
lastRevision: /revisions/{pipeline}
secrets: {prefix: /ops/fanfare, keyArn: arn:aws:kms:eu-west-1:123456789012:key/1}
logs: {retentionDays: 3653, group: "/ecs/{service}"}
gitlab: {url: "http://gitlab.example.com", ref: "v{tag}", refPattern: "-(?P<ref>[0-9a-f]{8})$", noise: ["^chore"]}
slack: {channel: C1, via: bot, url: "https://slack-gov.com/api/", fallback: C2, digestAfter: 1000}
services: [{name: checkout, stuckAfter: 24h}, {name: search, stuckAfter: 1h30m}]
pagerduty: {services: [checkout], url: "https://events.eu.pagerduty.com"}
sns: {statuses: [in_progress, succeeded], phones: ["+491701234567"]}
operations: {email: ops@example.com}
`, with(func(a *account.Account) {
			a.LastTag, a.LastRevision = "/tags/{service}", "/revisions/{pipeline}"
			a.Secrets = account.Secrets{Prefix: "/ops/fanfare", KeyARN: "arn:aws:kms:eu-west-1:123456789012:key/1"}
			a.Logs = account.Logs{RetentionDays: 3653, Group: "/ecs/{service}"}
			a.GitLab = &account.GitLab{URL: "http://gitlab.example.com", Ref: "v{tag}", RefPattern: "-(?P<ref>[0-9a-f]{8})$", Noise: []string{"^chore"}}
			a.Slack = &account.Slack{Channel: "C1", Via: "bot", URL: "https://slack-gov.com/api/", Fallback: "C2", DigestAfter: 1000}
			a.Services = []account.Service{{Name: "checkout", StuckAfter: "24h"}, {Name: "search", StuckAfter: "1h30m"}}
			a.PagerDuty = &account.PagerDuty{Services: []string{"checkout"}, Pipelines: []string{"*"}, URL: "https://events.eu.pagerduty.com"}
			a.SNS = &account.SNS{Statuses: []string{"in_progress", "succeeded"}, Phones: []string{"+491701234567"}}
			a.Operations = account.Operations{Email: "ops@example.com"}
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
	for _, name := range []string{"example", "local"} { // whatever else is there is somebody's own
		file := filepath.Join(accounts, name+".yaml")
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

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.yaml")
	if _, err := Read(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("got %v", err)
	}
	var problems Problems
	if _, err := Read(dir); err == nil || errors.As(err, &problems) {
		t.Errorf("a folder was taken for a file: %v", err)
	}
	wrong := filepath.Join(dir, "wrong.yaml")
	if err := os.WriteFile(wrong, []byte(least+"region: eu-west-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if a, err := Read(wrong); a != nil || err == nil || !strings.HasPrefix(err.Error(), wrong+":5:1: region: ") || !strings.HasSuffix(err.Error(), "\n1 problem") {
		t.Errorf("got %v, %v", a, err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"b.yaml", "a.yaml", "notes.txt"} {
		if err := os.WriteFile(path(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"a": path("a.yaml"), path("b.yaml"): path("b.yaml"), path("notes.txt"): path("notes.txt")} {
		if got, err := Find(dir, name); err != nil || got != want {
			t.Errorf("Find(%q) = %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"c", path("c.yaml"), "./a"} {
		if _, err := Find(dir, name); err == nil || !strings.HasSuffix(err.Error(), "example.yaml and fill it in (there are: a, b)") {
			t.Errorf("Find(%q): %v", name, err)
		}
	}
}

// FuzzParse looks for a text that stops the program, or that Parse accepts and the
// Lambdas then read otherwise.
func FuzzParse(f *testing.F) {
	f.Add([]byte(least))
	for _, test := range odd {
		if len(test.text) < 4096 {
			f.Add([]byte(test.text))
		}
	}
	for _, pattern := range []string{filepath.Join("testdata", "bad"), "testdata", accounts} {
		for _, file := range glob(f, 1, pattern, "*.yaml") {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := Parse(text)
		if err != nil {
			var problems Problems
			if a != nil || !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("got %v, %v", a, err)
			}
			for _, p := range problems {
				if p.Line < 1 || p.Column < 1 || p.Line > strings.Count(string(text), "\n")+strings.Count(string(text), "\r")+1 {
					t.Errorf("the text has no such place: %v", p)
				}
			}
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
	})
}
