package burst

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"fanfare/internal/local/standin"
)

// The vendors' rates, and how far from them and how often asked is still good.
const (
	pagesPerSecond = 2.0       // https://developer.pagerduty.com/docs/events-api-v2/rate-limits
	postsPerSecond = 1.0       // https://docs.slack.dev/apis/web-api/rate-limits
	editsPerSecond = 50.0 / 60 // tier 3
	goodFactor     = 1.1
	goodAttempts   = 2.0
)

// Report is what a burst came to.
type Report struct {
	Deployments, Failures int
	// Put is how long it took to put all events.
	Put time.Duration
	// LastPage is the time from the first end of a deployment to the last page, and
	// LastState from the first beginning to Slack's last message or edit.
	LastPage, LastState time.Duration
	Pages               int
	// PagesReached and StatesReached are how long it took until the last page, and the last that Slack was to be
	// told, had come to their senders; BestPage and BestState are when they could have been
	// out at the vendors' rates, as each of them came.
	PagesReached, StatesReached time.Duration
	BestPage, BestState         time.Duration
	// Lines, Alerts, Digests and Edits are what Slack took; Limited how often each vendor
	// asked to wait.
	Lines, Alerts, Digests, Edits int
	Limited                       map[string]int
	// Attempts are the calls of a channel's function for a message, on average.
	Attempts map[string]float64
	// Untold are deployments whose end Slack does not show, and Unpaged failures without
	// an incident.
	Untold, Unpaged []string
}

// measure reads what the vendors received.
func measure(all []deployment, requests []standin.Request, began, ended time.Time) Report {
	r := Report{Deployments: len(all), Limited: map[string]int{}, Attempts: map[string]float64{}}
	for _, d := range all {
		if d.fails {
			r.Failures++
		}
	}
	for _, request := range requests {
		if request.At.Before(began) {
			continue
		}
		if request.Status == 429 {
			r.Limited[request.Vendor]++
		}
		if request.Accepted {
			r.count(request, string(request.Body), began, ended)
		}
	}
	return r
}

func (r *Report) count(request standin.Request, body string, began, ended time.Time) {
	path := request.Path
	switch {
	case request.Vendor == standin.VendorPagerDuty && strings.Contains(body, `"event_action":"trigger"`):
		r.Pages++
		r.LastPage = max(r.LastPage, request.At.Sub(ended))
		return
	case request.Vendor != standin.VendorSlack:
		return
	case strings.HasSuffix(path, "/chat.update"):
		r.Edits++
	case !strings.HasSuffix(path, "/chat.postMessage"):
		return
	case strings.Contains(body, `"thread_ts"`):
		r.Alerts++
	case strings.Contains(body, `"part":"digest"`):
		r.Digests++
	default:
		r.Lines++
	}
	r.LastState = max(r.LastState, request.At.Sub(began))
}

// reach works out how fast the vendors' rates allow what was sent, from when each message
// came to its sender: a slow machine does not count. The further edits of digests are
// nobody's waiting, and are left out.
func (r *Report) reach(requests []standin.Request, arrived map[string]time.Time, began, ended time.Time) {
	var pages, posts, edits []time.Time
	for _, request := range requests {
		at, known := arrived[arrival(request.Event, request.Vendor)]
		if !known || !request.Accepted || request.At.Before(began) {
			continue
		}
		body := string(request.Body)
		switch isDigest := strings.Contains(body, digestMark); {
		case request.Vendor == standin.VendorPagerDuty && strings.Contains(body, `"event_action":"trigger"`):
			pages = append(pages, at)
		case strings.HasSuffix(request.Path, "/chat.postMessage"):
			posts = append(posts, at)
		case strings.HasSuffix(request.Path, "/chat.update") && !isDigest:
			edits = append(edits, at)
		}
	}
	since := func(at, from time.Time) time.Duration { return max(at.Sub(from), 0) }
	reached, best := ideal(pages, pagesPerSecond)
	r.PagesReached, r.BestPage = since(reached, ended), since(best, ended)
	for _, lane := range []struct {
		arrivals []time.Time
		rate     float64
	}{{posts, postsPerSecond}, {edits, editsPerSecond}} {
		reached, best := ideal(lane.arrivals, lane.rate)
		r.StatesReached, r.BestState = max(r.StatesReached, since(reached, began)), max(r.BestState, since(best, began))
	}
}

// digestMark is what only a digest's text has.
const digestMark = "📚"

