package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fanfare/internal/local/demo"
)

// playDemo runs a world of its own, plays the scenes in it, and stops it.
func playDemo(ctx context.Context, p place, _ []string) error {
	began := time.Now()
	say := progress(began)
	t, err := prepare(ctx, p, say)
	if err != nil {
		return err
	}
	w, err := startWorld(ctx, p, p.demo, t, say)
	if err != nil {
		return err
	}
	defer w.Close()
	say("playing deployments")
	told, err := demo.Play(ctx, w.Address, say)
	if err != nil {
		return err
	}
	say("stopping everything")
	w.Close()
	if err := demo.Save(filepath.Join(p.root, "build", "demo", "told"), told); err != nil {
		return err
	}
	failed, err := demo.Print(os.Stdout, told)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe same is written to build/demo/told. It took %.0f s.\n", time.Since(began).Seconds())
	if failed > 0 {
		fmt.Printf("%d expectations did not hold.\n", failed)
		return errSaid
	}
	fmt.Println("Every expectation held.")
	return nil
}
