package tools

import (
	"context"
	_ "embed" // for the pins
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed package.json
var packageJSON []byte

//go:embed package-lock.json
var packageLock []byte

//go:embed checks/package.json
var checkPackages []byte

//go:embed checks/package-lock.json
var checkLock []byte

// minNode is the oldest Node that all pinned packages declare they run on.
var minNode = version{20, 16}

const nodeHint = "install it with `brew install node` (macOS), or `sudo apt-get install nodejs npm` (Debian 13 and newer), or as nodejs.org/en/download says (older Debian, Ubuntu)"

// CheckNode tells whether the PATH has a Node and an npm that EnsureNode can work with.
func CheckNode(ctx context.Context) error {
	if _, err := findNode(ctx); err != nil {
		return err
	}
	_, err := findNPM()
	return err
}

// EnsureNode installs the CDK's command line and the workflow validator below dir
// unless they are there already, and returns where they are. See Ensure for progress,
// and for what happens when two processes do this at once.
func EnsureNode(ctx context.Context, dir string, progress func(string)) (NodeTools, error) {
	s, err := newSetup(dir, progress)
	if err != nil {
		return NodeTools{}, err
	}
	node, err := findNode(ctx)
	if err != nil {
		return NodeTools{}, err
	}
	modules, err := s.ensure(ctx, part{
		name:    "node",
		title:   "the CDK and the workflow validator (Node)",
		stamp:   nodeStamp(packageJSON, packageLock, "cdk", "asl-validator"),
		install: installNode(packageJSON, packageLock),
	})
	if err != nil {
		return NodeTools{}, err
	}
	return NodeTools{Node: node, CDK: nodeBin(modules, "cdk"), ASLValidator: nodeBin(modules, "asl-validator")}, nil
}

func nodeBin(dir, name string) string { return filepath.Join(dir, "node_modules", ".bin", name) }

// nodeStamp is empty when one of the programs is not there.
func nodeStamp(packages, locked []byte, programs ...string) func(dir string) string {
	return func(dir string) string {
		for _, name := range programs {
			if _, err := os.Stat(nodeBin(dir, name)); err != nil {
				return ""
			}
		}
		return digest(packages, locked) + "\n"
	}
}

// installNode installs the packages that the lock file pins.
func installNode(packages, locked []byte) func(ctx context.Context, dir string, lock *os.File) error {
	return func(ctx context.Context, dir string, lock *os.File) error {
		return installPackages(ctx, dir, packages, locked, lock)
	}
}

func installPackages(ctx context.Context, dir string, packages, locked []byte, lock *os.File) error {
	npm, err := findNPM()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"package.json": packages, "package-lock.json": locked} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return err
		}
	}
	// None of the pinned packages needs its install scripts; not running any is safer.
	return command{dir: dir, lock: lock}.run(ctx, npm, "ci", "--ignore-scripts", "--omit=dev",
		"--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=error")
}

func findNode(ctx context.Context) (string, error) {
	need := fmt.Sprintf("the CDK needs Node %s or newer", minNode)
	node, err := lookAbs("node")
	if err != nil {
		return "", missing(need + ", and there is no node on the PATH: " + nodeHint)
	}
	output, err := exec.CommandContext(ctx, node, "--version").Output()
	if ctx.Err() != nil {
		return "", fmt.Errorf("looking for Node: %w", ctx.Err())
	}
	if err != nil {
		return "", missing(fmt.Sprintf("%s, and %s does not run (%v): %s", need, node, err, nodeHint))
	}
	text := strings.TrimSpace(string(output))
	found, ok := parseVersion(strings.TrimPrefix(text, "v"))
	if !ok {
		return "", missing(fmt.Sprintf("%s, and %s says %.40q when asked for its version: %s", need, node, text, nodeHint))
	}
	if found.less(minNode) {
		return "", missing(fmt.Sprintf("%s, and %s is Node %s: %s", need, node, found, nodeHint))
	}
	return node, nil
}

func findNPM() (string, error) {
	npm, err := lookAbs("npm")
	if err != nil {
		return "", missing("the CDK is installed with npm, and there is no npm on the PATH: install it with `brew install node` (macOS) or `sudo apt-get install npm` (Debian, Ubuntu)")
	}
	return npm, nil
}

func lookAbs(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}
