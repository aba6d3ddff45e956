package accountfile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/maintenance"
	"fanfare/internal/recurrence"
)

// quieting are windows that quiet the loudest channel of the file: pagerduty, or sns where
// there is none. Where Slack is all there is, nobody is woken anyway.
type quieting struct {
	*checker
	// subjects are those of whose failures the channel is told.
	subjects []subject
	// alone is true when they are all one service, or one pipeline.
	alone   bool
	numbers []int // of the file's windows
	windows []account.Window
}

// checkQuiet refuses windows in which nobody could be alerted, whatever fails.
func (c *checker) checkQuiet() {
	channel := "pagerduty"
	if !c.configured(channel) {
		channel = "sns"
	}
	if !c.configured(channel) || !c.reachKnown() {
		return
	}
	q := quieting{checker: c, subjects: c.routed(channel, c.alerts(channel))}
	if len(q.subjects) == 0 {
		return
	}
	q.alone = !slices.ContainsFunc(q.subjects, func(s subject) bool { return s.name() != q.subjects[0].name() })
	for i, w := range c.account.Windows {
		if !slices.Contains(w.Quiets, channel) || !c.sound(at("windows", i)) {
			continue
		}
		if q.quiet(w) {
			c.must(false, at("windows", i)+".quiets", "a window that leaves some production "+alarms[channel], strings.Join(w.Quiets, ", "),
				fmt.Sprintf("nobody would be %s at all: name only the services and pipelines that are worked on", alarmed[channel]))
			continue
		}
		q.numbers, q.windows = append(q.numbers, i), append(q.windows, w)
	}
	q.checkTogether(channel)
	q.checkInTurn(channel)
}

var (
	alarms  = map[string]string{"pagerduty": "page", "sns": "text"}
	alarmed = map[string]string{"pagerduty": "paged", "sns": "texted"}
)

// quiet tells whether the windows, in force at once, quiet all that there is. Where one
// thing alone alerts, no work on it could else be planned: windows may name it.
func (q *quieting) quiet(windows ...account.Window) bool {
	names := func(w account.Window) bool {
		return !slices.ContainsFunc(slices.Concat(w.Services, w.Pipelines), func(pattern string) bool { return !isName(pattern) })
	}
	if q.alone && !slices.ContainsFunc(windows, func(w account.Window) bool { return !names(w) }) {
		return false
	}
	return !slices.ContainsFunc(q.subjects, func(s subject) bool {
		return !slices.ContainsFunc(windows, s.in)
	})
}

// in tells whether the window is for the subject.
func (s subject) in(w account.Window) bool { return w.Names(s.service, s.pipeline, s.environment) }

func (q *quieting) schedules(numbers []int) []recurrence.Schedule {
	schedules := make([]recurrence.Schedule, len(numbers))
	for i, number := range numbers {
		schedules[i], _ = maintenance.Schedule(q.windows[number]) // it is sound
	}
	return schedules
}

// checkTogether refuses windows that are in force at the same moment and then quiet
// everything between them.
func (q *quieting) checkTogether(channel string) {
	if len(q.windows) < 2 || !q.quiet(q.windows...) {
		return
	}
	all := make([]int, len(q.windows))
	for i := range all {
		all[i] = i
	}
	seen := map[string]bool{}
	for moment, numbers := range recurrence.Together(q.schedules(all)) {
		key := fmt.Sprint(numbers)
		if seen[key] {
			continue
		}
		seen[key] = true
		var windows []account.Window
		for _, number := range numbers {
			windows = append(windows, q.windows[number])
		}
		if q.quiet(windows...) {
			q.add(at("windows", q.numbers[numbers[len(numbers)-1]]), "windows that leave some production "+alarms[channel]+" between them", q.titles(numbers),
				fmt.Sprintf("at %s all of them are in force, and nobody would be %s at all: move one to another time, or name less", moment.Format(time.RFC3339), alarmed[channel]))
			return
		}
	}
}

// checkInTurn refuses windows that follow each other so closely that what they name is
// quiet for more than a week, which one window may not do either.
func (q *quieting) checkInTurn(channel string) {
	const most = 20 // sets of windows, each of which takes a while
	seen := map[string]bool{}
	for _, s := range q.subjects {
		var numbers []int
		for i, w := range q.windows {
			if s.in(w) {
				numbers = append(numbers, i)
			}
		}
		key := fmt.Sprint(numbers)
		if len(numbers) < 2 || seen[key] || len(seen) == most {
			continue
		}
		seen[key] = true
		if longest := recurrence.LongestRun(q.schedules(numbers)...); longest > recurrence.Week {
			q.add(at("windows", q.numbers[numbers[len(numbers)-1]]), "windows that leave a pause after a week at most", q.titles(numbers),
				fmt.Sprintf("in turn they last for %s, in which nobody would be %s about what all of them name: make them shorter, or leave four hours between", lasting(longest), alarmed[channel]))
			return
		}
	}
}

// titles are the names of the windows.
func (q *quieting) titles(numbers []int) string {
	var names []string
	for _, number := range numbers {
		names = append(names, shown(q.windows[number].Name))
	}
	return strings.Join(names, ", ")
}
