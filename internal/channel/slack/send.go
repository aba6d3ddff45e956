package slack

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
	"fanfare/internal/secret"
)

const (
	// holdFor is how long the deployment's message is held: longer than the two posts
	// that a failure takes, shorter than anyone likes to wait for one that died.
	holdFor = 30 * time.Second
	// heldAgain is how long to wait before the hold is tried again that the ledger refused.
	heldAgain = 2 * time.Second
	// noteFor is how long the ledger is waited for: before Slack is called, and once it
	// has answered, whatever has become of the caller's deadline.
	noteFor = 2 * time.Second
)

// formatted is a Message as it comes from Format, its blocks untouched, so that what is
// sent is what was formatted.
type formatted struct {
	content
	Channel string   `json:"channel"`
	Alert   *content `json:"alert"`
}

type content struct {
	Text   string     `json:"text"`
	Blocks []rawBlock `json:"blocks"`
}

// rawBlock passes through slack-go as it is.
type rawBlock struct{ json.RawMessage }

// BlockType is not known and not asked for.
func (rawBlock) BlockType() slackgo.MessageBlockType { return "" }

// ID is not known and not asked for.
func (rawBlock) ID() string { return "" }

type sender struct{ channel.Deps }

// NewSender returns the sender. Its receipts name the channel and the ts of the
// message, and the broadcast_ts of the reply that cries out a failure.
func NewSender(deps channel.Deps) channel.Sender { return &sender{deps} }

// Send posts or edits the deployment's message, and posts the alert of a failure once; in
// a burst it makes the deployment a line of a digest. Slack knows no idempotency key, so
// an error after which nobody knows whether Slack has posted is Transient, and the attempt
// after it looks before it posts. Where it may not look it posts all the same: a line that
// comes twice is better than one that is missing.
func (s *sender) Send(ctx context.Context, dispatch channel.Dispatch) (channel.Receipt, error) {
	ctx = outbound.WithEvent(ctx, dispatch.Document.Deployment.Event)
	receipt, err := s.send(ctx, dispatch)
	if err != nil {
		return channel.Receipt{}, failure.Classify(err)
	}
	return receipt, nil
}

func (s *sender) send(ctx context.Context, dispatch channel.Dispatch) (channel.Receipt, error) {
	if s.Account.Slack == nil {
		return channel.Receipt{}, failure.Permanentf("sending to slack: the account file has no slack")
	}
	var message formatted
	if err := json.Unmarshal(dispatch.Message, &message); err != nil {
		return channel.Receipt{}, failure.Permanentf("reading the formatted message: %w", err)
	}
	if message.Text == "" || len(message.Blocks) == 0 {
		return channel.Receipt{}, failure.Permanentf("reading the formatted message: text and blocks expected, found none")
	}
	if s.Account.Slack.Via == viaWebhook {
		return s.sendToWebhook(ctx, message.content, !dispatch.Unsure.IsZero())
	}
	token, err := s.secret(ctx, secret.SlackBotToken)
	if err != nil {
		return channel.Receipt{}, err
	}
	key := dispatch.Document.Key()
	thread, err := s.hold(ctx, key, dispatch.Execution)
	var held *failure.RateLimited
	switch {
	case errors.As(err, &held):
		return channel.Receipt{Outcome: deployment.Wait, After: held.After}, nil
	case ctx.Err() != nil:
		return channel.Receipt{}, err
	case err != nil && !dispatch.Waited:
		// One call that fails makes no second message: it is tried again, once.
		slog.WarnContext(ctx, "waiting for the ledger", "key", key, "error", failure.Classify(err).Error())
		return channel.Receipt{Outcome: deployment.Wait, After: heldAgain}, nil
	case err != nil:
		// A line of its own is better than none.
		slog.WarnContext(ctx, "posting without the ledger", "key", key, "error", failure.Classify(err).Error())
	}
	t := &telling{
		sender: s,
		api:    newAPI(token.Reveal(), s.Account.Slack.URL, s.HTTP),
		key:    key, holder: dispatch.Execution, held: err == nil,
		doc: dispatch.Document, deployment: dispatch.Document.Deployment,
		message: message,
		unsure:  dispatch.Unsure, since: orEarlier(dispatch.Unsure, thread.Unsure),
		waited: dispatch.Waited,
		thread: thread,
	}
	defer t.release(ctx)
	return t.tell(ctx)
}

// secret reads a secret. Without it nothing gets through, so that an error that no retry
// mends is Unreachable.
func (s *sender) secret(ctx context.Context, name string) (secret.Value, error) {
	value, err := s.Secrets.Secret(ctx, name)
	if _, missing := failure.Classify(err).(*failure.Permanent); missing {
		err = &failure.Unreachable{Err: err}
	}
	return value, err
}

func (s *sender) hold(ctx context.Context, key, holder string) (channel.Thread, error) {
	ctx, cancel := context.WithTimeout(ctx, noteFor)
	defer cancel()
	return s.Threads.Hold(ctx, key, holder, s.Now().Add(holdFor))
}

// release lets go of the message, unless what has become of it could not be noted: then
// whoever holds it next finds that this one never let go, and looks for what was posted.
func (t *telling) release(ctx context.Context) {
	if !t.held || t.unnoted {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
	defer cancel()
	if err := t.Threads.Release(ctx, t.key, t.holder); err != nil {
		slog.ErrorContext(ctx, "the deployment's message was not released and waits for the hold to end", "key", t.key, "error", err)
	}
}

// silent keeps Slack from adding previews of the links.
var silent = slackgo.MsgOptionCompose(slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl())

// options send the content, and keep Slack from reading names and addresses into the
// notification's text; chat.update would, unless told not to.
func options(c content) slackgo.MsgOption {
	blocks := make([]slackgo.Block, len(c.Blocks))
	for i, block := range c.Blocks {
		blocks[i] = block
	}
	return slackgo.MsgOptionCompose(slackgo.MsgOptionText(c.Text, false), slackgo.MsgOptionBlocks(blocks...),
		slackgo.MsgOptionParse(false), slackgo.MsgOptionLinkNames(false))
}
