package demo

import (
	"fmt"
	"strings"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/local/play"
)

// expected is what is to come of an event.
type expected struct {
	// slack is the method of each request to Slack, in order; likewise pagerduty with
	// its actions (change for a change event) and sms with a part of each text.
	slack, pagerduty, sms []string
	// reasons are why channels are told or not, by name, where that is of interest.
	reasons map[string]deployment.Reason
	// says are texts that must be somewhere in what Slack was told.
	says []string
	// commits is true when the message is to list some.
	commits bool
	// end is the last state; Delivered when empty.
	end string
}

// problems returns what is not as expected, each in a sentence.
func (e expected) problems(r play.Result) []string {
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	end := e.end
	if end == "" {
		end = "Delivered"
	}
	if r.Execution == nil {
		return []string{"no rule took the event"}
	}
	if states := r.Execution.States; len(states) == 0 || states[len(states)-1] != end || r.Result != play.Carried {
		problem("the execution was to end in %s, it is %s after %s (%s)", end, r.Result, strings.Join(states, ", "), r.Execution.Cause())
	}
	for name, want := range map[string][]string{channel.Slack: e.slack, channel.PagerDuty: e.pagerduty, channel.SNS: e.sms} {
		requests := r.Channels[name].Requests
		if len(requests) != len(want) {
			problem("%s was to be told %d times (%s), it was %d times", name, len(want), strings.Join(want, ", "), len(requests))
			continue
		}
		for i, request := range requests {
			if text := request.Path + " " + string(request.Body); !strings.Contains(text, want[i]) {
				problem("request %d to %s was to hold %q: %s", i+1, name, want[i], text)
			}
		}
	}
	for name, want := range e.reasons {
		if got := r.Channels[name].Reason; got != string(want) {
			problem("the reason of %s was to be %s, it is %s", name, want, got)
		}
	}
	var said strings.Builder
	for _, request := range r.Channels[channel.Slack].Requests {
		said.Write(request.Body)
	}
	if e.commits && !strings.Contains(said.String(), "commits in this release") {
		problem("Slack was to be told the commits")
	}
	for _, text := range e.says {
		if !strings.Contains(said.String(), text) {
			problem("Slack was to be told %q", text)
		}
	}
	return problems
}
