package graph

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed" // for the script and the style
	"fmt"
	"os/exec"
	"strings"

	"fanfare/statemachine"
)

//go:embed layout.mjs
var script string

//go:embed style.css
var style string

// Mark is a line that stands in the picture and tells of which workflow, in which style,
// it is one: a picture without it is out of date, which is found without drawing anew.
func Mark(m *statemachine.Machine) string {
	hash := sha256.New()
	fmt.Fprint(hash, DOT(m), style)
	for _, s := range m.All() {
		fmt.Fprintln(hash, title(s))
	}
	return fmt.Sprintf("It is of sha256:%x.", hash.Sum(nil))
}

// title is what a pointer that rests on a state is told.
func title(s *statemachine.State) string {
	return strings.TrimSpace(s.Name + " (" + kind(s) + ") " + s.Comment)
}

// Draw returns the picture as SVG. It runs the program Node on the library @viz-js/viz,
// which is to be in the folder of modules. The same workflow gives the same bytes.
func Draw(ctx context.Context, node, modules string, m *statemachine.Machine) ([]byte, error) {
	layout := exec.CommandContext(ctx, node, "--input-type=module", "--eval", script, "--", modules)
	layout.Stdin = strings.NewReader(DOT(m))
	var trouble bytes.Buffer
	layout.Stderr = &trouble
	drawn, err := layout.Output()
	if err != nil {
		return nil, fmt.Errorf("laying out the workflow: %w: %.500s", err, strings.TrimSpace(trouble.String()))
	}
	return dress(drawn, m)
}
