package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"fanfare/internal/local/demo"
	"fanfare/internal/local/page"
	"fanfare/internal/local/world"
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
	html := filepath.Join(p.root, "build", "demo.html")
	if err := writePage(html, w.Refs["v"+world.Versions[len(world.Versions)-1]], told); err != nil {
		return err
	}
	failed, err := demo.Print(os.Stdout, told)
	if err != nil {
		return err
	}
	fmt.Printf("\nThe same is written to build/demo/told, and drawn as people see it in %s\nIt took %.0f s.\n", html, time.Since(began).Seconds())
	if failed > 0 {
		fmt.Printf("%d expectations did not hold.\n", failed)
		return errSaid
	}
	fmt.Println("Every expectation held.")
	return nil
}

// writePage draws what was told, as people see it.
func writePage(file, commit string, told []demo.Told) error {
	p := page.Page{Commit: commit[:min(8, len(commit))]}
	for _, t := range told {
		p.Events = append(p.Events, page.Event{Title: t.Title, Result: t.Result})
	}
	var html bytes.Buffer
	if err := page.Write(&html, p); err != nil {
		return err
	}
	if err := os.WriteFile(file, html.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
