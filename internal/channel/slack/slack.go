// Package slack tells a team in Slack what is being deployed.
//
// With a bot token there is one message a deployment, which is edited as the
// deployment moves on. An edit notifies nobody, so a failure is also posted as a reply
// that Slack shows in the channel too. In a burst, what is beyond the first few messages
// of a minute is told in one that lists them, and is edited as they move on. With an incoming webhook nothing can be edited,
// and every event is a message of its own.
//
// What is shown of commits was written by anyone: it is made into one line, escaped and
// cut before it becomes part of a message, so that it can neither ping, nor link, nor
// change how anything around it looks.
package slack

import (
	"encoding/json"
	"fmt"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/channel"
)

// Channel is Slack as the workflow knows it.
var Channel = channel.Channel{Format: Format, NewSender: NewSender, Pace: Pace}

// Message is what Format makes, and what is sent.
type Message struct {
	// Channel is the id of the channel; empty for a webhook, which has its own.
	Channel string `json:"channel,omitempty"`
	// Text is what a notification shows and what a screen reader reads, escaped but
	// without markup, 200 characters at most.
	Text   string `json:"text"`
	Blocks Blocks `json:"blocks"`
	// Alert is the reply that cries out a failure; nil when nothing failed, and for a
	// webhook, whose every message notifies.
	Alert *Alert `json:"alert,omitempty"`
}

// Alert is a reply that is shown in the channel as well as in the thread.
type Alert struct {
	Text   string `json:"text"`
	Blocks Blocks `json:"blocks"`
}

// Blocks are Block Kit blocks, of whatever types. They are not slack-go's own list,
// whose JSON is full of \u003c, and hard to read in an execution.
type Blocks []slackgo.Block

// UnmarshalJSON reads the blocks by their types, as slack-go does.
func (b *Blocks) UnmarshalJSON(content []byte) error {
	var read slackgo.Blocks
	if err := json.Unmarshal(content, &read); err != nil {
		return fmt.Errorf("reading blocks: %w", err)
	}
	*b = read.BlockSet
	return nil
}

// viaWebhook is the value of the account file's slack.via that stands for a webhook.
const viaWebhook = "webhook"
