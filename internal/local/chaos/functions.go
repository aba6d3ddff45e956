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

// workers are the processes that run a function of this world: the engine starts one for
// each invocation at the same time, and keeps it for the next.
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
		if slices.Contains(fields, "AWS_LAMBDA_FUNCTION_NAME=fanfare-"+function) && slices.Contains(fields, "AWS_ENDPOINT_URL="+s.world.Endpoint) {
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
			s.killed[p.Name]++
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
		if err := s.play(ctx, p); err != nil {
			return fmt.Errorf("%s: %w", p.Row, err)
		}
		s.progress()
	}
	return nil
}

// stopAfter is how long the plays are under way when the engine stops.
const stopAfter = 1200 * time.Millisecond

// restart stops the engine once so many plays are under way, and starts it again.
func (s *stage) restart(ctx context.Context, under int, underWay <-chan struct{}) error {
	for range under {
		select {
		case <-underWay:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err := pause(ctx, stopAfter); err != nil {
		return err
	}
	s.say("stopping the engine in the middle of everything")
	s.up.Lock()
	defer s.up.Unlock()
	if err := s.world.RestartEngine(ctx); err != nil {
		return err
	}
	s.say("the engine runs again")
	return s.world.SetWaitScale(ctx, waitScale)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
