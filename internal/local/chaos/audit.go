package chaos

import (
	"regexp"
	"strings"

	"fanfare/internal/local/standin"
)

// want is what had to be told of a play.
type want struct {
	// says are what Slack's lines must say in the end, one line each.
	says []*regexp.Regexp
	// The others are counts: of alerts in Slack, incidents and changes in PagerDuty, texts.
	alerts, incidents, changes, texts int
}

var (
	saysFailed     = regexp.MustCompile(`failed to (re)?deploy`)
	saysSucceeded  = regexp.MustCompile(` is live| was (re)?deployed|✅`)
	saysRollsBack  = regexp.MustCompile(` is being rolled back`)
	saysStopped    = regexp.MustCompile(` was stopped`)
	unescapedInput = regexp.MustCompile(`<!channel>|<@U0000000>|<https://example\.com/\|click here>`)
)

// want is by the rules of who is told of what: all that is played is production.
func (p Play) want() want {
	switch p.Story {
	case fails:
		return want{says: []*regexp.Regexp{saysFailed}, alerts: 1, incidents: 1, texts: 1}
	case rolledBack:
		return want{says: []*regexp.Regexp{saysFailed, saysRollsBack}, alerts: 1, incidents: 1, texts: 1}
	case succeeds, unheard:
		return want{says: []*regexp.Regexp{saysSucceeded}, changes: 1}
	case stopped:
		return want{says: []*regexp.Regexp{saysStopped}}
	default:
		return want{}
	}
}

// seen is what the vendors have of a play in the end.
type seen struct {
	lines, alerts []string
	incidents     int
	changes       int
	texts         int
	// absorbed counts what came again and was told once: by the vendor's own key, by
	// finding the message, or by the claim.
	absorbed int
	// letters were in the queues, again is how often the operator sent an event, and
	// refused how many events were none.
	letters, again, refused int
}

// tally is a row of the table.
type tally struct {
	Row                                                    string
	Played, Faults, Sent, Repeated, Absorbed, DeadLettered int
	Redriven, Refused, Lost                                int
	// Unsaid are changes that PagerDuty does not have. They are sent at most once, since it
	// has no key by which to know one again, and notify nobody.
	Unsaid int
	// Problems say what is wrong with it, in sentences.
	Problems []string
}

// judge holds what was seen of a play against what had to be.
func judge(p Play, s seen) tally {
	w := p.want()
	t := tally{Row: p.Row, Played: 1, Absorbed: s.absorbed, DeadLettered: s.letters, Redriven: s.again, Refused: s.refused}
	count := func(what string, wanted, found int) {
		t.Sent += min(wanted, found)
		if found < wanted {
			t.Lost += wanted - found
			t.Problems = append(t.Problems, p.Name+": "+what+" is missing")
		}
		if found > wanted {
			t.Repeated += found - wanted
			t.Problems = append(t.Problems, p.Name+": "+what+" came too often")
		}
	}
	told := 0
	for _, says := range w.says {
		for _, line := range s.lines {
			if says.MatchString(line) {
				told++
				break
			}
		}
	}
	count("Slack's line of how it ended", len(w.says), told)
	if surplus := len(s.lines) - len(w.says); surplus > 0 {
		count("a line in Slack", 0, surplus)
	}
	count("Slack's alert", w.alerts, len(s.alerts))
	count("PagerDuty's incident", w.incidents, s.incidents)
	t.Unsaid = max(0, w.changes-s.changes)
	count("PagerDuty's change", w.changes-t.Unsaid, s.changes)
	count("the text", w.texts, s.texts)
	if p.Story == malformed {
		t.Lost += 1 - min(1, s.refused)
		if s.refused == 0 {
			t.Problems = append(t.Problems, p.Name+": the malformed event is not refused")
		}
	}
	for _, text := range append(s.lines, s.alerts...) {
		if unescapedInput.MatchString(text) {
			t.Problems = append(t.Problems, p.Name+": a hostile text is not escaped")
		}
	}
	return t
}

// vendors is what they have in the end.
type vendors struct {
	slack     []standin.SlackMessage
	incidents []standin.Incident
	changes   []standin.Change
	phone     []standin.PhoneMessage
}

// endOfLine is what stands between the lines of a digest, in JSON.
var endOfLine = regexp.MustCompile(`\\n|"`)

// fallback is the channel that is told when another cannot be.
const fallback = "C0CHAOS999"

// sort gives each play what the vendors have of it, by its name.
func (v vendors) sort() map[string]*seen {
	all := map[string]*seen{}
	of := func(text string) *seen {
		names := namesIn(text)
		if len(names) == 0 {
			return &seen{}
		}
		if all[names[0]] == nil {
			all[names[0]] = &seen{}
		}
		return all[names[0]]
	}
	for _, m := range v.slack {
		text := m.Text + "\n" + string(m.Blocks)
		switch {
		case m.Channel == fallback:
		case strings.Contains(string(m.Metadata), `"part":"digest"`):
			for _, line := range endOfLine.Split(string(m.Blocks), -1) {
				s := of(line)
				s.lines = append(s.lines, line)
			}
		case m.ThreadTS != "":
			s := of(text)
			s.alerts = append(s.alerts, text)
		default:
			s := of(text)
			s.lines = append(s.lines, text)
		}
	}
	for _, i := range v.incidents {
		s := of(i.DedupKey)
		s.incidents++
		s.absorbed += i.Triggers - 1
	}
	for _, c := range v.changes {
		of(c.Source).changes++
	}
	for _, m := range v.phone {
		of(m.Text).texts++
	}
	return all
}
