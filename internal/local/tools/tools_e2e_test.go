//go:build e2e

package tools

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestEnsureForReal installs everything from nothing, and then does nothing.
func TestEnsureForReal(t *testing.T) {
	dir := t.TempDir()
	say := func(line string) { t.Log(line) }

	began := time.Now()
	cold, err := Ensure(t.Context(), dir, say)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cold: %v", time.Since(began).Round(time.Millisecond))

	for name, c := range map[string]struct {
		argv []string
		want string
	}{
		"engine":    {[]string{cold.Python, "-c", "from importlib.metadata import version as v; import ministack.app, cbor2; print(v('ministack'))"}, "1.5.33"},
		"cdk":       {[]string{cold.CDK, "--version"}, "2.1148.1"},
		"validator": {[]string{cold.ASLValidator, "--help"}, "asl-validator"},
		"node":      {[]string{cold.Node, "--version"}, "v"},
	} {
		output, err := exec.CommandContext(t.Context(), c.argv[0], c.argv[1:]...).CombinedOutput()
		if err != nil || !strings.Contains(string(output), c.want) {
			t.Errorf("%s: %v, %s", name, err, output)
		}
	}
	if err := exec.CommandContext(t.Context(), cold.Python, "-c", "import cryptography").Run(); err == nil {
		t.Error("cryptography is installed, and makes the engine listen on every interface")
	}

	began = time.Now()
	warm, err := Ensure(t.Context(), dir, func(line string) { t.Errorf("said when there was nothing to do: %s", line) })
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	t.Logf("warm: %v", took.Round(time.Millisecond))
	if took > 2*time.Second {
		t.Errorf("a second call took %v", took)
	}
	if *warm != *cold {
		t.Errorf("a second call returned %+v, the first one %+v", warm, cold)
	}
}
