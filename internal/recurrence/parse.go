package recurrence

import (
	"regexp"
	"time"

	"github.com/teambition/rrule-go"
)

// The fields of a [Spec], as a [Problem] names them.
const (
	fieldStart      = "start"
	fieldDuration   = "duration"
	fieldTimeZone   = "timeZone"
	fieldRecurrence = "recurrence"
)

const startLayout = "2006-01-02T15:04"

// Parse reads the schedule, and tells all that is wrong with it; the Schedule is good for
// nothing then. A start that its own recurrence does not name is refused: RFC 5545 leaves
// open whether it would count.
func Parse(spec Spec) (Schedule, []Problem) {
	var problems []Problem
	expected := func(field, words string) { problems = append(problems, Problem{field, words}) }

	start, ok := parseStart(spec.Start)
	if !ok {
		expected(fieldStart, "a local time in the years 2000 to 2199, such as 2026-01-04T02:00")
	}
	duration, err := time.ParseDuration(spec.Duration)
	if err != nil || duration < time.Minute || duration > Week || duration%time.Minute != 0 {
		expected(fieldDuration, "whole minutes, from 1m to 168h, such as 2h30m, or 24h for a day")
	}
	zone, ok := parseZone(spec.TimeZone)
	if !ok {
		expected(fieldTimeZone, "the name of an IANA time zone, such as Europe/Berlin or UTC")
	}
	var rule *rrule.ROption
	if spec.Recurrence != "" {
		var words []string
		rule, words = parseRule(spec.Recurrence, zone)
		for _, w := range words {
			expected(fieldRecurrence, w)
		}
	}
	if len(problems) > 0 {
		return Schedule{}, problems
	}
	schedule := Schedule{start: start, duration: duration, zone: zone, rule: rule}
	if problem := schedule.settle(); problem != nil {
		return Schedule{}, []Problem{*problem}
	}
	return schedule, nil
}

// settle fills in what the rule leaves to the start, and tells whether the rule names the
// start.
func (s *Schedule) settle() (problem *Problem) {
	if s.rule == nil {
		return nil
	}
	// No rule is known that gets here and makes the library panic; if there is one, it
	// must not end the program that checks a file.
	defer func() {
		if recover() != nil {
			problem = &Problem{fieldRecurrence, "a rule that can be followed"}
		}
	}()
	if !s.rule.Until.IsZero() {
		if s.rule.Until = s.wall(s.rule.Until); s.rule.Until.Before(s.start) {
			return &Problem{fieldRecurrence, "an UNTIL after the start"}
		}
	}
	option := *s.rule
	option.Dtstart = s.start
	made, err := rrule.NewRRule(option)
	if err != nil {
		return &Problem{fieldRecurrence, "a rule with every number in its range (" + err.Error() + ")"}
	}
	rule := made.Options // with the day that the rule leaves to the start
	if rule.Freq != rrule.HOURLY && len(rule.Byhour) == 0 {
		rule.Byhour = []int{s.start.Hour()}
	}
	if len(rule.Byminute) == 0 {
		rule.Byminute = []int{s.start.Minute()}
	}
	rule.Bysecond = []int{s.start.Second()}
	s.rule = &rule

	first := s.starts(s.start, time.Date(lastYear, 12, 31, 0, 0, 0, 0, time.UTC), 1)
	switch {
	case len(first) == 0:
		return &Problem{fieldRecurrence, "a rule that names at least one day after the start"}
	case !first[0].Equal(s.start):
		return &Problem{fieldStart, "a time that the recurrence names, such as " + first[0].Format(startLayout)}
	}
	return nil
}

func parseStart(text string) (start time.Time, ok bool) {
	start, err := time.Parse(startLayout, text)
	if err != nil {
		start, err = time.Parse(startLayout+":05", text)
	}
	return start, err == nil && start.Nanosecond() == 0 && start.Year() >= 2000 && start.Year() < 2200
}

// zoneName is stricter than what some machines look up: names in small letters, and the
// copies below posix/ and right/.
var zoneName = regexp.MustCompile(`^(UTC|[A-Z]\w*(/[A-Z][\w+-]*)+)$`)

func parseZone(name string) (zone *time.Location, ok bool) {
	if !zoneName.MatchString(name) {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}
