package standin

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"fanfare/internal/local/fault"
)

// Limits of an integration key:
// https://developer.pagerduty.com/docs/events-api-v2/rate-limits
const defaultEventsPerMinute = 120

// Statuses of an Incident.
const (
	Triggered    = "triggered"
	Acknowledged = "acknowledged"
	Resolved     = "resolved"
)

// PagerDutyOptions describes the account that the stand-in plays.
type PagerDutyOptions struct {
	// RoutingKeys maps each integration key, of 32 characters, to its service's name.
	RoutingKeys map[string]string
	// PerMinute is how many events a key takes within any 60 seconds; 120 when 0.
	PerMinute int
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// Incident is what the triggers of one dedup key opened, until they were resolved.
type Incident struct {
	Service     string    `json:"service"`
	DedupKey    string    `json:"dedupKey"`
	Status      string    `json:"status"` // triggered, acknowledged or resolved
	Summary     string    `json:"summary"`
	Severity    string    `json:"severity"`
	Source      string    `json:"source"`
	Triggers    int       `json:"triggers"`        // how many triggers it took in
	Event       string    `json:"event,omitempty"` // the event that opened it
	TriggeredAt time.Time `json:"triggeredAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
	ResolvedAt  time.Time `json:"resolvedAt,omitzero"`
	ResolvedBy  string    `json:"resolvedBy,omitempty"` // the event that resolved it
	// CustomDetails are those of the trigger that opened it.
	CustomDetails any `json:"customDetails,omitempty"`

	routingKey string
}

// Change is a change event.
type Change struct {
	Service string    `json:"service"`
	Summary string    `json:"summary"`
	Source  string    `json:"source,omitempty"`
	Event   string    `json:"event,omitempty"`
	At      time.Time `json:"at"`
}

// PagerDuty plays the Events API v2: POST /v2/enqueue and /v2/change/enqueue. It is an
// http.Handler.
type PagerDuty struct {
	desk
	services  map[string]string
	perMinute int

	mu        sync.Mutex
	calls     map[string]*window // by routing key
	revoked   map[string]bool    // by routing key
	incidents []*Incident
	changes   []Change
	alerts    tallies
	notes     tallies
}

// NewPagerDuty returns an account without incidents.
func NewPagerDuty(opts PagerDutyOptions, log *Log, faults *fault.Set) *PagerDuty {
	var secrets []string
	for key := range opts.RoutingKeys {
		secrets = append(secrets, key)
	}
	p := &PagerDuty{
		desk:      newDesk(VendorPagerDuty, "pagerduty", log, faults, opts.Now, secrets...),
		services:  opts.RoutingKeys,
		perMinute: opts.PerMinute,
		calls:     map[string]*window{},
		revoked:   map[string]bool{},
	}
	if p.perMinute <= 0 {
		p.perMinute = defaultEventsPerMinute
	}
	p.failure = func(_ string, status int, _ fault.Fault) reply {
		if status == http.StatusTooManyRequests {
			return throttled()
		}
		return asJSON(status, pagerDutyAnswer{Status: "error", Message: http.StatusText(status)})
	}
	return p
}

type pagerDutyAnswer struct {
	Status   string   `json:"status"`
	Message  string   `json:"message"`
	Errors   []string `json:"errors,omitempty"`
	DedupKey string   `json:"dedup_key,omitempty"`
}

func throttled() reply {
	return asJSON(http.StatusTooManyRequests, pagerDutyAnswer{
		Status:  "throttle exceeded",
		Message: "Requests for this service are arriving too quickly.  Please retry later.",
		Errors:  []string{"Enhance Your Calm."},
	})
}

func invalidEvent(errors ...string) reply {
	return asJSON(http.StatusBadRequest, pagerDutyAnswer{Status: "invalid event", Message: "Event object is invalid", Errors: errors})
}

// invalidKey is how PagerDuty answers a key that may be one, but that it does not know, or not
// any more: with a text, and no JSON. https://github.com/robusta-dev/robusta/issues/571
func invalidKey() reply { return text(http.StatusBadRequest, "Invalid routing key") }

// ServeHTTP answers a call. The operation that a fault matches is "enqueue" or "change".
func (p *PagerDuty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/v2/enqueue":
		p.serve(w, r, "enqueue", func(c *call) reply { return p.enqueue(c, false) })
	case r.Method == http.MethodPost && r.URL.Path == "/v2/change/enqueue":
		p.serve(w, r, "change", func(c *call) reply { return p.enqueue(c, true) })
	default:
		p.serve(w, r, "", func(*call) reply { return text(http.StatusNotFound, "not found") })
	}
}

func (p *PagerDuty) enqueue(c *call, isChange bool) reply {
	if len(c.body) > maxEventBytes {
		return invalidEvent("event is too large (maximum is 512 KB)")
	}
	var e pagerDutyEvent
	if err := json.Unmarshal(c.body, &e); err != nil {
		return unreadable(err)
	}
	problems := e.check(isChange)
	p.mu.Lock()
	defer p.mu.Unlock()
	service, known := p.services[e.RoutingKey]
	if known && p.tooFast(e.RoutingKey) {
		return throttled()
	}
	if len(problems) > 0 {
		return invalidEvent(problems...)
	}
	if !known || p.revoked[e.RoutingKey] {
		return invalidKey()
	}
	answer := pagerDutyAnswer{Status: "success", Message: "Event processed"}
	if isChange {
		answer.Message = "Change event processed"
		p.changes = append(p.changes, Change{Service: service, Summary: e.Payload.Summary, Source: e.Payload.Source, Event: c.event, At: p.now().UTC()})
		p.noted(e, service, c)
	} else {
		answer.DedupKey = p.apply(e, service, c)
	}
	done := asJSON(http.StatusAccepted, answer)
	done.accepted = true
	return done
}

// tooFast counts the call unless the key had its share within the last minute.
func (p *PagerDuty) tooFast(key string) bool {
	if p.calls[key] == nil {
		p.calls[key] = &window{}
	}
	_, tooFast := p.calls[key].take(p.now(), p.perMinute)
	return tooFast
}

// apply changes the incident of the event's dedup key, and returns that key. Acknowledging or
// resolving what is not open does nothing, as with PagerDuty.
func (p *PagerDuty) apply(e pagerDutyEvent, service string, c *call) string {
	now, event := p.now().UTC(), c.event
	open := p.open(e.RoutingKey, e.DedupKey)
	if e.DedupKey == "" {
		e.DedupKey = rand.Text() // of a trigger, the only one that may have none
	}
	p.alerted(e, service, open != nil, c)
	switch {
	case e.Action == "trigger" && open == nil:
		p.incidents = append(p.incidents, &Incident{
			Service: service, DedupKey: e.DedupKey, Status: Triggered, Triggers: 1, Event: event,
			Summary: e.Payload.Summary, Severity: e.Payload.Severity, Source: e.Payload.Source,
			CustomDetails: e.Payload.CustomDetails, TriggeredAt: now, UpdatedAt: now, routingKey: e.RoutingKey,
		})
	case open == nil:
	case e.Action == "trigger":
		open.Triggers, open.UpdatedAt = open.Triggers+1, now
	case e.Action == "acknowledge":
		open.Status, open.UpdatedAt = Acknowledged, now
	case e.Action == "resolve":
		open.Status, open.UpdatedAt, open.ResolvedAt, open.ResolvedBy = Resolved, now, now, event
	}
	return e.DedupKey
}

func (p *PagerDuty) open(routingKey, dedupKey string) *Incident {
	for _, i := range p.incidents {
		if i.routingKey == routingKey && i.DedupKey == dedupKey && i.Status != Resolved {
			return i
		}
	}
	return nil
}

// Incidents returns every incident, the resolved ones too, oldest first. It is never nil.
func (p *PagerDuty) Incidents() []Incident {
	found := []Incident{}
	if p == nil {
		return found
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range p.incidents {
		found = append(found, *i)
	}
	return found
}

// Changes returns every change event, oldest first. It is never nil.
func (p *PagerDuty) Changes() []Change {
	if p == nil {
		return []Change{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Change{}, p.changes...)
}
