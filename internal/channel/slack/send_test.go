package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

func TestContract(t *testing.T) {
	options := channeltest.Options{
		Account:       accountAt("bot"),
		MaxBytes:      64 << 10,
		Secrets:       secretsAt,
		Hidden:        []string{token, "B0N0B0DY", "s3cr3tp4th0fn0b0dy"},
		Document:      channeltest.Documents()["in_progress"],
		Success:       func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, posted) },
		SuccessStatus: http.StatusOK,
		Junk:          channeltest.Transient,
	}
	t.Run("bot", func(t *testing.T) { channeltest.Run(t, Channel, options) })
	options.Account = accountAt("webhook")
	options.Success = func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }
	t.Run("webhook", func(t *testing.T) { channeltest.Run(t, Channel, options) })
}

// TestThread tells one event after another of a deployment.
func TestThread(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 14, 2, 7, 9, 0, time.UTC)
	message := channel.Thread{Channel: "C1", TS: "1.1"}
	shown := func(status deployment.Status, offset time.Duration) channel.Thread {
		thread := message
		thread.Status, thread.At = status, at.Add(offset)
		return thread
	}
	dead := func(thread channel.Thread) channel.Thread {
		thread.Holder = "an execution that died"
		return thread
	}
	alerted := shown(deployment.Failed, 0)
	alerted.Broadcast = "1.2"
	const post, edit, look, lookIn = "chat.postMessage", "chat.update", "conversations.history, ", "conversations.replies, "
	alert := func(ts string) string { return ", " + post + " in " + ts }
	for name, test := range map[string]struct {
		document string
		found    channel.Thread
		calls    string
		outcome  deployment.Outcome
	}{
		"first event":                   {"in_progress", channel.Thread{}, post, deployment.Sent},
		"first event, somebody died":    {"in_progress", dead(channel.Thread{}), look + post, deployment.Sent},
		"end":                           {"succeeded", shown(deployment.InProgress, -time.Minute), edit, deployment.Sent},
		"end, somebody died":            {"succeeded", dead(shown(deployment.InProgress, -time.Minute)), edit, deployment.Sent},
		"end of unknown time":           {"succeeded", shown(deployment.InProgress, time.Hour), edit, deployment.Sent},
		"end after an unknown event":    {"succeeded", shown(deployment.Unknown, time.Hour), edit, deployment.Sent},
		"failure":                       {"failed", shown(deployment.InProgress, -time.Minute), edit + alert("1.1"), deployment.Sent},
		"failure, somebody died":        {"failed", dead(shown(deployment.InProgress, -time.Minute)), edit + ", " + lookIn + post + " in 1.1", deployment.Sent},
		"failure alone":                 {"failed", channel.Thread{}, post + alert("1773454030.000100"), deployment.Sent},
		"failure again":                 {"failed", alerted, "", deployment.Sent},
		"failure not cried out yet":     {"failed", shown(deployment.Failed, 0), strings.TrimPrefix(alert("1.1"), ", "), deployment.Sent},
		"failure perhaps cried out":     {"failed", dead(shown(deployment.Failed, 0)), lookIn + post + " in 1.1", deployment.Sent},
		"beginning after the end":       {"in_progress", shown(deployment.Succeeded, -time.Minute), "", deployment.None},
		"unknown after the end":         {"unknown_status", shown(deployment.Failed, -time.Minute), "", deployment.None},
		"older end":                     {"succeeded", shown(deployment.Failed, time.Second), "", deployment.None},
		"later end":                     {"succeeded", shown(deployment.Failed, -time.Second), edit, deployment.Sent},
		"success at the failure's":      {"succeeded", shown(deployment.Failed, 0), "", deployment.None},
		"failure at the success's":      {"failed", shown(deployment.Succeeded, 0), edit + alert("1.1"), deployment.Sent},
		"the same again":                {"succeeded", shown(deployment.Succeeded, 0), "", deployment.Sent},
		"older beginning":               {"in_progress", shown(deployment.InProgress, time.Second), "", deployment.None},
		"rollback, of a key of its own": {"rollback_in_progress", shown(deployment.Failed, time.Second), post, deployment.Sent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := channeltest.Documents()[test.document]
			ordinary := channeltest.Documents()["failed"].Key()
			threads := &channeltest.Threads{}
			threads.Put(ordinary, test.found)
			v := newVendor(t, answerOf{body: posted})
			receipt, err := NewSender(depsAt("bot", v.URL, threads)).Send(context.Background(), dispatchOf(t, doc, "bot"))
			if err != nil {
				t.Fatal(err)
			}
			if v.methods() != test.calls || receipt.Outcome != test.outcome {
				t.Errorf("%s by %q, want %s by %q", receipt.Outcome, v.methods(), test.outcome, test.calls)
			}
			if receipt.Values["ts"] == "" || receipt.Values["channel"] == "" || (receipt.Reason == "") == (test.outcome == deployment.None) {
				t.Errorf("the receipt is %+v", receipt)
			}
			left := threads.Get(doc.Key())
			if left.Holder != "" {
				t.Errorf("the message was not released: %+v", left)
			}
			if test.outcome != deployment.None && (left.Status != doc.Deployment.Status || !left.At.Equal(doc.Deployment.Time) || left.TS != receipt.Values["ts"]) {
				t.Errorf("noted is %+v", left)
			}
			if !left.Unsure.IsZero() || !left.Slot.IsZero() {
				t.Errorf("still noted is %+v", left)
			}
			if failed := doc.Deployment.Status == deployment.Failed; failed != (left.Broadcast != "") && doc.Key() == ordinary && test.outcome != deployment.None {
				t.Errorf("the alert's reply is %q", left.Broadcast)
			}
		})
	}
}

