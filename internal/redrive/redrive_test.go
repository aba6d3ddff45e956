package redrive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"fanfare/internal/deployment"
)

var (
	tell    = deployment.Decision{Decision: deployment.Deliver, Reason: deployment.ProductionFailure}
	quiet   = deployment.Decision{Decision: deployment.Suppress, Reason: deployment.LateEvent}
	nowSent = deployment.Delivery{Outcome: deployment.Sent, SentAt: noon.Add(time.Second), Attempts: 1}
	before  = deployment.Delivery{Outcome: deployment.Sent, SentAt: noon.Add(-time.Minute), Attempts: 1}
	dead    = deployment.Delivery{Outcome: deployment.DeadLettered, Reason: "Unreachable", Detail: `{"errorMessage":"not_in_channel"}`}
	all     = deployment.Plan{"slack": tell, "pagerduty": tell, "sns": quiet}
)

func succeeds(output string) fate {
	return fate{after: 3 * time.Second, status: sfntypes.ExecutionStatusSucceeded, output: output}
}

func endsIncomplete(history string) fate {
	return fate{after: time.Second, status: sfntypes.ExecutionStatusFailed, error: "DeliveryIncomplete", history: history}
}

// line is an item in one line.
func line(i Item) string {
	s := string(i.Outcome)
	if i.Kept {
		s += " kept"
	}
	for _, c := range i.Channels {
		s += fmt.Sprintf(", %s %s", c.Name, c.Outcome)
		if c.Reason != "" {
			s += " (" + c.Reason + ")"
		}
	}
	if i.Reason != "" {
		s += ": " + i.Reason
	}
	return s
}

func duplicateOf(holder string) fate {
	return succeeds(`{"deployment":{"event":"e1"},"claim":{"outcome":"duplicate","holder":"` + execution + holder + `"}}`)
}

