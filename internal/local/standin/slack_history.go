package standin

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Sizes of a page of messages, of conversations.history and conversations.replies:
// https://docs.slack.dev/reference/methods/conversations.history
const (
	defaultPage       = 100
	defaultThreadPage = 999
	maxPage           = 999
)

// slackConversation is a channel as conversations.info tells of it.
type slackConversation struct {
	ID             string `json:"id"`
	Name           string `json:"name"`
	NameNormalized string `json:"name_normalized"`
	IsChannel      bool   `json:"is_channel"`
	IsGroup        bool   `json:"is_group"`
	IsPrivate      bool   `json:"is_private"`
	IsArchived     bool   `json:"is_archived"`
	IsMember       bool   `json:"is_member"`
}

// read carries out a method that reads; s is locked.
func (s *Slack) read(method string, args arguments) (slackAnswer, *refusal) {
	if s.reads[method] == nil {
		s.reads[method] = &window{}
	}
	if seconds, limited := s.reads[method].take(s.now(), s.perMinute); limited {
		return slackAnswer{}, &refusal{word: "ratelimited", wait: seconds}
	}
	ch, bad := s.open(method, args["channel"])
	if bad != nil {
		return slackAnswer{}, bad
	}
	switch method {
	case "conversations.history":
		return ch.history(args)
	case "conversations.replies":
		return ch.replies(args)
	}
	return slackAnswer{OK: true, Channel: slackConversation{
		ID: ch.ID, Name: ch.Name, NameNormalized: ch.Name, IsChannel: !ch.Private, IsGroup: ch.Private,
		IsPrivate: ch.Private, IsArchived: ch.Archived, IsMember: ch.Member,
	}}, nil
}

// history returns what the channel shows, the newest first: no replies but those that are
// broadcast.
func (c *channel) history(args arguments) (slackAnswer, *refusal) {
	within, bad := spanOf(args, defaultPage)
	if bad != nil {
		return slackAnswer{}, bad
	}
	var shown []*SlackMessage
	for _, m := range slices.Backward(c.messages) {
		at := micros(m.TS)
		if (m.ThreadTS == "" || m.Broadcast) && within.holds(at) && (within.cursor == 0 || at <= within.cursor) {
			shown = append(shown, m)
		}
	}
	return c.page(shown, nil, within), nil
}

// replies returns a thread, the oldest reply first; its parent is at the head of every page.
// https://docs.slack.dev/reference/methods/conversations.replies
func (c *channel) replies(args arguments) (slackAnswer, *refusal) {
	within, bad := spanOf(args, defaultThreadPage)
	if bad != nil {
		return slackAnswer{}, bad
	}
	parent := c.find(args["ts"])
	if parent == nil {
		return slackAnswer{}, refuse("thread_not_found")
	}
	var shown []*SlackMessage
	for _, m := range c.messages {
		if at := micros(m.TS); m.ThreadTS == parent.TS && within.holds(at) && at >= within.cursor {
			shown = append(shown, m)
		}
	}
	return c.page(shown, parent, within), nil
}

// page answers with the head, if there is one, and as many of the messages as go on a page.
func (c *channel) page(shown []*SlackMessage, head *SlackMessage, within span) slackAnswer {
	listed := []*slackPosted{}
	if head != nil {
		listed = append(listed, c.told(head, within.metadata))
	}
	more := len(shown) > within.limit
	answer := slackAnswer{OK: true, HasMore: &more}
	if more {
		next := "next_ts:" + strconv.FormatInt(micros(shown[within.limit].TS), 10)
		answer.Metadata = &slackMetadata{NextCursor: base64.StdEncoding.EncodeToString([]byte(next))}
		shown = shown[:within.limit]
	}
	for _, m := range shown {
		listed = append(listed, c.told(m, within.metadata))
	}
	answer.Messages = encode(listed)
	return answer
}

// told is a message as it is told to who reads the channel. A parent names itself as its
// thread. Unless all metadata is asked for, an event's payload is left out, and its type is not:
// https://github.com/slackapi/python-slack-sdk/issues/1501
func (c *channel) told(m *SlackMessage, allMetadata bool) *slackPosted {
	p := posted(m)
	for _, reply := range c.messages {
		if reply.ThreadTS == m.TS {
			p.ThreadTS = m.TS
			p.Replies++
		}
	}
	if p.Metadata != nil && !allMetadata {
		var kept struct {
			EventType string `json:"event_type"`
		}
		_ = json.Unmarshal(p.Metadata, &kept) // it was read when it came
		p.Metadata = encode(kept)
	}
	return p
}

// span is what part of the messages is asked for; times are in microseconds.
type span struct {
	oldest, latest int64
	inclusive      bool
	cursor         int64 // where the page begins; 0 for the first
	limit          int
	metadata       bool
}

func (s span) holds(at int64) bool {
	if s.inclusive {
		return s.oldest <= at && at <= s.latest
	}
	return s.oldest < at && at < s.latest
}

func spanOf(args arguments, limit int) (span, *refusal) {
	s := span{latest: math.MaxInt64, limit: limit, inclusive: truthy(args["inclusive"]), metadata: truthy(args["include_all_metadata"])}
	if value := args["oldest"]; value != "" {
		if s.oldest = micros(value); s.oldest < 0 {
			return s, refuse("invalid_ts_oldest")
		}
	}
	if value := args["latest"]; value != "" {
		if s.latest = micros(value); s.latest < 0 {
			return s, refuse("invalid_ts_latest")
		}
	}
	if value := args["limit"]; value != "" && value != "0" {
		number, err := strconv.Atoi(value)
		if err != nil || number < 1 || number > maxPage {
			return s, refuse("invalid_limit")
		}
		s.limit = number
	}
	if value := args["cursor"]; value != "" {
		decoded, err := base64.StdEncoding.DecodeString(value)
		number, known := strings.CutPrefix(string(decoded), "next_ts:")
		at, notNumber := strconv.ParseInt(number, 10, 64)
		if err != nil || !known || notNumber != nil || at <= 0 {
			return s, refuse("invalid_cursor")
		}
		s.cursor = at
	}
	return s, nil
}

// micros reads a message's id or a time, such as 1700000000.000100, as microseconds; under
// 0 when it is neither.
func micros(ts string) int64 {
	whole, part, _ := strings.Cut(ts, ".")
	if len(part) > 6 || len(whole) > 12 {
		return -1
	}
	at, err := strconv.ParseUint(whole+part+strings.Repeat("0", 6-len(part)), 10, 62)
	if err != nil || whole == "" {
		return -1
	}
	return int64(at)
}
