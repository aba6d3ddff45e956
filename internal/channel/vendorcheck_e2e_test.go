//go:build e2e

package channel_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/channel/registry"
	"fanfare/internal/local/tools"
)

// told is one message as the scripts of the folder vendorcheck read it.
type told struct {
	Name   string           `json:"name"`
	Text   string           `json:"text"`
	Blocks []map[string]any `json:"blocks,omitempty"`
}

// formatted is what the channel makes of every document that it has words for, as JSON.
func formatted(t *testing.T, of string) map[string]json.RawMessage {
	t.Helper()
	everything := account.Account{Slack: &account.Slack{Channel: "C0123456789", Via: "bot"}, SNS: &account.SNS{}}
	made := map[string]json.RawMessage{}
	for name, doc := range channeltest.Documents() {
		message, err := registry.Channels[of].Format(doc, everything)
		if err != nil {
			continue
		}
		content, err := json.Marshal(message)
		if err != nil {
			t.Fatal(err)
		}
		made[name] = content
	}
	if len(made) < 100 {
		t.Fatalf("%s has words for %d documents only", of, len(made))
	}
	return made
}

// slackMessages are all that Slack gets: the messages, and the alerts of failures.
func slackMessages(t *testing.T) []told {
	t.Helper()
	var all []told
	made := formatted(t, channel.Slack)
	for _, name := range slices.Sorted(maps.Keys(made)) {
		var message struct {
			told
			Alert *told `json:"alert"`
		}
		if err := json.Unmarshal(made[name], &message); err != nil {
			t.Fatal(err)
		}
		message.Name = name
		all = append(all, message.told)
		if message.Alert != nil {
			message.Alert.Name = name + ", alert"
			all = append(all, *message.Alert)
		}
	}
	return all
}

