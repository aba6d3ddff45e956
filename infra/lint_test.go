//go:build synth

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fanfare/statemachine"
)

// run starts one of the Python programs that make checks installs, and returns what it
// prints. That it found something is no error.
func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	path := filepath.Join("..", "build", "tools", "checks-python", "bin", program)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is missing: make checks installs it", program)
	}
	command := exec.CommandContext(t.Context(), path, args...)
	var complaints strings.Builder
	command.Stderr = &complaints
	text, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || strings.Contains(complaints.String(), "Traceback") {
		t.Fatalf("%s: %v\n%s", program, err, complaints.String())
	}
	return text
}

// ignored are the rules of cfn-lint that are not kept, with the reason:
// https://github.com/aws-cloudformation/cfn-lint/blob/main/docs/rules.md
var ignored = map[string]string{
	"W3005": "The CDK has a function wait for its role as well as for the role's policy, and only the first would go without saying.",
}

// TestCfnLint finds nothing to say against the templates, nor against the definition in
// them.
func TestCfnLint(t *testing.T) {
	unused := map[string]bool{}
	for rule := range ignored {
		unused[rule] = true
	}
	for _, tpl := range []template{example(), minimal()} {
		file := filepath.Join(t.TempDir(), "template.json")
		if err := os.WriteFile(file, filled(t, tpl), 0o600); err != nil {
			t.Fatal(err)
		}
		var found []struct {
			Message string
			Rule    struct{ Id string }
		}
		text := run(t, "cfn-lint", "--format", "json", "--regions", tpl.account.Region, "--template", file)
		if err := json.Unmarshal(text, &found); err != nil {
			t.Fatalf("cfn-lint: %v\n%s", err, text)
		}
		for _, finding := range found {
			delete(unused, finding.Rule.Id)
			if ignored[finding.Rule.Id] == "" {
				t.Errorf("%s: %s %s", tpl.account.Region, finding.Rule.Id, finding.Message)
			}
		}
	}
	for rule := range unused {
		t.Errorf("there is a reason to ignore %s, which cfn-lint does not find: %s", rule, ignored[rule])
	}
}

// TestCfnLintFails has cfn-lint find a mistake in the template, and one in the definition.
func TestCfnLintFails(t *testing.T) {
	for name, test := range map[string]struct{ from, to, rule string }{
		"in the template":   {`"MemorySize":256`, `"MemorySize":"much"`, "E3012"},
		"in the definition": {`\"TimeoutSeconds\": 7200`, `\"TimeoutSeconds\": -1`, "E3601"},
	} {
		text := string(filled(t, example()))
		broken := strings.Replace(text, test.from, test.to, 1)
		if broken == text {
			t.Errorf("%s: nothing was broken", name)
		}
		file := filepath.Join(t.TempDir(), "template.json")
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		if found := run(t, "cfn-lint", "--regions", "eu-west-1", "--template", file); !strings.Contains(string(found), test.rule) {
			t.Errorf("%s: found %s", name, found)
		}
	}
}

