package tools

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// tailLines is how much of a failing command's output an error carries.
const tailLines = 20

// command runs a program quietly; what it printed is told only when it fails.
type command struct {
	dir  string
	lock *os.File
}

// run runs program to its end, or kills it and all that it started when ctx ends.
//
// The lock file is handed down to the program: should this process be killed, the
// lock stays taken until the orphan is done writing.
func (c command) run(ctx context.Context, program string, args ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.dir
	cmd.Env = cleanEnv(os.Environ())
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if c.lock != nil {
		cmd.ExtraFiles = []*os.File{c.lock}
	}
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s: %w; its last lines:\n%s", describe(cmd), err, tail(output.String(), tailLines))
	}
	return nil
}

// cleanEnv leaves out the variables by which another Python, one that is active in
// the shell, would get mixed into ours.
func cleanEnv(env []string) []string {
	kept := make([]string, 0, len(env))
	for _, pair := range env {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_TARGET", "PIP_USER", "PIP_PREFIX":
		default:
			kept = append(kept, pair)
		}
	}
	return kept
}

func describe(cmd *exec.Cmd) string {
	words := cmd.Args
	if len(words) > 4 {
		words = append(words[:4:4], "…")
	}
	return strings.Join(words, " ")
}

// Where a registry asks for a password, npm and pip may repeat it in their messages:
// in a URL, or as one of npm's settings.
var (
	urlUser = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s]*@`)
	secret  = regexp.MustCompile(`(?i)((?:authorization|_auth|token|password|secret)["']?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?\S+`)
)

// tail returns the last n lines of output that say something, without credentials.
func tail(output string, n int) string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimRight(line, " \t\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return "(it printed nothing)"
	}
	text := strings.Join(lines[max(0, len(lines)-n):], "\n")
	text = urlUser.ReplaceAllString(text, "${1}***@")
	return secret.ReplaceAllString(text, "${1}***")
}
