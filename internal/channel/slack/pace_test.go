package slack

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

func TestPace(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for name, test := range map[string]struct {
		document, via string
		want          []channel.Lane
	}{
		"a failure":             {"failed", "bot", []channel.Lane{{Key: "slack:C0123456789", Cost: s, Burst: 3 * s, Urgent: true}}},
		"a beginning":           {"in_progress", "bot", nil},
		"an end":                {"succeeded", "bot", nil},
		"a webhook's failure":   {"failed", "webhook", []channel.Lane{{Key: "slack:C0123456789", Cost: s, Burst: 3 * s, Urgent: true}}},
		"a webhook's beginning": {"in_progress", "webhook", []channel.Lane{{Key: "slack:C0123456789", Cost: s, Burst: 3 * s}}},
	} {
		if got := Pace(channeltest.Documents()[test.document], accountAt(test.via)("")); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
	first := channeltest.Documents()["failed"]
	first.Claim = &deployment.Claim{StartedAt: first.Deployment.Time}
	want := []channel.Lane{{Key: "slack:C0123456789", Cost: 2 * s, Burst: 3 * s, Urgent: true}}
	if got := Pace(first, accountAt("bot")("")); !reflect.DeepEqual(got, want) {
		t.Errorf("a failure that is the first that is heard of it: %+v, want %+v", got, want)
	}
	if got := Pace(channeltest.Documents()["failed"], account.Account{}); got != nil {
		t.Errorf("without Slack: %+v", got)
	}
}

// lanes gives out slots in their order, and remembers what it was asked.
type lanes struct {
	slots   []time.Time
	ready   bool
	err     error
	asked   []string
	blocked time.Time
}

func (l *lanes) Reserve(_ context.Context, lane channel.Lane) (time.Time, error) {
	l.asked = append(l.asked, "reserve "+lane.Key)
	if l.err != nil {
		return time.Time{}, l.err
	}
	slot := l.slots[0]
	l.slots = l.slots[1:]
	return slot, nil
}

func (l *lanes) Ready(_ context.Context, lane channel.Lane) (bool, error) {
	l.asked = append(l.asked, "ready "+lane.Key)
	return l.ready, l.err
}

func (l *lanes) Block(_ context.Context, lane channel.Lane, until time.Time) error {
	l.asked, l.blocked = append(l.asked, "block "+lane.Key), until
	return l.err
}

// TestTurn waits for the slot that was noted, and takes another when it may not be used.
func TestTurn(t *testing.T) {
	t.Parallel()
	b := newBurst(t, 20, answerOf{body: posted})
	at := func(seconds int) time.Time { return b.now.Add(time.Duration(seconds) * time.Second) }
	taken := &lanes{slots: []time.Time{at(5), at(9), at(0)}}
	deps := depsAt("bot", b.v.URL, b.threads)
	deps.Now, deps.Lanes = b.clock, taken
	b.sender = NewSender(deps)
	beginning, end := b.of("in_progress", 1), b.of("succeeded", 1)
	for i, step := range []struct {
		dispatch channel.Dispatch
		pass     time.Duration
		ready    bool
		want     channel.Receipt
		asked    string
	}{
		{beginning, 0, false, channel.Receipt{Outcome: deployment.Wait, After: 5 * time.Second}, "reserve slack:C0123456789"},
		{beginning, time.Second, false, channel.Receipt{Outcome: deployment.Wait, After: 4 * time.Second}, ""},
		{beginning, 4 * time.Second, false, channel.Receipt{Outcome: deployment.Wait, After: 4 * time.Second}, "ready slack:C0123456789, reserve slack:C0123456789"},
		{beginning, 4 * time.Second, true, channel.Receipt{Outcome: deployment.Sent}, "ready slack:C0123456789"},
		{end, 0, true, channel.Receipt{Outcome: deployment.Sent}, "reserve slack:edit"},
	} {
		b.now = b.now.Add(step.pass)
		taken.ready, taken.asked = step.ready, nil
		receipt, err := b.send(step.dispatch)
		asked := ""
		for j, what := range taken.asked {
			if j > 0 {
				asked += ", "
			}
			asked += what
		}
		if err != nil || receipt.Outcome != step.want.Outcome || receipt.After != step.want.After || asked != step.asked {
			t.Errorf("step %d: %+v, %v after %q, want %+v after %q", i, receipt, err, asked, step.want, step.asked)
		}
	}
	if left := b.threads.Get(end.Document.Key()); !left.Slot.IsZero() || b.v.methods() != "chat.postMessage, chat.update" {
		t.Errorf("left is %+v after %s", left, b.v.methods())
	}
}

// TestTurnTrouble is out of turn without the ledger, urgent before everybody, and tells
// the others when Slack asks to wait.
func TestTurnTrouble(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		document string
		lanes    *lanes
		answer   answerOf
		class    string
		asked    int
	}{
		"no ledger": {"in_progress", &lanes{err: errors.New("away")}, answerOf{body: posted}, "<nil>", 1},
		"a failure": {"failed", &lanes{}, answerOf{body: posted}, "<nil>", 0},
		"too fast":  {"in_progress", &lanes{slots: []time.Time{{}}}, answerOf{status: 429, header: http.Header{"Retry-After": {"7"}}}, "RateLimited 7s", 2},
	} {
		now := time.Date(2026, 3, 14, 2, 7, 0, 0, time.UTC)
		deps := depsAt("bot", newVendor(t, test.answer).URL, &channeltest.Threads{})
		deps.Lanes, deps.Now = test.lanes, func() time.Time { return now }
		_, err := NewSender(deps).Send(context.Background(), dispatchOf(t, channeltest.Documents()[test.document], "bot"))
		if classOf(err) != test.class || len(test.lanes.asked) != test.asked {
			t.Errorf("%s: became %v after %q", name, err, test.lanes.asked)
		}
		if limited := test.answer.status == 429; limited != test.lanes.blocked.Equal(now.Add(7*time.Second)) {
			t.Errorf("%s: blocked until %s", name, test.lanes.blocked)
		}
	}
}
