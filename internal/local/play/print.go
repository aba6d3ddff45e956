package play

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"fanfare/internal/channel"
	"fanfare/internal/channel/pagerduty"
	"fanfare/internal/channel/slack"
	"fanfare/internal/deployment"
)

// None is the result of what is not an event.
func None(id string, err error) Result {
	r := emptyResult(id)
	r.Result, r.Error = NotAnEvent, err.Error()
	return r
}

// titles are the channels' names as people write them.
var titles = map[string]string{channel.Slack: "Slack", channel.PagerDuty: "PagerDuty", channel.SNS: "SMS"}

// Print shows a person what came of an event.
func Print(w io.Writer, r Result) error {
	if r.Result == NotAnEvent {
		_, err := fmt.Fprintln(w, r.Error)
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", headline(r))
	if e := r.Execution; e != nil {
		fmt.Fprintf(&b, "  %s in %s: %s\n", e.Status, seconds(r.MS), strings.Join(e.States, " → "))
		if e.Error != "" {
			fmt.Fprintf(&b, "  %s: %s\n", e.Error, e.Cause())
		}
	}
	if r.Execution != nil {
		for _, name := range Names {
			b.WriteString(told(name, r.Channels[name], r.Document.Plan[name].Window))
		}
	}
	for name, n := range r.Queues {
		if n > 0 {
			fmt.Fprintf(&b, "  the queue %s gained %d\n", name, n)
		}
	}
	if r.Error != "" {
		fmt.Fprintf(&b, "  %s\n", r.Error)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func headline(r Result) string {
	d := r.Document.Deployment
	if d.Subject() == "" {
		return strings.TrimSpace(fmt.Sprintf("%s: event %s", strings.ReplaceAll(r.Result, "_", " "), r.Event))
	}
	what := strings.ReplaceAll(string(d.Status), "_", " ")
	if r.Document.Kind() == deployment.Rollback {
		what = "rollback " + what
	}
	if d.Attempt > 1 {
		what += fmt.Sprintf(", attempt %d", d.Attempt)
	}
	subject := d.Subject()
	if d.Pipeline != "" {
		subject = "pipeline " + subject
	}
	if d.Drill != nil {
		subject = "DRILL of " + subject
	}
	return fmt.Sprintf("%s: %s in %s, %s (event %s)", r.Result, subject, orUnknown(d.Environment), what, r.Event)
}

func orUnknown(s string) string {
	if s == "" {
		return "an unknown environment"
	}
	return s
}

func seconds(ms int64) string { return fmt.Sprintf("%.2f s", float64(ms)/1000) }

// told is what one channel was told, or why it was not. The window is the one that kept it
// from being told, if one did.
func told(name string, c Channel, window *deployment.Window) string {
	why := strings.ReplaceAll(c.Reason, "_", " ")
	if window != nil {
		why += fmt.Sprintf(" %s until %s", window.Name, window.Until.UTC().Format("2 Jan 2006, 15:04 UTC"))
	}
	if len(c.Requests) == 0 {
		return fmt.Sprintf("  %-10s not told: %s\n", titles[name], why)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %-10s %s (%s)\n", titles[name], strings.ReplaceAll(c.Outcome, "_", " "), why)
	for _, request := range c.Requests {
		fmt.Fprintf(&b, "    %s %s%s\n", request.Method, request.Path, partOf(request))
		b.WriteString(indent(readable(name, request.Body), "      "))
	}
	return b.String()
}

// partOf says of a call to Slack how it belongs to the deployment's one message.
func partOf(r Request) string {
	var form struct {
		Thread string `json:"thread_ts"`
		Shown  string `json:"reply_broadcast"`
	}
	_ = json.Unmarshal(r.Body, &form) // a webhook's message has neither
	switch {
	case strings.HasSuffix(r.Path, "chat.update"):
		return " (the same message, edited)"
	case form.Thread != "" && form.Shown == "true":
		return " (a reply to the message, also shown in the channel)"
	case form.Thread != "":
		return " (a reply to the message)"
	default:
		return ""
	}
}

// readable is the request's body as its reader sees it.
func readable(name string, body json.RawMessage) string {
	switch name {
	case channel.Slack:
		return readableSlack(body)
	case channel.PagerDuty:
		var event pagerduty.Event
		if json.Unmarshal(body, &event) != nil {
			return string(body)
		}
		switch {
		case event.Payload == nil:
			return event.Action + " " + event.DedupKey
		case event.Action == "":
			return "change: " + event.Payload.Summary
		default:
			return fmt.Sprintf("%s (%s): %s\n%s", event.Action, event.Payload.Severity, event.Payload.Summary, event.DedupKey)
		}
	default:
		var published struct{ Message string }
		if json.Unmarshal(body, &published) != nil || published.Message == "" {
			return string(body)
		}
		return published.Message
	}
}

// readableSlack shows a message. slack-go posts a form, whose blocks are JSON in text.
func readableSlack(body json.RawMessage) string {
	var form struct {
		Text   string          `json:"text"`
		Blocks json.RawMessage `json:"blocks"`
	}
	if json.Unmarshal(body, &form) != nil {
		return string(body)
	}
	var inText string
	if json.Unmarshal(form.Blocks, &inText) == nil {
		form.Blocks = json.RawMessage(inText)
	}
	var message slack.Message
	if json.Unmarshal(form.Blocks, &message.Blocks) != nil || len(message.Blocks) == 0 {
		return form.Text
	}
	return slack.Render(message)
}

func indent(text, by string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return by + strings.Join(lines, "\n"+by) + "\n"
}
