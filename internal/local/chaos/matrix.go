package chaos

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"

	"fanfare/internal/channel"
	"fanfare/internal/local/fault"
)

// row is one way in which things go wrong, and how often a round plays it.
type row struct {
	name  string
	times int
	// play makes one of its plays: the number counts those of the row in this round.
	play func(d dice, number int) Play
}

// dice decide what the matrix leaves open. The same seed throws the same.
type dice struct{ *rand.Rand }

func (d dice) oneOf(stories ...Story) Story { return stories[d.IntN(len(stories))] }

// upTo is a number from 1 to most.
func (d dice) upTo(most int) int { return 1 + d.IntN(most) }

// matrix are the plays of one round, in the order in which they are begun.
func matrix(seed uint64, round int, only string) []Play {
	d := dice{rand.New(rand.NewPCG(seed, uint64(round)))}
	var plays []Play
	pipelines := 0
	for _, row := range rows() {
		for number := range row.times {
			p := row.play(d, number) // even if it is not wanted, so that a row plays the same alone
			p.Row, p.Copies = row.name, max(p.Copies, 1)
			p.Name = fmt.Sprintf("c%04x%02d-%04d%s", seed&0xffff, round%100, len(plays), p.Place)
			if p.Source == pipelineSource {
				pipelines++
				p.Name = fmt.Sprintf("chaos-p%02d", pipelines)
			}
			for _, faults := range [][]fault.Fault{p.Faults, p.Later, p.Operator} {
				for i := range faults {
					faults[i].Key = cmp.Or(faults[i].Key, p.Name)
				}
			}
			plays = append(plays, p)
		}
	}
	d.Shuffle(len(plays), func(i, j int) { plays[i], plays[j] = plays[j], plays[i] })
	return slices.DeleteFunc(plays, func(p Play) bool { return !wanted(p.Row, only) })
}

// wanted tells whether the row's name holds one of the texts, between which | stands.
func wanted(row, only string) bool {
	return slices.ContainsFunc(strings.Split(only, "|"), func(text string) bool { return strings.Contains(row, text) })
}

// slow tells that the play does little but wait: for an answer, or as long as it was told to.
func (p Play) slow() bool {
	return slices.ContainsFunc(p.Faults, func(f fault.Fault) bool {
		return f.Kind == fault.Hang || f.Status == http.StatusTooManyRequests && f.RetryAfter == 0
	})
}

func rows() []row {
	return slices.Concat(vendorRows(), stormRows(), eventRows(), awsRows(), digestRows(), functionRows(), handRows(), outageRows(), engineRows())
}

func rowNames() []string {
	var names []string
	for _, row := range rows() {
		names = append(names, row.name)
	}
	return names
}

// rowsOf are the names of the rows that the plays are of, in the matrix's order.
func rowsOf(plays []Play) []string {
	return slices.DeleteFunc(rowNames(), func(name string) bool {
		return !slices.ContainsFunc(plays, func(p Play) bool { return p.Row == name })
	})
}

// troubles are the ways in which a vendor can fail who is asked over HTTP.
var troubles = []struct {
	name  string
	fault fault.Fault
	// late is its like after the vendor has taken the request; no kind where there is none.
	late fault.Fault
}{
	{"hangs up", fault.Fault{Kind: fault.Drop}, fault.Fault{Kind: fault.Drop, After: true}},
	{"does not answer", fault.Fault{Kind: fault.Hang}, fault.Fault{Kind: fault.Hang, After: true}},
	{"500", fault.Fault{Kind: fault.Status, Status: 500}, fault.Fault{Kind: fault.Status, Status: 500, After: true}},
	{"503", fault.Fault{Kind: fault.Status, Status: 503}, fault.Fault{Kind: fault.Status, Status: 503, After: true}},
	{"429, wait a second", fault.Fault{Kind: fault.Status, Status: 429, RetryAfter: 1}, fault.Fault{}},
	{"429", fault.Fault{Kind: fault.Status, Status: 429}, fault.Fault{}},
	{"400", fault.Fault{Kind: fault.Status, Status: 400}, fault.Fault{}},
	{"a malformed answer", fault.Fault{Kind: fault.Garbage}, fault.Fault{Kind: fault.Garbage, After: true}},
	{"half an answer", fault.Fault{Kind: fault.Status, Status: 200, Body: `{"ok":tr`}, fault.Fault{Kind: fault.Truncate}},
	{"the sender is killed", fault.Fault{Kind: fault.Kill}, fault.Fault{Kind: fault.Kill, After: true}},
}