// ideal is when the last of the messages came, and when it could have been sent if one after
// the other is at the rate.
func ideal(arrivals []time.Time, perSecond float64) (reached, best time.Time) {
	slices.SortFunc(arrivals, time.Time.Compare)
	pause := time.Duration(float64(time.Second) / perSecond)
	for i, at := range arrivals {
		reached = at
		if next := best.Add(pause); i > 0 && next.After(at) {
			at = next
		}
		best = at
	}
	return reached, best
}

// check looks for what nobody was told of.
func (r *Report) check(all []deployment, messages []standin.SlackMessage, incidents []standin.Incident) {
	for _, d := range all {
		shown := slices.ContainsFunc(messages, func(m standin.SlackMessage) bool {
			return m.ThreadTS == "" && shows(m.Text+"\n"+string(m.Blocks), d)
		})
		if !shown {
			r.Untold = append(r.Untold, d.service)
		}
		paged := slices.ContainsFunc(incidents, func(i standin.Incident) bool { return strings.HasSuffix(i.DedupKey, "/"+d.service) })
		if d.fails && !paged {
			r.Unpaged = append(r.Unpaged, d.service)
		}
	}
}

// shows tells whether the text, a message or a digest, says how the deployment ended. A
// digest has a line for each.
func shows(text string, d deployment) bool {
	words := []string{" is live", "was deployed", "was redeployed", "✅"}
	if d.fails {
		words = []string{"failed to"}
	}
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }) {
		for _, part := range strings.Split(line, `\n`) {
			if strings.Contains(part, d.service) && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(part, w) }) {
				return true
			}
		}
	}
	return false
}

// limits are how fast the vendors' rates allow what was sent.
func (r Report) limits() (pages, states time.Duration) {
	seconds := func(n int, rate float64) time.Duration {
		return time.Duration(float64(n) / rate * float64(time.Second))
	}
	posts := r.Lines + r.Alerts + r.Digests
	return seconds(r.Failures, pagesPerSecond), max(seconds(posts, postsPerSecond), seconds(r.Edits, editsPerSecond))
}

// Print writes the report for people.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d deployments at once, %d of them fail in production. This machine took %s to put their %d events.\n\n",
		r.Deployments, r.Failures, round(r.Put), 2*r.Deployments)
	pages, states := r.limits()
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what, found, limit, target, verdict string) {
		fmt.Fprintf(out, "%-34s\t%s\t%s\t%s\t%s\t\n", what, found, limit, target, verdict)
	}
	row("", "measured", "the vendor's limit", "target", "")
	timed := func(what string, took, limit time.Duration) {
		target := time.Duration(float64(limit) * goodFactor)
		row(what, round(took), round(limit), round(target), verdict(took <= target))
	}
	timed("the last page", r.LastPage, pages)
	timed("  as they came to the sender", r.LastPage, r.BestPage)
	timed("Slack's last state", r.LastState, states)
	timed("  as they came to the sender", r.LastState, r.BestState)
	for _, key := range slices.Sorted(maps.Keys(r.Attempts)) {
		name := strings.TrimPrefix(key, "delivery#")
		row("attempts a message, "+name, fmt.Sprintf("%.1f", r.Attempts[key]), "", fmt.Sprintf("%.1f", goodAttempts), verdict(r.Attempts[key] <= goodAttempts))
	}
	_ = out.Flush() // a builder takes everything
	fmt.Fprintf(&b, "\nSlack: %d lines, %d alerts, %d digests, %d edits. PagerDuty: %d pages.\n", r.Lines, r.Alerts, r.Digests, r.Edits, r.Pages)
	fmt.Fprintf(&b, "This machine brought the last page to its sender after %s, and Slack's last message after %s: where that is longer than\n"+
		"the vendor's limit, it is the machine that is measured; the second line of each leaves it out.\n", round(r.PagesReached), round(r.StatesReached))
	fmt.Fprintf(&b, "Asked to wait (429): Slack %d times, PagerDuty %d times.\n", r.Limited[standin.VendorSlack], r.Limited[standin.VendorPagerDuty])
	fmt.Fprintf(&b, "Ends that Slack does not show: %d%s. Failures without an incident: %d%s.\n",
		len(r.Untold), named(r.Untold), len(r.Unpaged), named(r.Unpaged))
	_, err := io.WriteString(w, b.String())
	return err
}

func named(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " (" + strings.Join(list[:min(len(list), 10)], ", ") + ")"
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}

func round(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
