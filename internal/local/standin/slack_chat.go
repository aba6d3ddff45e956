package standin

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Limits of https://docs.slack.dev/reference/methods/chat.postMessage and chat.update, except
// for maxBlocksLength, which Slack enforces without documenting it. It was met at about 13,200
// characters, and by messages whose bare text was far shorter, so the blocks' JSON is counted:
// https://github.com/slackapi/bolt-js/issues/2509
const (
	maxText         = 40_000
	maxUpdateText   = 4_000
	maxAttachments  = 100
	maxBlocksLength = 13_200
)

// content is what a message shows; a nil list was not given at all.
type content struct {
	text                string
	blocks, attachments json.RawMessage
}

func (c content) empty() bool {
	return c.text == "" && !filled(c.blocks) && !filled(c.attachments)
}

func filled(list json.RawMessage) bool { return list != nil && string(list) != "[]" }

func contentOf(args arguments) (content, *refusal) {
	c := content{text: args["text"]}
	if value, given := args["blocks"]; given && value != "" {
		blocks, bad := checkBlocks(value)
		if bad != nil {
			return c, bad
		}
		c.blocks = blocks
	}
	if value, given := args["attachments"]; given && value != "" {
		var list []json.RawMessage
		if json.Unmarshal([]byte(value), &list) != nil || list == nil {
			return c, refuse("invalid_attachments")
		}
		if len(list) > maxAttachments {
			return c, refuse("too_many_attachments")
		}
		c.attachments = compact(value)
	}
	return c, nil
}

func (s *Slack) post(ch *channel, args arguments, event string) (*SlackMessage, *refusal) {
	if ch.archived {
		return nil, refuse("is_archived")
	}
	shown, bad := contentOf(args)
	if bad != nil {
		return nil, bad
	}
	if shown.empty() {
		return nil, refuse("no_text")
	}
	m := &SlackMessage{Channel: ch.id, Text: cutText(shown.text), Blocks: shown.blocks, Attachments: shown.attachments, Event: event}
	if m.ThreadTS = args["thread_ts"]; m.ThreadTS != "" {
		// Slack asks for the parent and not for another reply; a mistake is shown here at once.
		if parent := ch.find(m.ThreadTS); parent == nil || parent.ThreadTS != "" {
			return nil, refuse("cannot_reply_to_message")
		}
		m.Broadcast = truthy(args["reply_broadcast"])
	}
	m.TS = s.nextTS()
	ch.messages = append(ch.messages, m)
	return m, nil
}

// update edits a message. Blocks and attachments that are not given stay as they were.
func (s *Slack) update(ch *channel, args arguments) (*SlackMessage, *refusal) {
	m := ch.find(args["ts"])
	switch {
	case m == nil:
		return nil, refuse("message_not_found")
	case ch.archived:
		return nil, refuse("is_inactive")
	case m.Webhook:
		return nil, refuse("cant_update_message")
	case utf8.RuneCountInString(args["text"]) > maxUpdateText:
		return nil, refuse("msg_too_long")
	}
	shown, bad := contentOf(args)
	if bad != nil {
		return nil, bad
	}
	if truthy(args["reply_broadcast"]) && !m.Broadcast {
		switch {
		case m.ThreadTS == "":
			return nil, refuse("cant_broadcast_message")
		case !shown.empty():
			return nil, refuse("no_dual_broadcast_content_update")
		}
		m.Broadcast = true
		return m, nil
	}
	if shown.empty() {
		return nil, refuse("no_text")
	}
	m.Text = shown.text
	if shown.blocks != nil {
		m.Blocks = shown.blocks
	}
	if shown.attachments != nil {
		m.Attachments = shown.attachments
	}
	m.Edited++
	return m, nil
}

func truthy(value string) bool { return value == "true" || value == "1" }

func cutText(text string) string {
	if utf8.RuneCountInString(text) <= maxText {
		return text
	}
	return string([]rune(text)[:maxText])
}

func compact(value string) json.RawMessage {
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(value)); err != nil {
		return json.RawMessage("[]")
	}
	return out.Bytes()
}
