package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// telling is one event being told in the one message of its deployment.
type telling struct {
	*sender
	api        *slackgo.Client
	doc        deployment.Document
	deployment deployment.Deployment
	message    formatted
	// key and holder are by whom the deployment's message is held, if held.
	key, holder string
	held        bool
	// unsure is when the first earlier attempt at this event began of which nobody knows
	// whether Slack took it; zero when there was none.
	unsure time.Time
	// since is when the first attempt began that may have posted what is not noted: at this
	// event, or at another of the deployment. Zero when there was none.
	since time.Time
	// waited is true when the workflow has waited for the slot.
	waited bool
	thread channel.Thread // as it was held, then as it becomes
	// unnoted is true when what has become of the message could not be noted.
	unnoted bool
	// posted is true when something was posted that is certainly not there twice, repeated
	// when it may be, and found when it was there.
	posted, repeated, found bool
}

func (t *telling) tell(ctx context.Context) (channel.Receipt, error) {
	if showsLater(t.thread, t.deployment) {
		return channel.Receipt{Outcome: deployment.None, Reason: laterShown, Values: t.values()}, nil
	}
	digest, err := t.digest(ctx)
	if err != nil {
		return channel.Receipt{}, err
	}
	if digest == "" || cries(t.deployment.Status) || t.thread.TS != "" {
		wait, err := t.showAlone(ctx)
		if err != nil {
			return channel.Receipt{}, err
		}
		if wait > 0 {
			return channel.Receipt{Outcome: deployment.Wait, After: wait}, nil
		}
	}
	alone := channel.Receipt{Outcome: t.outcome(), Values: t.values()}
	if digest == "" {
		return alone, nil
	}
	receipt, err := t.showAmong(ctx, digest)
	if t.thread.TS != "" && (err != nil || receipt.Outcome == deployment.None) {
		// People were told by the message; its line in the digest is no reason to tell again.
		if err != nil {
			slog.WarnContext(ctx, "the digest does not show it", "digest", digest, "error", failure.Classify(err).Error())
		}
		return alone, nil
	}
	return receipt, err
}

// laterShown is why an event is not shown.
const laterShown = "a later state is shown already"

// outcome says what became of it in all.
func (t *telling) outcome() deployment.Outcome {
	switch {
	case t.repeated:
		return deployment.Repeated
	case !t.posted && (t.found || !t.unsure.IsZero()):
		return deployment.Absorbed
	default:
		return deployment.Sent
	}
}

// showAlone shows the event in the deployment's own message, and cries it out where it
// has to be. An attempt before this one may have done either.
func (t *telling) showAlone(ctx context.Context) (wait time.Duration, err error) {
	if !shows(t.thread, t.deployment) {
		if wait, err = t.show(ctx); err != nil || wait > 0 {
			return wait, err
		}
	}
	if t.message.Alert != nil && t.thread.Broadcast == "" {
		return 0, t.alert(ctx)
	}
	return 0, nil
}

// show edits the message, or posts it where there is none to edit.
func (t *telling) show(ctx context.Context) (wait time.Duration, err error) {
	if t.thread.TS == "" && !t.since.IsZero() {
		if err := t.adopt(ctx); err != nil {
			return 0, err
		}
	}
	if t.thread.TS != "" {
		if wait = t.turn(ctx, editLane()); wait > 0 {
			return wait, nil
		}
		if cries(t.deployment.Status) {
			t.claimEdit(ctx)
		}
		err = t.edit(ctx)
		t.slowed(ctx, editLane(), err)
	}
	if t.thread.TS == "" || isUneditable(err) {
		if wait = t.turn(ctx, postLane(t.message.Channel)); wait > 0 {
			return wait, nil
		}
		err = t.post(ctx)
		t.slowed(ctx, postLane(t.message.Channel), err)
	}
	if err != nil {
		return 0, err
	}
	if t.thread.Status != t.deployment.Status {
		t.thread.Broadcast = "" // what was cried out was another status
	}
	t.thread.Status, t.thread.At = t.deployment.Status, t.deployment.Time
	t.thread.Slot, t.thread.Unsure = time.Time{}, time.Time{}
	t.note(ctx)
	return 0, nil
}

