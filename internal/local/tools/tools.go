// Package tools installs the pinned command line tools that the local world runs on:
// the local engine (Python), the CDK's command line and the workflow validator (Node),
// and what checks the template and the messages (both). The pins, with a hash for every file that is fetched, are part of this
// program, so that two people with the same commit have the same tools.
//
// A folder of tools looks like this. The stamps are written last, so that an
// interrupted installation is done again, and name what was installed, so that a
// changed pin is noticed:
//
//	python/         python.stamp         python.lock
//	node/           node.stamp           node.lock
//	checks-python/  checks-python.stamp  checks-python.lock
//	checks-node/    checks-node.stamp    checks-node.lock
//
// The checks are what only the tests and the bench run.
package tools

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
)

// NodeTools are the absolute paths of what EnsureNode provides.
type NodeTools struct {
	// Node is the Node that was found on the PATH.
	Node string
	// CDK is the CDK's command line. It finds Node on the PATH.
	CDK string
	// ASLValidator checks workflow definitions. It finds Node on the PATH.
	ASLValidator string
}

// Tools are the absolute paths of all that Ensure provides.
type Tools struct {
	// Python runs the local engine; its virtual environment holds the pinned packages.
	Python string
	NodeTools
}

// Ensure makes sure that the pinned tools are installed under dir, both halves at
// the same time, and returns where they are. A folder that is up to date costs some
// tens of milliseconds and no network. Several processes may share dir: the first
// one installs and the others wait. Progress, which may be nil, is called with one
// line for people whenever something slow begins, never by two goroutines at once.
//
// Whatever is missing on the machine is told in one sentence each, with how to get it.
func Ensure(ctx context.Context, dir string, progress func(string)) (*Tools, error) {
	progress = oneAtATime(progress)
	var (
		tools              Tools
		wg                 sync.WaitGroup
		pythonErr, nodeErr error
	)
	wg.Go(func() { tools.Python, pythonErr = EnsurePython(ctx, dir, progress) })
	wg.Go(func() { tools.NodeTools, nodeErr = EnsureNode(ctx, dir, progress) })
	wg.Wait()
	if pythonErr != nil && nodeErr != nil && pythonErr.Error() == nodeErr.Error() {
		return nil, pythonErr // as when there is no room for either
	}
	if err := errors.Join(pythonErr, nodeErr); err != nil {
		return nil, err
	}
	return &tools, nil
}

// oneAtATime keeps two goroutines from calling progress at once; nil stays nil.
func oneAtATime(progress func(string)) func(string) {
	if progress == nil {
		return nil
	}
	var mu sync.Mutex
	return func(line string) {
		mu.Lock()
		defer mu.Unlock()
		progress(line)
	}
}

// Check tells whether this machine has what Ensure needs: Python with its venv
// module, and Node with npm. It installs nothing, and names all that is missing.
func Check(ctx context.Context) error {
	return errors.Join(CheckPython(ctx), CheckNode(ctx))
}

// newSetup prepares an installation below dir.
func newSetup(dir string, progress func(string)) (setup, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return setup{}, fmt.Errorf("finding the folder for the tools: %w", err)
	}
	if progress == nil {
		progress = func(string) {}
	}
	return setup{dir: abs, say: progress, free: freeBytes}, nil
}
