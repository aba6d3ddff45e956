package pagerduty

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// Message is what Format makes: all that is sent but the routing key, which is a secret
// and put in by the sender alone.
type Message struct {
	// Events open or end an incident.
	Events []Event `json:"events,omitempty"`
	// Changes are shown beside later incidents, and notify nobody.
	Changes []Change `json:"changes,omitempty"`
}

// Event is an alert event:
// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
type Event struct {
	Action    string   `json:"event_action"`
	DedupKey  string   `json:"dedup_key"`
	Payload   *Payload `json:"payload,omitempty"`
	Links     []Link   `json:"links,omitempty"`
	Client    string   `json:"client,omitempty"`
	ClientURL string   `json:"client_url,omitempty"`
}

// The actions of an event.
const (
	trigger = "trigger"
	resolve = "resolve"
)

// Change is a change event:
// https://developer.pagerduty.com/docs/events-api-v2/send-change-events/
type Change struct {
	Payload Payload `json:"payload"`
	Links   []Link  `json:"links,omitempty"`
}

// Payload says what happened. Severity, Component, Group and Class are empty in a change.
type Payload struct {
	Summary   string  `json:"summary"`
	Source    string  `json:"source"`
	Severity  string  `json:"severity,omitempty"`
	Timestamp string  `json:"timestamp,omitempty"`
	Component string  `json:"component,omitempty"`
	Group     string  `json:"group,omitempty"`
	Class     string  `json:"class,omitempty"`
	Details   Details `json:"custom_details"`
}

// Details are the few facts that whoever is woken needs next.
type Details struct {
	// Drill is true when it is an exercise.
	Drill bool   `json:"drill,omitempty"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	// Change is what a pipeline's source says of the revision.
	Change     string `json:"change,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Deployment string `json:"deployment,omitempty"`
	// Attempt is which try of the deployment it is, from the second on.
	Attempt int `json:"attempt,omitempty"`
}

// Link is an address to look at.
type Link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// Format makes a [Message] of the document: a trigger of a failure in production, and of
// what is stuck on its way there, a resolve and a change of a success. There is nothing to say of anything else, a
// rollback's success included, since what failed before it is not mended by it, nor of
// a failed drill that is to wake nobody; that is a failure.Permanent, as the Route step
// asks for none of it.
func Format(doc deployment.Document, _ account.Account) (any, error) {
	d := doc.Deployment
	alarming := d.Status == deployment.Failed || d.Status == deployment.Stuck
	switch {
	case alarming && d.Drill != nil && !d.Drill.Page:
		return nil, failure.Permanentf("formatting for pagerduty: a drill that pages expected, found one that is to wake nobody")
	case d.Production && alarming:
		return Message{Events: []Event{triggerOf(doc)}}, nil
	case d.Production && d.Status == deployment.Succeeded && doc.Kind() != deployment.Rollback:
		return Message{
			Events:  []Event{{Action: resolve, DedupKey: dedupKey(d)}},
			Changes: []Change{changeOf(doc)},
		}, nil
	default:
		return nil, failure.Permanentf("formatting for pagerduty: a production deployment that failed, is stuck or succeeded expected, found a %s of status %.40q, production %t",
			kindWord(doc), d.Status, d.Production)
	}
}

func triggerOf(doc deployment.Document) Event {
	d := doc.Deployment
	event := Event{
		Action:   trigger,
		DedupKey: dedupKey(d),
		Payload: &Payload{
			Summary:   alarmSummary(doc),
			Source:    line(d.ServiceKey(), maxName),
			Severity:  "critical",
			Timestamp: timestamp(d.Time),
			Component: line(d.Subject(), maxName),
			Group:     strings.Trim(line(d.Cluster, maxName)+"/"+line(d.Environment, maxName), "/"),
			Class:     "deployment",
			Details:   details(doc),
		},
		Links:  links(doc),
		Client: "Fanfare",
	}
	if isLink(d.ConsoleURL) {
		event.ClientURL = d.ConsoleURL
	}
	return event
}

func changeOf(doc deployment.Document) Change {
	d := doc.Deployment
	return Change{
		Payload: Payload{
			Summary:   text.Cut(drillMark(d)+named(d, version(doc))+" deployed to "+environment(d), maxSummary),
			Source:    line(d.ServiceKey(), maxName),
			Timestamp: timestamp(d.Time),
			Details:   details(doc),
		},
		Links: links(doc),
	}
}

