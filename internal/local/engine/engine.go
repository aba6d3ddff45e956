// Package engine runs the local engine, MiniStack, as a child process on loopback: it
// stands in for AWS in the local world. The process never outlives its owner, and sees
// nothing of the owner's environment, home or credentials.
package engine

import (
	"context"
	"crypto/rand"
	_ "embed" // for the launcher
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

//go:embed launcher.py
var launcher []byte

const (
	// readyWithin bounds the start, which takes under a second on an idle machine.
	readyWithin = 30 * time.Second
	// readyPoll is how often a starting engine is asked whether it is ready.
	readyPoll = 20 * time.Millisecond
	// stopWithin is how long a graceful end may take. Nothing is lost by a harsh one:
	// the engine keeps its state in memory only.
	stopWithin = 4 * time.Second
	// keepWithin is how long it may take while the engine writes down what it holds.
	keepWithin = 90 * time.Second
	// portAttempts is how often a free port is chosen anew when another process was
	// faster to take it.
	portAttempts = 3
)

// errPortTaken means that another process has the port.
var errPortTaken = errors.New("the port is taken")

// Engine is a running local engine.
type Engine struct {
	*Control
	options Options
	nonce   string // tells this engine from another one that may answer in its place

	cmd      *exec.Cmd
	owner    io.Closer // the pipe whose closing ends the process
	grace    time.Duration
	stopping chan struct{}
	stopOnce sync.Once
	done     chan struct{}
	err      error // set before done is closed
}

// Start starts an engine and waits until it is ready. Ctx bounds the start only; the
// engine then runs until Stop is called or this process ends, in whatever way. The
// error of an engine that does not come up carries the last lines of its log.
func Start(ctx context.Context, options Options) (*Engine, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		e, err := start(ctx, options)
		if options.Port == 0 && attempt < portAttempts && errors.Is(err, errPortTaken) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("starting the local engine: %w", err)
		}
		return e, nil
	}
}

func start(ctx context.Context, options Options) (*Engine, error) {
	port, err := freePort(options.Port)
	if err != nil {
		return nil, err
	}
	options.Port = port
	if options.Dir, err = filepath.Abs(options.Dir); err != nil {
		return nil, err
	}
	e := &Engine{
		options:  options,
		Control:  At("http://"+net.JoinHostPort(loopback, strconv.Itoa(port)), options.Region),
		nonce:    rand.Text(),
		grace:    stopWithin,
		stopping: make(chan struct{}),
		done:     make(chan struct{}),
	}
	if err := e.spawn(); err != nil {
		return nil, err
	}
	if err := e.waitReady(ctx); err != nil {
		e.Stop()
		return nil, err
	}
	return e, nil
}

// spawn starts the process, in a group of its own: so that a Ctrl-C at the terminal
// is left to the owner, and so that the Lambdas that it starts can be ended with it.
func (e *Engine) spawn() error {
	script := filepath.Join(e.options.Dir, "launcher.py")
	if err := e.options.makeDirs(); err != nil {
		return err
	}
	if err := os.WriteFile(script, launcher, 0o600); err != nil {
		return err
	}
	log, err := os.Create(e.LogFile())
	if err != nil {
		return err
	}
	defer log.Close()

	e.cmd = exec.Command(e.options.Python, "-I", "-u", "-X", "utf8", script)
	e.cmd.Dir = e.options.Dir
	e.cmd.Env = e.options.environment(e.url, e.nonce)
	e.cmd.Stdout, e.cmd.Stderr = log, log
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if e.owner, err = e.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := e.cmd.Start(); err != nil {
		return err
	}
	go e.watch()
	return nil
}

// watch waits for the process to end, and ends what it may have left behind.
func (e *Engine) watch() {
	err := e.cmd.Wait()
	_ = e.signalGroup(syscall.SIGKILL)
	e.client.CloseIdleConnections()
	select {
	case <-e.stopping:
	default:
		ended := "ended with status 0"
		if err != nil {
			ended = err.Error()
		}
		log := e.logTail()
		e.err = fmt.Errorf("the local engine is gone (%s); the last lines of %s:\n%s", ended, e.LogFile(), log)
		if strings.Contains(log, "already in use") {
			e.err = fmt.Errorf("port %d: %w; the last lines of %s:\n%s", e.options.Port, errPortTaken, e.LogFile(), log)
		}
	}
	close(e.done)
}

func (e *Engine) signalGroup(signal syscall.Signal) error {
	return syscall.Kill(-e.cmd.Process.Pid, signal)
}

func (e *Engine) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("not ready within %v", readyWithin))
	defer cancel()
	ticker := time.NewTicker(readyPoll)
	defer ticker.Stop()
	for {
		err := e.ready(ctx)
		select {
		case <-e.done:
			return e.err
		default:
		}
		if err == nil || errors.Is(err, errPortTaken) {
			return err
		}
		select {
		case <-e.done:
			return e.err
		case <-ctx.Done():
			return fmt.Errorf("%w (%w); the last lines of %s:\n%s", context.Cause(ctx), err, e.LogFile(), e.logTail())
		case <-ticker.C:
		}
	}
}

// ready tells whether this very engine answers and is ready. Another one could have
// taken the port after it was found free.
func (e *Engine) ready(ctx context.Context) error {
	if _, err := e.call(ctx, http.MethodGet, "/_ministack/ready", nil); err != nil {
		return err
	}
	answer, err := e.call(ctx, http.MethodGet, "/_ministack/health", nil)
	if err != nil {
		return err
	}
	var health struct {
		Edition string `json:"edition"`
	}
	if err := json.Unmarshal(answer, &health); err != nil {
		return fmt.Errorf("reading the engine's health: %w", err)
	}
	if health.Edition != e.nonce {
		return fmt.Errorf("port %d: %w by another engine", e.options.Port, errPortTaken)
	}
	return nil
}

// Stop ends the engine and all Lambdas that it runs, and returns when they are gone,
// which takes some seconds at most. It may be called again, and by several goroutines.
func (e *Engine) Stop() {
	e.stopOnce.Do(func() {
		close(e.stopping)
		_ = e.cmd.Process.Signal(syscall.SIGTERM)
	})
	select {
	case <-e.done:
		return
	case <-time.After(e.grace):
	}
	_ = e.signalGroup(syscall.SIGKILL)
	<-e.done
}

// Restart stops the engine, whose Options.Keeps must be set, and starts it again at the
// same address, with all that it held: what was in its memory only, such as workers and a
// wait scale that was set later, is gone, and executions that were running are FAILED.
func (e *Engine) Restart(ctx context.Context) (*Engine, error) {
	if !e.options.Keeps {
		return nil, errors.New("restarting the local engine: options: Keeps is false, expected true")
	}
	e.grace = keepWithin
	e.Stop()
	options := e.options
	options.goesOn = true
	return Start(ctx, options)
}

// URL is where the engine answers, without a slash at the end.
func (e *Engine) URL() string { return e.url }

// LogFile is where the engine logs to.
func (e *Engine) LogFile() string { return filepath.Join(e.options.Dir, "engine.log") }

// Done is closed when the engine has ended, whether stopped or by itself; see Err.
func (e *Engine) Done() <-chan struct{} { return e.done }

// Err tells why the engine ended by itself, with the last lines of its log; nil while
// it runs, and after Stop.
func (e *Engine) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// freePort returns wanted if it is free on loopback; for 0, any port that is.
func freePort(wanted int) (int, error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort(loopback, strconv.Itoa(wanted)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return 0, fmt.Errorf("port %d: %w by another process", wanted, errPortTaken)
	}
	if err != nil {
		return 0, fmt.Errorf("choosing a port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
