package page

import (
	"html"
	"html/template"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mrkdwn draws Slack's markup as Slack does, as far as messages use it:
// https://docs.slack.dev/messaging/formatting-message-text. Everything else is text.
func mrkdwn(s string) template.HTML {
	var b strings.Builder
	quoting := false
	for i, line := range strings.Split(s, "\n") {
		quoted, isQuote := strings.CutPrefix(line, ">")
		if !isQuote {
			quoted, isQuote = strings.CutPrefix(line, "&gt;")
		}
		switch {
		case isQuote && !quoting:
			b.WriteString("<blockquote>")
		case !isQuote && quoting:
			b.WriteString("</blockquote>")
		case i > 0:
			b.WriteString("<br/>")
		}
		quoting = isQuote
		if isQuote {
			line = strings.TrimPrefix(quoted, " ")
		}
		inline(&b, line, 0)
	}
	if quoting {
		b.WriteString("</blockquote>")
	}
	return template.HTML(b.String()) // inline has escaped all that it has not made itself
}

// deepest is how far markup may stand in markup.
const deepest = 5

var styles = map[byte]string{'*': "strong", '_': "em", '~': "s"}

// inline draws a line or a part of one.
func inline(b *strings.Builder, s string, depth int) {
	for i := 0; i < len(s); {
		rest := s[i:]
		n := 0
		switch c := s[i]; {
		case c == '<':
			n = angle(b, rest)
		case c == ':':
			n = emoji(b, rest)
		case c == '`':
			if end := strings.IndexByte(rest[1:], '`'); end > 0 {
				b.WriteString("<code>" + text(rest[1:end+1]) + "</code>")
				n = end + 2
			}
		case styles[c] != "" && depth < deepest && opens(s, i):
			if end := closes(rest); end > 0 {
				b.WriteString("<" + styles[c] + ">")
				inline(b, rest[1:end], depth+1)
				b.WriteString("</" + styles[c] + ">")
				n = end + 1
			}
		}
		if n == 0 {
			n = 1 + strings.IndexAny(rest[1:], "<:`*_~")
			if n == 0 {
				n = len(rest)
			}
			b.WriteString(text(rest[:n]))
		}
		i += n
	}
}

// opens tells whether the sign at i stands where it begins a word.
func opens(s string, i int) bool {
	before, _ := utf8.DecodeLastRuneInString(s[:i])
	after, _ := utf8.DecodeRuneInString(s[i+1:])
	return (i == 0 || !isWord(before)) && i+1 < len(s) && !unicode.IsSpace(after) && after != rune(s[i])
}

// closes finds the sign that ends what the first of s begins; 0 when there is none.
func closes(s string) int {
	for i := 2; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[i+1:])
		if !unicode.IsSpace(before) && (i+1 == len(s) || !isWord(after)) {
			return i
		}
	}
	return 0
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// angle draws what stands between < and >, a link, a mention or a date, and returns how
// long it is; 0 when it does not end.
func angle(b *strings.Builder, s string) int {
	end := strings.IndexByte(s, '>')
	if end < 2 {
		return 0
	}
	target, label, labelled := strings.Cut(s[1:end], "|")
	switch {
	case strings.HasPrefix(target, "!date^"):
		b.WriteString("<time>" + text(label) + "</time>")
	case strings.HasPrefix(target, "!"), strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
		if !labelled {
			label = target[1:]
		}
		b.WriteString(`<span class="mention">` + text(map[byte]string{'#': "#"}[target[0]]+strings.TrimLeft(label, "@#")) + "</span>")
	default:
		if !labelled || label == "" {
			label = target
		}
		anchor(b, unescape.Replace(target), label)
	}
	return end + 1
}

func anchor(b *strings.Builder, address, label string) {
	if !isWeb(address) {
		b.WriteString(text(label))
		return
	}
	b.WriteString(`<a rel="noreferrer" href="` + html.EscapeString(address) + `">` + text(label) + "</a>")
}

// isWeb tells whether a browser may be sent to the address.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// unescape is the opposite of the only escapes that Slack knows.
var unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")

// text is what stands there, for HTML.
func text(s string) string { return html.EscapeString(printable(unescape.Replace(s))) }

// printable leaves out what no HTML file may have.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r >= ' ' && r != utf8.RuneError && r != 0xfffe && r != 0xffff && (r < 0x7f || r > 0x9f) {
			return r
		}
		return -1
	}, s)
}

var emojiName = regexp.MustCompile(`^:([a-z0-9_+-]+):`)

// emojis are those whose names a message may have.
var emojis = map[string]string{
	"rocket": "🚀", "red_circle": "🔴", "white_check_mark": "✅", "rewind": "⏪", "information_source": "ℹ️",
	"rotating_light": "🚨", "warning": "⚠️", "construction": "🚧", "no_entry": "⛔", "stop_sign": "🛑",
	"black_square_for_stop": "⏹️", "large_green_circle": "🟢", "large_yellow_circle": "🟡", "test_tube": "🧪",
	"fire_extinguisher": "🧯", "tada": "🎉", "zzz": "💤", "wrench": "🔧",
}

// emoji draws one by its name, and returns how long the name is; 0 when it is none.
func emoji(b *strings.Builder, s string) int {
	found := emojiName.FindStringSubmatch(s)
	if found == nil || emojis[found[1]] == "" {
		return 0
	}
	b.WriteString(emojis[found[1]])
	return len(found[0])
}
