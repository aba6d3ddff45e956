package tools

import (
	"context"
	"strings"
	"testing"
)

// TestMissing sees that each thing a machine can lack is told in one sentence that
// names it and how to get it.
func TestMissing(t *testing.T) {
	python := func(ctx context.Context, dir string) error {
		_, err := EnsurePython(ctx, dir, nil)
		return err
	}
	node := func(ctx context.Context, dir string) error {
		_, err := EnsureNode(ctx, dir, nil)
		return err
	}
	const noPip = `
case "$2" in
venv) /bin/mkdir -p "$3/bin"; /bin/cp "$0" "$3/bin/python" ;;
pip) echo "No module named pip" >&2; exit 1 ;;
*) echo "3.11.2 venv ensurepip" ;;
esac
`
	for name, c := range map[string]struct {
		programs map[string]string
		ensure   func(ctx context.Context, dir string) error
		want     []string
	}{
		"no Python": {
			map[string]string{}, python,
			[]string{"needs Python 3.10 or newer", "no python3", "brew install python", "sudo apt-get install python3 python3-venv"},
		},
		"a placeholder for Python": {
			map[string]string{"python3": `echo "xcode-select: no developer tools were found" >&2; exit 1`}, python,
			[]string{"needs Python 3.10 or newer", "brew install python"},
		},
		"a Python that says nothing": {
			map[string]string{"python3": ``}, python,
			[]string{"needs Python 3.10 or newer"},
		},
		"a Python that talks nonsense": {
			map[string]string{"python3": `echo three point ten`}, python,
			[]string{"needs Python 3.10 or newer"},
		},
		"an old Python": {
			map[string]string{"python3": `echo "3.9.6 venv ensurepip"`}, python,
			[]string{"needs Python 3.10 or newer", "python3 is Python 3.9", "brew install python"},
		},
		"Debian without python3-venv": {
			map[string]string{"python3": `echo "3.11.2 venv"`}, python,
			[]string{"(Python 3.11) has no venv module", "sudo apt-get install python3-venv"},
		},
		"a Python cut down": {
			map[string]string{"python3": `echo "3.11.2 ensurepip"`}, python,
			[]string{"has no venv module"},
		},
		"no pip": {
			map[string]string{"python3": noPip}, python,
			[]string{"environments without pip", "python3-pip", "brew reinstall python"},
		},
		"no Node": {
			map[string]string{}, node,
			[]string{"needs Node 20.16 or newer", "no node on the PATH", "brew install node", "sudo apt-get install nodejs npm"},
		},
		"an old Node": {
			map[string]string{"node": `echo v18.19.0`, "npm": goodNPM}, node,
			[]string{"needs Node 20.16 or newer", "node is Node 18.19", "brew install node"},
		},
		"a Node of the right major version that is too old": {
			map[string]string{"node": `echo v20.9.0`, "npm": goodNPM}, node,
			[]string{"node is Node 20.9"},
		},
		"a Node that does not run": {
			map[string]string{"node": `exit 127`, "npm": goodNPM}, node,
			[]string{"does not run", "exit status 127"},
		},
		"a Node that talks nonsense": {
			map[string]string{"node": `echo hello`, "npm": goodNPM}, node,
			[]string{`says "hello"`},
		},
		"no npm": {
			map[string]string{"node": goodNode}, node,
			[]string{"no npm on the PATH", "brew install node", "sudo apt-get install npm"},
		},
		"the disk fills up under npm": {
			map[string]string{"node": goodNode, "npm": `echo "npm error code ENOSPC"; exit 228`}, node,
			[]string{"the disk filled up while installing the CDK"},
		},
		"the disk fills up under pip": {
			map[string]string{"python3": strings.Replace(noPip, `echo "No module named pip" >&2; exit 1`,
				`[ "$3" = --version ] || { echo "OSError: [Errno 28] No space left on device"; exit 1; }`, 1)}, python,
			[]string{"the disk filled up while installing the local engine"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			onPath(t, c.programs)
			err := c.ensure(t.Context(), t.TempDir())
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one sentence: %q", err)
			}
		})
	}
}

func TestMissingSpace(t *testing.T) {
	onPath(t, map[string]string{"node": goodNode, "npm": goodNPM})
	s, err := newSetup(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s.free = func(string) (uint64, error) { return 400_000_000, nil }
	_, err = s.ensure(t.Context(), part{name: "node", title: "x", stamp: nodeStamp(packageJSON, packageLock, "cdk"), install: installNode(packageJSON, packageLock)})
	if err == nil || !strings.Contains(err.Error(), "needs 1.5 GB, and 0.4 GB are free") {
		t.Fatalf("got %v", err)
	}
}

// TestSpaceRunsOut sees that a full disk is named when the installer did not name it.
func TestSpaceRunsOut(t *testing.T) {
	onPath(t, map[string]string{"node": goodNode, "npm": `echo "npm error something broke"; exit 1`})
	for name, c := range map[string]struct {
		left uint64
		want string
	}{
		"full": {1_000_000, "the disk filled up while installing x"},
		"not":  {900_000_000, "something broke"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := newSetup(t.TempDir(), nil)
			if err != nil {
				t.Fatal(err)
			}
			answers := []uint64{neededBytes, c.left}
			s.free = func(string) (uint64, error) {
				answer := answers[0]
				answers = answers[1:]
				return answer, nil
			}
			_, err = s.ensure(t.Context(), part{name: "node", title: "x", stamp: nodeStamp(packageJSON, packageLock, "cdk"), install: installNode(packageJSON, packageLock)})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestFreeBytes(t *testing.T) {
	free, err := freeBytes(t.TempDir())
	if err != nil || free == 0 {
		t.Fatalf("got %d, %v", free, err)
	}
}

// TestCheck sees that a machine that lacks several things is told all of them.
func TestCheck(t *testing.T) {
	onPath(t, nil)
	err := Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "Python 3.10") || !strings.Contains(err.Error(), "Node 20.16") {
		t.Fatalf("got %v", err)
	}
	onPath(t, map[string]string{"python3": goodPython, "node": goodNode, "npm": goodNPM})
	if err := Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestNewerPython sees that a python3 that is too old does not hide a newer one.
func TestNewerPython(t *testing.T) {
	onPath(t, map[string]string{"python3": `echo "3.9.6 venv ensurepip"`, "python3.12": goodPython})
	python, err := findPython(t.Context())
	if err != nil || !strings.HasSuffix(python, "/python3.12") {
		t.Fatalf("got %q, %v", python, err)
	}
}
