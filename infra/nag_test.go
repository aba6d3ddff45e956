//go:build synth

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"fanfare/internal/account"
)

// accepted are the findings of cdk-nag's AwsSolutions pack that stay, with the reason.
// Those about stars in permissions (IAM5) are in the table reasons.
// https://github.com/cdklabs/cdk-nag/blob/main/RULES.md
var accepted = map[string]string{
	"/fanfare/EventQueue/Resource AwsSolutions-SQS3":    "It is a dead-letter queue itself: that of the rules, where cdk-nag does not look for one.",
	"/fanfare/DeliveryQueue/Resource AwsSolutions-SQS3": "It is where the workflow puts what a channel did not take: the end of the line, with an alarm on it.",
	"/fanfare/Workflow/Resource AwsSolutions-SF1": "A standard workflow keeps the whole history of each execution for 90 days, and the ledger keeps who was told. " +
		"A log of all events besides would need eight further permissions on every log of the account, among them to write their policies.",
}

// findings are what cdk-nag, and the CDK itself, say against the stack: "path rule".
func findings(t *testing.T, name string, of account.Account) []string {
	t.Helper()
	app, _, out := build(name, of, true, false)
	awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Reports: jsii.Bool(false)}), nil)
	app.Synth(nil)
	text, err := os.ReadFile(filepath.Join(out, "fanfare.metadata.json"))
	if err != nil {
		t.Fatal(err)
	}
	var said map[string][]struct {
		Type string
		Data any
	}
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	var found []string
	for path, messages := range said {
		for _, message := range messages {
			if message.Type != "aws:cdk:error" && message.Type != "aws:cdk:warning" {
				continue
			}
			rule := fmt.Sprint(message.Data)
			if strings.HasPrefix(rule, "AwsSolutions-") {
				rule, _, _ = strings.Cut(rule, ": ")
			}
			found = append(found, path+" "+rule)
		}
	}
	return found
}

// star is a finding of IAM5: a role's policy has a star in a resource.
var star = regexp.MustCompile(`^/fanfare/(\w+)/DefaultPolicy/Resource AwsSolutions-IAM5\[Resource::(.*)\]$`)

// TestNag accepts no finding without a reason, and keeps no reason without a finding.
func TestNag(t *testing.T) {
	unused := maps.Clone(accepted)
	for _, tpl := range []template{example(), minimal()} {
		granted := grants(t, tpl)
		found := findings(t, "nag-"+tpl.account.Region, tpl.account)
		if len(found) < len(accepted) {
			t.Errorf("cdk-nag found only %q: has it run?", found)
		}
		for _, finding := range found {
			if why, ok := accepted[finding]; ok {
				if why == "" {
					t.Errorf("%s: no reason is written", finding)
				}
				delete(unused, finding)
				continue
			}
			match := star.FindStringSubmatch(finding)
			if match == nil {
				t.Errorf("found %s", finding)
				continue
			}
			role, resource := "{"+match[1]+"}", strings.ReplaceAll(match[2], "<AWS::Partition>", "${AWS::Partition}")
			if !slices.ContainsFunc(granted[role], func(g grant) bool { return g.resource == resource && reasonFor(role, g.action) >= 0 }) {
				t.Errorf("%s: no reason is written for what %s may do on %s", finding, role, resource)
			}
		}
	}
	for finding, why := range unused {
		t.Errorf("there is a reason for %s, which cdk-nag does not find: %s", finding, why)
	}
}
