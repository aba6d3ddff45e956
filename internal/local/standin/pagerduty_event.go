package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of https://developer.pagerduty.com/docs/events-api-v2/trigger-events, in characters
// unless said otherwise. PagerDuty refuses a summary that is too long; it does not cut it:
// https://github.com/prometheus/alertmanager/issues/1700
const (
	routingKeyLength = 32
	maxSummary       = 1024
	maxDedupKey      = 255
	maxEventBytes    = 512_000 // "512 KB", in the stricter reading
)

// pagerDutyEvent is an alert or a change event as it is sent.
type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Payload    *pagerDutyPayload `json:"payload"`
	Links      []struct {
		Href string `json:"href"`
		Text string `json:"text"`
	} `json:"links"`
	Images []struct {
		Src string `json:"src"`
	} `json:"images"`
}

type pagerDutyPayload struct {
	Summary       string `json:"summary"`
	Source        string `json:"source"`
	Severity      string `json:"severity"`
	Timestamp     string `json:"timestamp"`
	CustomDetails any    `json:"custom_details"`
}

// problems collects what is wrong with an event, in PagerDuty's words.
type problems []string

func (p *problems) add(format string, values ...any) { *p = append(*p, fmt.Sprintf(format, values...)) }

func (p *problems) required(field, value string) bool {
	if strings.TrimSpace(value) == "" {
		p.add("'%s' is missing or blank", field)
		return false
	}
	return true
}

func (p *problems) atMost(field, value string, most int) {
	if utf8.RuneCountInString(value) > most {
		p.add("'%s' is too long (maximum is %d characters)", field, most)
	}
}

func (p *problems) oneOf(field, value string, known ...string) {
	if !p.required(field, value) || slices.Contains(known, value) {
		return
	}
	last := len(known) - 1
	p.add("'%s' is invalid (must be one of the following: '%s' or '%s')", field, strings.Join(known[:last], "', '"), known[last])
}

// check returns every rule that the event breaks.
func (e pagerDutyEvent) check(isChange bool) problems {
	var p problems
	if p.required("routing_key", e.RoutingKey) && utf8.RuneCountInString(e.RoutingKey) != routingKeyLength {
		p.add("Length of 'routing_key' is incorrect (should be %d characters)", routingKeyLength)
	}
	if strings.ContainsFunc(e.RoutingKey, notAlphanumeric) {
		p.add("'routing_key' cannot contain non-alphanumeric characters.") // with a full stop, as no other rule
	}
	if isChange && strings.HasPrefix(e.RoutingKey, "R") {
		p.add("'routing_key' is invalid (change events go to services, not to rulesets)")
	}
	if !isChange {
		p.oneOf("event_action", e.Action, "trigger", "acknowledge", "resolve")
		p.atMost("dedup_key", e.DedupKey, maxDedupKey)
		if e.Action == "acknowledge" || e.Action == "resolve" {
			p.required("dedup_key", e.DedupKey)
			return p
		}
	}
	if e.Payload == nil {
		p.add("'payload' is missing or blank")
		return p
	}
	e.Payload.check(&p, isChange)
	for i, link := range e.Links {
		p.required(fmt.Sprintf("links[%d].href", i), link.Href)
	}
	for i, image := range e.Images {
		if p.required(fmt.Sprintf("images[%d].src", i), image.Src) && !strings.HasPrefix(image.Src, "https://") {
			p.add("'images[%d].src' is invalid (must be HTTPS)", i)
		}
	}
	return p
}

func notAlphanumeric(c rune) bool {
	return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
}

func (l *pagerDutyPayload) check(p *problems, isChange bool) {
	p.required("payload.summary", l.Summary)
	p.atMost("payload.summary", l.Summary, maxSummary)
	if !isChange {
		p.required("payload.source", l.Source)
		p.oneOf("payload.severity", l.Severity, "critical", "warning", "error", "info")
	}
	if l.Timestamp != "" && !isTimestamp(l.Timestamp) {
		p.add("'payload.timestamp' is invalid (must be ISO 8601)")
	}
}

// isTimestamp takes an offset with and without a colon; PagerDuty's own samples have none.
func isTimestamp(value string) bool {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if _, err := time.Parse(layout, value); err == nil {
			return true
		}
	}
	return false
}

// unreadable answers a body that is no event at all, or has a field of a wrong type.
func unreadable(err error) reply {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		return invalidEvent(fmt.Sprintf("'%s' is invalid (must not be a %s)", wrong.Field, wrong.Value))
	}
	return asJSON(http.StatusBadRequest, pagerDutyAnswer{
		Status: "Unrecognized object", Message: "Event object format is unrecognized", Errors: []string{"JSON parse error"},
	})
}
