//go:build synth

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// appWith is an app that is started with -c for each of the values.
func appWith(context map[string]any) awscdk.App {
	return awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(filepath.Join(scratch, "context")), Context: &context})
}

// inProject has the test run in the root of a project with two accounts.
func inProject(t *testing.T) {
	t.Helper()
	example, err := os.ReadFile(filepath.Join("accounts", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	dir := filepath.Join("infra", "accounts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"example": example,
		"slim":    []byte("{account: '123456789012', region: us-east-1, environments: [{name: all}], slack: {channel: C1}}"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReadAccount reads the file that is named, from the project's root, as cdk runs it.
func TestReadAccount(t *testing.T) {
	inProject(t)
	for name, test := range map[string]struct{ account, region string }{
		"by its name": {"example", "eu-west-1"},
		"by its path": {"./infra/accounts/slim.yaml", "us-east-1"},
	} {
		a, err := readAccount(appWith(map[string]any{"account": test.account}))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.Region != test.region {
			t.Errorf("%s: got the account in %s, wanted %s", name, a.Region, test.region)
		}
	}
	// A channel that the account has not has no address to replace.
	if _, err := readAccount(appWith(map[string]any{"account": "slim", "slackUrl": "x", "pagerdutyUrl": "x", "gitlabUrl": "x"})); err != nil {
		t.Error(err)
	}
}

// TestStandIns points the channels at the addresses that are given besides.
func TestStandIns(t *testing.T) {
	inProject(t)
	const slack, pagerDuty, gitLab = "http://127.0.0.1:1/api/", "http://127.0.0.1:2", "http://127.0.0.1:3"
	a, err := readAccount(appWith(map[string]any{"account": "example", "slackUrl": slack, "pagerdutyUrl": pagerDuty, "gitlabUrl": gitLab}))
	if err != nil {
		t.Fatal(err)
	}
	has(t, "the addresses", []string{a.Slack.URL, a.PagerDuty.URL, a.GitLab.URL}, []string{slack, pagerDuty, gitLab})
}

// TestReadAccountFails has the words in which the app says what is wrong.
func TestReadAccountFails(t *testing.T) {
	inProject(t)
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("{account: '1', region: eu-west-1, environments: [{name: all}], slack: {channel: C1}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		context map[string]any
		wanted  string
	}{
		"no account": {nil,
			"which account? Say -c account=NAME, with a file infra/accounts/NAME.yaml (there are: example, slim)"},
		"an unknown one": {map[string]any{"account": "nowhere"},
			"-c account=nowhere: no file infra/accounts/nowhere.yaml; copy infra/accounts/example.yaml and fill it in (there are: example, slim)"},
		"a path that leads nowhere": {map[string]any{"account": "./nowhere.yaml"},
			"-c account=./nowhere.yaml: no file ./nowhere.yaml; copy infra/accounts/example.yaml and fill it in (there are: example, slim)"},
		"a broken one": {map[string]any{"account": broken},
			broken + `:1:11: account: twelve digits in quotes expected, found "1"` + "\n1 problem"},
	} {
		_, err := readAccount(appWith(test.context))
		if err == nil || filepath.ToSlash(err.Error()) != test.wanted {
			t.Errorf("%s:\ngot    %v\nwanted %s", name, err, test.wanted)
		}
	}
}
