package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/outbound"
)

// burst is a Slack channel in which many deployments begin at once, told by as many
// executions, each of which calls again when it is told to wait.
type burst struct {
	t       *testing.T
	v       *vendor
	now     time.Time
	mu      sync.Mutex
	threads *channeltest.Threads
	digests *channeltest.Digests
	sender  channel.Sender
	calls   map[string]int // of Send, by the execution
	edits   int            // that were claimed in the lane of edits
}

// Reserve, Ready and Block are lanes that are always free.
func (b *burst) Reserve(_ context.Context, lane channel.Lane) (time.Time, error) {
	if lane.Key == editLane().Key && lane.Urgent {
		b.edits++
	}
	return b.clock(), nil
}

func (b *burst) Ready(context.Context, channel.Lane) (bool, error) { return true, nil }

func (b *burst) Block(context.Context, channel.Lane, time.Time) error { return nil }

func newBurst(t *testing.T, limit int, answers ...answerOf) *burst {
	b := &burst{t: t, v: newVendor(t, answers...), now: time.Date(2026, 3, 14, 2, 7, 0, 0, time.UTC), calls: map[string]int{}}
	b.threads, b.digests = &channeltest.Threads{Now: b.clock}, &channeltest.Digests{Now: b.clock}
	deps := depsAt("bot", b.v.URL, b.threads)
	deps.Account.Slack.DigestAfter, deps.Digests, deps.Lanes, deps.Now, deps.HTTP = limit, b.digests, b, b.clock, outbound.NewClient(5*time.Second)
	b.sender = NewSender(deps)
	return b
}

func (b *burst) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

// of is the document of one of many deployments.
func (b *burst) of(name string, i int) channel.Dispatch {
	doc := channeltest.Documents()[name]
	doc.Deployment.ID = fmt.Sprintf("ecs-svc/%d", i)
	doc.Deployment.Service = fmt.Sprintf("service-%d", i)
	dispatch := dispatchOf(b.t, doc, "bot")
	dispatch.Execution = fmt.Sprintf("execution of %s %d", name, i)
	return dispatch
}

func (b *burst) send(dispatch channel.Dispatch) (channel.Receipt, error) {
	b.calls[dispatch.Execution]++
	return b.sender.Send(context.Background(), dispatch)
}

// run sends all of them, and lets time pass as they ask, until none waits.
func (b *burst) run(dispatches []channel.Dispatch) map[string]channel.Receipt {
	receipts := map[string]channel.Receipt{}
	due := map[string]time.Time{}
	for range 200 {
		for _, dispatch := range dispatches {
			if _, done := receipts[dispatch.Execution]; done || due[dispatch.Execution].After(b.now) {
				continue
			}
			receipt, err := b.send(dispatch)
			if err != nil {
				b.t.Fatalf("%s: %v", dispatch.Execution, err)
			}
			if receipt.Outcome == deployment.Wait {
				due[dispatch.Execution] = b.now.Add(receipt.After)
				continue
			}
			receipts[dispatch.Execution] = receipt
		}
		if len(receipts) == len(dispatches) {
			return receipts
		}
		b.mu.Lock()
		b.now = b.now.Add(time.Second)
		b.mu.Unlock()
	}
	b.t.Fatalf("%d of %d were told", len(receipts), len(dispatches))
	return nil
}

// last is the text of the blocks that the message of the digest has.
func (b *burst) last() string {
	for i := len(b.v.calls) - 1; i >= 0; i-- {
		if shown := b.v.calls[i].Get("blocks"); strings.Contains(shown, "📚") {
			return shown
		}
	}
	return ""
}