// retries is how often the workflow tries again what is to pass.
const retries = 3

// tookIt marks the rows in which the vendor has taken what it does not confirm.
const tookIt = ", but took it"

// vendorRows: twice each, once for a while and once for longer than the workflow tries, or
// until everything is repaired.
func vendorRows() []row {
	var all []row
	for _, vendor := range []string{channel.Slack, channel.PagerDuty} {
		for _, trouble := range troubles {
			name, f, late := vendor+": "+trouble.name, trouble.fault, trouble.late
			f.Target, late.Target = vendor, vendor
			all = append(all, row{name, 2, func(d dice, number int) Play { return vendorPlay(d, number, f) }})
			if late.Kind != "" {
				all = append(all, row{name + tookIt, 2, func(d dice, number int) Play { return vendorPlay(d, number, late) }})
			}
		}
	}
	return all
}

func vendorPlay(d dice, number int, f fault.Fault) Play {
	switch {
	case f.Status == http.StatusTooManyRequests: // which, until it is repaired, is waited out for half an hour
		f.Times = 2
	case f.Kind == fault.Hang && number == 0:
		f.Times = d.upTo(2)
	case f.Kind == fault.Hang: // each of which takes as long as the sender is patient
		f.Times = 2 * (1 + retries)
	case number == 0 || f.Kind == fault.Kill:
		f.Times = retries
		if f.Target == channel.Slack { // which is looked for after each, 50 times a minute at most
			f.Times = d.upTo(2)
		}
	}
	together := f.Kind == fault.Hang && f.Times > 0 || d.IntN(4) == 0 && f.Kind != fault.Hang
	return Play{Source: ecsSource, Story: d.oneOf(fails, fails, succeeds), Together: together, Faults: []fault.Fault{f}}
}

// hostile are texts that somebody would like others to see, or machines to obey.
var hostile = []string{
	"<!channel> <@U0000000> <https://example.com/|click here> & *bold* `code`",
	"\"}}]}, \"routing_key\": \"none\" \\u0000 \\\" ' $.deployment States.Format('{}') {% $states %}",
	"\x00\x1b[2J\u202e\u2066right to left\u200b\u0301\U0001F480 line one\r\nline two\r\n\r\nX-Header: none",
	strings.Repeat("every word is long ", 200),
}

const (
	manyTimes = 10
	// long is what makes an event nearly as long as EventBridge takes: 256 KiB with all.
	long = 255 << 10
)

func eventRows() []row {
	var all []row
	for _, source := range []Source{ecsSource, pipelineSource, drillSource} {
		name := func(what string) string { return string(source) + ": " + what }
		ending := func(d dice) Story { return d.oneOf(fails, succeeds) }
		three := rolledBack
		if source == pipelineSource {
			three = stopped
		}
		all = append(all,
			row{name("the same event ten times"), 1, func(d dice, _ int) Play {
				return Play{Source: source, Story: ending(d), Copies: manyTimes, Together: d.IntN(2) == 0}
			}},
			row{name("three events in every order"), 6, func(d dice, number int) Play {
				return Play{Source: source, Story: three, Order: orders(3)[number], Together: d.IntN(2) == 0}
			}},
			row{name("malformed events"), len(wrongs), func(_ dice, number int) Play {
				return Play{Source: source, Story: malformed, Wrong: wrongs[number]}
			}},
			row{name("events of 256 KiB"), 1, func(d dice, _ int) Play {
				return Play{Source: source, Story: ending(d), Pad: long}
			}},
			row{name("hostile texts"), len(hostile), func(_ dice, number int) Play {
				return Play{Source: source, Story: fails, Text: hostile[number]}
			}},
		)
	}
	return all
}
