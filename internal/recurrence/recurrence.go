// Package recurrence reads when planned work takes place, once or again and again, and
// tells whether a moment lies inside it. It is pure: no clock, no network.
//
// The rules are those of RFC 5545, section 3.3.10, as github.com/teambition/rrule-go
// follows them: a port of Python's dateutil.rrule, for these rules and nothing else, with
// dateutil's tests and without dependencies. It has been kept since 2017; its last release
// is of January 2023, of a standard that is of 2009. What we do not leave to it:
//
//   - Time zones. The rule runs on the wall clock, as if in UTC, and each start is put into
//     the zone here, so that 02:30 stays 02:30 whatever the season. Where the clock jumps
//     over 02:30, it is 03:30; where 02:30 comes twice, it is the first. So RFC 5545 has it;
//     [time.Date] leaves both open. A duration is time that really passes: of a window from
//     01:00 for 4h, the clock shows the end at 06:00 when an hour is skipped.
//   - Limits. The library may loop for ever, or index out of range, on rules that cannot
//     hold; [Parse] refuses them, and keeps what is left small: see limits.go.
//   - Years gone by. The library counts from the start; [Schedule.At] begins near the moment.
//
// Zones are looked up in the machine's own data first and then in Go's, which this package
// brings along, because a Lambda's machine may have none. That costs 410 kB.
package recurrence

import (
	"slices"
	"time"
	_ "time/tzdata" // see the package's comment

	"github.com/teambition/rrule-go"
)

// Spec is a schedule as people write it.
type Spec struct {
	// Start is when it begins for the first time, by the clock on the wall:
	// 2026-01-04T02:00. The recurrence must name it too. Seconds may follow.
	Start string
	// Duration is how long it lasts each time, as [time.ParseDuration] reads it, in whole
	// minutes, a minute to a week: 2h30m.
	Duration string
	// TimeZone is the IANA name of the clock's zone: Europe/Berlin, or UTC.
	TimeZone string
	// Recurrence is an RRULE of RFC 5545 without the word RRULE, its UNTIL a time:
	// FREQ=MONTHLY;BYDAY=1SU;UNTIL=20261231T235959. It takes place once when empty.
	Recurrence string
}

// Problem is what is wrong with one field of a [Spec].
type Problem struct {
	// Field is start, duration, timeZone or recurrence.
	Field string
	// Expected is what was expected there: a local time such as 2026-01-04T02:00.
	Expected string
}

// Schedule is what [Parse] makes of a [Spec]. The zero Schedule takes place never. It may
// be used from several goroutines.
type Schedule struct {
	start    time.Time // on the wall clock, as if in UTC
	duration time.Duration
	zone     *time.Location
	rule     *rrule.ROption // with the start's defaults filled in; nil when once
}

// Week is the longest that a schedule may last at a time.
const Week = 7 * 24 * time.Hour

const (
	// reach is how far around a moment a run is followed: a week, and a day for what
	// clocks are put forward and back.
	reach = Week + 24*time.Hour
	// lastYear is the last in which anything takes place.
	lastYear = 2299
	// LongestRun looks at so many starts in so many years: the calendar, apart from
	// centuries, repeats after 28.
	mostStarts, mostYears = 20_000, 28
)

// At tells whether the schedule is under way at t, and since and until when, in the
// schedule's zone: since is inside, until is not. Times that overlap or touch are one run.
// A run of more than a week may be told shorter than it is. It takes place until the year
// 2299 at most.
func (s Schedule) At(t time.Time) (since, until time.Time, in bool) {
	if s.zone == nil || t.Year() > lastYear {
		return time.Time{}, time.Time{}, false
	}
	wall := s.wall(t)
	for _, r := range s.runs(s.starts(wall.Add(-reach), wall.Add(reach), mostStarts)) {
		if !t.Before(r.since) && t.Before(r.until) {
			return r.since, r.until, true
		}
	}
	return time.Time{}, time.Time{}, false
}

// Over tells whether the schedule is not under way at t, and never will be again.
func (s Schedule) Over(t time.Time) bool {
	if s.zone == nil {
		return false
	}
	_, _, in := s.At(t)
	wall := s.wall(t)
	return !in && len(s.starts(wall, wall.AddDate(mostYears, 0, 0), 1)) == 0
}

// leastPause is from when on a pause is one, whatever was before it.
const leastPause = 4 * time.Hour

