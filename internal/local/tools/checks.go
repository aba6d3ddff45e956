package tools

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
)

// Checks are the absolute paths of what EnsureChecks provides.
type Checks struct {
	// Python has cfn-lint, parliament, slack_sdk and, on Linux, the runtime of Python
	// functions; they are run as its modules.
	Python string
	// Node is the Node that was found on the PATH.
	Node string
	// Modules is the folder node_modules with @slack/types, typescript,
	// sms-segments-calculator and @viz-js/viz.
	Modules string
}

// EnsureChecks is like [Ensure], for what only the tests and the bench run: nobody who
// plays the demo has to wait for it.
func EnsureChecks(ctx context.Context, dir string, progress func(string)) (*Checks, error) {
	s, err := newSetup(dir, oneAtATime(progress))
	if err != nil {
		return nil, err
	}
	var (
		checks                          Checks
		venv, packages                  string
		wg                              sync.WaitGroup
		pythonErr, nodeErr, packagesErr error
	)
	checks.Node, nodeErr = findNode(ctx)
	wg.Go(func() {
		venv, pythonErr = s.ensure(ctx, part{
			name: "checks-python", title: "the checks (Python)",
			stamp: pythonStamp(checkRequirements), install: installPython(checkRequirements),
		})
	})
	wg.Go(func() {
		packages, packagesErr = s.ensure(ctx, part{
			name: "checks-node", title: "the checks (Node)",
			stamp: nodeStamp(checkPackages, checkLock, "tsc"), install: installNode(checkPackages, checkLock),
		})
	})
	wg.Wait()
	checks.Python, checks.Modules = venvPython(venv), filepath.Join(packages, "node_modules")
	return &checks, errors.Join(nodeErr, pythonErr, packagesErr)
}
