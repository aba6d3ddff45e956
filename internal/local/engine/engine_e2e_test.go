//go:build e2e

package engine

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"fanfare/internal/local/tools"
)

// python returns a Python with the engine, from the project's own folder of tools or
// the one that FANFARE_TOOLS names.
func python(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FANFARE_TOOLS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "build", "tools")
	}
	path, err := tools.EnsurePython(t.Context(), dir, func(line string) { t.Log(line) })
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func realOptions(t *testing.T) Options {
	t.Helper()
	return Options{Python: python(t), Account: "111122223333", Region: "eu-west-1", Dir: t.TempDir(), Auth: true}
}

func startReal(t *testing.T, options Options) *Engine {
	t.Helper()
	e, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

func TestRealStartAndStop(t *testing.T) {
	options := realOptions(t)
	began := time.Now()
	e := startReal(t, options)
	took := time.Since(began)
	t.Logf("ready after %v", took.Round(time.Millisecond))
	if took > 15*time.Second {
		t.Errorf("the start took %v", took)
	}
	onlyOnLoopback(t, e)
	began = time.Now()
	e.Stop()
	t.Logf("stopped after %v", time.Since(began).Round(time.Millisecond))
	if err := e.Err(); err != nil {
		t.Errorf("a stopped engine has the error %v", err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(e.URL(), "http://")); err == nil {
		t.Error("a stopped engine answers")
	}
}

func onlyOnLoopback(t *testing.T, e *Engine) {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		network, ok := address.(*net.IPNet)
		if !ok || network.IP.IsLoopback() || network.IP.IsLinkLocalUnicast() {
			continue
		}
		if c, err := net.DialTimeout("tcp", net.JoinHostPort(network.IP.String(), strconv.Itoa(e.options.Port)), time.Second); err == nil {
			c.Close()
			t.Errorf("the engine answers on %s", network.IP)
		}
	}
}

func TestRealCrash(t *testing.T) {
	e := startReal(t, realOptions(t))
	if err := e.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-e.Done()
	if err := e.Err(); err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("got %v", err)
	}
}

// TestRealOwnerKilled sees that the engine goes when its owner is killed in a way that
// leaves it no time to do anything about it.
func TestRealOwnerKilled(t *testing.T) {
	if os.Getenv("FANFARE_OWNER") != "" {
		e, err := Start(t.Context(), realOptions(t))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("PID %d\n", e.cmd.Process.Pid)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	owner := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRealOwnerKilled$")
	owner.Env = append(os.Environ(), "FANFARE_OWNER=1")
	output, err := owner.Output()
	if err == nil || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("the owner ended with %v: %s", err, output)
	}
	_, after, _ := strings.Cut(string(output), "PID ")
	pid, err := strconv.Atoi(strings.TrimSpace(after))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	within(t, 15*time.Second, func() bool { return syscall.Kill(-pid, 0) == syscall.ESRCH })
	t.Logf("gone after %v", time.Since(began).Round(time.Millisecond))
}

// within waits until done says so, or fails.
func within(t *testing.T, limit time.Duration, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within %v", limit)
		case <-ticker.C:
		}
	}
}

// TestRealPortTaken sees that a port that is asked for by number is not given up for another.
func TestRealPortTaken(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	options := realOptions(t)
	options.Port = listener.Addr().(*net.TCPAddr).Port
	if _, err := Start(t.Context(), options); err == nil || !strings.Contains(err.Error(), "taken by another process") {
		t.Errorf("got %v", err)
	}
}

// TestRealRestart: a restarted engine holds what it held.
func TestRealRestart(t *testing.T) {
	options := realOptions(t)
	options.Keeps = true
	first := startReal(t, options)
	queue, err := sqs.NewFromConfig(first.Config()).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("kept")})
	if err != nil {
		t.Fatal(err)
	}
	send := &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("kept")}
	if _, err := sqs.NewFromConfig(first.Config()).SendMessage(t.Context(), send); err != nil {
		t.Fatal(err)
	}
	second, err := first.Restart(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Stop)
	messages, err := second.QueueMessages(t.Context(), *queue.QueueUrl)
	if err != nil || len(messages) != 1 || messages[0].Body != "kept" {
		t.Errorf("the queue holds %+v, %v", messages, err)
	}
}