// adopt looks for the message that an attempt before this one may have posted, and takes
// it for the deployment's.
func (t *telling) adopt(ctx context.Context) error {
	got, err := find(ctx, t.api, markOf(t.key, partMessage), t.message.Channel, "", t.since)
	switch {
	case err != nil:
		return err
	case got.ts == "":
		t.repeated = t.repeated || !got.sure
		return nil
	}
	t.found = true
	t.thread.Channel, t.thread.TS = t.message.Channel, got.ts
	t.note(ctx)
	return nil
}

func (t *telling) edit(ctx context.Context) error {
	_, _, _, err := t.api.UpdateMessageContext(ctx, t.thread.Channel, t.thread.TS, options(t.message.content))
	if err != nil {
		return fmt.Errorf("editing the message: %w", err)
	}
	return nil
}

func (t *telling) post(ctx context.Context) error {
	began := t.Now()
	channelID, ts, err := t.api.PostMessageContext(ctx, t.message.Channel, options(t.message.content), silent, bearing(markOf(t.key, partMessage)))
	if err != nil {
		var passing *failure.Transient
		if t.thread.TS == "" && errors.As(failure.Classify(err), &passing) {
			// Another event of the deployment may come next, and has to look for it.
			t.thread.Unsure = orEarlier(t.thread.Unsure, began)
			t.note(ctx)
		}
		return fmt.Errorf("posting the message: %w", err)
	}
	t.thread.Channel, t.thread.TS, t.posted = channelID, ts, true
	return nil
}

// alert posts the reply that the channel sees too.
func (t *telling) alert(ctx context.Context) (err error) {
	m := markOf(t.key, partAlert+string(t.deployment.Status))
	if !t.since.IsZero() && !t.posted { // a message that is new has no replies yet
		got, err := find(ctx, t.api, m, t.thread.Channel, t.thread.TS, t.since)
		switch {
		case err != nil:
			return err
		case got.ts != "":
			t.found, t.thread.Broadcast, t.thread.Unsure = true, got.ts, time.Time{}
			t.note(ctx)
			return nil
		}
		t.repeated = t.repeated || !got.sure
	}
	_, t.thread.Broadcast, err = t.api.PostMessageContext(ctx, t.thread.Channel, options(*t.message.Alert), silent, bearing(m),
		slackgo.MsgOptionTS(t.thread.TS), slackgo.MsgOptionBroadcast())
	if err != nil {
		return fmt.Errorf("posting the alert: %w", err)
	}
	t.posted, t.thread.Unsure = true, time.Time{}
	t.note(ctx)
	return nil
}

// note tells the ledger what the message has become. When that fails the message is out
// all the same: an error would only have it posted a second time.
func (t *telling) note(ctx context.Context) {
	err := t.noted(ctx)
	if t.unnoted = err != nil; t.unnoted {
		slog.ErrorContext(ctx, "what has become of the message is not noted",
			"key", t.key, "channel", t.thread.Channel, "ts", t.thread.TS, "error", err)
	}
}

func (t *telling) noted(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
	defer cancel()
	return t.Threads.Note(ctx, t.key, t.holder, t.thread)
}

func (t *telling) values() map[string]string {
	values := map[string]string{"channel": t.thread.Channel, "ts": t.thread.TS}
	if t.thread.Broadcast != "" {
		values["broadcast_ts"] = t.thread.Broadcast
	}
	return values
}

// shows tells whether the message shows this very event.
func shows(shown channel.Thread, d deployment.Deployment) bool {
	return shown.TS != "" && shown.Status == d.Status && shown.At.Equal(d.Time)
}

// showsLater tells whether the message shows a later state than the event tells of. An
// end is later than anything that is not one; else the time decides. Of two ends at the
// same time the failure stays, because it is the one that nobody may miss.
func showsLater(shown channel.Thread, d deployment.Deployment) bool {
	switch {
	case shown.TS == "" || shown.Status == "":
		return false
	case shown.Status.Certain() != d.Status.Certain():
		return shown.Status.Certain()
	case !shown.At.Equal(d.Time):
		return shown.At.After(d.Time)
	default:
		return shown.Status == deployment.Failed && d.Status == deployment.Succeeded
	}
}

// orEarlier is the earlier of two moments, of which either may be none.
func orEarlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
