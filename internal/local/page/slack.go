package page

import (
	"encoding/json"
	"html/template"
	"strings"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/channel/slack"
	"fanfare/internal/local/play"
)

// slackMessage is one message, as Slack shows it.
type slackMessage struct {
	// Edited is true for an edit of a message that was there, Reply for one in its
	// thread, and Broadcast for a reply that the channel sees too.
	Edited, Reply, Broadcast bool
	// Times is how often the same was sent, one after the other.
	Times  int
	Blocks []slackBlock
}

// slackBlock is one block; of its parts those that its type has are set.
type slackBlock struct {
	Header  template.HTML
	Text    template.HTML
	Fields  []template.HTML
	Buttons []slackButton
	Context []template.HTML
	Divider bool
}

type slackButton struct{ Label, URL, Style string }

// slackBody is what is sent to Slack: a form, whose blocks are JSON in text, or JSON.
type slackBody struct {
	Text      string          `json:"text"`
	Blocks    json.RawMessage `json:"blocks"`
	Thread    string          `json:"thread_ts"`
	Broadcast json.RawMessage `json:"reply_broadcast"`
}

// slackMessages reads the requests that Slack received. What cannot be read as a message
// is shown as the text that it is.
func slackMessages(requests []play.Request) []slackMessage {
	var messages []slackMessage
	for _, request := range once(requests) {
		var body slackBody
		if json.Unmarshal(request.Body, &body) != nil {
			body = slackBody{Text: string(request.Body)}
		}
		messages = append(messages, slackMessage{
			Edited:    strings.HasSuffix(request.Path, "chat.update"),
			Reply:     body.Thread != "",
			Broadcast: strings.Trim(string(body.Broadcast), `"`) == "true",
			Times:     request.times,
			Blocks:    body.shown(),
		})
	}
	return messages
}

// shown are the blocks, or else the text as if it were one.
func (b slackBody) shown() []slackBlock {
	var inText string
	if json.Unmarshal(b.Blocks, &inText) == nil {
		b.Blocks = json.RawMessage(inText)
	}
	var blocks slack.Blocks
	if json.Unmarshal(b.Blocks, &blocks) != nil || len(blocks) == 0 {
		return []slackBlock{{Text: mrkdwn(b.Text)}}
	}
	var shown []slackBlock
	for _, block := range blocks {
		shown = append(shown, blockOf(block))
	}
	return shown
}

func blockOf(block slackgo.Block) slackBlock {
	switch b := block.(type) {
	case *slackgo.HeaderBlock:
		return slackBlock{Header: textOf(b.Text)}
	case *slackgo.SectionBlock:
		shown := slackBlock{Text: textOf(b.Text)}
		for _, field := range b.Fields {
			shown.Fields = append(shown.Fields, textOf(field))
		}
		return shown
	case *slackgo.ActionBlock:
		return slackBlock{Buttons: buttonsOf(b)}
	case *slackgo.ContextBlock:
		var shown slackBlock
		for _, element := range b.ContextElements.Elements {
			if t, ok := element.(*slackgo.TextBlockObject); ok {
				shown.Context = append(shown.Context, textOf(t))
			}
		}
		return shown
	case *slackgo.DividerBlock:
		return slackBlock{Divider: true}
	default:
		return slackBlock{}
	}
}

func buttonsOf(b *slackgo.ActionBlock) []slackButton {
	var buttons []slackButton
	if b.Elements == nil {
		return nil
	}
	for _, element := range b.Elements.ElementSet {
		if button, ok := element.(*slackgo.ButtonBlockElement); ok && button.Text != nil {
			shown := slackButton{Label: button.Text.Text, Style: string(button.Style)}
			if isWeb(button.URL) {
				shown.URL = button.URL
			}
			buttons = append(buttons, shown)
		}
	}
	return buttons
}

// textOf draws a text object: one of plain text knows emoji and nothing else.
func textOf(t *slackgo.TextBlockObject) template.HTML {
	if t == nil {
		return ""
	}
	if t.Type == slackgo.MarkdownType {
		return mrkdwn(t.Text)
	}
	var b strings.Builder
	for rest := t.Text; rest != ""; {
		n := 0
		if rest[0] == ':' {
			n = emoji(&b, rest)
		}
		if n == 0 {
			n = 1 + strings.IndexByte(rest[1:], ':')
			if n == 0 {
				n = len(rest)
			}
			b.WriteString(template.HTMLEscapeString(printable(rest[:n])))
		}
		rest = rest[n:]
	}
	return template.HTML(b.String()) // escaped above
}
