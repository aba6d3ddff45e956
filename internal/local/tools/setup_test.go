package tools

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestEnsure(t *testing.T) {
	onPath(t, map[string]string{"python3": goodPython, "node": goodNode, "npm": goodNPM})
	dir := t.TempDir()
	var said []string
	for range 3 {
		got, err := Ensure(t.Context(), dir, func(line string) { said = append(said, line) })
		if err != nil {
			t.Fatal(err)
		}
		want := Tools{filepath.Join(dir, "python/bin/python"), NodeTools{
			Node:         filepath.Join(os.Getenv("PATH"), "node"),
			CDK:          filepath.Join(dir, "node/node_modules/.bin/cdk"),
			ASLValidator: filepath.Join(dir, "node/node_modules/.bin/asl-validator"),
		}}
		if *got != want {
			t.Errorf("got %+v, want %+v", *got, want)
		}
	}
	if len(said) != 2 {
		t.Errorf("said %q, want one line for Python and one for Node", said)
	}
	// pip is asked for its version, and then to install.
	if n := lines(t, filepath.Join(dir, "python/bin/python.calls")); n != 2 {
		t.Errorf("pip ran %d times, want 2", n)
	}
	if n := lines(t, filepath.Join(dir, "node/npm.calls")); n != 1 {
		t.Errorf("npm ran %d times, want 1", n)
	}
}

func TestEnsureTellsAllProblems(t *testing.T) {
	onPath(t, nil)
	_, err := Ensure(t.Context(), t.TempDir(), nil)
	if err == nil || !strings.Contains(err.Error(), "Python 3.10") || !strings.Contains(err.Error(), "Node 20.16") {
		t.Fatalf("got %v", err)
	}
}

// TestAgain sees what makes the tools be installed anew.
func TestAgain(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(dir string) error
		want  int
	}{
		"nothing changed":   {func(string) error { return nil }, 1},
		"another lock file": {func(dir string) error { return os.WriteFile(dir+"/node.stamp", []byte("older\n"), 0o644) }, 2},
		"an empty stamp":    {func(dir string) error { return os.WriteFile(dir+"/node.stamp", nil, 0o644) }, 2},
		"an empty stamp, no tools": {func(dir string) error {
			return errors.Join(os.WriteFile(dir+"/node.stamp", nil, 0o644), os.RemoveAll(dir+"/node/node_modules"))
		}, 2},
		"interrupted":          {func(dir string) error { return os.Remove(dir + "/node.stamp") }, 2},
		"a tool is gone":       {func(dir string) error { return os.Remove(dir + "/node/node_modules/.bin/cdk") }, 2},
		"all but lock is gone": {func(dir string) error { return os.RemoveAll(dir + "/node/node_modules") }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			onPath(t, map[string]string{"node": goodNode, "npm": goodNPM})
			dir := t.TempDir()
			ensure := func() {
				t.Helper()
				if _, err := EnsureNode(t.Context(), dir, nil); err != nil {
					t.Fatal(err)
				}
			}
			ensure()
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
			ensure()
			if n := lines(t, filepath.Join(dir, "node/npm.calls")); n != c.want {
				t.Errorf("npm ran %d times, want %d", n, c.want)
			}
		})
	}
}

// TestOtherInterpreter sees that an environment is made anew when the Python that it
// was made with has gone.
func TestOtherInterpreter(t *testing.T) {
	venv := t.TempDir()
	if err := os.Mkdir(filepath.Join(venv, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	var stamps []string
	for _, name := range []string{"3.11", "3.12"} {
		interpreter := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(interpreter, nil, 0o755); err != nil {
			t.Fatal(err)
		}
		os.Remove(venvPython(venv))
		if err := os.Symlink(interpreter, venvPython(venv)); err != nil {
			t.Fatal(err)
		}
		stamps = append(stamps, pythonStamp(requirements)(venv))
		if err := os.Remove(interpreter); err != nil {
			t.Fatal(err)
		}
		if stamp := pythonStamp(requirements)(venv); stamp != "" {
			t.Errorf("a dangling environment has the stamp %q", stamp)
		}
	}
	if stamps[0] == stamps[1] {
		t.Error("two interpreters, one stamp")
	}
}

// TestFailedInstallation sees that a failure is told and not taken for a success.
func TestFailedInstallation(t *testing.T) {
	onPath(t, map[string]string{"node": goodNode, "npm": goodNPM + `
echo "npm error 401 from https://someone:hunter2@packages.example/cdk"; exit 1`})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "node.stamp"), []byte("of other pins\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := EnsureNode(t.Context(), dir, nil)
	if err == nil || !strings.Contains(err.Error(), "installing the CDK") || !strings.Contains(err.Error(), "401") {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error holds a password: %v", err)
	}
	// The other pins' tools are half overwritten: their stamp must not vouch for them.
	if _, err := os.Stat(filepath.Join(dir, "node.stamp")); !os.IsNotExist(err) {
		t.Errorf("there is a stamp after a failure: %v", err)
	}
	onPath(t, map[string]string{"node": goodNode, "npm": goodNPM})
	if _, err := EnsureNode(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	if n := lines(t, filepath.Join(dir, "node/npm.calls")); n != 2 {
		t.Errorf("npm ran %d times, want 2", n)
	}
}

// TestTwoAtOnce sees that the second process waits, says so, and uses what the first
// one installed.
func TestTwoAtOnce(t *testing.T) {
	onPath(t, map[string]string{"node": goodNode, "npm": `exit 1`})
	dir := t.TempDir()
	first, err := acquire(t.Context(), filepath.Join(dir, "node.lock"), func() { t.Error("the first one waits") })
	if err != nil {
		t.Fatal(err)
	}
	waiting, done := make(chan string, 1), make(chan error, 1)
	go func() {
		_, err := EnsureNode(t.Context(), dir, func(line string) { waiting <- line })
		done <- err
	}()
	if line := <-waiting; !strings.Contains(line, "waiting for another process") {
		t.Errorf("said %q", line)
	}
	modules := filepath.Join(dir, "node")
	for _, name := range []string{"cdk", "asl-validator"} {
		if err := os.MkdirAll(nodeBin(modules, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "node.stamp"), []byte(nodeStamp(packageJSON, packageLock, "cdk", "asl-validator")(modules)), 0o644); err != nil {
		t.Fatal(err)
	}
	first.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := acquire(t.Context(), path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := acquire(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

// TestOrphanKeepsTheLock sees that the lock outlives the process that took it for as
// long as the installer that it started is running.
func TestOrphanKeepsTheLock(t *testing.T) {
	dir := t.TempDir()
	path, end := filepath.Join(dir, "lock"), filepath.Join(dir, "end")
	if err := syscall.Mkfifo(end, 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := acquire(t.Context(), path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	orphan := `(read line <"$0") >/dev/null 2>&1 &`
	if err := (command{lock: lock}).run(t.Context(), "/bin/sh", "-c", orphan, end); err != nil {
		t.Fatal(err)
	}
	lock.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if again, err := acquire(ctx, path, func() {}); err == nil {
		again.Close()
		t.Error("the lock was free while the installer ran")
	}
	if err := os.WriteFile(end, []byte("end\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := acquire(t.Context(), path, func() {})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
