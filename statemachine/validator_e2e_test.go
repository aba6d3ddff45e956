//go:build e2e

package statemachine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// validate runs asl-validator on a definition, from the project's own folder of tools
// or the one that FANFARE_TOOLS names.
func validate(t *testing.T, definition string) (output string, err error) {
	t.Helper()
	tools := os.Getenv("FANFARE_TOOLS")
	if tools == "" {
		tools = filepath.Join("..", "build", "tools")
	}
	validator := filepath.Join(tools, "node", "node_modules", ".bin", "asl-validator")
	if _, err := os.Stat(validator); err != nil {
		t.Fatalf("the workflow validator is not installed: run `make tools` (%v)", err)
	}
	file := filepath.Join(t.TempDir(), "definition.json")
	if err := os.WriteFile(file, []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := exec.CommandContext(t.Context(), validator, "--json-path", file).CombinedOutput()
	return string(raw), err
}

// TestValidator has the definition checked by somebody who has not written it.
func TestValidator(t *testing.T) {
	filled, err := Fill(everyValue())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, want string }{
		"as it is":             {"", "", "is valid"},
		"a Next to nowhere":    {`"Next": "Route"`, `"Next": "Rout"`, "is invalid"},
		"a misspelt field":     {`"SecondsPath"`, `"SecondPath"`, "is invalid"},
		"a path that is none":  {`"$.plan.slack.decision"`, `"$.plan.slack."`, "is invalid"},
		"an ARN that is none":  {`:states:::sqs:sendMessage`, `:states:sqs`, "is invalid"},
		"no states whatsoever": {filled, `{"StartAt": "A", "States": {}}`, "is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			if test.old != "" && !strings.Contains(filled, test.old) {
				t.Fatalf("the definition has no %s to break", test.old)
			}
			output, err := validate(t, strings.Replace(filled, test.old, test.new, 1))
			if !strings.Contains(output, test.want) || (err == nil) != (test.want == "is valid") {
				t.Errorf("asl-validator: %v\n%s\nwant it to say that the definition %s", err, output, test.want)
			}
		})
	}
}
