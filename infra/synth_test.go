//go:build synth

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/account"
	"fanfare/internal/accountfile"
)

// The tests with the tag synth look at the template that CloudFormation gets. They need
// Node, as the CDK does, and the linters that make checks installs.

var update = flag.Bool("update", false, "write the golden files anew")

// scratch holds what is synthesised.
var scratch string

func TestMain(m *testing.M) {
	// A Node that still runs the CDK is good enough for looking at a template.
	_ = os.Setenv("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")
	var err error
	if scratch, err = os.MkdirTemp("", "fanfare-synth-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Node starts here, before a test is in a folder that will not stay.
	awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(scratch)})
	code := m.Run()
	jsii.Close()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// keyARN is the key of the account example, for which its file only shows the place.
const keyARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// The stacks that the tests look at, each synthesised once.
var (
	// example is the account file that people copy, with a key of their own for secrets.
	example = sync.OnceValue(func() template { return synthesise("example", exampleAccount(), true, false) })
	// local is the same for the local engine, on a machine that is not arm64.
	local = sync.OnceValue(func() template { return synthesise("local", exampleAccount(), false, true) })
	// minimal is the least that an account file can say and still tell somebody.
	minimal = sync.OnceValue(func() template { return synthesise("minimal", minimalAccount(), true, false) })
)

func exampleAccount() account.Account {
	a, err := accountfile.Read(filepath.Join("accounts", "example.yaml"))
	if err != nil {
		panic(err)
	}
	a.Secrets.KeyARN = keyARN
	return *a
}

func minimalAccount() account.Account {
	a, err := accountfile.Parse([]byte(`
account: "210987654321"
region: cn-north-1
environments: [{name: production, production: true}]
slack: {via: webhook}
`))
	if err != nil {
		panic(err)
	}
	return *a
}

// synthesise makes the stack's template.
func synthesise(name string, a account.Account, arm, local bool) template {
	_, stack, out := build(name, a, arm, local)
	text, err := json.Marshal(assertions.Template_FromStack(stack, nil).ToJSON())
	if err != nil {
		panic(err)
	}
	return newTemplate(text, a, out)
}

// build makes the app, as cdk.json has it made. In the place of each program lies its name.
func build(name string, a account.Account, arm, local bool) (app awscdk.App, stack awscdk.Stack, out string) {
	assets := Assets{Dir: filepath.Join(scratch, name, "functions"), ARM: arm}
	if err := assets.fill(a, func(program string) ([]byte, error) { return []byte(program), nil }); err != nil {
		panic(err)
	}
	out = filepath.Join(scratch, name, "cdk.out")
	app = awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(out), AnalyticsReporting: jsii.Bool(false)})
	return app, NewStack(app, Props{Account: a, Assets: assets, Local: local}), out
}

// has fails the test unless what is found is what is wanted; both are compared as JSON.
func has(t *testing.T, what string, found, wanted any) {
	t.Helper()
	if f, w := pretty(t, found), pretty(t, wanted); !bytes.Equal(f, w) {
		t.Errorf("%s: found\n%s\nwanted\n%s", what, f, w)
	}
}

func pretty(t *testing.T, value any) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// golden compares the text with a file below testdata, or writes it with -update.
func golden(t *testing.T, name string, text []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wanted, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, wanted) {
		t.Errorf("%s is not what the template says (go test -tags synth ./infra -update writes it anew):\n%s", file, difference(string(wanted), string(text)))
	}
}

// difference shows the lines that only one of the texts has.
func difference(wanted, found string) string {
	var b strings.Builder
	only := func(sign, of, than string) {
		others := map[string]bool{}
		for line := range strings.Lines(than) {
			others[line] = true
		}
		for line := range strings.Lines(of) {
			if !others[line] {
				b.WriteString(sign + line)
			}
		}
	}
	only("- ", wanted, found)
	only("+ ", found, wanted)
	return b.String()
}
