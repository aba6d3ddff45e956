// Package redrive tells what could not be told: it takes the messages out of the two
// queues, starts the workflow anew with the events that they are about, and deletes those
// of which it has seen that nothing is missing any more, or that the workflow has queued
// anew what is.
//
// That an event is told twice is not its concern: the workflow's claim and its receipts
// see to it that only what is missing is sent. So it may be stopped at any moment, and
// several of it may run at once.
package redrive

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

const (
	// Batch is how many events are told at once, in one call.
	Batch = 10
	// Patience is for how long a batch is waited for: one that waits for a vendor may take
	// half an hour, and is looked after by the next call.
	Patience = 3 * time.Minute
	// margin is what is left of the function's time when it stops waiting, to tidy up.
	margin = 20 * time.Second
)

// Input is what the function is called with. All of it may be left out.
type Input struct {
	// DryRun only says what would be done.
	DryRun bool `json:"dryRun"`
	// Before is that of the first of several calls' results: what was queued later stays in
	// the queue, lest what fails goes round and round.
	Before time.Time `json:"before,omitzero"`
	// Skip are the ids of messages that were kept by the calls before.
	Skip []string `json:"skip,omitempty"`
}

// Result is what one call did.
type Result struct {
	Items []Item `json:"items"`
	Left  Left   `json:"left"`
	// More is true when there are messages that have not been looked at: call again, with
	// Before as it is here and what was kept added to Skip.
	More   bool      `json:"more"`
	Before time.Time `json:"before"`
}

// Left counts the messages in the queues afterwards, as far as SQS can tell.
type Left struct {
	Events     int `json:"events"`
	Deliveries int `json:"deliveries"`
}

// Outcome says what became of one event.
type Outcome string

// The outcomes.
const (
	Done       Outcome = "done"        // nothing is missing any more
	Incomplete Outcome = "incomplete"  // a channel could not be told; it is queued anew
	Meanwhile  Outcome = "meanwhile"   // another execution has told it
	Failed     Outcome = "failed"      // the new execution failed
	UnderWay   Outcome = "under_way"   // the new execution, or the one before it, is not done yet
	NotStarted Outcome = "not_started" // no new execution could be started
	Malformed  Outcome = "malformed"   // the message is none of Fanfare's
	Waits      Outcome = "waits"       // a dry run: it would be told
)

// Item is what became of one event.
type Item struct {
	Outcome Outcome `json:"outcome"`
	// Reason says in words why it is not done; empty when it is.
	Reason string `json:"reason,omitempty"`
	// Kept is true when its messages are still in the queue.
	Kept     bool      `json:"kept"`
	Messages []Message `json:"messages"`
	// What the event is about; all of it is empty for a message that is none of Fanfare's.
	Event       string            `json:"event,omitempty"`
	Service     string            `json:"service,omitempty"`
	Deployment  string            `json:"deployment,omitempty"`
	Environment string            `json:"environment,omitempty"`
	Status      deployment.Status `json:"status,omitempty"`
	Kind        deployment.Kind   `json:"kind,omitempty"`
	Time        time.Time         `json:"time,omitzero"`
	// Execution is the ARN of the one that was started.
	Execution string `json:"execution,omitempty"`
	// By is the ARN of the execution that tells it or has told it, if it is another.
	By       string    `json:"by,omitempty"`
	Channels []Channel `json:"channels,omitempty"`
}

// Message is one message of a queue.
type Message struct {
	Queue Queue  `json:"queue"`
	ID    string `json:"id"`
	// Channel is the one that was not told; empty in the queue of events.
	Channel string    `json:"channel,omitempty"`
	Why     string    `json:"why,omitempty"`
	SentAt  time.Time `json:"sentAt,omitzero"`
}

// Queue is one of the two queues.
type Queue string

// The queues.
const (
	Events     Queue = "events"     // events that EventBridge could not hand over
	Deliveries Queue = "deliveries" // messages that a channel did not take
)

// Redriver is the function.
type Redriver struct {
	Account account.Account
	SQS     SQS
	SFN     SFN
	// Workflow is the workflow's ARN; EventQueue and DeliveryQueue are the queues' URLs.
	Workflow, EventQueue, DeliveryQueue string
	Now                                 func() time.Time
	// Sleep waits so long, or until the context ends.
	Sleep func(context.Context, time.Duration)
}

// job is one event on its way, with all its messages.
type job struct {
	item     Item
	messages []message
	event    json.RawMessage
	started  bool
	judged   bool
}

// Redrive tells one batch of what waits in the queues, the oldest events first. An error
// means that the queues could not be read; what went wrong with one event is in its item.
func (r Redriver) Redrive(ctx context.Context, in Input) (Result, error) {
	result := Result{Items: []Item{}, Before: in.Before}
	if result.Before.IsZero() {
		result.Before = r.Now().UTC()
	}
	until := r.Now().Add(Patience)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-margin).Before(until) {
		until = deadline.Add(-margin)
	}
	taken, err := r.take(ctx, in, result.Before, until)
	defer taken.release()
	if err != nil {
		return result, err
	}
	jobs, malformed := sorted(taken.fresh)
	result.More = taken.cut
	if !in.DryRun && len(jobs) > Batch {
		jobs, result.More = jobs[:Batch], true
	}
	for _, j := range jobs {
		r.prepare(ctx, j)
	}
	if !in.DryRun {
		for _, j := range jobs {
			r.start(ctx, j)
		}
		r.follow(ctx, jobs, until, taken)
	}
	for _, j := range slices.Concat(malformed, jobs) {
		result.Items = append(result.Items, j.item)
	}
	result.Left = taken.left(result.Items)
	slog.InfoContext(ctx, "redriven", "items", len(result.Items), "events", result.Left.Events, "deliveries", result.Left.Deliveries, "more", result.More)
	return result, nil
}

// sorted makes one job of all the messages of an event, the oldest event first. Messages
// that are none of Fanfare's are jobs of their own that are done with.
func sorted(messages []message) (jobs, malformed []*job) {
	byEvent := map[string]*job{}
	for _, m := range messages {
		if m.problem != "" {
			malformed = append(malformed, &job{
				item: Item{Outcome: Malformed, Reason: m.problem, Kept: true, Messages: []Message{m.Message}}})
			continue
		}
		key := m.deployment.ClaimKey()
		j := byEvent[key]
		if j == nil {
			j = &job{item: about(m.deployment)}
			byEvent[key] = j
			jobs = append(jobs, j)
		}
		j.messages = append(j.messages, m)
		j.item.Messages = append(j.item.Messages, m.Message)
		if m.event != nil {
			j.event = m.event
		}
	}
	slices.SortStableFunc(jobs, func(a, b *job) int { return a.item.Time.Compare(b.item.Time) })
	return jobs, malformed
}

// about is an item that is kept until it is known to be done.
func about(d deployment.Deployment) Item {
	return Item{
		Outcome: Waits, Kept: true, Event: d.Event, Service: d.Subject(), Deployment: d.ID,
		Environment: d.Environment, Status: d.Status, Kind: d.Kind, Time: d.Time,
	}
}

// keep says why the event's messages stay in the queue.
func (j *job) keep(outcome Outcome, reason string) {
	j.item.Outcome, j.item.Reason, j.item.Kept, j.judged = outcome, reason, true, true
}
