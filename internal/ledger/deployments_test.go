package ledger

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

var (
	image      = deployment.Image{Repository: "checkout", Tag: "1.42.0", Digest: "sha256:4f7c"}
	imageItem  = item{"repository": text("checkout"), "tag": text("1.42.0"), "digest": text("sha256:4f7c")}
	startedNow = text(moment(now))
)

func TestProgress(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		found item
		want  Progress
	}{
		"never seen":       {nil, Progress{}},
		"only its message": {item{"threadTs": text("1.2")}, Progress{}},
		"seen": {item{"status": text("failed"), IndexSort: startedNow, "startedAt": text(moment(now.Add(-time.Minute)))},
			Progress{Seen: true, Status: deployment.Failed, At: now, StartedAt: now.Add(-time.Minute)}},
	}
	for name, test := range tests {
		f := &table{found: test.found}
		got, err := f.ledger().Progress(t.Context(), deploymentKey)
		if err != nil || got != test.want || keyOf(f.gets[0].Key) != "deployment#"+deploymentKey+" deployment" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestAdvance(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		f := &table{found: item{"startedAt": startedNow}, refuse: late}
		startedAt, got, err := f.ledger().Advance(t.Context(), deploymentKey, deployment.Rollback, some)
		if err != nil || got != late || !startedAt.Equal(now) {
			t.Errorf("got %v, %v, %v", startedAt, got, err)
		}
		v := values(f.last(t))
		if v[":status"] != "succeeded" || v[":kind"] != "rollback" || v[":environment"] != "production" || v[":service"] != serviceKey ||
			v[":time"] != moment(some.Time) || v[":progress"] != order(deployment.Succeeded, some.Time) {
			t.Errorf("wrote %v", v)
		}
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	want := deployment.Release{Outcome: deployment.NewRelease, Image: image, Presumed: true, StartedAt: now}
	f := &table{}
	if err := f.ledger().SaveRelease(t.Context(), document(deployment.Ordinary), want); err != nil {
		t.Fatal(err)
	}
	if len(f.updates) != 2 || keyOf(f.updates[0].Key) != "deployment#"+deploymentKey+" deployment" || keyOf(f.updates[1].Key) != "service#"+serviceKey+" tried" {
		t.Fatalf("wrote %v", f.updates)
	}
	if v := values(f.updates[1]); v[":tag"] != "1.42.0" || v[":repository"] != "checkout" || v[":digest"] != "sha256:4f7c" || v[":started"] != moment(now) {
		t.Errorf("tried: wrote %v", v)
	}
	reread := &table{found: item{"release": text(values(f.updates[0])[":release"])}}
	if got, err := reread.ledger().Release(t.Context(), deploymentKey); err != nil || !reflect.DeepEqual(*got, want) {
		t.Errorf("read %+v, %v", got, err)
	}
	if got, err := (&table{}).ledger().Release(t.Context(), deploymentKey); got != nil || err != nil {
		t.Errorf("nothing resolved: got %+v, %v", got, err)
	}
	spoilt := &table{found: item{"release": text("{")}}
	if got, err := spoilt.ledger().Release(t.Context(), deploymentKey); got != nil || err == nil || !strings.Contains(err.Error(), "reading the release") {
		t.Errorf("spoilt: got %+v, %v", got, err)
	}
}

func TestSaveRelease(t *testing.T) {
	t.Parallel()
	f := &table{}
	if err := f.ledger().SaveRelease(t.Context(), document(deployment.Rollback), deployment.Release{Image: image}); err != nil {
		t.Fatal(err)
	}
	if len(f.updates) != 1 || keyOf(f.updates[0].Key) != "deployment#"+deploymentKey+"/rollback deployment" {
		t.Errorf("a rollback was noted as tried: %v", f.updates)
	}
	for failAt := 1; failAt <= 2; failAt++ {
		f := &table{err: errDown, failAt: failAt}
		if err := f.ledger().SaveRelease(t.Context(), document(deployment.Ordinary), deployment.Release{}); !errors.Is(err, errDown) || len(f.updates) != failAt {
			t.Errorf("write %d: got %v after %d writes", failAt, err, len(f.updates))
		}
	}
	// A later deployment has been tried already: that is no error.
	if err := (&table{refuse: true}).ledger().SaveRelease(t.Context(), document(deployment.Ordinary), deployment.Release{}); err != nil {
		t.Errorf("got %v", err)
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	f := &table{found: imageItem}
	if got, err := f.ledger().LastTried(t.Context(), serviceKey); err != nil || got != image || keyOf(f.gets[0].Key) != "service#"+serviceKey+" tried" {
		t.Errorf("tried: got %+v, %v", got, err)
	}
	if got, err := f.ledger().Good(t.Context(), serviceKey); err != nil || got != image || keyOf(f.gets[1].Key) != "service#"+serviceKey+" good" {
		t.Errorf("good: got %+v, %v", got, err)
	}
	if got, err := (&table{}).ledger().Good(t.Context(), serviceKey); err != nil || !got.IsZero() {
		t.Errorf("nothing noted: got %+v, %v", got, err)
	}
	for _, late := range []bool{false, true} {
		f := &table{found: imageItem, refuse: late}
		got, isLate, err := f.ledger().SetGood(t.Context(), serviceKey, deployment.Image{Tag: "1.41.0"}, now)
		if err != nil || isLate != late || got != image {
			t.Errorf("got %+v, %v, %v", got, isLate, err)
		}
		if in := f.last(t); keyOf(in.Key) != "service#"+serviceKey+" good" || values(in)[":tag"] != "1.41.0" || values(in)[":started"] != moment(now) {
			t.Errorf("wrote %s, %v", keyOf(in.Key), values(in))
		}
	}
}

// TestRevisions keeps of a pipeline what TestImages keeps of a service.
func TestRevisions(t *testing.T) {
	t.Parallel()
	const pipelineKey = "123456789012/eu-west-1/pipeline:checkout"
	doc := document(deployment.Ordinary)
	doc.Deployment.Cluster, doc.Deployment.Service, doc.Deployment.Pipeline = "", "", "checkout"
	f := &table{found: item{"revision": text("0a1b"), "tag": text("")}}
	if err := f.ledger().SaveRelease(t.Context(), doc, deployment.Release{Revision: deployment.Revision{ID: "0a1b", Artifact: "App"}}); err != nil {
		t.Fatal(err)
	}
	if in := f.last(t); keyOf(in.Key) != "service#"+pipelineKey+" tried" || values(in)[":revision"] != "0a1b" || values(in)[":tag"] != "" ||
		!strings.Contains(expressions(in), "revision = :revision") {
		t.Errorf("tried: wrote %s, %v", keyOf(in.Key), values(in))
	}
	if got, err := f.ledger().LastTriedRevision(t.Context(), pipelineKey); err != nil || got != "0a1b" || keyOf(f.gets[0].Key) != "service#"+pipelineKey+" tried" {
		t.Errorf("tried: got %q, %v", got, err)
	}
	if got, err := f.ledger().GoodRevision(t.Context(), pipelineKey); err != nil || got != "0a1b" || keyOf(f.gets[1].Key) != "service#"+pipelineKey+" good" {
		t.Errorf("good: got %q, %v", got, err)
	}
	if got, err := (&table{}).ledger().GoodRevision(t.Context(), pipelineKey); err != nil || got != "" {
		t.Errorf("nothing noted: got %q, %v", got, err)
	}
	for _, late := range []bool{false, true} {
		f := &table{found: item{"revision": text("0a1b")}, refuse: late}
		got, isLate, err := f.ledger().SetGoodRevision(t.Context(), pipelineKey, "2c3d", now)
		if err != nil || isLate != late || got != "0a1b" {
			t.Errorf("got %q, %v, %v", got, isLate, err)
		}
		in := f.last(t)
		if keyOf(in.Key) != "service#"+pipelineKey+" good" || values(in)[":revision"] != "2c3d" || values(in)[":started"] != moment(now) ||
			!strings.Contains(expressions(in), "startedAt <= :started") {
			t.Errorf("wrote %s, %v", keyOf(in.Key), values(in))
		}
	}
}

func TestStarted(t *testing.T) {
	t.Parallel()
	claimed, unclaimed := document(deployment.Ordinary), document(deployment.Ordinary)
	unclaimed.Claim = &deployment.Claim{Outcome: deployment.Unclaimed}
	bare := deployment.Document{Deployment: some}
	for name, test := range map[string]struct {
		doc  deployment.Document
		said time.Time
		want time.Time
	}{
		"as ECS says":         {claimed, now, now},
		"the first event":     {claimed, time.Time{}, now.Add(-time.Minute)},
		"the ledger was down": {unclaimed, time.Time{}, some.Time},
		"no claim":            {bare, time.Time{}, some.Time},
	} {
		if got := Started(test.doc, deployment.Release{StartedAt: test.said}); !got.Equal(test.want) {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	until := now.Add(time.Minute)
	shown := item{"threadChannel": text("C1"), "threadTs": text("1.2"), "threadStatus": text("failed"), "threadAt": startedNow, "threadBroadcast": text("1.3")}
	thread := channel.Thread{Channel: "C1", TS: "1.2", Status: deployment.Failed, At: now, Broadcast: "1.3", Holder: "me", Until: until}
	f := &table{found: shown}
	if got, err := (Threads{f.ledger()}).Hold(t.Context(), deploymentKey, "me", until); err != nil || got != thread {
		t.Errorf("holding: got %+v, %v", got, err)
	}
	if v, in := values(f.last(t)), f.last(t); v[":me"] != "me" || v[":until"] != moment(until) || v[":now"] != moment(now) || in.ReturnValues != "ALL_OLD" {
		t.Errorf("holding: wrote %v", v)
	}
	if err := (Threads{f.ledger()}).Note(t.Context(), deploymentKey, "me", thread); err != nil {
		t.Errorf("noting: %v", err)
	}
	if v := values(f.last(t)); v[":channel"] != "C1" || v[":ts"] != "1.2" || v[":status"] != "failed" || v[":at"] != moment(now) || v[":broadcast"] != "1.3" {
		t.Errorf("noting: wrote %v", v)
	}
	if got, err := (Threads{(&table{}).ledger()}).Hold(t.Context(), deploymentKey, "me", until); err != nil || got != (channel.Thread{Holder: "me", Until: until}) {
		t.Errorf("no message yet: got %+v, %v", got, err)
	}
	left := &table{found: item{"threadHolder": text("whoever died")}}
	if got, err := (Threads{left.ledger()}).Hold(t.Context(), deploymentKey, "me", until); err != nil || !got.Interrupted {
		t.Errorf("a hold that was never let go: got %+v, %v", got, err)
	}
}

func TestThreadsRefused(t *testing.T) {
	t.Parallel()
	threads := Threads{(&table{refuse: true}).ledger()}
	_, err := threads.Hold(t.Context(), deploymentKey, "me", now)
	if limited, ok := failure.Classify(err).(*failure.RateLimited); !ok || limited.After < time.Second {
		t.Errorf("holding: got %v", err)
	}
	err = threads.Note(t.Context(), deploymentKey, "me", channel.Thread{})
	if _, ok := failure.Classify(err).(*failure.Transient); !ok {
		t.Errorf("noting: got %v", err)
	}
	if err := threads.Release(t.Context(), deploymentKey, "me"); err != nil {
		t.Errorf("letting go of what another holds: got %v", err)
	}
}
