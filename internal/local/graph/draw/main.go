// Draw writes statemachine/notify.svg anew. It runs in the project's folder, and installs
// the pinned tools there when they are missing.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"fanfare/internal/local/graph"
	"fanfare/internal/local/tools"
	"fanfare/statemachine"
)

func main() {
	if err := draw(context.Background(), filepath.Join("statemachine", "notify.svg")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func draw(ctx context.Context, file string) error {
	machine, err := statemachine.Parse(statemachine.Definition)
	if err != nil {
		return err
	}
	checks, err := tools.EnsureChecks(ctx, filepath.Join("build", "tools"), func(line string) { fmt.Fprintln(os.Stderr, line) })
	if err != nil {
		return err
	}
	picture, err := graph.Draw(ctx, checks.Node, checks.Modules, machine)
	if err != nil {
		return err
	}
	return os.WriteFile(file, picture, 0o644)
}
