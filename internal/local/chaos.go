package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"fanfare/internal/local/chaos"
)

// playChaos breaks everything that can be broken, and prints what came of it.
func playChaos(ctx context.Context, p place, args []string) error {
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	seed := flags.Uint64("seed", 0, "decides what is played; chosen when 0")
	faults := flags.Int("faults", 0, "how many faults are played at least")
	row := flags.String("row", "", "plays only the rows whose name holds this")
	if err := flags.Parse(args); err != nil {
		return errSaid
	}
	if *faults < 0 {
		return fmt.Errorf("chaos: -faults of 0 or more expected, found %d", *faults)
	}
	if *seed == 0 {
		*seed = 1 + rand.Uint64N(1e6)
	}
	dir := filepath.Join(p.root, "build", "chaos")
	log, err := logFile(dir)
	if err != nil {
		return err
	}
	defer log.Close()
	say := progress(time.Now())
	say(fmt.Sprintf("seed %d", *seed))
	t, err := prepare(ctx, p, say)
	if err != nil {
		return err
	}
	report, err := chaos.Run(ctx, chaos.Options{
		Root: p.root, Dir: dir, Tools: t, Seed: *seed, Faults: *faults, Row: *row,
	}, say)
	if err != nil {
		return err
	}
	if err := report.Print(os.Stdout); err != nil {
		return err
	}
	if len(report.Violations()) > 0 {
		return errSaid
	}
	return nil
}

// logFile takes what the edge and the stand-ins log, so that it does not stand between the
// lines for people: much of what they complain of is played on purpose.
func logFile(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder for the log: %w", err)
	}
	file, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, fmt.Errorf("making the log: %w", err)
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(file, nil)))
	return file, nil
}