// alarmSummary is what a lock screen shows and a voice reads out: "checkout 1.42.0
// failed in production: tasks failed to start". Of the reason it has as much as fits.
func alarmSummary(doc deployment.Document) string {
	d := doc.Deployment
	what := named(d, version(doc))
	if doc.Kind() == deployment.Rollback {
		what = named(d, "rollback")
		if v := version(doc); v != "" {
			what += " to " + v
		}
	}
	became := " failed in "
	if d.Status == deployment.Stuck {
		became = " is stuck in "
	}
	head := drillMark(d) + what + became + environment(d)
	room := goodSummary - utf8.RuneCountInString(head) - len(": ")
	if reason := text.Line(doc.Cause()); reason != "" && room >= shortReason {
		head += ": " + cutAtWord(reason, room)
	}
	return text.Cut(head, maxSummary)
}

// cutAtWord is text.Cut that leaves no half word for the voice to stumble over.
func cutAtWord(s string, limit int) string {
	cut := text.Cut(s, limit)
	if blank := strings.LastIndex(cut, " "); cut != s && blank > 0 {
		return cut[:blank] + text.Ellipsis
	}
	return cut
}

func details(doc deployment.Document) Details {
	d, r := doc.Deployment, doc.Release
	details := Details{
		Drill:      d.Drill != nil,
		To:         version(doc),
		Reason:     line(d.Reason, maxDetail),
		Deployment: line(d.ID, maxDetail),
	}
	if d.Attempt > 1 {
		details.Attempt = d.Attempt
	}
	if r != nil {
		details.From = line(r.PreviousVersion(), maxVersion)
		details.Change = line(r.Revision.Summary, maxDetail)
		if r.FailedAction != nil {
			details.Reason = line(doc.Cause(), maxDetail)
		}
	}
	return details
}

func links(doc deployment.Document) []Link {
	d := doc.Deployment
	console := "ECS console"
	if d.Pipeline != "" {
		console = "Pipeline execution"
	}
	candidates := []Link{{d.ConsoleURL, console}}
	if doc.Release != nil && doc.Release.FailedAction != nil {
		candidates = append(candidates, Link{doc.Release.FailedAction.URL, "Failed action"})
	}
	candidates = append(candidates, Link{d.LogsURL, "Logs"})
	if doc.Commits != nil {
		candidates = append(candidates, Link{doc.Commits.CompareURL, "Changes"})
	}
	var links []Link
	for _, link := range candidates {
		if isLink(link.Href) {
			links = append(links, link)
		}
	}
	return links
}

// isLink tells whether the address is one that a browser opens: a single bad link would
// have the whole event refused.
func isLink(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != "" &&
		len(address) <= maxHref && text.Line(address) == address && !strings.Contains(address, " ")
}

// dedupKey names the service or the pipeline, so that a failure joins the incident that is open for it
// and a success ends it. A key that is too long, or that has to be cleaned, keeps its
// beginning and gets a hash of the whole, so that no two share one.
func dedupKey(d deployment.Deployment) string {
	key := d.ServiceKey()
	clean := text.Line(key)
	if clean == key && len(key) <= maxDedupKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	hash := "-" + hex.EncodeToString(sum[:12])
	clean = clean[:min(len(clean), maxDedupKey-len(hash))]
	for !utf8.ValidString(clean) {
		clean = clean[:len(clean)-1]
	}
	return clean + hash
}

func version(doc deployment.Document) string {
	if doc.Release == nil {
		return ""
	}
	return line(doc.Release.Version(), maxVersion)
}

func environment(d deployment.Deployment) string {
	if env := line(d.Environment, maxVersion); env != "" {
		return env
	}
	return "production"
}

// named is the service or the pipeline, and what of it, when that is known.
func named(d deployment.Deployment, of string) string {
	subject := line(d.Subject(), maxName)
	if subject == "" {
		subject = "a service"
	}
	return strings.TrimSpace(subject + " " + of)
}

// drillMark is what a summary of an exercise begins with.
func drillMark(d deployment.Deployment) string {
	if d.Drill != nil {
		return "DRILL: "
	}
	return ""
}

func kindWord(doc deployment.Document) string {
	if doc.Kind() == deployment.Rollback {
		return "rollback"
	}
	return "deployment"
}

// timestamp is the time as RFC 3339 has it, or nothing when it is not known: PagerDuty
// then takes the time of arrival.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func line(s string, limit int) string { return text.Cut(text.Line(s), limit) }