// TestWhatIsSent compares what arrives with what was formatted.
func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	doc := hostile()
	v := newVendor(t, answerOf{body: posted})
	threads := &channeltest.Threads{}
	dispatch := dispatchOf(t, doc, "bot")
	sender := NewSender(depsAt("bot", v.URL, threads))
	for range 2 {
		if _, err := sender.Send(context.Background(), dispatch); err != nil {
			t.Fatal(err)
		}
		dispatch.Document.Deployment.Time = dispatch.Document.Deployment.Time.Add(time.Minute) // a later event
	}
	if got, want := v.methods(), "chat.postMessage, chat.postMessage in 1773454030.000100, chat.update"; got != want {
		t.Fatalf("called: %s, want %s", got, want)
	}
	var formatted struct {
		Blocks json.RawMessage
		Alert  struct{ Blocks json.RawMessage }
	}
	if err := json.Unmarshal(dispatch.Message, &formatted); err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		blocks json.RawMessage
		fields map[string]string
	}{
		{formatted.Blocks, map[string]string{"channel": "C0123456789", "unfurl_links": "false", "unfurl_media": "false", "reply_broadcast": "", "ts": ""}},
		{formatted.Alert.Blocks, map[string]string{"channel": "C0123456789", "unfurl_links": "false", "reply_broadcast": "true"}},
		{formatted.Blocks, map[string]string{"channel": "C0123456789", "ts": "1773454030.000100"}},
	} {
		call := v.calls[i]
		if !sameJSON(t, want.blocks, json.RawMessage(call.Get("blocks"))) {
			t.Errorf("call %d: blocks are %s, want %s", i, call.Get("blocks"), want.blocks)
		}
		want.fields["token"], want.fields["parse"], want.fields["link_names"] = token, "none", "false"
		want.fields["event"] = doc.Deployment.Event
		for field, value := range want.fields {
			if call.Get(field) != value {
				t.Errorf("call %d: %s is %q, want %q", i, field, call.Get(field), value)
			}
		}
	}
}

func sameJSON(t *testing.T, a, b json.RawMessage) bool {
	t.Helper()
	var compact [2]bytes.Buffer
	for i, text := range []json.RawMessage{a, b} {
		var content any
		if err := json.Unmarshal(text, &content); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if err := json.NewEncoder(&compact[i]).Encode(content); err != nil {
			t.Fatal(err)
		}
	}
	return bytes.Equal(compact[0].Bytes(), compact[1].Bytes())
}