// TestOutcomes has one event in a queue, and what becomes of it.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	delivered := docOf("e1", all, map[string]deployment.Delivery{"slack": before, "pagerduty": nowSent, "sns": {Outcome: deployment.None}})
	holder := func(status sfntypes.ExecutionStatus) func(*world) {
		return func(w *world) {
			w.died("other", "e1")
			w.executions["other"].Status = status
		}
	}
	tests := []struct {
		name    string
		fate    fate
		before  func(*world)
		want    string
		left    string // in the queue of deliveries
		started int
	}{
		{"what was missing is told", succeeds(delivered), nil, "done, pagerduty now, slack earlier, sns not_told", "", 1},
		{"it is nothing to tell any more", succeeds(docOf("e1", deployment.Plan{"slack": tell, "sns": quiet}, map[string]deployment.Delivery{"slack": {Outcome: deployment.None, Reason: "a later state is shown"}})), nil,
			"done, slack not_told (a later state is shown), sns not_told", "", 1},
		{"a channel is still unreachable", endsIncomplete(docOf("e1", all, map[string]deployment.Delivery{"slack": dead, "pagerduty": nowSent})), nil,
			"incomplete, pagerduty now, slack again (Unreachable: not_in_channel), sns not_told", "", 1},
		{"not even the queue took it", endsIncomplete(docOf("e1", all, map[string]deployment.Delivery{"slack": {Outcome: deployment.Stranded, Reason: "Transient"}, "pagerduty": nowSent})), nil,
			"incomplete kept, pagerduty now, slack lost (Transient), sns not_told: not even the queue took it anew for slack", "dead-slack", 1},
		{"nobody knows what became of a channel", endsIncomplete(docOf("e1", all, map[string]deployment.Delivery{"pagerduty": nowSent})), nil,
			"incomplete kept, pagerduty now, slack lost, sns not_told: not even the queue took it anew for slack", "dead-slack", 1},
		{"incomplete, and the history says nothing", endsIncomplete("{}"), nil,
			"incomplete kept: a channel could not be told, and it cannot be read which: its history does not say", "dead-slack", 1},
		{"incomplete, and the history cannot be read", endsIncomplete(delivered), func(w *world) { w.fail["GetExecutionHistory"] = errDown },
			"incomplete kept: a channel could not be told, and it cannot be read which: reading its history: connection refused", "dead-slack", 1},
		{"the new execution fails", fate{status: sfntypes.ExecutionStatusFailed, error: "Permanent", cause: `{"errorMessage":"route: no such channel","errorType":"Permanent"}`}, nil,
			"failed kept: its new execution failed: Permanent: route: no such channel", "dead-slack", 1},
		{"the new execution is aborted", fate{status: sfntypes.ExecutionStatusAborted}, nil, "failed kept: its new execution ended as ABORTED", "dead-slack", 1},
		{"the new execution waits for half an hour", fate{after: 30 * time.Minute}, nil,
			"under_way kept: its new execution is still under way, as one that waits for its turn or for a vendor is", "dead-slack", 1},
		{"what it did cannot be read", succeeds("[]"), nil, "failed kept: its new execution succeeded, but what it did cannot be read", "dead-slack", 1},
		{"another told it meanwhile", duplicateOf("other"), holder(sfntypes.ExecutionStatusSucceeded), "meanwhile", "", 1},
		{"another tells it", duplicateOf("other"), holder(sfntypes.ExecutionStatusRunning), "under_way kept: another execution is telling it", "dead-slack", 1},
		{"another had it, and failed", duplicateOf("other"), holder(sfntypes.ExecutionStatusFailed), "failed kept: another execution had it, and ended as FAILED", "dead-slack", 1},
		{"another has it that nobody knows", duplicateOf("other"), nil,
			"under_way kept: another execution has it, which could not be asked how it ended: ExecutionDoesNotExist:", "dead-slack", 1},
		{"the execution that queued it is under way", succeeds(delivered), func(w *world) { w.executions["dead"].Status = sfntypes.ExecutionStatusRunning },
			"under_way kept: the execution that queued it is still under way", "dead-slack", 0},
		{"and waits to be redriven", succeeds(delivered), func(w *world) { w.executions["dead"].Status = sfntypes.ExecutionStatusPendingRedrive },
			"under_way kept: the execution that queued it is still under way", "dead-slack", 0},
		{"the execution that queued it is forgotten", succeeds(delivered), func(w *world) { delete(w.executions, "dead") },
			"not_started kept: Step Functions no longer knows the execution that had it, nor its event", "dead-slack", 0},
		{"the execution that queued it cannot be asked", succeeds(delivered), func(w *world) { w.fail["DescribeExecution"] = errDown },
			"not_started kept: the execution that had it could not be asked for the event: connection refused", "dead-slack", 0},
		{"no execution can be started", succeeds(delivered), func(w *world) { w.fail["StartExecution"] = errDown },
			"not_started kept: no execution could be started: connection refused", "dead-slack", 0},
		{"it cannot be deleted", succeeds(delivered), func(w *world) { w.fail["DeleteMessage"] = errDown },
			"done kept, pagerduty now, slack earlier, sns not_told: its message could not be taken out of the queue: deleting the message dead-slack: connection refused", "dead-slack", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.died("dead", "e1", "slack")
			w.fates["e1"] = test.fate
			if test.before != nil {
				test.before(w)
			}
			got, err := w.redriver().Redrive(t.Context(), Input{})
			if err != nil || len(got.Items) != 1 {
				t.Fatalf("got %+v, %v", got, err)
			}
			if l := line(got.Items[0]); l != test.want || w.ids("deliveries") != test.left || len(w.started) != test.started {
				t.Errorf("got %s, %d started, left %q\nwant %s, %d, %q", l, len(w.started), w.ids("deliveries"), test.want, test.started, test.left)
			}
			again := strings.Count(test.want, " again")
			if want := len(strings.Fields(test.left)) + again; got.Left.Deliveries != want || got.More || !got.Before.Equal(noon) {
				t.Errorf("left %+v, more %t, before %s", got.Left, got.More, got.Before)
			}
		})
	}
}

