package slack

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/text"
)

// markup takes the meaning out of what Slack gives one.
//
// &, < and > are all that Slack asks to be escaped, and with them go mentions, links
// and quotes: https://docs.slack.dev/messaging/formatting-message-text#escaping. The
// backtick has no escape; three of them would swallow every line up to the next three,
// so it becomes an apostrophe. *, _ and ~ stay as they were written, because commit
// titles are full of them: they work only up to the end of their line, and no line
// that shows outside text has markup of ours in it for them to pair with.
var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'")

// safe makes outside text fit for mrkdwn: one line, escaped once, of at most the given
// length after escaping, never cut inside an escape.
func safe(s string, limit int) string {
	line := text.Line(s)
	if escaped := markup.Replace(line); length(escaped) <= limit {
		return escaped
	}
	size, end := 0, 0
	for i, r := range line {
		if size += length(markup.Replace(string(r))); size >= limit {
			break // the ellipsis takes the last place
		}
		end = i + utf8.RuneLen(r)
	}
	return markup.Replace(strings.TrimRight(line[:end], " ")) + text.Ellipsis
}

// length counts the characters that s takes in the JSON that is sent, where &, < and >
// take six. Slack may count less, but nobody knows how it counts, and titles full of
// ampersands must not be a way to have messages refused.
func length(s string) int {
	n := 0
	for _, r := range s {
		switch r {
		case '&', '<', '>':
			n += len(`\u0026`)
		case '"', '\\', '\n':
			n += len(`\n`)
		default:
			n++
		}
	}
	return n
}

// link makes a link of a label that is safe already; the label alone when the address
// cannot be put into mrkdwn as it is.
func link(address, label string) string {
	escaped := strings.ReplaceAll(address, "&", "&amp;")
	if label == "" || length(escaped) > maxLink || !usable(address, maxLink) {
		return label
	}
	return "<" + escaped + "|" + strings.ReplaceAll(label, "|", "¦") + ">"
}

// usable tells whether the address is one of the web, within the limit, and without
// any character that could end a link early.
func usable(address string, limit int) bool {
	if length(address) > limit || strings.ContainsFunc(address, breaksLink) {
		return false
	}
	u, err := url.Parse(address)
	// Of hTTps:// nobody knows that Slack takes it for an address.
	web := strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
	return err == nil && u.Host != "" && web
}

func breaksLink(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("<>|\"'`\\^", r)
}

// date shows a time in each reader's own time zone, with the time in UTC for what
// cannot: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
func date(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty}, {time}|%s>", t.Unix(), t.UTC().Format("2 Jan 2006, 15:04 UTC"))
}

// mrkdwn makes a text object. It is verbatim, so that nothing becomes a link or a
// mention that was not written as one: a title with @channel or a URL in it stays text.
// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
func mrkdwn(s string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.MarkdownType, s, false, true)
}

// plain makes a text object that Slack shows as it is.
func plain(s string) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, s, true, false)
}
