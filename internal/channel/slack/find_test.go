package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

// bears is a message with a mark, as conversations.history has it.
func bears(ts string, m mark) string {
	return fmt.Sprintf(`{"type":"message","ts":%q,"blocks":[{"type":7}],"metadata":{"event_type":%q,"event_payload":{"key":%q,"part":%q}}}`, ts, eventType, m.Key, m.Part)
}

func pageOfMessages(more bool, cursor string, messages ...string) answerOf {
	return answerOf{body: fmt.Sprintf(`{"ok":true,"messages":[%s],"has_more":%t,"response_metadata":{"next_cursor":%q}}`, strings.Join(messages, ","), more, cursor)}
}

// TestUnsure tells an event of which an attempt before may have posted the message.
func TestUnsure(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 14, 2, 7, 10, 0, time.UTC)
	failed := channeltest.Documents()["failed"]
	key := failed.Key()
	ours, crying := bears("1773454030.000200", markOf(key, partMessage)), bears("1773454030.000300", markOf(key, partAlert+"failed"))
	another, foreign := bears("1773454030.000400", markOf("another", partMessage)), `{"ts":7,"metadata":{"event_type":"fanfare_delivery","event_payload":[1]}}`
	said := func(word string) answerOf { return answerOf{body: `{"ok":false,"error":"` + word + `"}`} }
	shown := channel.Thread{Channel: "C0123456789", TS: "1.1", Status: failed.Deployment.Status, At: failed.Deployment.Time}
	full := []answerOf{pageOfMessages(true, "a", another), pageOfMessages(true, "b"), pageOfMessages(true, "c"), pageOfMessages(true, "d")}
	const look, lookIn, post, edit = "conversations.history", "conversations.replies", "chat.postMessage", "chat.update"
	for name, test := range map[string]struct {
		document string
		found    channel.Thread
		looks    []answerOf
		calls    []string
		became   string
	}{
		"not there":                {"in_progress", channel.Thread{}, []answerOf{pageOfMessages(false, "", another, foreign)}, []string{look, post}, "sent"},
		"there":                    {"in_progress", channel.Thread{}, []answerOf{pageOfMessages(true, "a", another, ours)}, []string{look, edit}, "absorbed"},
		"there, on the third page": {"in_progress", channel.Thread{}, []answerOf{full[0], full[1], pageOfMessages(false, "", ours)}, []string{look, look, look, edit}, "absorbed"},
		"too much to look through": {"in_progress", channel.Thread{}, full, []string{look, look, look, look, post}, "repeated"},
		"more, but not where":      {"in_progress", channel.Thread{}, []answerOf{pageOfMessages(true, "")}, []string{look, post}, "repeated"},
		"no scope to look":         {"in_progress", channel.Thread{}, []answerOf{said("missing_scope")}, []string{look, post}, "repeated"},
		"not in the channel":       {"in_progress", channel.Thread{}, []answerOf{said("not_in_channel")}, []string{look, post}, "repeated"},
		"no such method":           {"in_progress", channel.Thread{}, []answerOf{said("method_not_supported_for_channel_type")}, []string{look, post}, "repeated"},
		"trouble":                  {"in_progress", channel.Thread{}, []answerOf{said("internal_error")}, []string{look}, "Transient"},
		"too fast":                 {"in_progress", channel.Thread{}, []answerOf{{status: 429, header: http.Header{"Retry-After": {"8"}}}}, []string{look}, "RateLimited 8s"},
		"no messages at all":       {"in_progress", channel.Thread{}, []answerOf{{body: `{"ok":true}`}}, []string{look}, "Transient"},
		"messages of another type": {"in_progress", channel.Thread{}, []answerOf{{body: `{"ok":true,"messages":{"ts":"1.1"}}`}}, []string{look}, "Transient"},
		"ours, without a ts":       {"in_progress", channel.Thread{}, []answerOf{pageOfMessages(false, "", bears("soon", markOf(key, partMessage)))}, []string{look}, "Transient"},
		"edited, perhaps":          {"succeeded", channel.Thread{Channel: "C0123456789", TS: "1.1", Status: deployment.InProgress}, nil, []string{edit}, "absorbed"},
		"failure: neither there":   {"failed", channel.Thread{}, []answerOf{pageOfMessages(false, "")}, []string{look, post, post}, "sent"},
		"failure: both there":      {"failed", channel.Thread{}, []answerOf{pageOfMessages(false, "", ours), pageOfMessages(false, "", crying)}, []string{look, edit, lookIn}, "absorbed"},
		"failure: alert not there": {"failed", shown, []answerOf{pageOfMessages(false, "", ours)}, []string{lookIn, post}, "sent"},
		"failure: alert there":     {"failed", shown, []answerOf{pageOfMessages(false, "", ours, crying)}, []string{lookIn}, "absorbed"},
		"failure: alert unseen":    {"failed", shown, []answerOf{said("missing_scope")}, []string{lookIn, post}, "repeated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			threads := &channeltest.Threads{}
			threads.Put(key, test.found)
			v := newVendor(t, answerOf{body: posted})
			v.looks = test.looks
			dispatch := dispatchOf(t, channeltest.Documents()[test.document], "bot")
			dispatch.Unsure = began
			receipt, err := NewSender(depsAt("bot", v.URL, threads)).Send(context.Background(), dispatch)
			became := string(receipt.Outcome)
			if err != nil {
				became = classOf(err)
			}
			var calls []string
			for _, call := range v.calls {
				calls = append(calls, call.Get("method"))
			}
			if got, want := strings.Join(calls, ", "), strings.Join(test.calls, ", "); got != want || became != test.became {
				t.Errorf("%s by %s, want %s by %s (%v)", became, got, test.became, want, err)
			}
			if first := v.calls[0]; strings.HasPrefix(first.Get("method"), "conversations.") {
				for field, want := range map[string]string{"oldest": fmt.Sprint(began.Add(-time.Minute).Unix()) + ".000000", "limit": "100", "include_all_metadata": "1", "channel": "C0123456789"} {
					if first.Get(field) != want {
						t.Errorf("%s is %q, want %q", field, first.Get(field), want)
					}
				}
			}
			if left := threads.Get(key); err == nil && (left.TS != receipt.Values["ts"] || left.Broadcast != receipt.Values["broadcast_ts"] || !left.Unsure.IsZero()) {
				t.Errorf("noted is %+v, the receipt has %v", left, receipt.Values)
			}
		})
	}
}

