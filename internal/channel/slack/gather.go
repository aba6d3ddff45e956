package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

const (
	// digestEvery is how often a digest is edited at most while it is short. A long one is
	// edited more seldom, and a full one each digestSlowly: of the 50 edits a minute that
	// Slack takes, most are left to the messages that deployments have of their own.
	digestEvery  = 3 * time.Second
	digestSlowly = 8 * time.Second
	// fullDigest is how many lines a full one has; see package ledger.
	fullDigest = 150
	// digestSlack is for how long after that the others wait for what its editor shows.
	digestSlack = 3 * time.Second
	// editorFor is for how long somebody is a digest's editor: for the wait and the edit,
	// shorter than the others like to wait when that one has died.
	editorFor = 15 * time.Second
)

// digest names the digest that tells of the deployment, or that is to; it is empty when
// the deployment has, or gets, a message of its own. What cries always gets one.
func (t *telling) digest(ctx context.Context) (string, error) {
	isNew := t.thread.TS == "" && t.thread.Slot.IsZero() && t.since.IsZero()
	if t.thread.Digest != "" || !isNew || !t.held || t.Digests == nil || cries(t.deployment.Status) {
		return t.thread.Digest, nil
	}
	limit := t.Account.Slack.DigestAfter
	if limit == 0 {
		limit = account.DefaultDigestAfter
	}
	counting, cancel := context.WithTimeout(ctx, noteFor)
	defer cancel()
	digest, err := t.Digests.Place(counting, t.message.Channel, limit)
	if err != nil {
		slog.WarnContext(ctx, "the channel's new messages cannot be counted", "channel", t.message.Channel, "error", failure.Classify(err).Error())
		return "", nil // a line of its own is better than none
	}
	if digest != "" {
		t.thread.Digest, t.thread.Channel = digest, t.message.Channel
		// A deployment whose digest is not noted would have its end told elsewhere.
		if err := t.noted(ctx); err != nil {
			return "", fmt.Errorf("noting the deployment's digest: %w", err)
		}
	}
	return digest, nil
}

// showAmong shows the deployment in the digest. Whoever finds that nobody is about to
// edit it waits until it may be edited, and shows what has joined by then; the others come
// back after that, and find that their line is shown, or else do the same.
func (t *telling) showAmong(ctx context.Context, digest string) (channel.Receipt, error) {
	number, late, err := t.Digests.Join(ctx, digest, entryOf(t.doc))
	if err != nil {
		return channel.Receipt{}, fmt.Errorf("joining the digest: %w", err)
	}
	if late {
		return channel.Receipt{Outcome: deployment.None, Reason: laterShown, Values: t.values()}, nil
	}
	d, ok, err := t.Digests.Hold(ctx, digest, t.holder, editorFor)
	if err != nil {
		return channel.Receipt{}, fmt.Errorf("reserving the digest: %w", err)
	}
	left := max(d.Next.Sub(t.Now()), 0)
	switch {
	case d.Shown >= number:
		if ok {
			d.Unsure = time.Time{}
			t.noteDigest(ctx, digest, d)
		}
	case !ok:
		return channel.Receipt{Outcome: deployment.Wait, After: left + digestSlack}, nil
	case left > 0:
		return channel.Receipt{Outcome: deployment.Wait, After: left}, nil
	default:
		if d, err = t.renew(ctx, digest, d); err != nil {
			return channel.Receipt{}, err
		}
	}
	return channel.Receipt{Outcome: t.outcome(), Values: t.valuesIn(digest, d)}, nil
}

// renew shows all that has joined the digest, and lets go of it however that ends.
func (t *telling) renew(ctx context.Context, digest string, d channel.Digest) (channel.Digest, error) {
	shown, err := t.publish(ctx, digest, d)
	next := shown.Next
	var limited *failure.RateLimited
	var passing *failure.Transient
	switch class := failure.Classify(err); {
	case err == nil:
		shown.Shown, shown.Unsure = d.Joined, time.Time{}
	case errors.As(class, &limited):
		next, shown.Unsure = t.Now().Add(limited.After), d.Unsure
	case errors.As(class, &passing) && shown.TS == "":
		shown.Unsure = t.Now() // whether it was posted nobody knows
	default:
		shown.Unsure = time.Time{}
	}
	shown.Next = next
	t.noteDigest(ctx, digest, shown)
	return shown, err
}

// publish edits the digest's message, or posts it where there is none to edit.
func (t *telling) publish(ctx context.Context, digest string, d channel.Digest) (channel.Digest, error) {
	entries, err := t.Digests.Entries(ctx, digest)
	if err != nil {
		d.Next = t.Now().Add(digestEvery)
		return d, fmt.Errorf("reading the digest: %w", err)
	}
	d.Next = t.Now().Add(pauseOf(len(entries)))
	content, err := contentOf(digestOf(entries))
	if err != nil {
		return d, err
	}
	m := markOf(digest, partDigest)
	if d.TS == "" && !d.Unsure.IsZero() {
		got, err := find(ctx, t.api, m, t.message.Channel, "", d.Unsure)
		if err != nil {
			return d, err
		}
		d.TS, t.found, t.repeated = got.ts, got.ts != "", !got.sure
	}
	if d.TS != "" {
		t.claimEdit(ctx)
		_, _, _, err = t.api.UpdateMessageContext(ctx, t.message.Channel, d.TS, options(content))
		if err == nil {
			return d, nil
		}
		if !isUneditable(err) {
			return d, fmt.Errorf("editing the digest: %w", err)
		}
	}
	_, ts, err := t.api.PostMessageContext(ctx, t.message.Channel, options(content), silent, bearing(m))
	if err != nil {
		return d, fmt.Errorf("posting the digest: %w", err)
	}
	d.TS = ts
	return d, nil
}

// pauseOf is for how long a digest of so many lines is left alone after an edit, in whole
// seconds as the workflow waits.
func pauseOf(entries int) time.Duration {
	longer := (digestSlowly - digestEvery) * time.Duration(min(entries, fullDigest)) / fullDigest
	return digestEvery + longer.Truncate(time.Second)
}

// noteDigest tells the ledger what the digest has become. When that fails, its editor's
// time runs out, and somebody else shows it once more.
func (t *telling) noteDigest(ctx context.Context, digest string, d channel.Digest) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
	defer cancel()
	if err := t.Digests.Note(ctx, digest, t.holder, d); err != nil {
		slog.ErrorContext(ctx, "what has become of the digest is not noted", "digest", digest, "ts", d.TS, "error", err)
	}
}

// valuesIn name the digest's message, or the deployment's own where it has one.
func (t *telling) valuesIn(digest string, d channel.Digest) map[string]string {
	values := map[string]string{"channel": t.message.Channel, "ts": d.TS}
	if t.thread.TS != "" {
		values = t.values()
	}
	values["digest"] = digest
	return values
}

// contentOf is a message as it is sent.
func contentOf(a Alert) (content, error) {
	var c content
	text, err := json.Marshal(a)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return content{}, failure.Permanentf("writing the digest: %w", err)
	}
	return c, nil
}
