package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"fanfare/internal/local/tools"
	"fanfare/internal/local/world"
)

// progress prints one line for each thing that takes time.
func progress(began time.Time) func(string) {
	var mu sync.Mutex
	return func(what string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(began).Seconds(), what)
	}
}

// prepare installs the tools and compiles everything, both at the same time.
func prepare(ctx context.Context, p place, say func(string)) (*tools.Tools, error) {
	if err := tools.Check(ctx); err != nil {
		return nil, err
	}
	built := make(chan error, 1)
	go func() {
		say("compiling the CDK app and the functions")
		built <- world.Build(ctx, p.root)
	}()
	t, err := tools.Ensure(ctx, p.tools, say)
	return t, errors.Join(err, await(built, say))
}

// await waits for the compiler, and says so while it takes its time.
func await(built <-chan error, say func(string)) error {
	ticker := time.NewTicker(15 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case err := <-built:
			return err
		case <-ticker.C:
			say("still compiling; the CDK's bindings take some minutes the first time")
		}
	}
}

func installTools(ctx context.Context, p place, args []string) error {
	say := progress(time.Now())
	_, err := tools.Ensure(ctx, p.tools, say)
	if err == nil && slices.Contains(args, "checks") {
		_, err = tools.EnsureChecks(ctx, p.tools, say)
	}
	return err
}

// startWorld starts a world in this process and deploys the stack to it.
func startWorld(ctx context.Context, p place, dir string, t *tools.Tools, say func(string)) (*world.World, error) {
	say("starting the engine, the edge and the stand-ins")
	w, err := world.Start(ctx, world.Options{Root: p.root, Dir: dir, AccountFile: "local", Python: t.Python})
	if err != nil {
		return nil, err
	}
	if err = w.Deploy(ctx, t, say); err == nil {
		err = w.Seed(ctx, say)
	}
	if err != nil {
		w.Close()
		return nil, err
	}
	if !w.Commits {
		say("messages will show no commits: they are this repository's own, and its history is not here (clone it with Git, without --depth)")
	}
	return w, nil
}

// up starts a process that holds the world, and waits until the stack is deployed.
func up(ctx context.Context, p place, _ []string) error {
	unlock, err := lock(ctx, p.up)
	if err != nil {
		return err
	}
	defer unlock()
	if a, running := world.Running(p.up); running {
		fmt.Printf("the local world is running already (process %d)\n", a.PID)
		return nil
	}
	world.Remove(p.up)
	say := progress(time.Now())
	if _, err := prepare(ctx, p, say); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(p.up, "serve.log"))
	if err != nil {
		return fmt.Errorf("making the world's log: %w", err)
	}
	defer log.Close()
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	holder := exec.Command(program, "serve")
	holder.Dir, holder.Stdout, holder.Stderr = p.root, log, log
	holder.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := holder.Start(); err != nil {
		return fmt.Errorf("starting the process that holds the world: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- holder.Wait() }()
	if err := follow(ctx, p, ended, say); err != nil {
		_ = holder.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = holder.Process.Kill()
		}
		return err
	}
	fmt.Printf(`The local world is up.
  . build/local/env              use it from this shell (aws, curl)
  make send EVENT=event.json     play an event
  make down                      stop it
`)
	return nil
}

// lock keeps two calls of up from starting two worlds in one folder; the second waits.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the world's folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking the world's folder: %w", err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			_ = file.Close()
			return nil, fmt.Errorf("locking the world's folder: %w", err)
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// follow shows what the holding process does until the world is deployed.
func follow(ctx context.Context, p place, ended <-chan error, say func(string)) error {
	say("starting the world and deploying the stack (build/local/serve.log tells more)")
	for {
		if a, err := world.Load(p.up); err == nil && len(a.Outputs) > 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ended:
			text, _ := os.ReadFile(filepath.Join(p.up, "serve.log"))
			return fmt.Errorf("the local world could not be started:\n%s", text)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// serve holds a world until it is told to stop, or the engine dies.
func serve(ctx context.Context, p place, _ []string) error {
	t, err := tools.Ensure(ctx, p.tools, nil)
	if err != nil {
		return err
	}
	w, err := startWorld(ctx, p, p.up, t, progress(time.Now()))
	if err != nil {
		return err
	}
	defer world.Remove(p.up)
	defer w.Close()
	if err := w.Save(p.up); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case <-w.Done():
		return errors.New("the engine has died; build/local/engine/engine.log may tell why")
	}
}

// down stops the world that is up.
func down(ctx context.Context, p place, _ []string) error {
	a, running := world.Running(p.up)
	if !running {
		world.Remove(p.up)
		fmt.Println("no local world is running")
		return nil
	}
	if err := syscall.Kill(a.PID, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping process %d: %w", a.PID, err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if err := syscall.Kill(a.PID, 0); errors.Is(err, syscall.ESRCH) {
			world.Remove(p.up)
			fmt.Println("the local world is stopped; shells that sourced build/local/env still point at it")
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d does not stop; end it with kill -9 %d", a.PID, a.PID)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
