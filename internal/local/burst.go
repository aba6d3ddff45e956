package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fanfare/internal/local/burst"
)

// playBurst measures how long it takes to tell of many deployments at once. A target that
// is missed is told, and is no error.
func playBurst(ctx context.Context, p place, args []string) error {
	flags := flag.NewFlagSet("burst", flag.ContinueOnError)
	n := flags.Int("n", 500, "how many deployments there are")
	if err := flags.Parse(args); err != nil {
		return errSaid
	}
	if *n < 1 || *n > 1000 {
		return fmt.Errorf("burst: -n of 1 to 1000 expected, found %d", *n)
	}
	say := progress(time.Now())
	t, err := prepare(ctx, p, say)
	if err != nil {
		return err
	}
	report, err := burst.Run(ctx, burst.Options{Root: p.root, Dir: filepath.Join(p.root, "build", "burst"), Tools: t, Deployments: *n}, say)
	if err != nil {
		return err
	}
	return report.Print(os.Stdout)
}
