// Command infra is the CDK app: one stack of Fanfare for one AWS account.
//
//	cdk deploy -c account=example
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/account"
	"fanfare/internal/accountfile"
)

func main() {
	app := awscdk.NewApp(nil)
	a, err := readAccount(app)
	if err != nil {
		fail(err)
	}
	local := contextOf(app, "local") == "true"
	assets, err := buildFunctions(*a, contextOf(app, "functions"), local)
	if err != nil {
		fail(err)
	}
	NewStack(app, Props{Account: *a, Assets: assets, Local: local})
	app.Synth(nil)
	os.Exit(0) // without jsii.Close, which now and then complains of a process that has ended
}

// fail ends the app with what is wrong; the CDK CLI shows it and deploys nothing.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "fanfare: "+err.Error())
	os.Exit(1) // without jsii.Close, whose own complaint would hide it
}

// readAccount reads the account file that -c account names: a name below
// infra/accounts, or the path of a file. The vendors' addresses may be given besides,
// with -c slackUrl, pagerdutyUrl and gitlabUrl, to point a stack at stand-ins.
func readAccount(app awscdk.App) (*account.Account, error) {
	dir := filepath.Join("infra", "accounts")
	name := contextOf(app, "account")
	if name == "" {
		return nil, fmt.Errorf("which account? Say -c account=NAME, with a file infra/accounts/NAME.yaml (there are: %s)", strings.Join(accountfile.Names(dir), ", "))
	}
	file, err := accountfile.Find(dir, name)
	if err != nil {
		return nil, fmt.Errorf("-c account=%s: %w", name, err)
	}
	a, err := accountfile.Read(file)
	if err != nil {
		return nil, err
	}
	if url := contextOf(app, "slackUrl"); url != "" && a.Slack != nil {
		a.Slack.URL = url
	}
	if url := contextOf(app, "pagerdutyUrl"); url != "" && a.PagerDuty != nil {
		a.PagerDuty.URL = url
	}
	if url := contextOf(app, "gitlabUrl"); url != "" && a.GitLab != nil {
		a.GitLab.URL = url
	}
	return a, nil
}

func contextOf(app awscdk.App, key string) string {
	value, _ := app.Node().TryGetContext(jsii.String(key)).(string)
	return value
}
