package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"fanfare/internal/local/bench"
	"fanfare/internal/local/tools"
	"fanfare/internal/local/world"
)

// measure prints what the functions weigh, take and cost. A target that is missed is
// told, and is no error.
func measure(ctx context.Context, p place, args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	runs := flags.Int("runs", 15, "how many processes of each function are measured")
	warm := flags.Int("warm", 5, "how many invocations follow the first one of each process")
	if err := flags.Parse(args); err != nil {
		return errSaid
	}
	if *runs < 1 || *warm < 0 {
		return fmt.Errorf("bench: -runs of 1 or more and -warm of 0 or more expected, found %d and %d", *runs, *warm)
	}
	say := progress(time.Now())
	o := bench.Options{Root: p.root, Dir: filepath.Join(p.root, "build", "bench"), Runs: *runs, Warm: *warm}
	if runtime.GOOS == "linux" {
		checks, err := tools.EnsureChecks(ctx, p.tools, say)
		if err != nil {
			return err
		}
		o.Python = checks.Python
	} else {
		say("the runtime of Python functions is made for Linux alone: measuring without the comparison")
	}
	say("compiling the functions")
	if err := world.BuildFunctions(ctx, p.root); err != nil {
		return err
	}
	report, err := bench.Run(ctx, o, say)
	if err != nil {
		return err
	}
	return report.Print(os.Stdout)
}
