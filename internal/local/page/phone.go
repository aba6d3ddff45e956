package page

import (
	"encoding/json"
	"strings"

	"fanfare/internal/channel/pagerduty"
	"fanfare/internal/local/play"
	"fanfare/internal/local/standin"
)

// notice is what PagerDuty was told, as it shows it.
type notice struct {
	// Kind is trigger, resolve or change; anything else is shown as Summary alone.
	Kind     string
	Severity string
	Summary  string
	Source   string
	Key      string
	// Times is how often the same was sent, one after the other.
	Times int
	Facts []fact
	Links []pagerduty.Link
}

// fact is a line of small print.
type fact struct{ Name, Value string }

// The kinds of a notice.
const (
	trigger = "trigger"
	resolve = "resolve"
	change  = "change"
)

// Pages tells whether the notice makes a phone ring.
func (n notice) Pages() bool { return n.Kind == trigger }

// notices reads the requests that PagerDuty received.
func notices(requests []play.Request) []notice {
	var all []notice
	for _, request := range once(requests) {
		var event pagerduty.Event
		if json.Unmarshal(request.Body, &event) != nil {
			all = append(all, notice{Summary: string(request.Body), Times: request.times})
			continue
		}
		n := notice{Kind: event.Action, Key: event.DedupKey, Times: request.times}
		if event.Action == "" && strings.Contains(request.Path, change) {
			n.Kind = change
		}
		if p := event.Payload; p != nil {
			n.Severity, n.Summary, n.Source = p.Severity, p.Summary, p.Source
			for _, f := range []fact{{"from", p.Details.From}, {"to", p.Details.To}, {"reason", p.Details.Reason}} {
				if f.Value != "" {
					n.Facts = append(n.Facts, f)
				}
			}
		}
		for _, link := range event.Links {
			if isWeb(link.Href) {
				n.Links = append(n.Links, link)
			}
		}
		all = append(all, n)
	}
	return all
}

// sms is one text.
type sms struct {
	Text string
	// Units is its length, in characters of the GSM-7 alphabet; -1 when it has others.
	Units int
	// Times is how often the same was sent, one after the other.
	Times int
}

// most is how many units SNS puts into one text: the same limit as the format keeps to.
// https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
const most = 140

// Fits tells whether the text is one of a single part.
func (s sms) Fits() bool { return s.Units >= 0 && s.Units <= most }

// Most is the limit.
func (s sms) Most() int { return most }

// texts reads the requests that the phone received.
func texts(requests []play.Request) []sms {
	var all []sms
	for _, request := range once(requests) {
		var published struct{ Message string }
		if json.Unmarshal(request.Body, &published) != nil || published.Message == "" {
			published.Message = string(request.Body)
		}
		units, _, ok := standin.GSM7(published.Message)
		if !ok {
			units = -1
		}
		all = append(all, sms{published.Message, units, request.times})
	}
	return all
}