// TestMessageGone posts anew what cannot be edited any more.
func TestMessageGone(t *testing.T) {
	t.Parallel()
	for _, said := range uneditable {
		t.Run(said, func(t *testing.T) {
			t.Parallel()
			doc := channeltest.Documents()["failed"]
			threads := &channeltest.Threads{}
			threads.Put(doc.Key(), channel.Thread{Channel: "C1", TS: "1.1", Status: deployment.InProgress})
			v := newVendor(t, answerOf{body: `{"ok":false,"error":"` + said + `"}`}, answerOf{body: posted})
			receipt, err := NewSender(depsAt("bot", v.URL, threads)).Send(context.Background(), dispatchOf(t, doc, "bot"))
			if err != nil || receipt.Outcome != deployment.Sent || receipt.Values["ts"] != "1773454030.000100" {
				t.Errorf("became %+v, %v", receipt, err)
			}
			if got, want := v.methods(), "chat.update, chat.postMessage, chat.postMessage in 1773454030.000100"; got != want {
				t.Errorf("called: %s, want %s", got, want)
			}
			if left := threads.Get(doc.Key()); left.TS != "1773454030.000100" || left.Status != deployment.Failed {
				t.Errorf("noted is %+v", left)
			}
		})
	}
}

// TestAlertLater has the alert refused for now: what was posted before it stays noted,
// and the next attempt posts no more than the alert.
func TestAlertLater(t *testing.T) {
	t.Parallel()
	doc := channeltest.Documents()["failed"]
	threads := &channeltest.Threads{}
	v := newVendor(t, answerOf{body: posted}, answerOf{status: 429}, answerOf{body: posted})
	sender := NewSender(depsAt("bot", v.URL, threads))
	if _, err := sender.Send(context.Background(), dispatchOf(t, doc, "bot")); classOf(err) != "RateLimited 30s" {
		t.Fatalf("became %v", err)
	}
	if left := threads.Get(doc.Key()); left.TS == "" || left.Broadcast != "" || left.Holder != "" {
		t.Errorf("noted is %+v", left)
	}
	if _, err := sender.Send(context.Background(), dispatchOf(t, doc, "bot")); err != nil {
		t.Fatal(err)
	}
	if got, want := v.methods(), "chat.postMessage, chat.postMessage in 1773454030.000100, chat.postMessage in 1773454030.000100"; got != want {
		t.Errorf("called: %s, want %s", got, want)
	}
}

// away is a ledger that cannot be reached.
type away struct{ channel.Threads }

func (away) Hold(context.Context, string, string, time.Time) (channel.Thread, error) {
	return channel.Thread{}, context.DeadlineExceeded
}

func (away) Note(context.Context, string, string, channel.Thread) error {
	return context.DeadlineExceeded
}

// TestNoLedger waits once, and then posts a line of its own rather than none.
func TestNoLedger(t *testing.T) {
	t.Parallel()
	v := newVendor(t, answerOf{body: posted})
	dispatch := dispatchOf(t, channeltest.Documents()["failed"], "bot")
	receipt, err := NewSender(depsAt("bot", v.URL, away{})).Send(context.Background(), dispatch)
	if err != nil || receipt.Outcome != deployment.Wait || receipt.After != heldAgain || len(v.calls) != 0 {
		t.Errorf("at first: %+v, %v after %q", receipt, err, v.methods())
	}
	dispatch.Waited = true
	receipt, err = NewSender(depsAt("bot", v.URL, away{})).Send(context.Background(), dispatch)
	if want := "chat.postMessage, chat.postMessage in 1773454030.000100"; err != nil || receipt.Outcome != deployment.Sent || v.methods() != want {
		t.Errorf("%+v, %v after %q", receipt, err, v.methods())
	}
}

// refusing is a ledger that takes one note less than it is given.
type refusing struct {
	channeltest.Threads
	refused bool
}

func (r *refusing) Note(ctx context.Context, key, holder string, thread channel.Thread) error {
	if !r.refused {
		r.refused = true
		return failure.Transientf("throttled")
	}
	return r.Threads.Note(ctx, key, holder, thread)
}

