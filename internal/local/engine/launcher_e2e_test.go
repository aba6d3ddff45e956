//go:build e2e

package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLauncherRefuses runs the launcher with a MiniStack that is not as it should be.
func TestLauncherRefuses(t *testing.T) {
	const (
		goodBus = "def _dispatch_event(event, view=None): pass\n" +
			"def _put_events(data, allow_aws_source=False): _dispatch_event(data)\n"
		goodSNS = "def _parse_message_attributes(params) -> dict: return {}\n" +
			"def _publish(params): _parse_message_attributes(params)\n"
		goodApp = "def main(): print('main runs')\n"
	)
	for name, c := range map[string]struct {
		bus, sns, app string
		status        int
		want          string
	}{
		"as it should be":   {goodBus, goodSNS, goodApp, 0, "main runs"},
		"no _put_events":    {"def _dispatch_event(event, view=None): pass\n", goodSNS, goodApp, 3, "ministack.services.eventbridge has no function _put_events"},
		"no dispatch":       {"def _put_events(data, allow_aws_source=False): pass\n", goodSNS, goodApp, 3, "has no function _dispatch_event"},
		"other parameters":  {strings.Replace(goodBus, "data, allow", "data, account, allow", 1), goodSNS, goodApp, 3, "_put_events takes (data, account, allow_aws_source=False), expected (data, allow_aws_source=False)"},
		"other default":     {strings.Replace(goodBus, "source=False", "source=True", 1), goodSNS, goodApp, 3, "_put_events takes"},
		"other call":        {strings.Replace(goodBus, "_dispatch_event(data)", "pass", 1), goodSNS, goodApp, 3, "no longer calls _dispatch_event"},
		"broken module":     {"import nothing_of_this_name\n", goodSNS, goodApp, 3, "importing ministack.services.eventbridge failed with ModuleNotFoundError"},
		"no attributes":     {goodBus, "def _publish(params): pass\n", goodApp, 3, "ministack.services.sns has no function _parse_message_attributes"},
		"unread attributes": {goodBus, strings.Replace(goodSNS, ": _parse_message_attributes(params)", ": pass", 1), goodApp, 3, "no longer calls _parse_message_attributes"},
		"no main":           {goodBus, goodSNS, "", 3, "ministack.app has no function main"},
		"main with flags":   {goodBus, goodSNS, "def main(argv): pass\n", 3, "ministack.app.main takes (argv), expected ()"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range map[string]string{
				"ministack/__init__.py": "", "ministack/services/__init__.py": "",
				"ministack/services/eventbridge.py": c.bus, "ministack/services/sns.py": c.sns, "ministack/app.py": c.app,
				"launcher.py": string(launcher),
			} {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.CommandContext(t.Context(), python(t), filepath.Join(dir, "launcher.py"))
			if _, err := cmd.StdinPipe(); err != nil { // an owner that stays
				t.Fatal(err)
			}
			output, _ := cmd.CombinedOutput()
			if got := cmd.ProcessState.ExitCode(); got != c.status || !strings.Contains(string(output), c.want) {
				t.Errorf("status %d, want %d; %q, want %q", got, c.status, output, c.want)
			}
			if c.status != 0 && strings.Count(strings.TrimSpace(string(output)), "\n") != 0 {
				t.Errorf("more than one line:\n%s", output)
			}
		})
	}
}
