//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"net/url"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/local/fault"
	"fanfare/internal/local/standin"
)

// workers are the processes that run a function of this world. The engine starts one for
// each invocation at the same time, and keeps it for the next; those of another world on
// this machine have another endpoint.
func workers(t *testing.T, function string) []int {
	t.Helper()
	environment := "e"
	if runtime.GOOS == "darwin" {
		environment = "E"
	}
	list, err := exec.CommandContext(t.Context(), "ps", "axww"+environment, "-o", "pid=,command=").Output()
	if err != nil {
		t.Fatalf("listing processes: %v", err)
	}
	var pids []int
	for line := range bytes.Lines(list) {
		fields := strings.Fields(string(line))
		if slices.Contains(fields, "AWS_LAMBDA_FUNCTION_NAME=fanfare-"+function) && slices.Contains(fields, "AWS_ENDPOINT_URL="+w.Endpoint) {
			pid, err := strconv.Atoi(fields[0])
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

// signal sends the signal to all processes of the function; there is at least one.
func signal(t *testing.T, function string, s syscall.Signal) {
	t.Helper()
	pids := workers(t, function)
	if len(pids) == 0 {
		t.Errorf("no process runs %s", function)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil {
			t.Errorf("sending %v to %s: %v", s, function, err)
		}
	}
}

// anew makes the next invocation of the function a cold one, which knows no secret yet.
func anew(function string) func(*testing.T) {
	return func(t *testing.T) {
		for _, pid := range workers(t, function) {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have gone by itself
		}
	}
}

// killedAtItsCall kills the function while somebody delays the answer to its call: once
// the only fault that is set has been taken.
func killedAtItsCall(function string) func(*testing.T, string) {
	return func(t *testing.T, _ string) {
		taken := await(t, func() bool {
			var left []fault.Fault
			control(t, "GET", "/faults", nil, &left)
			return len(left) == 0
		})
		if !taken {
			t.Errorf("%s has not made its call", function)
		}
		signal(t, function, syscall.SIGKILL)
	}
}

// stopped keeps the function from doing anything with the invocation that it gets next.
func stopped(function string) func(*testing.T) {
	return func(t *testing.T) { signal(t, function, syscall.SIGSTOP) }
}

// killedWhenPaged kills a function that was stopped once PagerDuty's branch, which is
// walked at the same time as its own, has come to its end.
func killedWhenPaged(function string) func(*testing.T, string) {
	return func(t *testing.T, event string) {
		paged := await(t, func() bool {
			var received []standin.Request
			control(t, "GET", "/requests?vendor=pagerduty&event="+url.QueryEscape(event), nil, &received)
			return len(received) > 0
		})
		if !paged {
			t.Errorf("PagerDuty is not told while %s hangs", function)
		}
		signal(t, function, syscall.SIGKILL)
	}
}

// await tells whether it came to be so within some seconds.
func await(t *testing.T, so func() bool) bool {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); {
		if so() {
			return true
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-t.Context().Done():
			return false
		}
	}
	return false
}

// refused makes every invocation of the function fail: it may run no times at once.
func refused(function string) func(*testing.T) {
	return func(t *testing.T) {
		client, name := lambda.NewFromConfig(w.Config()), aws.String("fanfare-"+function)
		if _, err := client.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := client.DeleteFunctionConcurrency(context.Background(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: name}); err != nil {
				t.Error(err)
			}
		})
	}
}

// wantDeath holds the execution's history against the one death of a function in it.
func wantDeath(t *testing.T, arn string) {
	t.Helper()
	deaths := 0
	pages := sfn.NewGetExecutionHistoryPaginator(sfn.NewFromConfig(w.Config()), &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(arn), MaxResults: 1000})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range page.Events {
			if failed := event.TaskFailedEventDetails; failed != nil && aws.ToString(failed.Error) == "Runtime.ExitError" {
				deaths++
			}
		}
	}
	if deaths != 1 {
		t.Errorf("the history knows of %d functions that died in mid-invocation, 1 expected", deaths)
	}
}
