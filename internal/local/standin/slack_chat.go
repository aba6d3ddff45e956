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
	// maxMetadata is in bytes. Slack says that there is a limit, and not which.
	maxMetadata = 8_000
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
	if ch.Archived {
		return nil, refuse("is_archived")
	}
	shown, bad := contentOf(args)
	if bad != nil {
		return nil, bad
	}
	if shown.empty() {
		return nil, refuse("no_text")
	}
	metadata, bad := metadataOf(args)
	if bad != nil {
		return nil, bad
	}
	m := &SlackMessage{Metadata: metadata, Channel: ch.ID, Text: cutText(shown.text), Blocks: shown.blocks, Attachments: shown.attachments, Event: event}
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

// update edits a message. Attachments and metadata that are not given stay as they were, and
// so do blocks, unless there is a text in their place.
// https://docs.slack.dev/reference/methods/chat.update
func (s *Slack) update(ch *channel, args arguments) (*SlackMessage, *refusal) {
	m := ch.find(args["ts"])
	switch {
	case m == nil:
		return nil, refuse("message_not_found")
	case ch.Archived:
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
	metadata, bad := metadataOf(args)
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
	if shown.blocks != nil || shown.text != "" {
		m.Blocks = shown.blocks
	}
	if metadata != nil {
		m.Metadata = metadata
	}
	if shown.attachments != nil {
		m.Attachments = shown.attachments
	}
	m.Edited++
	return m, nil
}

// metadataOf reads what a message bears for apps: an event_type and an event_payload.
// https://docs.slack.dev/messaging/message-metadata
func metadataOf(args arguments) (json.RawMessage, *refusal) {
	value := args["metadata"]
	if value == "" {
		return nil, nil
	}
	var m struct {
		EventType    string         `json:"event_type"`
		EventPayload map[string]any `json:"event_payload"`
	}
	if json.Unmarshal([]byte(value), &m) != nil || m.EventType == "" || m.EventPayload == nil {
		return nil, refuse("invalid_metadata_format")
	}
	if len(value) > maxMetadata {
		return nil, refuse("metadata_too_large")
	}
	return compact(value), nil
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
