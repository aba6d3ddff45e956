package page

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/local/play"
)

// view is an event as the template shows it.
type view struct {
	Number   int
	ID       string
	Title    string
	Badges   []badge
	Duration string
	// Clock and Date are when it was emitted, as a phone shows them.
	Clock, Date string
	Path        path
	Trouble     []string

	Slack     told
	PagerDuty told
	SMS       told

	Messages []slackMessage
	Notices  []notice
	Texts    []sms
}

// badge is a word and its colour: blue, green, red, amber or grey.
type badge struct{ Word, Colour string }

// told is what became of one channel.
type told struct {
	// Short is that in a few words, and Colour how it is to be seen.
	Short  badge
	Reason string
	// Window is the maintenance window that quiets the channel, in words.
	Window string
	// Lost says where what could not be told is now; empty when nothing is.
	Lost string
}

// say puts into words what a channel was told, if it was.
func (t *told) say(words string) {
	if t.Short.Colour == "green" && words != "" {
		t.Short.Word = words
	}
}

func viewOf(number int, e Event) view {
	r := e.Result
	v := view{
		Number: number, ID: fmt.Sprintf("event-%d", number), Title: e.Title, Duration: seconds(r.MS), Path: pathOf(r),
		Slack:     toldOf(r, channel.Slack),
		PagerDuty: toldOf(r, channel.PagerDuty),
		SMS:       toldOf(r, channel.SNS),
		Messages:  slackMessages(r.Channels[channel.Slack].Requests),
		Notices:   notices(r.Channels[channel.PagerDuty].Requests),
		Texts:     texts(r.Channels[channel.SNS].Requests),
		Badges:    badges(r),
		Trouble:   trouble(r),
	}
	if t := r.Document.Deployment.Time; !t.IsZero() {
		v.Clock, v.Date = t.UTC().Format("15:04"), t.UTC().Format("Monday, 2 January")
	}
	v.Slack.say(slackInShort(v.Messages))
	v.PagerDuty.say(pagerdutyInShort(v.Notices))
	v.SMS.say("a text")
	return v
}

// Pages are the notices that make a phone ring; Quiet are the others.
func (v view) Pages() []notice { return v.those(true) }

// Quiet are the notices that wake nobody.
func (v view) Quiet() []notice { return v.those(false) }

func (v view) those(pages bool) []notice {
	return slices.DeleteFunc(slices.Clone(v.Notices), func(n notice) bool { return n.Pages() != pages })
}

func badges(r play.Result) []badge {
	var all []badge
	d := r.Document.Deployment
	if ending, ok := endings[r.Result]; ok {
		all = append(all, ending)
	}
	if d.Drill != nil {
		all = append(all, badge{"drill", "amber"})
	}
	if status, ok := statuses[d.Status]; ok {
		if d.Status != "" && r.Document.Kind() == deployment.Rollback {
			status.Word = "rollback " + status.Word
		}
		all = append(all, status)
	}
	for _, word := range []string{d.Environment, map[string]string{deployment.ECS: "ECS", deployment.CodePipeline: "CodePipeline"}[d.Source]} {
		if word != "" {
			all = append(all, badge{word, "grey"})
		}
	}
	return all
}

// toldOf is what became of the channel, by the plan and the deliveries.
func toldOf(r play.Result, name string) told {
	c := r.Channels[name]
	decision := r.Document.Plan[name]
	t := told{Short: badge{"not told", "grey"}, Reason: inWords(c.Reason), Window: window(decision.Window)}
	delivery := r.Document.Deliveries[name]
	switch {
	case delivery.Outcome == deployment.Stranded:
		t.Short, t.Lost = badge{"lost", "red"}, others[string(deployment.Stranded)]
	case c.Outcome == string(deployment.DeadLettered):
		t.Short = badge{"dead letter", "red"}
		t.Lost = "It could not be delivered, and waits in the dead-letter queue with all that a redelivery needs."
		if delivery.Reason != "" {
			t.Lost += " " + sentence(delivery.Reason)
		}
		if len(c.Requests) > 0 {
			t.Lost += " What was tried:"
		}
	case len(c.Requests) > 0:
		t.Short = badge{"told", "green"}
	case r.Result == play.Ignored:
		t.Reason = "No rule of this account takes such an event."
	case r.Result == play.NotAnEvent:
		t.Reason = "The bus does not carry what is not an event."
	case r.Execution != nil && r.Execution.Error != "" && decision.Decision == "":
		t.Reason = "The execution ended before it was decided whom to tell."
	}
	return t
}

// trouble are sentences on what went wrong with the event itself.
func trouble(r play.Result) []string {
	var all []string
	if e := r.Execution; e != nil && e.Error != "" {
		all = append(all, "The execution failed with "+e.Error+". "+e.Cause())
	}
	for _, queue := range slices.Sorted(maps.Keys(r.Queues)) {
		if n := r.Queues[queue]; n > 0 {
			all = append(all, fmt.Sprintf("The queue %s holds it: %d more than before.", queue, n))
		}
	}
	if r.Error != "" {
		all = append(all, r.Error)
	}
	return all
}

func slackInShort(messages []slackMessage) string {
	words := ""
	for _, m := range messages {
		word := "a message"
		switch {
		case m.Edited:
			word = "an edit"
		case m.Broadcast:
			word = "an alert"
		}
		words = and(words, word)
	}
	return words
}

func pagerdutyInShort(notices []notice) string {
	words := ""
	for _, n := range notices {
		words = and(words, map[string]string{trigger: "a page", resolve: "a resolve", change: "a change"}[n.Kind])
	}
	return words
}

// attempt is a request, and how often it was sent.
type attempt struct {
	play.Request
	times int
}

// once puts requests that repeat the one before them together: a vendor that refuses is
// asked again.
func once(requests []play.Request) []attempt {
	var all []attempt
	for _, request := range requests {
		last := len(all) - 1
		if last >= 0 && all[last].Path == request.Path && bytes.Equal(all[last].Body, request.Body) {
			all[last].times++
		} else {
			all = append(all, attempt{request, 1})
		}
	}
	return all
}

func and(words, word string) string {
	if words == "" || word == "" {
		return words + word
	}
	return words + ", " + word
}
