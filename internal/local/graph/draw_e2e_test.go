//go:build e2e

package graph

import (
	"path/filepath"
	"testing"

	"fanfare/internal/local/tools"
	"fanfare/statemachine"
)

// TestDrawnAnew draws the workflow with the pinned library, and compares it with what is
// committed.
func TestDrawnAnew(t *testing.T) {
	checks, err := tools.EnsureChecks(t.Context(), filepath.Join("..", "..", "..", "build", "tools"), nil)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := Draw(t.Context(), checks.Node, checks.Modules, workflow(t))
	if err != nil {
		t.Fatal(err)
	}
	if string(drawn) != statemachine.Picture {
		t.Error("statemachine/notify.svg is not what Graphviz draws: run `make graph`, and look at it")
	}
}