// LongestRun returns how long one of the schedules or another is under way at a time. A
// pause of less than four hours counts as if there were none, unless it is as long as what
// was before it: ten minutes of each hour are no day. It looks at the first 20,000 times
// of each, in the first 28 years: of schedules that never pause, it returns something
// longer than a [Week].
func LongestRun(schedules ...Schedule) time.Duration {
	var all []run
	for _, s := range schedules {
		if s.zone != nil {
			all = append(all, s.runs(s.starts(s.start, s.start.AddDate(mostYears, 0, 0), mostStarts))...)
		}
	}
	slices.SortFunc(all, func(a, b run) int { return a.since.Compare(b.since) })
	var longest time.Duration
	var last run
	for i, r := range all {
		if pause := r.since.Sub(last.until); i > 0 && pause < min(leastPause, last.until.Sub(last.since)) {
			r.since = last.since
			if last.until.After(r.until) {
				r.until = last.until
			}
		}
		last = r
		longest = max(longest, r.until.Sub(r.since))
	}
	return longest
}

type run struct{ since, until time.Time }

// runs puts the starts into the zone, and those that overlap or touch into one.
func (s Schedule) runs(starts []time.Time) []run {
	for i, wall := range starts {
		starts[i] = s.instant(wall)
	}
	// An hour that is skipped comes after the one that follows it.
	slices.SortFunc(starts, time.Time.Compare)
	var runs []run
	for _, start := range starts {
		end := start.Add(s.duration)
		if last := len(runs) - 1; last >= 0 && !start.After(runs[last].until) {
			runs[last].until = end
			continue
		}
		runs = append(runs, run{start, end})
	}
	return runs
}

// wall is what the clock on the wall shows at t, as if in UTC.
func (s Schedule) wall(t time.Time) time.Time {
	_, offset := t.In(s.zone).Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// instant is when the clock on the wall shows the time: the first of two such moments,
// and for a time that is skipped, when it would be had the clock not been put forward.
func (s Schedule) instant(wall time.Time) time.Time {
	_, offset := wall.AddDate(0, 0, -1).In(s.zone).Zone()
	first := wall.Add(-time.Duration(offset) * time.Second).In(s.zone)
	if s.wall(first).Equal(wall) {
		return first
	}
	year, month, day := wall.Date()
	hour, minute, second := wall.Clock()
	t := time.Date(year, month, day, hour, minute, second, 0, s.zone)
	if s.wall(t).Equal(wall) {
		return t
	}
	return first
}

// cycle is a number of years after which the calendar is the same, weekdays included: 19
// times 400. The library looks for a day until the year 9999 where a rule names none; as
// much later, this takes a twentieth of the time.
const cycle = 7600

// starts returns the starts between from and to, both included, in the order of the wall
// clock: limit at most.
func (s Schedule) starts(from, to time.Time, limit int) []time.Time {
	if s.rule == nil {
		if s.start.Before(from) || s.start.After(to) {
			return nil
		}
		return []time.Time{s.start}
	}
	option := *s.rule
	if option.Until.IsZero() || to.Before(option.Until) {
		option.Until = to
	}
	option.Until = option.Until.AddDate(cycle, 0, 0)
	option.Dtstart = s.near(from).AddDate(cycle, 0, 0)
	rule, err := rrule.NewRRule(option)
	if err != nil {
		return nil // Parse has made the same rule
	}
	var starts []time.Time
	for next := rule.Iterator(); len(starts) < limit; {
		start, ok := next()
		if !ok {
			break
		}
		if start = start.AddDate(-cycle, 0, 0); !start.Before(from) {
			starts = append(starts, start)
		}
	}
	return starts
}

// near returns from where the library may go on as well as from the start: at most one
// interval before the time, in step with the start. What is counted, it must count from
// the start.
func (s Schedule) near(t time.Time) time.Time {
	interval := s.rule.Interval
	if s.rule.Count > 0 || t.Before(s.start) {
		return s.start
	}
	steps := func(units int) int { return units / interval * interval }
	hours := int(t.Sub(s.start) / time.Hour)
	var near time.Time
	switch s.rule.Freq {
	case rrule.YEARLY:
		near = time.Date(s.start.Year()+steps(t.Year()-s.start.Year()), 1, 1, 0, 0, 0, 0, time.UTC)
	case rrule.MONTHLY:
		months := (t.Year()-s.start.Year())*12 + int(t.Month()-s.start.Month())
		near = time.Date(s.start.Year(), s.start.Month()+time.Month(steps(months)), 1, 0, 0, 0, 0, time.UTC)
	case rrule.WEEKLY:
		near = s.start.AddDate(0, 0, 7*steps(hours/24/7))
	case rrule.DAILY:
		near = s.start.AddDate(0, 0, steps(hours/24))
	default:
		near = s.start.Add(time.Duration(steps(hours)) * time.Hour)
	}
	if near.Before(s.start) {
		return s.start
	}
	return near
}
