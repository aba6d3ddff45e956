package world

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"syscall"
	"time"

	"fanfare/internal/local/engine"
	"fanfare/internal/local/tools"
	"fanfare/internal/program"
)

// Build compiles the CDK app and the functions, where the app will compile them, too,
// so that it finds nothing left to do. It may run while the tools are still being installed.
func Build(ctx context.Context, root string) error {
	if err := run(ctx, root, nil, "compiling the CDK app", "go", "build", "-o", filepath.Join("build", "bin", "infra"), "./infra"); err != nil {
		return err
	}
	return BuildFunctions(ctx, root)
}

// BuildFunctions compiles the functions for this machine.
func BuildFunctions(ctx context.Context, root string) error {
	args, env := program.Build(runtime.GOOS, runtime.GOARCH)
	return run(ctx, root, env, "compiling the functions", "go", args...)
}

// Deploy synthesises the stack, bootstraps the engine's account and deploys the stack
// to it, with the CDK's own command line.
func (w *World) Deploy(ctx context.Context, t *tools.Tools, progress func(string)) error {
	synthesised := make(chan error, 1)
	go func() { synthesised <- w.synthesise(ctx, t, progress) }()
	progress("bootstrapping the account")
	err := run(ctx, w.Root, w.cdkEnv(), "bootstrapping the account",
		t.CDK, "bootstrap", "aws://"+w.Account+"/"+w.Region, "--app", "", "--output", filepath.Join(w.Options.Dir, "bootstrap.out"))
	if failed := <-synthesised; failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	if err := w.engine.AllowPlainHTTPAssets(ctx, w.Account, fmt.Sprintf("cdk-hnb659fds-assets-%s-%s", w.Account, w.Region)); err != nil {
		return err
	}
	progress("deploying the stack")
	outputs := filepath.Join(w.Options.Dir, "outputs.json")
	err = run(ctx, w.Root, w.cdkEnv(), "deploying the stack",
		t.CDK, "deploy", "--app", w.cdkOut(), "--require-approval", "never", "--outputs-file", outputs, "--asset-parallelism", "true")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(outputs)
	if err != nil {
		return fmt.Errorf("reading the stack's outputs: %w", err)
	}
	var stacks map[string]map[string]string
	if err := json.Unmarshal(text, &stacks); err != nil {
		return fmt.Errorf("reading the stack's outputs: %w", err)
	}
	for _, o := range stacks {
		w.Outputs = o
	}
	if w.Outputs["StateMachineArn"] == "" {
		return errNoOutputs
	}
	return nil
}

func (w *World) cdkOut() string { return filepath.Join(w.Options.Dir, "cdk.out") }

// synthesise runs the CDK app, unless what it would make is there from the last time.
func (w *World) synthesise(ctx context.Context, t *tools.Tools, progress func(string)) error {
	settings, err := json.Marshal(map[string]string{
		"account": w.AccountFile, "local": "true", "functions": filepath.Join(w.Options.Dir, "functions"),
		"slackUrl": w.Slack + "/api/", "pagerdutyUrl": w.PagerDuty, "gitlabUrl": w.GitLab,
	})
	if err != nil {
		return fmt.Errorf("writing the CDK app's context: %w", err)
	}
	stamp := filepath.Join(w.Options.Dir, "cdk.stamp")
	want, err := w.fingerprint(string(settings))
	if err != nil {
		return err
	}
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return nil
	}
	progress("synthesising the stack")
	_ = os.Remove(stamp)
	env := []string{"CDK_OUTDIR=" + w.cdkOut(), "CDK_CONTEXT_JSON=" + string(settings), "JSII_NODE=" + t.Node, silence}
	if err := run(ctx, w.Root, env, "synthesising the stack", filepath.Join(w.Root, "build", "bin", "infra")); err != nil {
		return err
	}
	return writeWhole(stamp, []byte(want))
}

// fingerprint is of all that goes into the synthesised stack.
func (w *World) fingerprint(settings string) (string, error) {
	sum := sha256.New()
	_, _ = io.WriteString(sum, settings)
	files, err := filepath.Glob(filepath.Join(w.Root, program.Dir(runtime.GOOS, runtime.GOARCH), "*"))
	if err != nil {
		return "", fmt.Errorf("listing the functions: %w", err)
	}
	files = append(files, filepath.Join(w.Root, "build", "bin", "infra"),
		w.accountPath())
	sort.Strings(files)
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("reading what the stack is made of: %w", err)
		}
		_, err = io.Copy(sum, file)
		_ = file.Close()
		if err != nil {
			return "", fmt.Errorf("reading what the stack is made of: %w", err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// silence keeps jsii from praising newer versions of Node for a screenful.
const silence = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=20"

func (w *World) cdkEnv() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + w.Engine, "AWS_ACCESS_KEY_ID=" + w.Account, "AWS_SECRET_ACCESS_KEY=" + engine.SecretKey,
		"AWS_SESSION_TOKEN=", "AWS_PROFILE=", "AWS_REGION=" + w.Region, "AWS_DEFAULT_REGION=" + w.Region,
		"AWS_EC2_METADATA_DISABLED=true", "CI=true", "NO_COLOR=1", "CDK_DISABLE_CLI_TELEMETRY=true", silence,
	}
}

// run runs a program to its end. Its output is shown only when it fails. Cancelling the
// context ends it and all that it started.
func run(ctx context.Context, dir string, env []string, what, program string, args ...string) error {
	var output bytes.Buffer
	command := exec.CommandContext(ctx, program, args...)
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	command.Stdout, command.Stderr = &output, &output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	err := command.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", what, err, lastLines(output.String(), 25))
	}
	return nil
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