// TestOneExecution: all that is queued of an event is told by one execution.
func TestOneExecution(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.died("dead", "e1", "slack", "pagerduty")
	w.died("dead-too", "e1", "slack")
	w.put("events", "ev", eventOf("e1"), map[string]string{"ERROR_CODE": "THROTTLING", "ERROR_MESSAGE": "Rate exceeded"})
	w.fates["e1"] = succeeds(docOf("e1", all, map[string]deployment.Delivery{"slack": nowSent, "pagerduty": nowSent}))
	got, err := w.redriver().Redrive(t.Context(), Input{})
	if err != nil || len(got.Items) != 1 || len(w.started) != 1 || w.ids("deliveries")+w.ids("events") != "" {
		t.Fatalf("got %+v, %v; started %d, left %s", got, err, len(w.started), w.ids("deliveries"))
	}
	item := got.Items[0]
	if item.Service != "checkout" || item.Environment != "production" || item.Status != deployment.Failed || item.Execution != execution+*w.started[0].Name || len(item.Messages) != 4 {
		t.Errorf("got %+v", item)
	}
	if m := item.Messages[0]; m != (Message{Queue: Events, ID: "ev", Why: "THROTTLING: Rate exceeded", SentAt: noon.Add(-time.Hour)}) {
		t.Errorf("the event's message: %+v", m)
	}
	if m := item.Messages[1]; m.Channel != "slack" || m.Why != "Unreachable: slack: channel_not_found" {
		t.Errorf("the delivery's message: %+v", m)
	}
	if *w.started[0].Input != eventOf("e1") || len(*w.started[0].Name) > 80 || !strings.HasPrefix(*w.started[0].Name, "redrive-e1-") {
		t.Errorf("started %s with %s", *w.started[0].Name, *w.started[0].Input)
	}
}

// TestCrash: a function that is stopped anywhere has lost nothing, and the next one sees
// to what it began.
func TestCrash(t *testing.T) {
	t.Parallel()
	complete := newWorld(t)
	play := func(w *world, at int) {
		w.died("dead", "e1", "slack", "pagerduty")
		w.put("events", "ev", eventOf("e22"), nil)
		for _, event := range []string{"e1", "e22"} {
			w.fates[event] = succeeds(docOf(event, all, map[string]deployment.Delivery{"slack": nowSent, "pagerduty": nowSent}))
		}
		r := w.redriver()
		stopping := &stopped{world: w, at: at}
		r.SQS, r.SFN = stopping, stopping
		func() {
			defer func() { _ = recover() }()
			_, _ = r.Redrive(context.Background(), Input{})
		}()
	}
	play(complete, 1000)
	for at := range len(complete.calls) {
		w := newWorld(t)
		play(w, at)
		for _, event := range []string{"e1", "e22"} { // told by what was begun
			ended := slices.ContainsFunc(w.started, func(in *startInput) bool { return strings.Contains(*in.Input, `"`+event+`"`) })
			if ended {
				w.died("winner-"+event, event)
				w.executions["winner-"+event].Status = sfntypes.ExecutionStatusSucceeded
				w.fates[event] = succeeds(`{"deployment":{"event":"x"},"claim":{"outcome":"duplicate","holder":"` + execution + "winner-" + event + `"}}`)
			}
		}
		started := len(w.started)
		if in := len(w.queue["deliveries"]) + len(w.queue["events"]); in < 3 && started < 2 {
			t.Fatalf("stopped at call %d: %d messages, %d started", at, in, started)
		}
		w.now = w.now.Add(time.Hour)
		if _, err := w.redriver().Redrive(t.Context(), Input{}); err != nil {
			t.Fatal(err)
		}
		if left := w.ids("deliveries") + w.ids("events"); left != "" || len(w.started) < 2 {
			t.Errorf("stopped at call %d: left %s", at, left)
		}
	}
}

// TestTwoAtOnce: what one has taken, another does not see.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.died("dead", "e1", "slack")
	w.fates["e1"] = succeeds(docOf("e1", all, map[string]deployment.Delivery{"slack": nowSent, "pagerduty": before}))
	r := w.redriver()
	var other Result
	r.Sleep = func(ctx context.Context, d time.Duration) {
		if other.Before.IsZero() {
			other, _ = w.redriver().Redrive(ctx, Input{})
		}
		w.now = w.now.Add(d)
	}
	got, err := r.Redrive(t.Context(), Input{})
	if err != nil || len(got.Items) != 1 || len(other.Items) != 0 || len(w.started) != 1 || other.Left.Deliveries != 1 || got.Left.Deliveries != 0 {
		t.Errorf("got %+v, %v; the other %+v", got, err, other)
	}
}