// TestAnotherEventLooks tells the end of a deployment whose beginning was perhaps posted,
// and given up.
func TestAnotherEventLooks(t *testing.T) {
	t.Parallel()
	beginning, end := channeltest.Documents()["in_progress"], channeltest.Documents()["succeeded"]
	threads := &channeltest.Threads{}
	v := newVendor(t, answerOf{body: "<html>"}, answerOf{body: posted})
	v.looks = []answerOf{pageOfMessages(false, "", bears("1773454030.000200", markOf(end.Key(), partMessage)))}
	sender := NewSender(depsAt("bot", v.URL, threads))
	if _, err := sender.Send(context.Background(), dispatchOf(t, beginning, "bot")); classOf(err) != "Transient" {
		t.Fatalf("became %v", err)
	}
	receipt, err := sender.Send(context.Background(), dispatchOf(t, end, "bot"))
	if want := "chat.postMessage, conversations.history, chat.update"; err != nil || v.methods() != want || receipt.Values["ts"] != "1773454030.000200" {
		t.Errorf("%+v, %v by %s, want %s", receipt, err, v.methods(), want)
	}
}

// TestMarks are found again by what was posted.
func TestMarks(t *testing.T) {
	t.Parallel()
	doc := channeltest.Documents()["failed"]
	v := newVendor(t, answerOf{body: posted})
	if _, err := NewSender(depsAt("bot", v.URL, &channeltest.Threads{})).Send(context.Background(), dispatchOf(t, doc, "bot")); err != nil {
		t.Fatal(err)
	}
	for i, part := range []string{"message", "alert of failed"} {
		var got metadata
		if err := json.Unmarshal([]byte(v.calls[i].Get("metadata")), &got); err != nil {
			t.Fatal(err)
		}
		if got != (metadata{"fanfare_delivery", markOf(doc.Key(), part)}) || len(got.EventPayload.Key) != 32 || strings.Contains(v.calls[i].Get("metadata"), doc.Deployment.Service) {
			t.Errorf("%s bears %+v", part, got)
		}
	}
	if markOf("a", partMessage) == markOf("b", partMessage) {
		t.Error("two deployments have one mark")
	}
}

// FuzzMarksIn reads what stands where Slack's messages should.
func FuzzMarksIn(f *testing.F) {
	f.Add([]byte(pageOfMessages(true, "dGVhbTpDMDYx", bears("1.1", markOf("a", partMessage)), `{"ts":1}`).body))
	f.Add([]byte(`{"ok":true,"messages":null}`))
	f.Add([]byte(`{"messages":[null,7,"x",{"ts":"1.1","metadata":{"event_type":"fanfare_delivery","event_payload":null}}],"has_more":"yes"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for method, needs := range needsOf {
			got, err := needs(body)
			if err != nil {
				if classOf(err) != "Transient" {
					t.Errorf("%s: became %v", method, err)
				}
				continue
			}
			if found, ok := got.(page); ok {
				for _, message := range found.Messages {
					if message.Metadata.EventType != eventType || !timestamp.MatchString(message.TS) {
						t.Errorf("handed on: %+v", message)
					}
				}
			}
		}
	})
}
