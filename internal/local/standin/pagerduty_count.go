package standin

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
)

// AlertCounts counts alert events that were accepted.
type AlertCounts struct {
	// Incidents is how many of the triggers opened an incident, Absorbed how many found it open.
	Incidents    int `json:"incidents"`
	Triggers     int `json:"triggers"`
	Absorbed     int `json:"absorbed"`
	Acknowledges int `json:"acknowledges"`
	// Resolves is how many resolved an open incident, StrayResolves how many found none.
	Resolves      int `json:"resolves"`
	StrayResolves int `json:"strayResolves"`
}

// Alerts counts those of one dedup key.
type Alerts struct {
	Service  string `json:"service"`
	DedupKey string `json:"dedupKey"`
	AlertCounts
}

// Changes counts how often one change event was accepted: one that has the same routing
// key, payload and links is the same, for PagerDuty itself knows no repeated change.
type Changes struct {
	Service  string `json:"service"`
	Summary  string `json:"summary"`
	Event    string `json:"event,omitempty"` // of the first
	Accepted int    `json:"accepted"`
}

// Counts is what was accepted.
type Counts struct {
	Alerts  []Alerts  `json:"alerts"`
	Changes []Changes `json:"changes"`
	// Total sums up both lists. ChangesAccepted is how many changes PagerDuty shows,
	// ChangesRepeated how many of them it shows again.
	Total struct {
		AlertCounts
		ChangesAccepted int `json:"changesAccepted"`
		ChangesRepeated int `json:"changesRepeated"`
	} `json:"total"`
}

// tally is what was accepted under one identity.
type tally struct {
	alerts  Alerts
	changes Changes
	said    string // what a key is looked for in
}

// tallies are kept by identity.
type tallies map[string]*tally

// of is the tally of the identity, to which belongs what was said.
func (all *tallies) of(identity, said string) *tally {
	if *all == nil {
		*all = tallies{}
	}
	t := (*all)[identity]
	if t == nil {
		t = &tally{}
		(*all)[identity] = t
	}
	if !strings.Contains(t.said, said) && len(t.said) < maxEventBytes {
		t.said += said + "\n"
	}
	return t
}

// alerted counts an alert event whose incident is open, or not; p is locked.
func (p *PagerDuty) alerted(e pagerDutyEvent, service string, open bool, c *call) {
	a := &p.alerts.of(e.RoutingKey+" "+e.DedupKey, string(c.body)).alerts
	a.Service, a.DedupKey = service, e.DedupKey
	switch {
	case e.Action == "trigger" && open:
		a.Triggers, a.Absorbed = a.Triggers+1, a.Absorbed+1
	case e.Action == "trigger":
		a.Triggers, a.Incidents = a.Triggers+1, a.Incidents+1
	case e.Action == "acknowledge":
		a.Acknowledges++
	case open:
		a.Resolves++
	default:
		a.StrayResolves++
	}
}

// noted counts a change event; p is locked.
func (p *PagerDuty) noted(e pagerDutyEvent, service string, c *call) {
	content, _ := json.Marshal([]any{e.RoutingKey, e.Payload, e.Links}) // which was JSON
	sum := sha256.Sum256(content)
	n := &p.notes.of(string(sum[:]), string(c.body)).changes
	if n.Accepted == 0 {
		n.Service, n.Summary, n.Event = service, e.Payload.Summary, c.event
	}
	n.Accepted++
}

// Counts returns what was accepted; with a key, only of those dedup keys and changes of
// which some event's body holds this text, such as the name of a service.
func (p *PagerDuty) Counts(key string) Counts {
	counts := Counts{Alerts: []Alerts{}, Changes: []Changes{}}
	if p == nil {
		return counts
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	total := &counts.Total
	for _, t := range p.alerts.saying(key) {
		a := t.alerts
		counts.Alerts = append(counts.Alerts, a)
		total.Incidents += a.Incidents
		total.Triggers += a.Triggers
		total.Absorbed += a.Absorbed
		total.Acknowledges += a.Acknowledges
		total.Resolves += a.Resolves
		total.StrayResolves += a.StrayResolves
	}
	for _, t := range p.notes.saying(key) {
		counts.Changes = append(counts.Changes, t.changes)
		total.ChangesAccepted += t.changes.Accepted
		total.ChangesRepeated += t.changes.Accepted - 1
	}
	return counts
}

// saying returns those of which something said holds the key, in the order of their identities.
func (all tallies) saying(key string) []*tally {
	var found []*tally
	for _, identity := range slices.Sorted(maps.Keys(all)) {
		if t := all[identity]; strings.Contains(t.said, key) {
			found = append(found, t)
		}
	}
	return found
}

// PagerDutyKey is the integration key of a service, which may be revoked.
type PagerDutyKey struct {
	Service string `json:"service"`
	Revoked bool   `json:"revoked"`
}

// Keys returns the services whose keys there are, by name. It is never nil.
func (p *PagerDuty) Keys() []PagerDutyKey {
	keys := []PagerDutyKey{}
	if p == nil {
		return keys
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, service := range p.services {
		keys = append(keys, PagerDutyKey{Service: service, Revoked: p.revoked[key]})
	}
	slices.SortFunc(keys, func(a, b PagerDutyKey) int { return strings.Compare(a.Service, b.Service) })
	return keys
}

// ChangeKey revokes the keys of the service, or undoes that; an empty name stands for all.
func (p *PagerDuty) ChangeKey(change PagerDutyKey) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := false
	for key, service := range p.services {
		if change.Service == "" || change.Service == service {
			p.revoked[key], found = change.Revoked, true
		}
	}
	if !found {
		return errors.New("service: no integration key belongs to it")
	}
	return nil
}