// filled is the template with the values in the definition, where CloudFormation puts
// them: cfn-lint takes a placeholder inside a text for a part of it.
func filled(t *testing.T, tpl template) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(tpl.raw, &all); err != nil {
		t.Fatal(err)
	}
	for id, r := range all["Resources"].(map[string]any) {
		if tpl.Resources[id].Type != "AWS::StepFunctions::StateMachine" {
			continue
		}
		values := map[string]string{}
		for name, value := range tpl.Resources[id].Properties["DefinitionSubstitutions"].(map[string]any) {
			values[name] = real(fmt.Sprint(value))
		}
		definition, err := statemachine.Fill(values)
		if err != nil {
			t.Fatal(err)
		}
		properties := r.(map[string]any)["Properties"].(map[string]any)
		properties["DefinitionString"] = definition
		delete(properties, "DefinitionSubstitutions")
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var unknown = regexp.MustCompile(`\{(\w+)\}`)

// real puts something that looks like the real thing in the place of what only a
// deployment tells.
func real(text string) string {
	return unknown.ReplaceAllString(strings.ReplaceAll(text, "${AWS::Partition}", "aws"), "fanfare-$1-1A2B3C4D5E6F")
}

// tolerated are parliament's findings that stay, with the reason.
var tolerated = map[string]string{
	"RESOURCE_MISMATCH states:DescribeExecution arn:*:states:*:*:express:*:*:*": "The workflow is a standard one: its executions are of the other kind that the action knows.",
}

// TestParliament has no policy that IAM would not understand as it is meant: an unknown
// action, a resource of a kind that the action is not about, a malformed document. What
// is wide is for TestReasons.
func TestParliament(t *testing.T) {
	unused := map[string]bool{}
	for finding := range tolerated {
		unused[finding] = true
	}
	for _, tpl := range []template{example(), minimal()} {
		for _, finding := range parliament(t, tpl) {
			delete(unused, finding)
			if tolerated[finding] == "" {
				t.Errorf("%s: %s", tpl.account.Region, finding)
			}
		}
	}
	for finding := range unused {
		t.Errorf("there is a reason for %s, which parliament does not find: %s", finding, tolerated[finding])
	}
}

// TestParliamentFails has parliament find the mistakes that it is for.
func TestParliamentFails(t *testing.T) {
	claim := grant{"states:DescribeExecution", example().account.ID}
	for _, g := range allGrants(t, example())["{ClaimRole}"] {
		if g.action == claim.action {
			claim = g
		}
	}
	for name, test := range map[string]struct {
		given grant
		issue string
	}{
		"an unknown action":           {grant{"states:DescribeExecutoin", claim.resource}, "UNKNOWN_ACTION"},
		"an unknown service":          {grant{"stats:DescribeExecution", claim.resource}, "UNKNOWN_PREFIX"},
		"a resource of another kind":  {grant{claim.action, "arn:aws:states:eu-west-1:123456789012:stateMachine:fanfare-notify"}, "RESOURCE_MISMATCH states:DescribeExecution arn:*:states:*:*:execution:*:*"},
		"a resource that is no ARN":   {grant{claim.action, "fanfare-notify"}, "INVALID_ARN"},
		"a star where none is needed": {grant{claim.action, "*"}, "RESOURCE_STAR"},
	} {
		found := parliament(t, changed(example(), "{ClaimRole}", claim, &test.given))
		if !strings.Contains(strings.Join(found, "\n"), test.issue) {
			t.Errorf("%s: found %q", name, found)
		}
	}
}

// parliament is what parliament finds in every policy of the template: "issue detail".
func parliament(t *testing.T, tpl template) []string {
	t.Helper()
	dir, written := t.TempDir(), 0
	for id, r := range tpl.Resources {
		document, ok := r.Properties["PolicyDocument"]
		if !ok {
			continue
		}
		written++
		if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(real(string(pretty(t, document)))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if written < 10 {
		t.Fatalf("only %d policies", written)
	}
	var found []string
	for line := range bytes.Lines(run(t, "parliament", "--directory", dir, "--json", "--minimum_severity", "INFO")) {
		var finding struct {
			Issue  string
			Detail any
		}
		if err := json.Unmarshal(line, &finding); err != nil {
			t.Fatalf("parliament: %v\n%s", err, line)
		}
		details, ok := finding.Detail.([]any)
		if !ok {
			details = []any{finding.Detail}
		}
		for _, detail := range details {
			if mismatch, ok := detail.(map[string]any); ok && finding.Issue == "RESOURCE_MISMATCH" {
				detail = fmt.Sprint(mismatch["action"], " ", mismatch["required_format"])
			}
			found = append(found, fmt.Sprint(finding.Issue, " ", detail))
		}
	}
	return found
}