// TestBatches: many are told in batches, the oldest first, each once; what is queued anew
// waits for the next redrive.
func TestBatches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := 1; i <= 25; i++ {
		id := strings.Repeat("e", i)
		w.died("dead-"+id, id, "slack")
		w.fates[id] = succeeds(docOf(id, all, map[string]deployment.Delivery{"slack": nowSent, "pagerduty": before}))
		if i%5 == 0 {
			w.fates[id] = fate{status: sfntypes.ExecutionStatusAborted}
		}
	}
	in, total := Input{}, 0
	for round := 1; ; round++ {
		got, err := w.redriver().Redrive(t.Context(), in)
		if err != nil || len(got.Items) > Batch {
			t.Fatalf("got %+v, %v", got, err)
		}
		if round == 1 && got.Items[0].Event != strings.Repeat("e", 25) {
			t.Errorf("the first is %s", got.Items[0].Event)
		}
		total += len(got.Items)
		in.Before = got.Before
		for _, item := range got.Items {
			for _, m := range item.Messages {
				if item.Kept {
					in.Skip = append(in.Skip, m.ID)
				}
			}
		}
		w.put("deliveries", fmt.Sprintf("newer-%d", round), letterOf("dead-e", "e", "slack"), nil)
		w.queue["deliveries"][len(w.queue["deliveries"])-1].message.Attributes["SentTimestamp"] = fmt.Sprint(w.now.UnixMilli())
		if !got.More {
			if round != 3 || total != 25 || len(w.started) != 25 || got.Left.Deliveries != 5+2 {
				t.Errorf("after %d rounds: %d items, %d started, left %+v", round, total, len(w.started), got.Left)
			}
			return
		}
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.died("dead", "e1", "slack", "pagerduty")
	w.put("events", "ev", eventOf("e22"), nil)
	w.put("events", "odd", "not an event", nil)
	got, err := w.redriver().Redrive(t.Context(), Input{DryRun: true})
	var lines []string
	for _, item := range got.Items {
		lines = append(lines, line(item))
	}
	if err != nil || len(lines) != 3 || !strings.HasPrefix(lines[0], "malformed kept: ") || lines[1] != "waits kept" || lines[2] != "waits kept" {
		t.Errorf("got %s, %v", strings.Join(lines, "\n"), err)
	}
	if w.ids("deliveries") != "dead-slack dead-pagerduty" || w.ids("events") != "ev odd" || len(w.started) > 0 || got.Left != (Left{2, 2}) {
		t.Errorf("something was done: %+v", got.Left)
	}
}

// TestDeadline: the function stops waiting while there is time to tidy up.
func TestDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = time.Now()
	w.died("dead", "e1", "slack")
	w.fates["e1"] = fate{after: time.Hour}
	ctx, cancel := context.WithDeadline(t.Context(), w.now.Add(time.Minute))
	defer cancel()
	began := w.now
	got, err := w.redriver().Redrive(ctx, Input{})
	if took := w.now.Sub(began); err != nil || len(got.Items) != 1 || got.Items[0].Outcome != UnderWay || took > time.Minute-margin || took < 20*time.Second {
		t.Errorf("after %s: %+v, %v", took, got, err)
	}
}

func TestQueuesOutOfOrder(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		"ReceiveMessage events":     "reading the queue of events: ",
		"ReceiveMessage deliveries": "reading the queue of deliveries: ",
		"GetQueueAttributes":        "counting the queue of events: ",
	} {
		w := newWorld(t)
		w.died("dead", "e1", "slack")
		w.fail[call] = errDown
		_, err := w.redriver().Redrive(t.Context(), Input{})
		if !errors.Is(err, errDown) || !strings.HasPrefix(err.Error(), want) || len(w.started) > 0 || w.ids("deliveries") != "dead-slack" {
			t.Errorf("%s: %v", call, err)
		}
	}
	w := newWorld(t)
	w.fail["ChangeMessageVisibility"] = errDown
	w.put("events", "odd", "{}", nil)
	if got, err := w.redriver().Redrive(t.Context(), Input{}); err != nil || len(got.Items) != 1 {
		t.Errorf("a message that cannot be released: %+v, %v", got, err)
	}
}
