package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	e := startFake(t, "good")
	if !strings.HasPrefix(e.URL(), "http://127.0.0.1:") {
		t.Errorf("URL is %s", e.URL())
	}
	select {
	case <-e.Done():
		t.Fatalf("ended by itself: %v", e.Err())
	default:
	}
	if err := e.Err(); err != nil {
		t.Errorf("a running engine has the error %v", err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(e.Stop)
	}
	wg.Wait()
	<-e.Done()
	if err := e.Err(); err != nil {
		t.Errorf("a stopped engine has the error %v", err)
	}
}

func TestStubbornEngineIsKilled(t *testing.T) {
	t.Parallel()
	e := startFake(t, "stubborn")
	e.grace = 10 * time.Millisecond
	e.Stop()
	if status := e.cmd.ProcessState.String(); status != "signal: killed" {
		t.Errorf("it ended with %s", status)
	}
}

func TestCrash(t *testing.T) {
	t.Parallel()
	e := startFake(t, "good")
	if err := e.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-e.Done()
	if err := e.Err(); err == nil || !strings.Contains(err.Error(), "the local engine is gone (signal: killed)") {
		t.Errorf("got %v", err)
	}
	e.Stop()
}

// TestOwnerPipe sees that the engine's standard input stays open while it runs, and
// that its end is noticed.
func TestOwnerPipe(t *testing.T) {
	t.Parallel()
	e := startFake(t, "good")
	if err := e.owner.Close(); err != nil {
		t.Fatal(err)
	}
	<-e.Done()
	if err := e.Err(); err == nil || !strings.Contains(err.Error(), "ended with status 0") || !strings.Contains(err.Error(), "the owner is gone") {
		t.Errorf("got %v", err)
	}
}

// TestChildrenGoToo sees that what an engine leaves running when it crashes is killed:
// the end of the pipe that the child holds is closed.
func TestChildrenGoToo(t *testing.T) {
	t.Parallel()
	options := fakeOptions(t, "leaves a child")
	fifo := filepath.Join(options.Dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	pipe, err := os.Open(fifo) // returns once the child has it open
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if err := e.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(pipe); err != nil {
		t.Fatal(err)
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode string
		want []string
	}{
		"the launcher refuses": {"refuse", []string{"starting the local engine", "exit status 3", "engine.log:\nfanfare: the launcher does not fit"}},
		"another answers":      {"another", []string{"the port is taken by another engine"}},
		"no port can be had":   {"always taken", []string{"port ", "the port is taken", "Address already in use"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Start(t.Context(), fakeOptions(t, c.mode))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func TestStartWithoutPython(t *testing.T) {
	t.Parallel()
	options := fakeOptions(t, "good")
	options.Python = "/nowhere/python"
	if _, err := Start(t.Context(), options); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestStartIsCancelled sees that an engine whose start is given up is ended, and that
// the error says what it was doing.
func TestStartIsCancelled(t *testing.T) {
	t.Parallel()
	options := fakeOptions(t, "unready")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, options)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "engine.log") {
		t.Errorf("got %v", err)
	}
}

func TestAnotherPortIsTried(t *testing.T) {
	t.Parallel()
	startFake(t, "taken once")
}

func TestPortTaken(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	options := fakeOptions(t, "good")
	options.Port = listener.Addr().(*net.TCPAddr).Port
	_, err = Start(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d: the port is taken by another process", options.Port)) {
		t.Errorf("got %v", err)
	}
}

func TestGivenPort(t *testing.T) {
	t.Parallel()
	options := fakeOptions(t, "good")
	port, err := freePort(0)
	if err != nil {
		t.Fatal(err)
	}
	options.Port = port
	e, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	if want := "http://127.0.0.1:" + strconv.Itoa(port); e.URL() != want {
		t.Errorf("URL is %s, want %s", e.URL(), want)
	}
	response, err := http.Get(e.URL() + "/_ministack/ready")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}

// TestLeftOvers sees that scratch files of an earlier engine are gone, and its log too.
func TestLeftOvers(t *testing.T) {
	t.Parallel()
	options := fakeOptions(t, "good")
	old := filepath.Join(options.Dir, "tmp", "old")
	if err := os.MkdirAll(old, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(options.Dir, "engine.log"), []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	if tail := e.logTail(); tail != "(it logged nothing)" {
		t.Errorf("the log has %q", tail)
	}
}
