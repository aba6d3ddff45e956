package slack

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

const (
	// postCost is for how long a channel takes no other message: Slack allows one a second,
	// and short bursts. https://docs.slack.dev/apis/web-api/rate-limits
	postCost  = time.Second
	postBurst = 3 * time.Second
	// editCost is for how long the workspace takes no other edit: chat.update is of tier 3,
	// 50 and more a minute. https://docs.slack.dev/reference/methods/chat.update
	editCost  = 1200 * time.Millisecond
	editBurst = 4 * time.Second
)

// Pace names the lane of a failure, which posts an alert, and a message where it is the
// first that is heard of it; an edit it takes when it edits. Any other message of a bot may be an edit, or one line of a digest, which only the sender finds
// out; it waits of itself. A webhook posts everything.
func Pace(doc deployment.Document, a account.Account) []channel.Lane {
	d := doc.Deployment
	bot := a.Slack != nil && a.Slack.Via != viaWebhook
	if a.Slack == nil || bot && !cries(d.Status) {
		return nil
	}
	post := postLane(a.ToldOf(d.Service, d.Pipeline, d.Environment).SlackChannel)
	post.Urgent = cries(d.Status)
	if bot && (doc.Claim == nil || !doc.Claim.StartedAt.Before(d.Time)) {
		post.Cost += postCost
	}
	return []channel.Lane{post}
}

func postLane(channelID string) channel.Lane {
	return channel.Lane{Key: "slack:" + channelID, Cost: postCost, Burst: postBurst}
}

func editLane() channel.Lane {
	return channel.Lane{Key: "slack:edit", Cost: editCost, Burst: editBurst}
}

// cries tells whether the status is one that gets an alert, and goes before all others.
func cries(s deployment.Status) bool { return s == deployment.Failed || s == deployment.Stuck }

// turn waits for the message's turn in the lane, in which its slot is noted with the
// deployment; wait is how long that is still. A ledger that cannot be asked holds nothing up.
func (t *telling) turn(ctx context.Context, lane channel.Lane) (wait time.Duration) {
	if t.Lanes == nil || !t.held || cries(t.deployment.Status) {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, noteFor)
	defer cancel()
	known := !t.thread.Slot.IsZero()
	if wait = t.thread.Slot.Sub(t.Now()); known && wait > 0 && !t.waited {
		return wait
	}
	next, err := channel.Turn(ctx, t.Lanes, lane, known)
	switch {
	case err != nil:
		slog.WarnContext(ctx, "sending out of turn", "lane", lane.Key, "error", failure.Classify(err).Error())
		return 0
	case next.IsZero(): // the slot that was noted has come
		return 0
	}
	t.thread.Slot = next
	if wait = max(next.Sub(t.Now()), 0); wait > 0 {
		t.note(ctx)
	}
	return wait
}

// slowed tells everybody in the lane when Slack asks to wait.
func (t *telling) slowed(ctx context.Context, lane channel.Lane, err error) {
	var limited *failure.RateLimited
	if t.Lanes == nil || !errors.As(err, &limited) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
	defer cancel()
	if err := t.Lanes.Block(ctx, lane, t.Now().Add(limited.After)); err != nil {
		slog.WarnContext(ctx, "the others do not know that slack asks to wait", "lane", lane.Key, "error", failure.Classify(err).Error())
	}
}

// claimEdit takes an edit of the lane for what does not wait for it, a failure or a digest,
// which is edited seldom: what has no slot yet comes after it.
func (t *telling) claimEdit(ctx context.Context) {
	if t.Lanes == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, noteFor)
	defer cancel()
	lane := editLane()
	lane.Urgent = true
	if _, err := t.Lanes.Reserve(ctx, lane); err != nil {
		slog.WarnContext(ctx, "editing out of turn", "lane", lane.Key, "error", failure.Classify(err).Error())
	}
}
