package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// patience is how long a program may take for all its invocations.
const patience = 30 * time.Second

// Program is a Lambda function's program, and how it is started.
type Program struct {
	Command []string
	Dir     string
	// Env is added to what every function's environment has.
	Env []string
}

// Sample is one process, from its start to its last invocation.
type Sample struct {
	// Init is from the start of the process to its asking for the first invocation.
	Init time.Duration
	// First and Warm are invocations as the runtime's API sees them: from handing one out
	// to the answer. Warm is the median of those after the first.
	First, Warm time.Duration
	// Peak is the most memory that the process held, in bytes; 0 where that is not known.
	Peak int64
	// Answer is what the first invocation returned.
	Answer []byte
}

// Measure starts the program as Lambda does, hands it the event once and then warm
// times more, and stops it. An invocation that fails is an error, as a figure of it would
// say nothing: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
func Measure(ctx context.Context, p Program, event []byte, warm int) (Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	api := &runtimeAPI{event: event, want: 1 + warm, done: make(chan struct{})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Sample{}, fmt.Errorf("listening for the function: %w", err)
	}
	server := &http.Server{Handler: api, ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()

	var said bytes.Buffer
	command := exec.CommandContext(ctx, p.Command[0], p.Command[1:]...)
	command.Dir = p.Dir
	command.Env = append(slices.Clone(p.Env), "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"),
		"AWS_LAMBDA_RUNTIME_API="+listener.Addr().String(), "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_LAMBDA_FUNCTION_NAME=bench",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "AWS_LAMBDA_FUNCTION_VERSION=1", "_HANDLER=bootstrap")
	command.Stdout, command.Stderr = &said, &said
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	began := time.Now()
	if err := command.Start(); err != nil {
		return Sample{}, fmt.Errorf("starting %s: %w", p.Command[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case <-api.done:
	case err := <-ended:
		return Sample{}, fmt.Errorf("%s ended by itself (%w): %s", p.Command[0], errors.Join(err, ctx.Err()), lastLine(said.Bytes()))
	}
	peak := peakOf(command.Process.Pid)
	cancel()
	<-ended
	if failed := api.failed; failed != "" {
		return Sample{}, fmt.Errorf("%s failed: %s", strings.Join(p.Command, " "), failed)
	}
	return api.sample(began, peak), nil
}

func lastLine(text []byte) string {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(lines[len(lines)-1])
}

// peakOf is the most memory that the process has held; 0 where the system does not say.
func peakOf(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// runtimeAPI is Lambda's side of a function.
type runtimeAPI struct {
	event []byte
	want  int
	done  chan struct{} // closed when the function has asked for more than there is

	mu       sync.Mutex
	handed   []time.Time
	answered []time.Time
	first    []byte
	failed   string
}

// ServeHTTP hands out the event, and takes what the function makes of it.
func (a *runtimeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	if r.Method == http.MethodGet {
		a.mu.Lock()
		a.handed = append(a.handed, at)
		n := len(a.handed)
		a.mu.Unlock()
		if n > a.want {
			if n == a.want+1 {
				close(a.done)
			}
			<-r.Context().Done() // there is no other invocation
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", strconv.Itoa(n))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(at.Add(patience).UnixMilli(), 10))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:123456789012:function:bench")
		_, _ = w.Write(a.event)
		return
	}
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answered = append(a.answered, at)
	if strings.HasSuffix(r.URL.Path, "/error") && a.failed == "" {
		a.failed = string(body)
	}
	if a.first == nil {
		a.first = body
	}
	w.WriteHeader(http.StatusAccepted)
}

func (a *runtimeAPI) sample(began time.Time, peak int64) Sample {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := Sample{Init: a.handed[0].Sub(began), First: a.answered[0].Sub(a.handed[0]), Peak: peak, Answer: a.first}
	var warm []time.Duration
	for i := 1; i < len(a.answered); i++ {
		warm = append(warm, a.answered[i].Sub(a.handed[i]))
	}
	s.Warm = median(warm)
	return s
}

// median is 0 of nothing.
func median[T time.Duration | int64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
