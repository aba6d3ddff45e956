package slack

import (
	"context"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

// TestEachStatusIsCriedOut alerts of the failure of what was stuck, which was cried out before.
func TestEachStatusIsCriedOut(t *testing.T) {
	t.Parallel()
	stuck, failed := channeltest.Documents()["stuck"], channeltest.Documents()["failed"]
	stuck.Deployment.ID, stuck.Deployment.Time = failed.Deployment.ID, failed.Deployment.Time.Add(-time.Minute)
	threads := &channeltest.Threads{}
	v := newVendor(t, answerOf{body: posted})
	sender := NewSender(depsAt("bot", v.URL, threads))
	for _, doc := range []deployment.Document{stuck, stuck, failed, failed, stuck} {
		if _, err := sender.Send(context.Background(), dispatchOf(t, doc, "bot")); err != nil {
			t.Fatal(err)
		}
	}
	const cried = "chat.postMessage in 1773454030.000100"
	if got, want := v.methods(), "chat.postMessage, "+cried+", chat.update, "+cried; got != want || stuck.Key() != failed.Key() {
		t.Errorf("called: %s, want %s", got, want)
	}
}

// TestHeldByAnother does not call Slack at all.
func TestHeldByAnother(t *testing.T) {
	t.Parallel()
	doc := channeltest.Documents()["failed"]
	threads := &channeltest.Threads{}
	threads.Put(doc.Key(), channel.Thread{Holder: "another", Until: time.Now().Add(time.Minute)})
	v := newVendor(t, answerOf{body: posted})
	receipt, err := NewSender(depsAt("bot", v.URL, threads)).Send(context.Background(), dispatchOf(t, doc, "bot"))
	if err != nil || receipt.Outcome != deployment.Wait || receipt.After < time.Second || len(v.calls) != 0 || threads.Get(doc.Key()).Holder != "another" {
		t.Errorf("became %+v, %v after %q, held by %q", receipt, err, v.methods(), threads.Get(doc.Key()).Holder)
	}
}
