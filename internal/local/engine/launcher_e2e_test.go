//go:build e2e

package engine

import (
	"cmp"
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
		goodSave    = "def save_all(services: dict) -> None: pass\n"
		goodApp     = goodSave + "def main(): print('main runs')\n"
		goodActions = "SERVICE_TO_IAM_NAMESPACE = {'ssm': 'ssm'}\n" +
			"def extract_resource_arn(service: str, method: str, path: str, headers: dict, body: bytes, " +
			"query_params: dict, region: str, account_id: str) -> str: pass\n"
		goodRouter = "SERVICE_PATTERNS = {'ssm': {'target_prefixes': ['AmazonSSM']}}\n"
	)
	for name, c := range map[string]struct {
		bus, sns, app string
		status        int
		want          string
		others        map[string]string // in the place of the good ones
	}{
		"as it should be":   {goodBus, goodSNS, goodApp, 0, "main runs", nil},
		"no _put_events":    {"def _dispatch_event(event, view=None): pass\n", goodSNS, goodApp, 3, "ministack.services.eventbridge has no function _put_events", nil},
		"no dispatch":       {"def _put_events(data, allow_aws_source=False): pass\n", goodSNS, goodApp, 3, "has no function _dispatch_event", nil},
		"other parameters":  {strings.Replace(goodBus, "data, allow", "data, account, allow", 1), goodSNS, goodApp, 3, "_put_events takes (data, account, allow_aws_source=False), expected (data, allow_aws_source=False)", nil},
		"other default":     {strings.Replace(goodBus, "source=False", "source=True", 1), goodSNS, goodApp, 3, "_put_events takes", nil},
		"other call":        {strings.Replace(goodBus, "_dispatch_event(data)", "pass", 1), goodSNS, goodApp, 3, "no longer calls _dispatch_event", nil},
		"broken module":     {"import nothing_of_this_name\n", goodSNS, goodApp, 3, "importing ministack.services.eventbridge failed with ModuleNotFoundError", nil},
		"no attributes":     {goodBus, "def _publish(params): pass\n", goodApp, 3, "ministack.services.sns has no function _parse_message_attributes", nil},
		"unread attributes": {goodBus, strings.Replace(goodSNS, ": _parse_message_attributes(params)", ": pass", 1), goodApp, 3, "no longer calls _parse_message_attributes", nil},
		"no main":           {goodBus, goodSNS, goodSave, 3, "ministack.app has no function main", nil},
		"no save_all":       {goodBus, goodSNS, "def main(): pass\n", 3, "ministack.app has no function save_all", nil},
		"main with flags":   {goodBus, goodSNS, goodSave + "def main(argv): pass\n", 3, "ministack.app.main takes (argv), expected ()", nil},
		"no names of services": {goodBus, goodSNS, goodApp, 3, "iam_actions has no SERVICE_TO_IAM_NAMESPACE",
			map[string]string{"iam_actions": strings.Replace(goodActions, "'ssm'", "'s3'", 1)}},
		"other resources": {goodBus, goodSNS, goodApp, 3, "extract_resource_arn takes",
			map[string]string{"iam_actions": strings.Replace(goodActions, "region: str, ", "", 1)}},
		"no ways to services": {goodBus, goodSNS, goodApp, 3, "router has no SERVICE_PATTERNS",
			map[string]string{"router": "SERVICE_PATTERNS = {}\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			actions, router := cmp.Or(c.others["iam_actions"], goodActions), cmp.Or(c.others["router"], goodRouter)
			for file, content := range map[string]string{
				"ministack/__init__.py": "", "ministack/services/__init__.py": "", "ministack/core/__init__.py": "",
				"ministack/core/iam_actions.py": actions, "ministack/core/router.py": router,
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