// TestEndOfWhatWasNotNoted posts a message that cannot be noted: its end finds it, and edits it, once
// the hold on it is over.
func TestEndOfWhatWasNotNoted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 14, 2, 7, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	start := dispatchOf(t, channeltest.Documents()["in_progress"], "bot")
	start.Execution = "the first"
	end := dispatchOf(t, channeltest.Documents()["succeeded"], "bot")
	end.Execution = "the second"
	there := pageOfMessages(false, "", bears("1773454030.000100", markOf(start.Document.Key(), partMessage)))
	v := newVendor(t, answerOf{body: posted})
	v.looks = []answerOf{there}
	threads := &refusing{Threads: channeltest.Threads{Now: clock}}
	deps := depsAt("bot", v.URL, threads)
	deps.Now = clock
	if receipt, err := NewSender(deps).Send(context.Background(), start); err != nil || receipt.Outcome != deployment.Sent {
		t.Fatalf("%+v, %v", receipt, err)
	}
	receipt, err := NewSender(deps).Send(context.Background(), end)
	if err != nil || receipt.Outcome != deployment.Wait {
		t.Errorf("while the message is held: %+v, %v", receipt, err)
	}
	now = now.Add(holdFor + time.Second)
	receipt, err = NewSender(deps).Send(context.Background(), end)
	if want := "chat.postMessage, conversations.history, chat.update"; err != nil || receipt.Values["ts"] != "1773454030.000100" || !strings.HasPrefix(v.methods(), want) {
		t.Errorf("%+v, %v after %q", receipt, err, v.methods())
	}
}

// TestNothingFormatted sends nothing of what Format cannot have made.
func TestNothingFormatted(t *testing.T) {
	t.Parallel()
	for _, message := range []string{"", "null", "{}", `{"text":"a"}`, `{"blocks":[{"type":"divider"}]}`, `{"text":"a","blocks":7}`} {
		v := newVendor(t, answerOf{body: posted})
		dispatch := channel.Dispatch{Document: channeltest.Documents()["failed"], Message: json.RawMessage(message)}
		_, err := NewSender(depsAt("bot", v.URL, &channeltest.Threads{})).Send(context.Background(), dispatch)
		if classOf(err) != "Permanent" || len(v.calls) != 0 {
			t.Errorf("%q became %v after %q", message, err, v.methods())
		}
	}
}

// forgetful is a ledger that takes nothing down.
type forgetful struct{ channeltest.Threads }

func (*forgetful) Note(context.Context, string, string, channel.Thread) error {
	return failure.Transientf("the ledger is away")
}

// TestNotNoted makes no error, and so no second message, of one that was posted.
func TestNotNoted(t *testing.T) {
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, nil)))
	defer slog.SetDefault(before)
	v := newVendor(t, answerOf{body: posted})
	receipt, err := NewSender(depsAt("bot", v.URL, &forgetful{})).Send(context.Background(), dispatchOf(t, channeltest.Documents()["failed"], "bot"))
	if err != nil || receipt.Outcome != deployment.Sent || receipt.Values["broadcast_ts"] == "" || len(v.calls) != 2 {
		t.Errorf("became %+v, %v after %q", receipt, err, v.methods())
	}
	if !strings.Contains(logged.String(), "the ledger is away") {
		t.Errorf("logged is %q", logged.String())
	}
}

// TestAnsweredTooLate lets the caller's time end with Slack's answer: the message is
// noted and released all the same.
func TestAnsweredTooLate(t *testing.T) {
	t.Parallel()
	doc := channeltest.Documents()["in_progress"]
	threads := &channeltest.Threads{}
	v := newVendor(t, answerOf{body: posted})
	ctx, cancel := context.WithCancel(context.Background())
	deps := depsAt("bot", v.URL, threads)
	deps.HTTP.Transport = after{deps.HTTP.Transport, cancel}
	if _, err := NewSender(deps).Send(ctx, dispatchOf(t, doc, "bot")); err != nil {
		t.Fatal(err)
	}
	if left := threads.Get(doc.Key()); left.TS == "" || left.Holder != "" {
		t.Errorf("left behind is %+v", left)
	}
}
