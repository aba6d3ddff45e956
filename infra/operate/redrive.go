package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"fanfare/internal/redrive"
	"fanfare/internal/text"
	"fanfare/internal/why"
)

// redrive calls the function until it has looked at every message that was there.
func (c command) redrive(ctx context.Context, dry bool) (int, error) {
	in, total := redrive.Input{DryRun: dry}, redrive.Result{Items: []redrive.Item{}}
	for {
		if !c.json && len(total.Items) > 0 {
			c.say("%s so far, going on", count(len(total.Items), "event"))
		}
		var result redrive.Result
		if err := c.caller.Call(ctx, "fanfare-redrive", in, &result); err != nil {
			return trouble, err
		}
		total.Items = append(total.Items, result.Items...)
		total.Left, total.More, total.Before = result.Left, result.More, result.Before
		in.Before = result.Before
		for _, item := range result.Items {
			if !c.json {
				c.item(item)
			}
			for _, m := range item.Messages {
				if item.Kept {
					in.Skip = append(in.Skip, m.ID)
				}
			}
		}
		if !result.More || len(result.Items) == 0 { // done, or no way on
			break
		}
	}
	code := fine
	left := total.Left.Events + total.Left.Deliveries
	if left > 0 || total.More || slices.ContainsFunc(total.Items, func(i redrive.Item) bool { return i.Kept }) {
		code = trouble
	}
	if dry && code == trouble && !slices.ContainsFunc(total.Items, func(i redrive.Item) bool { return i.Outcome != redrive.Waits }) {
		code = fine // what waits, and nothing else, is what was asked for
	}
	if c.json {
		return code, c.print(total)
	}
	c.sum(total, left, dry)
	return code, nil
}

// sum says how it ended, and what to do about what is left.
func (c command) sum(total redrive.Result, left int, dry bool) {
	switch {
	case left == 0 && len(total.Items) == 0:
		c.say("Nothing waits in the queues.")
	case left == 0:
		c.say("Nothing is left in the queues.")
	case dry:
		c.say("%s in the queue of events, %s in that of deliveries. Nothing was done: `make redrive ACCOUNT=%s` does it.",
			count(total.Left.Events, "message"), count(total.Left.Deliveries, "message"), c.account)
	case len(total.Items) == 0:
		c.say("%s in the queues, and all are in somebody's hands: another redrive is at work, or was stopped. Try again in five minutes.", count(left, "message"))
	default:
		c.say("Left: %s in the queue of events, %s in that of deliveries. Mend what is said above (`make doctor ACCOUNT=%s` looks for it) and call again.",
			count(total.Left.Events, "message"), count(total.Left.Deliveries, "message"), c.account)
	}
}

// ends are the words for what became of an event.
var ends = map[redrive.Outcome]string{
	redrive.Done:       "done",
	redrive.Incomplete: "not all could be told",
	redrive.Meanwhile:  "told meanwhile",
	redrive.Failed:     "could not be told",
	redrive.UnderWay:   "still under way",
	redrive.NotStarted: "not started",
	redrive.Malformed:  "not one of Fanfare's",
	redrive.Waits:      "would be told",
}

// channels are the words for what became of a channel.
var channels = map[redrive.ChannelOutcome]string{
	redrive.Now:     "told now",
	redrive.Earlier: "told before, skipped",
	redrive.NotTold: "nothing to tell now",
	redrive.Again:   "NOT TOLD, again in the queue",
	redrive.Lost:    "NOT TOLD, and not in the queue",
}

// item tells what became of one event.
func (c command) item(item redrive.Item) {
	words := cmp.Or(ends[item.Outcome], string(item.Outcome))
	if item.By != "" {
		words += " by execution " + why.NameOf(item.By)
	}
	c.say("%s: %s%s", title(item), words, text.With(": ", item.Reason))
	for _, channel := range item.Channels {
		line := "  " + channel.Name + ": " + cmp.Or(channels[channel.Outcome], string(channel.Outcome))
		switch {
		case channel.Reason != "":
			line += ": " + channel.Reason
		case channel.Outcome == redrive.NotTold:
			line += ": " + why.Because(channel.Decision)
		}
		c.say("%s", line)
	}
	if !item.Kept {
		return
	}
	if item.Execution != "" {
		c.say("  execution %s", why.NameOf(item.Execution))
	}
	for _, m := range item.Messages {
		c.say("  in the queue of %s: message %s%s%s", m.Queue, m.ID, text.With(", for ", m.Channel), text.With(", put there because ", m.Why))
	}
	if item.Outcome == redrive.Malformed {
		c.say("  it stays there until somebody deletes it: look at it in the SQS console")
	}
}

// title names the event, as far as it is known.
func title(item redrive.Item) string {
	if item.Event == "" {
		return "A message"
	}
	return fmt.Sprintf("%s%s, %s%s, of %s", cmp.Or(item.Service, "a service"), text.With(" in ", item.Environment), why.Status(item.Status),
		text.With(", ", item.Deployment), item.Time.UTC().Format("2006-01-02 15:04:05 UTC"))
}
