package tools

import (
	_ "embed"
	"encoding/json"
	"maps"
	"regexp"
	"strings"
	"testing"
)

//go:embed requirements.in
var requirementsIn string

//go:embed checks/requirements.in
var checkRequirementsIn string

// TestPythonPins sees that every package is pinned, by version and by hash, to no
// particular index, and that what must stay out is out.
func TestPythonPins(t *testing.T) {
	t.Parallel()
	t.Run("engine", func(t *testing.T) { t.Parallel(); pythonPins(t, requirements, requirementsIn) })
	t.Run("checks", func(t *testing.T) { t.Parallel(); pythonPins(t, checkRequirements, checkRequirementsIn) })
}

func pythonPins(t *testing.T, requirements []byte, requirementsIn string) {
	text := strings.ReplaceAll(string(requirements), "\\\n", " ")
	pin := regexp.MustCompile(`^([a-z0-9-]+)==(\S+)( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+$`)
	names := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		found := pin.FindStringSubmatch(line)
		if found == nil {
			t.Errorf("not a pin with hashes: %.80q", line)
			continue
		}
		names[found[1]] = true
	}
	for line := range strings.Lines(requirementsIn) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		direct, _, _ := strings.Cut(strings.ReplaceAll(line, "_", "-"), " ")
		if !strings.Contains(text, direct+" ") {
			t.Errorf("%s is asked for in requirements.in and not pinned", direct)
		}
	}
	for _, name := range []string{"cryptography", "asyncssh", "docker"} {
		if names[name] {
			t.Errorf("%s must not be installed", name)
		}
	}
	if strings.Contains(text, "//") {
		t.Error("requirements.txt names a host")
	}
}

// TestNodePins sees that every package is pinned, by version and by hash, to no
// particular registry, and that the lock file belongs to package.json.
func TestNodePins(t *testing.T) {
	t.Parallel()
	t.Run("engine", func(t *testing.T) { t.Parallel(); nodePins(t, packageJSON, packageLock) })
	t.Run("checks", func(t *testing.T) { t.Parallel(); nodePins(t, checkPackages, checkLock) })
}

func nodePins(t *testing.T, packageJSON, packageLock []byte) {
	type pkg struct {
		Version, Resolved, Integrity string
		Dependencies                 map[string]string
	}
	var manifest struct {
		Private      bool
		Dependencies map[string]string
	}
	var lock struct{ Packages map[string]pkg }
	if err := json.Unmarshal(packageJSON, &manifest); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(packageLock, &lock); err != nil {
		t.Fatal(err)
	}
	if !manifest.Private {
		t.Error("package.json could be published")
	}
	if root := lock.Packages[""].Dependencies; !maps.Equal(root, manifest.Dependencies) {
		t.Errorf("the lock file is for %v, package.json asks for %v", root, manifest.Dependencies)
	}
	for name, version := range manifest.Dependencies {
		if locked := lock.Packages["node_modules/"+name].Version; locked != version {
			t.Errorf("%s is locked to %q, package.json asks for exactly %q", name, locked, version)
		}
	}
	for name, p := range lock.Packages {
		if p.Resolved != "" {
			t.Errorf("%s is bound to one registry", name)
		}
		if name != "" && !strings.HasPrefix(p.Integrity, "sha512-") {
			t.Errorf("%s has no hash", name)
		}
	}
}
