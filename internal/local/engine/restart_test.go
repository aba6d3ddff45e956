package engine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestRestart: the engine is another process at the same address, and finds what the one
// before has written down; a new one does not.
func TestRestart(t *testing.T) {
	t.Parallel()
	options := fakeOptions(t, "good")
	options.Keeps = true
	kept := filepath.Join(options.state(), "sqs.json")
	if err := os.MkdirAll(options.state(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	first, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Stop)
	if _, err := os.Stat(kept); err == nil {
		t.Error("a new engine takes over what an old one left")
	}
	if !slices.Contains(first.cmd.Env, "PERSIST_STATE=1") {
		t.Errorf("environment: %q", first.cmd.Env)
	}
	if err := os.MkdirAll(options.state(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := first.Restart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Stop)
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("what the first has written down: %v", err)
	}
	if second.URL() != first.URL() || second.cmd.Process.Pid == first.cmd.Process.Pid || first.Err() != nil {
		t.Errorf("%s after %s: %v", second.URL(), first.URL(), first.Err())
	}
}

func TestRestartOfWhatKeepsNothing(t *testing.T) {
	t.Parallel()
	e := startFake(t, "good")
	if _, err := e.Restart(t.Context()); err == nil {
		t.Error("it starts again")
	}
	if err := e.ready(t.Context()); err != nil {
		t.Errorf("it is stopped all the same: %v", err)
	}
}
