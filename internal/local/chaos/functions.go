package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/local/edge"
)

// workers are the processes that run a function of this world, or all when it has no name:
// the engine starts one for each invocation at the same time, and keeps it for the next.
func (s *stage) workers(ctx context.Context, function string) ([]int, error) {
	environment := "e"
	if runtime.GOOS == "darwin" {
		environment = "E"
	}
	list, err := exec.CommandContext(ctx, "ps", "axww"+environment, "-o", "pid=,command=").Output()
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	var pids []int
	for line := range bytes.Lines(list) {
		fields := strings.Fields(string(line))
		named := slices.ContainsFunc(fields, func(field string) bool {
			name, ok := strings.CutPrefix(field, "AWS_LAMBDA_FUNCTION_NAME=fanfare-")
			return ok && (function == "" || function == name)
		})
		if named && slices.Contains(fields, "AWS_ENDPOINT_URL="+s.world.Endpoint) {
			if pid, err := strconv.Atoi(fields[0]); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

const (
	// called is how long the function may take to be called, and inHand how long it then
	// has the event in its hands before it dies.
	called = 30 * time.Second
	inHand = 100 * time.Millisecond
)

// putAndKill stops the function's processes, puts the event, and kills them once one of
// them has been called with it. Nothing else is played meanwhile.
func (s *stage) putAndKill(ctx context.Context, p Play, event edge.Event) error {
	pids, err := s.workers(ctx, p.Kill)
	if err != nil {
		return err
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have gone by itself
	}
	err = s.put(ctx, event)
	if err == nil && len(pids) > 0 {
		var isCalled bool
		if isCalled, err = s.isCalled(ctx, event.ID, p.Kill); isCalled {
			s.mu.Lock()
			s.byHand[p.Name]++
			s.mu.Unlock()
		}
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return err
}

// isCalled waits until the event's execution calls the function, or ends without it.
func (s *stage) isCalled(ctx context.Context, event, function string) (bool, error) {
	client := sfn.NewFromConfig(s.direct())
	for deadline := time.Now().Add(called); time.Now().Before(deadline); {
		if err := pause(ctx, inHand); err != nil {
			return false, err
		}
		running := false
		for _, x := range s.follow.of(event) {
			out, err := client.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{ExecutionArn: &x.arn, MaxResults: 1000, IncludeExecutionData: aws.Bool(false)})
			if err != nil {
				return false, fmt.Errorf("reading an execution's history: %w", err)
			}
			for _, event := range out.Events {
				if scheduled := event.TaskScheduledEventDetails; scheduled != nil && strings.HasSuffix(aws.ToString(scheduled.Resource), ":fanfare-"+function) {
					return true, pause(ctx, inHand)
				}
			}
			running = running || x.running()
		}
		if len(s.follow.of(event)) > 0 && !running {
			return false, nil
		}
	}
	return false, nil
}

// oneByOne performs plays beside which nothing else may be played.
func (s *stage) oneByOne(ctx context.Context, plays []Play) error {
	for _, p := range plays {
		if err := s.within(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.Row, err)
		}
	}
	return nil
}

// enough is how many executions run when the engine is stopped, and busyWithin how long
// that may take to come about.
const (
	enough     = 4
	busyWithin = 10 * time.Second
)

// busy waits until enough executions run.
func (s *stage) busy(ctx context.Context) error {
	for deadline := time.Now().Add(busyWithin); time.Now().Before(deadline); {
		running := 0
		for _, x := range s.follow.of("") {
			if x.running() {
				running++
			}
		}
		if running >= enough {
			return nil
		}
		if err := pause(ctx, inHand); err != nil {
			return err
		}
	}
	return nil
}

// underWay stops the engine while the plays are under way, and starts it again. What the
// functions do ends at the same moment: they do not outlive what the ledger remembers.
func (s *stage) underWay(ctx context.Context, plays []Play) error {
	if len(plays) == 0 {
		return nil
	}
	return together(ctx,
		func(ctx context.Context) error { return s.sideBySide(ctx, plays, len(plays)) },
		func(ctx context.Context) error {
			if err := s.busy(ctx); err != nil {
				return err
			}
			s.say("stopping the engine in the middle of everything")
			pids, err := s.workers(ctx, "")
			if err != nil {
				return err
			}
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGSTOP) // it may have gone by itself
			}
			if err := s.world.RestartEngine(ctx); err != nil {
				return err
			}
			s.say("the engine runs again")
			return s.world.SetWaitScale(ctx, waitScale)
		})
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
