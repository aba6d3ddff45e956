package slack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// Send posts or edits the deployment's message, and posts the alert of a failure once.
// Slack knows no idempotency key, so an error after which nobody knows whether Slack
// has posted is Transient: a line that comes twice is better than one that is missing.
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
		return s.sendToWebhook(ctx, message.content)
	}
	token, err := s.Secrets.Secret(ctx, secret.SlackBotToken)
	if err != nil {
		return channel.Receipt{}, err
	}
	key := dispatch.Document.Key()
	thread, err := s.hold(ctx, key, dispatch.Execution)
	var held *failure.RateLimited
	switch {
	case errors.As(err, &held):
		return channel.Receipt{}, fmt.Errorf("reserving the deployment's message: %w", err)
	case err != nil:
		// A line of its own is better than none.
		slog.WarnContext(ctx, "posting without the ledger", "key", key, "error", failure.Classify(err).Error())
	default:
		defer s.release(ctx, key, dispatch.Execution)
	}
	t := &telling{
		sender: s,
		api:    newAPI(token.Reveal(), s.Account.Slack.URL, s.HTTP),
		key:    key, holder: dispatch.Execution,
		deployment: dispatch.Document.Deployment,
		message:    message,
		thread:     thread,
	}
	return t.tell(ctx)
}

func (s *sender) hold(ctx context.Context, key, holder string) (channel.Thread, error) {
	ctx, cancel := context.WithTimeout(ctx, noteFor)
	defer cancel()
	return s.Threads.Hold(ctx, key, holder, s.Now().Add(holdFor))
}

func (s *sender) release(ctx context.Context, key, holder string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
	defer cancel()
	if err := s.Threads.Release(ctx, key, holder); err != nil {
		slog.ErrorContext(ctx, "the deployment's message was not released and waits for the hold to end", "key", key, "error", err)
	}
}

// telling is one event being told in the one message of its deployment.
type telling struct {
	*sender
	api         *slackgo.Client
	key, holder string
	deployment  deployment.Deployment
	message     formatted
	thread      channel.Thread // as it was held, then as it becomes
}

func (t *telling) tell(ctx context.Context) (channel.Receipt, error) {
	found := t.thread
	if showsLater(found, t.deployment) {
		return channel.Receipt{Outcome: deployment.None, Reason: "a later state is shown already", Values: t.values()}, nil
	}
	// An attempt before this one may have shown it, and then not got its alert out.
	if !shows(found, t.deployment) {
		if err := t.show(ctx); err != nil {
			return channel.Receipt{}, err
		}
	}
	if t.message.Alert != nil && t.thread.Broadcast == "" {
		if err := t.alert(ctx); err != nil {
			return channel.Receipt{}, err
		}
	}
	receipt := channel.Receipt{Outcome: deployment.Sent, Values: t.values()}
	// Whoever held the message before and died may have posted what was not noted.
	if found.Interrupted && (found.TS == "" || found.Status == deployment.Failed && found.Broadcast != t.thread.Broadcast) {
		receipt.Outcome = deployment.Repeated
	}
	return receipt, nil
}

// show edits the message, or posts it where there is none to edit.
func (t *telling) show(ctx context.Context) error {
	var err error
	if t.thread.TS != "" {
		err = t.edit(ctx)
	}
	if t.thread.TS == "" || isUneditable(err) {
		err = t.post(ctx)
	}
	if err != nil {
		return err
	}
	t.thread.Status, t.thread.At = t.deployment.Status, t.deployment.Time
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

func (t *telling) post(ctx context.Context) (err error) {
	t.thread.Channel, t.thread.TS, err = t.api.PostMessageContext(ctx, t.message.Channel, options(t.message.content), silent)
	if err != nil {
		return fmt.Errorf("posting the message: %w", err)
	}
	return nil
}

// alert posts the reply that the channel sees too.
func (t *telling) alert(ctx context.Context) (err error) {
	_, t.thread.Broadcast, err = t.api.PostMessageContext(ctx, t.thread.Channel, options(*t.message.Alert), silent,
		slackgo.MsgOptionTS(t.thread.TS), slackgo.MsgOptionBroadcast())
	if err != nil {
		return fmt.Errorf("posting the alert: %w", err)
	}
	t.note(ctx)
	return nil
}

// note tells the ledger what the message has become. When that fails the message is out
// all the same: an error would only have it posted a second time.
func (t *telling) note(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
	defer cancel()
	if err := t.Threads.Note(ctx, t.key, t.holder, t.thread); err != nil {
		slog.ErrorContext(ctx, "the message is posted but not noted, and will not be edited",
			"key", t.key, "channel", t.thread.Channel, "ts", t.thread.TS, "error", err)
	}
}

func (t *telling) values() map[string]string {
	values := map[string]string{"channel": t.thread.Channel, "ts": t.thread.TS}
	if t.thread.Broadcast != "" {
		values["broadcast_ts"] = t.thread.Broadcast
	}
	return values
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
	case shown.Status.Final() != d.Status.Final():
		return shown.Status.Final()
	case !shown.At.Equal(d.Time):
		return shown.At.After(d.Time)
	default:
		return shown.Status == deployment.Failed && d.Status == deployment.Succeeded
	}
}
