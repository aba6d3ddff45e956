//go:build e2e

package chaos

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanfare/internal/local/tools"
	"fanfare/internal/local/world"
)

// some are rows of every kind, such as they are played in a minute.
const some = "slack: 503|slack: the sender is killed|pagerduty: hangs up|ECS: the same|ECS: three|ECS: malformed|ECS: events|ECS: hostile|drill: three|CodePipeline: malformed|dynamodb:UpdateItem|ecs:DescribeServices broken|claim is killed|send-sns is killed|the engine"

// TestChaos: nothing is lost, and nothing comes twice that must not.
func TestChaos(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	say := func(what string) { t.Log(time.Now().Format(time.TimeOnly), what) }
	installed, err := tools.Ensure(ctx, filepath.Join(root, "build", "tools"), say)
	if err != nil {
		t.Fatal(err)
	}
	if err := world.Build(ctx, root); err != nil {
		t.Fatal(err)
	}
	report, err := Run(ctx, Options{Root: root, Dir: filepath.Join(root, "build", "chaos-e2e"), Tools: installed, Seed: 7, Row: some}, say)
	if err != nil {
		t.Fatal(err)
	}
	if violations := report.Violations(); len(violations) > 0 {
		t.Errorf("broken promises:\n  %s\nto play it again: %s", strings.Join(violations, "\n  "), report.Again())
	}
	if report.Faults() == 0 || report.Secrets.Histories == 0 || report.Secrets.LogLines == 0 || report.Secrets.Items == 0 {
		t.Errorf("nothing was played, or nothing searched: %+v", report.Secrets)
	}
	if testing.Verbose() {
		if err := report.Print(os.Stdout); err != nil {
			t.Error(err)
		}
	}
}
