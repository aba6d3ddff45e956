package play

import (
	"encoding/json"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/local/standin"
)

// How an event ended, as Result.Result says it.
const (
	Carried    = "carried"      // told, or rightly not told
	Failed     = "failed"       // it ended in a queue or in a failed execution
	Ignored    = "ignored"      // no rule took it
	NotAnEvent = "not_an_event" // the bus could not carry it
)

// noRule is the error of what is ignored.
const noRule = "no rule took it: it is neither an ECS deployment of this account's clusters, nor an execution of its account file's pipelines, nor a drill"

// Result is what came of one event. Its JSON is a contract that others build on.
type Result struct {
	// Event is the event's id; empty when it is none.
	Event string `json:"event"`
	// Execution is null when no rule took the event.
	Execution *Execution         `json:"execution"`
	Channels  map[string]Channel `json:"channels"`
	// Queues counts the messages that each dead-letter queue gained.
	Queues map[string]int `json:"queues"`
	// MS is the time from putting the event to the execution's end, in milliseconds.
	MS     int64  `json:"ms"`
	Result string `json:"result"`
	// Error is a sentence, when the result is ignored or not_an_event, or something could
	// not be found out.
	Error string `json:"error,omitempty"`

	// Document is what the execution's last state knew.
	Document deployment.Document `json:"-"`
}

// Execution is one run of the workflow.
type Execution struct {
	ARN    string `json:"arn"`
	Status string `json:"status"`
	Error  string `json:"error"`
	// States are those that were passed, in order; those inside Notify as far as the
	// engine tells of them.
	States []string `json:"states"`

	cause string
}

// Cause says in a sentence why the execution failed; empty when it did not.
func (e *Execution) Cause() string { return e.cause }

// Channel is what became of one channel.
type Channel struct {
	// Decision is deliver, suppress, hold, or none when the workflow did not come so far.
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	// Outcome is sent, repeated, dead_lettered or none.
	Outcome string `json:"outcome"`
	// Requests are what the channel's stand-in received for this event.
	Requests []Request `json:"requests"`
}

// Request is one call to a vendor, secrets masked.
type Request struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
}

// OK tells whether the event went as it should: carried, or rightly ignored.
func (r Result) OK() bool { return r.Result == Carried || r.Result == Ignored }

// Names are the channels, in the order in which people are shown them.
var Names = []string{channel.Slack, channel.PagerDuty, channel.SNS}

func emptyResult(event string) Result {
	r := Result{Event: event, Channels: map[string]Channel{}, Queues: map[string]int{}}
	for _, name := range Names {
		r.Channels[name] = Channel{Decision: "none", Outcome: string(deployment.None), Requests: []Request{}}
	}
	return r
}

// because gives every channel that nothing was decided of the reason: the error that
// ended the execution before.
func (r *Result) because(reason string) {
	for name, c := range r.Channels {
		if c.Decision == "none" {
			c.Reason = reason
			r.Channels[name] = c
		}
	}
}

// Broken is the result of what could not be played, or not be followed to its end.
func Broken(event string, err error) Result {
	r := emptyResult(event)
	r.Result, r.Error = Failed, err.Error()
	return r
}

// tell fills in what the document and the stand-ins say of the channels.
func (r *Result) tell(doc deployment.Document, received []standin.Request) {
	r.Document = doc
	for _, name := range Names {
		c := r.Channels[name]
		if d, ok := doc.Plan[name]; ok {
			c.Decision, c.Reason = string(d.Decision), string(d.Reason)
		} else if doc.Claim != nil && doc.Claim.Outcome == deployment.Duplicate {
			c.Reason = string(deployment.Duplicate)
		}
		switch delivery := doc.Deliveries[name]; delivery.Outcome {
		case deployment.Sent, deployment.Repeated, deployment.DeadLettered:
			c.Outcome = string(delivery.Outcome)
		case deployment.Absorbed: // the vendor has it, once; the document says how
			c.Outcome = string(deployment.Sent)
		case deployment.Stranded:
			c.Reason = string(deployment.Stranded)
		}
		for _, request := range received {
			if request.Vendor == name {
				c.Requests = append(c.Requests, Request{request.Method, request.Path, request.Body})
			}
		}
		r.Channels[name] = c
	}
}
