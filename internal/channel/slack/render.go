package slack

import (
	"regexp"
	"strings"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"
)

// Render shows a message as text, for a terminal: what a reader sees in Slack, with the
// addresses of the buttons, and a failure's alert below it.
func Render(m Message) string {
	shown := renderBlocks(m.Blocks)
	if m.Alert == nil {
		return shown
	}
	alert := strings.TrimRight(renderBlocks(m.Alert.Blocks), "\n")
	return shown + "\n↳ a reply that the channel sees too:\n" + indent(alert) + "\n"
}

func renderBlocks(blocks []slackgo.Block) string {
	var parts []string
	for _, block := range blocks {
		switch b := block.(type) {
		case *slackgo.HeaderBlock:
			parts = append(parts, renderHeader(b))
		case *slackgo.SectionBlock:
			parts = append(parts, renderSection(b))
		case *slackgo.ActionBlock:
			parts = append(parts, renderButtons(b))
		case *slackgo.ContextBlock:
			parts = append(parts, renderContext(b))
		}
	}
	return strings.Join(parts, "\n\n") + "\n"
}

func renderHeader(b *slackgo.HeaderBlock) string {
	return b.Text.Text + "\n" + strings.Repeat("─", utf8.RuneCountInString(b.Text.Text)+1)
}

// renderSection aligns the values of fields; their labels are of at most 11 characters.
func renderSection(b *slackgo.SectionBlock) string {
	var lines []string
	if b.Text != nil {
		lines = append(lines, readable(b.Text.Text))
	}
	for _, field := range b.Fields {
		label, value, _ := strings.Cut(readable(field.Text), "\n")
		const column = 13
		lines = append(lines, label+strings.Repeat(" ", max(1, column-utf8.RuneCountInString(label)))+
			strings.ReplaceAll(value, "\n", "\n"+strings.Repeat(" ", column)))
	}
	return strings.Join(lines, "\n")
}

func renderButtons(b *slackgo.ActionBlock) string {
	var lines []string
	for _, element := range b.Elements.ElementSet {
		if button, ok := element.(*slackgo.ButtonBlockElement); ok {
			lines = append(lines, "["+button.Text.Text+"] ("+button.URL+")")
		}
	}
	return strings.Join(lines, "\n")
}

func renderContext(b *slackgo.ContextBlock) string {
	var texts []string
	for _, element := range b.ContextElements.Elements {
		if t, ok := element.(*slackgo.TextBlockObject); ok {
			texts = append(texts, readable(t.Text))
		}
	}
	return strings.Join(texts, "  ")
}

var (
	labelled = regexp.MustCompile(`<[^<>|]*\|([^<>]*)>`)
	heading  = regexp.MustCompile(`(?m)^\*([^*]*)\*$`)
	unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// readable is mrkdwn as it looks: a link or a date as its label, a heading without its
// asterisks, characters instead of their escapes.
func readable(s string) string {
	s = labelled.ReplaceAllString(s, "$1")
	s = heading.ReplaceAllString(s, "$1")
	return unescape.Replace(s)
}

func indent(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}
