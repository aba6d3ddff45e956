package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const right = `account: "123456789012"
region: eu-west-1
environments: [{name: production, production: true}, {name: staging, clusters: [staging]}]
slack: {channel: C1}
`

// TestRun calls the command in a project with a right file and a wrong one.
func TestRun(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := filepath.Join("infra", "accounts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	ordered := strings.Replace(right, "[{name: production, production: true}, {name: staging, clusters: [staging]}]",
		"[{name: staging, clusters: [staging]}, {name: production, production: true}]", 1)
	for name, text := range map[string]string{
		"right": ordered, "wrong": strings.Replace(right, "slack", "slck", 1),
		"full": ordered + "sns: {}\npagerduty: {services: [checkout]}\npipelines: [{name: checkout, environment: production}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const (
		full   = "infra/accounts/full.yaml: right: account 123456789012 in eu-west-1, 2 environments (1 production), 1 pipeline, 0 windows, tells slack, pagerduty, sns\n"
		slim   = "infra/accounts/right.yaml: right: account 123456789012 in eu-west-1, 2 environments (1 production), 0 pipelines, 0 windows, tells slack\n"
		shadow = "infra/accounts/wrong.yaml:3:54: environments[1]: an environment that something can still be in expected, " +
			"found \"staging\"; production before it takes it all: move this one up, or give it patterns of its own\n"
		unknown = "infra/accounts/wrong.yaml:4:1: slck: a key that Fanfare knows expected, found \"slck\"; did you mean slack?\n2 problems\n"
	)
	tests := []struct {
		name            string
		args            []string
		code            int
		out, complaints string
	}{
		{"by its name", []string{"right"}, 0, slim, ""},
		{"by its path", []string{"./infra/accounts/full.yaml"}, 0, strings.Replace(full, "infra", "./infra", 1), ""},
		{"a wrong one", []string{"wrong"}, 1, "", shadow + unknown},
		{"all", nil, 1, full + slim, shadow + unknown},
		{"one that is not there", []string{"nowhere"}, 1, "", "no file infra/accounts/nowhere.yaml; copy infra/accounts/example.yaml and fill it in (there are: full, right, wrong)\n"},
		{"help", []string{"--help"}, 0, usage, ""},
		{"an option that there is not", []string{"-x"}, 2, "", "flag provided but not defined: -x\n" + usage},
	}
	for _, test := range tests {
		var out, complaints strings.Builder
		if code := run(test.args, &out, &complaints); code != test.code {
			t.Errorf("%s: exit code %d, wanted %d", test.name, code, test.code)
		}
		if got := filepath.ToSlash(out.String()); got != test.out {
			t.Errorf("%s: said\n%s\nwanted\n%s", test.name, got, test.out)
		}
		if got := filepath.ToSlash(complaints.String()); got != test.complaints {
			t.Errorf("%s: complained\n%s\nwanted\n%s", test.name, got, test.complaints)
		}
	}
	t.Chdir(t.TempDir())
	var out, complaints strings.Builder
	if code := run(nil, &out, &complaints); code != 2 || !strings.Contains(complaints.String(), "no account files") {
		t.Errorf("without files: %d, %s", code, complaints.String())
	}
}