// TestBurst begins a hundred deployments at once, and ends them.
func TestBurst(t *testing.T) {
	t.Parallel()
	const n, limit = 100, 20
	b := newBurst(t, limit, answerOf{body: posted})
	var beginnings, ends []channel.Dispatch
	for i := range n {
		beginnings, ends = append(beginnings, b.of("in_progress", i)), append(ends, b.of("succeeded", i))
	}
	receipts := b.run(beginnings)
	attempts := 0
	for _, calls := range b.calls {
		attempts += calls
	}
	inDigest := 0
	for execution, receipt := range receipts {
		if receipt.Outcome != deployment.Sent || receipt.Values["ts"] == "" {
			t.Errorf("%s: %+v", execution, receipt)
		}
		if receipt.Values["digest"] != "" {
			inDigest++
		}
	}
	if edits := len(b.v.calls) - limit - 1; b.edits != edits { // all calls but the lines and the digest's post
		t.Errorf("%d edits of the digest, and %d are claimed", edits, b.edits)
	}
	if inDigest != n-limit || attempts > 2*n || len(b.v.calls) > limit+5 {
		t.Errorf("%d in the digest after %d attempts and %d calls", inDigest, attempts, len(b.v.calls))
	}
	for i := limit; i < n; i++ {
		if !strings.Contains(b.last(), fmt.Sprintf("service-%d ", i)) {
			t.Errorf("service-%d is not shown", i)
		}
	}
	if !strings.Contains(b.last(), "80 in progress") {
		t.Errorf("shown is %s", b.last())
	}
	before := len(b.v.calls)
	for execution, receipt := range b.run(ends) {
		if receipt.Outcome != deployment.Sent {
			t.Errorf("%s: %+v", execution, receipt)
		}
	}
	if !strings.Contains(b.last(), "80 done") || len(b.v.calls)-before > limit+5 {
		t.Errorf("after %d calls shown is %s", len(b.v.calls)-before, b.last())
	}
	if receipt, err := b.send(b.of("in_progress", n-1)); err != nil || receipt.Outcome != deployment.None {
		t.Errorf("a beginning after the end became %+v, %v", receipt, err)
	}
}

// TestFailureInABurst has a message and an alert of its own, at once, and its line.
func TestFailureInABurst(t *testing.T) {
	t.Parallel()
	b := newBurst(t, 1, answerOf{body: posted})
	b.run([]channel.Dispatch{b.of("in_progress", 1), b.of("in_progress", 2), b.of("in_progress", 3)})
	before := len(b.v.calls)
	if receipt, err := b.send(b.of("failed", 3)); err != nil || receipt.Outcome != deployment.Wait {
		t.Fatalf("became %+v, %v", receipt, err)
	}
	if got := len(b.v.calls) - before; got != 2 || b.v.calls[before+1].Get("reply_broadcast") != "true" {
		t.Errorf("%d calls before the digest's turn: %s", got, b.v.methods())
	}
	receipt := b.run([]channel.Dispatch{b.of("failed", 3)})["execution of failed 3"]
	if receipt.Outcome != deployment.Sent || receipt.Values["broadcast_ts"] == "" || !strings.Contains(b.last(), "1 failed, 1 in progress") {
		t.Errorf("%+v, shown is %s", receipt, b.last())
	}
	if got := len(b.v.calls) - before; got != 3 {
		t.Errorf("%d calls in all", got)
	}
	alone := b.run([]channel.Dispatch{b.of("failed", 4)})["execution of failed 4"]
	if alone.Values["digest"] != "" || alone.Values["broadcast_ts"] == "" {
		t.Errorf("one that begins with a failure: %+v", alone)
	}
}

// TestEditorDies leaves the digest to the others.
func TestEditorDies(t *testing.T) {
	t.Parallel()
	b := newBurst(t, 1, answerOf{body: posted})
	b.run([]channel.Dispatch{b.of("in_progress", 0), b.of("in_progress", 1)})
	dying := b.of("in_progress", 2)
	if receipt, err := b.send(dying); err != nil || receipt.Outcome != deployment.Wait || receipt.After != digestEvery {
		t.Fatalf("became %+v, %v", receipt, err) // and never comes back
	}
	if receipt, err := b.send(b.of("in_progress", 3)); err != nil || receipt.Outcome != deployment.Wait || receipt.After != digestEvery+digestSlack {
		t.Errorf("another became %+v, %v", receipt, err)
	}
	receipts := b.run([]channel.Dispatch{b.of("in_progress", 3), b.of("in_progress", 4)})
	if len(receipts) != 2 || !strings.Contains(b.last(), "service-2 ") || !strings.Contains(b.last(), "service-4 ") {
		t.Errorf("%+v, shown is %s", receipts, b.last())
	}
	if calls := b.calls["execution of in_progress 3"]; calls > 6 {
		t.Errorf("%d attempts", calls)
	}
}

