package tools

import (
	"context"
	_ "embed" // for the pins
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed requirements.txt
var requirements []byte

//go:embed checks/requirements.txt
var checkRequirements []byte

// minPython is the oldest Python that the local engine runs on.
var minPython = version{3, 10}

const pythonHint = "install it with `brew install python` (macOS) or `sudo apt-get install python3 python3-venv` (Debian, Ubuntu)"

// pythonProbe prints the version, and those of the modules we need that are there.
// It runs on any Python, however old.
const pythonProbe = `
import sys
found = [".".join(str(part) for part in sys.version_info[:3])]
for name in ("venv", "ensurepip"):
    try:
        __import__(name)
        found.append(name)
    except ImportError:
        pass
print(" ".join(found))
`

// CheckPython tells whether the PATH has a Python that EnsurePython can work with.
func CheckPython(ctx context.Context) error {
	_, err := findPython(ctx)
	return err
}

// EnsurePython installs the local engine into a virtual environment below dir unless
// it is there already, and returns the absolute path of that environment's Python.
// See Ensure for progress, and for what happens when two processes do this at once.
func EnsurePython(ctx context.Context, dir string, progress func(string)) (string, error) {
	s, err := newSetup(dir, progress)
	if err != nil {
		return "", err
	}
	venv, err := s.ensure(ctx, part{
		name:    "python",
		title:   "the local engine (Python)",
		stamp:   pythonStamp(requirements),
		install: installPython(requirements),
	})
	if err != nil {
		return "", err
	}
	return venvPython(venv), nil
}

func venvPython(venv string) string { return filepath.Join(venv, "bin", "python") }

// pythonStamp names the interpreter behind the environment too: an environment does
// not survive an update of the Python it was made with.
func pythonStamp(requirements []byte) func(venv string) string {
	return func(venv string) string {
		interpreter, err := filepath.EvalSymlinks(venvPython(venv))
		if err != nil {
			return ""
		}
		return digest(requirements) + "\n" + venv + "\n" + interpreter + "\n"
	}
}

// installPython installs the pinned packages into a virtual environment.
func installPython(requirements []byte) func(ctx context.Context, venv string, lock *os.File) error {
	return func(ctx context.Context, venv string, lock *os.File) error {
		return installPins(ctx, venv, requirements, lock)
	}
}

func installPins(ctx context.Context, venv string, requirements []byte, lock *os.File) error {
	python, err := findPython(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(venv); err != nil {
		return err
	}
	c := command{lock: lock}
	if err := c.run(ctx, python, "-m", "venv", venv); err != nil {
		return err
	}
	if err := c.run(ctx, venvPython(venv), "-m", "pip", "--version"); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return missing(python + " makes environments without pip: install pip for it with `sudo apt-get install python3-venv python3-pip` (Debian, Ubuntu) or `brew reinstall python` (macOS)")
	}
	pins := filepath.Join(venv, "requirements.txt")
	if err := os.WriteFile(pins, requirements, 0o644); err != nil {
		return err
	}
	// Only ready-made packages: to build one from source, pip would fetch and run
	// build tools that no hash of ours covers.
	return c.run(ctx, venvPython(venv), "-m", "pip", "install", "--require-hashes", "--only-binary=:all:",
		"--no-input", "--no-warn-script-location", "--disable-pip-version-check", "--progress-bar=off",
		"--requirement", pins)
}

// findPython returns the absolute path of the first Python on the PATH that is new
// enough and complete. If there is none, the error is about the one that came nearest.
func findPython(ctx context.Context) (string, error) {
	var tooOld, incomplete string
	names := []string{"python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"}
	for _, name := range names {
		python, found, modules := probePython(ctx, name)
		switch {
		case python == "":
		case found.less(minPython):
			tooOld = fmt.Sprintf("%s is Python %s", python, found)
		case !slices.Contains(modules, "venv") || !slices.Contains(modules, "ensurepip"):
			incomplete = fmt.Sprintf("%s (Python %s) has no venv module, which the local engine is installed with: install it with `sudo apt-get install python3-venv` (Debian, Ubuntu) or `brew install python` (macOS)",
				python, found)
		default:
			return python, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("looking for Python: %w", err)
	}
	if incomplete != "" {
		return "", missing(incomplete)
	}
	if tooOld != "" {
		return "", missing(fmt.Sprintf("the local engine needs Python %s or newer, and %s: %s", minPython, tooOld, pythonHint))
	}
	return "", missing(fmt.Sprintf("the local engine needs Python %s or newer, and no python3 on the PATH runs: %s", minPython, pythonHint))
}

// probePython asks the Python called name for its version and modules. The path is
// empty when there is none that runs: macOS and version managers put placeholders on
// the PATH that only print how to install the real one.
func probePython(ctx context.Context, name string) (path string, v version, modules []string) {
	found, err := exec.LookPath(name)
	if err != nil {
		return "", version{}, nil
	}
	cmd := exec.CommandContext(ctx, found, "-c", pythonProbe)
	cmd.Env = cleanEnv(os.Environ())
	output, err := cmd.Output()
	if err != nil {
		return "", version{}, nil
	}
	words := strings.Fields(string(output))
	if len(words) == 0 {
		return "", version{}, nil
	}
	v, ok := parseVersion(words[0])
	if !ok {
		return "", version{}, nil
	}
	if found, err = filepath.Abs(found); err != nil {
		return "", version{}, nil
	}
	return found, v, words[1:]
}
