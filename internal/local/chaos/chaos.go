// Package chaos breaks everything that can be broken around deployments that are played
// in the local world, repairs it, redrives what was left behind, and holds what the
// vendors were told in the end against what they had to be told.
package chaos

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"fanfare/internal/local/tools"
	"fanfare/internal/local/world"
)

// AccountFile is the account that is played, below the project's folder.
const AccountFile = "internal/local/chaos/account.yaml"

// Options say what to play.
type Options struct {
	// Root is the project's folder, and Dir where the world's files are.
	Root, Dir string
	Tools     *tools.Tools
	// Seed decides which plays there are, and in which order.
	Seed uint64
	// Faults is how many are to be played: the matrix is played again and again until
	// there were as many. It is played once when 0.
	Faults int
	// Row narrows the matrix to the rows whose name holds it, or one of several texts with a
	// | between them; all when empty.
	Row string
}

// Run plays the matrix, each time in a world of its own, and returns what came of it. When
// the context ends, what was played until then is of no use, and the error is the context's.
func Run(ctx context.Context, o Options, say func(string)) (Report, error) {
	report := Report{Seed: o.Seed, Asked: o.Faults, Row: o.Row}
	began := time.Now()
	for round := 0; ; round++ {
		plays := matrix(o.Seed, round, o.Row)
		if len(plays) == 0 {
			return report, fmt.Errorf("no row's name holds %q; the rows are:\n  %s", o.Row, strings.Join(rowNames(), "\n  "))
		}
		say(fmt.Sprintf("round %d: %d plays of %d rows", round+1, len(plays), len(rowsOf(plays))))
		one, err := playRound(ctx, o, plays, say)
		if err != nil {
			return report, err
		}
		report.add(one)
		report.Took = time.Since(began)
		if report.Faults() >= o.Faults {
			return report, nil
		}
		left := time.Duration(float64(o.Faults-report.Faults()) / report.rate() * float64(time.Minute))
		say(fmt.Sprintf("%d of %d faults played, %.0f a minute: about %.0f minutes left", report.Faults(), o.Faults, report.rate(), left.Minutes()))
	}
}

// manyAtOnce is so much that a stand-in never limits: the vendors' rates are not played here.
const manyAtOnce = 1 << 20

// playRound plays in a new world, from its start to its end.
func playRound(ctx context.Context, o Options, plays []Play, say func(string)) (Report, error) {
	say("starting a world")
	w, err := world.Start(ctx, world.Options{
		Root: o.Root, Dir: filepath.Join(o.Dir, "world"), AccountFile: AccountFile, Python: o.Tools.Python,
		SlackBurst: manyAtOnce, SlackReads: manyAtOnce, PagerDutyRate: manyAtOnce, Keeps: true,
	})
	if err != nil {
		return Report{}, err
	}
	defer w.Close()
	if err = w.Deploy(ctx, o.Tools, func(string) {}); err == nil {
		err = w.Seed(ctx, func(string) {})
	}
	if err == nil {
		err = w.SetWaitScale(ctx, waitScale)
	}
	if err != nil {
		return Report{}, err
	}
	s := newStage(w, say)
	if err := s.perform(ctx, plays); err != nil {
		return Report{}, err
	}
	return s.report(ctx, plays)
}