// TestDigestTrouble is what becomes of a digest when Slack does not take it.
func TestDigestTrouble(t *testing.T) {
	t.Parallel()
	refused := func(word string) answerOf { return answerOf{body: `{"ok":false,"error":"` + word + `"}`} }
	for name, test := range map[string]struct {
		answer answerOf
		looks  []answerOf
		class  string
		calls  string
		became deployment.Outcome
	}{
		"no answer, and there":     {answerOf{body: "<html>"}, []answerOf{{}}, "Transient", "conversations.history, chat.update", deployment.Absorbed},
		"no answer, and not there": {answerOf{body: "<html>"}, nil, "Transient", "conversations.history, chat.postMessage", deployment.Absorbed},
		"no answer, and no scope":  {answerOf{body: "<html>"}, []answerOf{refused("missing_scope")}, "Transient", "conversations.history, chat.postMessage", deployment.Repeated},
		"too fast":                 {answerOf{status: 429}, nil, "RateLimited 30s", "chat.postMessage", deployment.Sent},
		"archived":                 {refused("is_archived"), nil, "Unreachable", "chat.postMessage", deployment.Sent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBurst(t, 1, answerOf{body: posted}, test.answer, answerOf{body: posted})
			b.run([]channel.Dispatch{b.of("in_progress", 0)})
			dispatch := b.of("in_progress", 1)
			if _, err := b.send(dispatch); classOf(err) != test.class {
				t.Fatalf("became %v", err)
			}
			digest := b.threads.Get(dispatch.Document.Key()).Digest
			wait := digestEvery
			if test.answer.status == http.StatusTooManyRequests {
				wait = defaultWait
			}
			if left := b.digests.Get(digest); !left.Next.Equal(b.now.Add(wait)) || left.Shown != 0 {
				t.Errorf("noted is %+v", left)
			}
			if b.v.looks = test.looks; len(b.v.looks) > 0 && b.v.looks[0].body == "" {
				b.v.looks = []answerOf{pageOfMessages(false, "", bears("1.9", markOf(digest, partDigest)))}
			}
			if test.class == "Transient" {
				dispatch.Unsure = b.now
			}
			before := len(b.v.calls)
			b.now = b.now.Add(time.Minute)
			receipt := b.run([]channel.Dispatch{dispatch})[dispatch.Execution]
			var calls []string
			for _, call := range b.v.calls[before:] {
				calls = append(calls, call.Get("method"))
			}
			if got := strings.Join(calls, ", "); got != test.calls || receipt.Outcome != test.became || receipt.Values["digest"] != digest || digest == "" {
				t.Errorf("%+v by %s, want %s by %s", receipt, got, test.became, test.calls)
			}
		})
	}
}

// TestDigestGone posts anew what somebody has deleted.
func TestDigestGone(t *testing.T) {
	t.Parallel()
	b := newBurst(t, 1, answerOf{body: posted}, answerOf{body: posted}, answerOf{body: `{"ok":false,"error":"message_not_found"}`}, answerOf{body: strings.Replace(posted, "000100", "000900", 1)})
	receipts := b.run([]channel.Dispatch{b.of("in_progress", 0), b.of("in_progress", 1), b.of("in_progress", 2)})
	receipt := receipts["execution of in_progress 2"]
	if got := b.digests.Get(receipt.Values["digest"]); got.TS != "1773454030.000900" || receipt.Values["ts"] != got.TS {
		t.Errorf("noted is %+v, the receipt %+v by %s", got, receipt, b.v.methods())
	}
}

// TestNoCount posts a line of its own when the ledger cannot count.
func TestNoCount(t *testing.T) {
	t.Parallel()
	b := newBurst(t, 1, answerOf{body: posted})
	b.digests.Err = errors.New("the ledger is away")
	for i := range 3 {
		if receipt, err := b.send(b.of("in_progress", i)); err != nil || receipt.Outcome != deployment.Sent || receipt.Values["digest"] != "" {
			t.Errorf("became %+v, %v", receipt, err)
		}
	}
}

// TestDigestIsMarked holds that a digest can be found again.
func TestDigestIsMarked(t *testing.T) {
	t.Parallel()
	b := newBurst(t, 1, answerOf{body: posted})
	receipts := b.run([]channel.Dispatch{b.of("in_progress", 0), b.of("in_progress", 1)})
	var got metadata
	if err := json.Unmarshal([]byte(b.v.calls[1].Get("metadata")), &got); err != nil {
		t.Fatal(err)
	}
	if got.EventPayload != markOf(receipts["execution of in_progress 1"].Values["digest"], partDigest) {
		t.Errorf("it bears %+v", got)
	}
}

// TestPauseOf leaves a longer digest alone for longer.
func TestPauseOf(t *testing.T) {
	t.Parallel()
	for entries, seconds := range map[int]int{0: 3, 1: 3, 29: 3, 30: 4, 75: 5, 149: 7, 150: 8, 1000: 8} {
		if got := pauseOf(entries); got != time.Duration(seconds)*time.Second {
			t.Errorf("%d entries: %v, want %d s", entries, got, seconds)
		}
	}
}