// checks installs what judges the messages, unless it is there already, in the project's
// own folder of tools or the one that FANFARE_TOOLS names.
func checks(t *testing.T) *tools.Checks {
	t.Helper()
	folder := os.Getenv("FANFARE_TOOLS")
	if folder == "" {
		folder = filepath.Join("..", "..", "build", "tools")
	}
	installed, err := tools.EnsureChecks(t.Context(), folder, func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	return installed
}

// write puts the value into a file of its own, as JSON.
func write(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "messages.json")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// judge runs the program, which is to find nothing wrong, or to say what is expected.
func judge(t *testing.T, want, program string, args ...string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	shown := string(output[:min(len(output), 4000)])
	switch {
	case want == "" && err != nil:
		t.Errorf("%v\n%s", err, shown)
	case want == "":
		t.Logf("%s", shown)
	case err == nil || !strings.Contains(string(output), want):
		t.Errorf("%v; %q expected, found\n%s", err, want, shown)
	}
}

// verdict is a message that a judge is to refuse, and what it is to say.
type verdict struct {
	blocks string
	says   string
}

// TestSlackSDK has the messages parsed and measured by Slack's SDK for Python, and a few
// bad ones with them, since a judge who never refuses proves nothing.
func TestSlackSDK(t *testing.T) {
	python := checks(t).Python
	script := filepath.Join("vendorcheck", "slack.py")
	judge(t, "", python, script, write(t, slackMessages(t)))
	for name, bad := range map[string]verdict{
		"a long header":    {`[{"type":"header","text":{"type":"plain_text","text":"%151s"}}]`, "cannot exceed 150"},
		"a long section":   {`[{"type":"section","text":{"type":"mrkdwn","text":"%3001s"}}]`, "cannot exceed 3000"},
		"a long button":    {`[{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"%76s"}}]}]`, "cannot exceed 75"},
		"a long address":   {`[{"type":"actions","elements":[{"type":"button","action_id":"a","url":"%3001s","text":{"type":"plain_text","text":"a"}}]}]`, "cannot exceed 3000"},
		"an empty section": {`[{"type":"section"}]`, "text or fields"},
		"no such block":    {`[{"type":"heading"}]`, "no type that is known"},
		"no such key":      {`[{"type":"section","text":{"type":"mrkdwn","text":"a"},"colour":"red"}]`, "colour"},
	} {
		t.Run(name, func(t *testing.T) {
			blocks := bad.blocks
			if strings.Contains(blocks, "%") {
				blocks = strings.ReplaceAll(fmt.Sprintf(blocks, ""), " ", "a")
			}
			judge(t, bad.says, python, script, write(t, []map[string]any{{"name": name, "blocks": json.RawMessage(blocks)}}))
		})
	}
}

// TestSlackTypes has the messages compiled as literals of Slack's own types, each in a
// line of its own. The bad ones are compiled together, since the compiler is slow.
func TestSlackTypes(t *testing.T) {
	installed := checks(t)
	compile := func(messages []told) (output string, err error) {
		template, err := os.ReadFile(filepath.Join("vendorcheck", "slack.ts"))
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{strings.TrimSuffix(string(template), "];\n")}
		for _, message := range messages {
			line, err := json.Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line)+",")
		}
		folder := t.TempDir()
		if err := os.Symlink(installed.Modules, filepath.Join(folder, "node_modules")); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, "slack.ts")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n];\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		compiler := exec.CommandContext(t.Context(), installed.Node, filepath.Join(installed.Modules, "typescript", "bin", "tsc"),
			"--noEmit", "--strict", "--pretty", "false", "--module", "nodenext", "--target", "es2022", "--lib", "es2022", "slack.ts")
		compiler.Dir = folder
		said, err := compiler.CombinedOutput()
		return string(said), err
	}
	if output, err := compile(slackMessages(t)); err != nil {
		t.Errorf("%v\n%.4000s", err, output)
	}
	bad := []verdict{
		{`[{"type":"header","text":{"type":"mrkdwn","text":"a"}}]`, "plain_text"},
		{`[{"type":"heading","text":{"type":"plain_text","text":"a"}}]`, "heading"},
		{`[{"type":"section","txt":{"type":"mrkdwn","text":"a"}}]`, "txt"},
		{`[{"type":"section","text":{"type":"section","text":"a"}}]`, "section"},
		{`[{"type":"context","elements":"a"}]`, "string"},
	}
	var messages []told
	for _, v := range bad {
		message := told{Name: v.says}
		if err := json.Unmarshal([]byte(v.blocks), &message.Blocks); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, message)
	}
	output, err := compile(messages)
	const before = 6 // lines of the template, and one for counting from 1
	for i, v := range bad {
		at := fmt.Sprintf("slack.ts(%d,", before+i)
		_, said, found := strings.Cut(output, at)
		said, _, _ = strings.Cut(said, "slack.ts(")
		if err == nil || !found || !strings.Contains(said, v.says) {
			t.Errorf("%s: the compiler says %q, want %q", v.blocks, said, v.says)
		}
	}
}

// TestSMSSegments has the texts measured by a calculator of what an SMS costs.
func TestSMSSegments(t *testing.T) {
	installed := checks(t)
	script := filepath.Join("vendorcheck", "sms.mjs")
	var texts []told
	made := formatted(t, channel.SNS)
	for _, name := range slices.Sorted(maps.Keys(made)) {
		var message struct{ Message string }
		if err := json.Unmarshal(made[name], &message); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, told{Name: name, Text: message.Message})
	}
	judge(t, "", installed.Node, script, write(t, texts), installed.Modules)
	for name, bad := range map[string]struct{ text, says string }{
		"an emoji":  {"FAILED checkout 🚀", "UCS-2"},
		"a quote":   {"FAILED checkout: it’s broken", "(’)"},
		"two parts": {strings.Repeat("FAILED ", 24), "2 parts"},
	} {
		t.Run(name, func(t *testing.T) {
			judge(t, bad.says, installed.Node, script, write(t, []told{{Name: name, Text: bad.text}}), installed.Modules)
		})
	}
}
