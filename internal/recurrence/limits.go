package recurrence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

const (
	longestRule     = 500  // characters; no rule that people write comes near
	largestInterval = 1000 // of days, weeks and so on
	largestCount    = 1000 // because what is counted is counted from the start every time
	startsADay      = 48
)

// keys are those that a rule may have. BYSECOND and BYEASTER, which is no part of RFC 5545,
// are not wanted, and the library would take DTSTART, which the start is.
var keys = []string{"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY",
	"BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE", "BYSETPOS"}

// parseRule reads the rule, and says what was expected of it instead. A nil zone, which
// the caller has told of, is taken for UTC.
func parseRule(text string, zone *time.Location) (*rrule.ROption, []string) {
	if len(text) > longestRule {
		return nil, []string{fmt.Sprintf("a rule of at most %d characters", longestRule)}
	}
	if words := checkKeys(text); len(words) > 0 {
		return nil, words
	}
	if zone == nil {
		zone = time.UTC
	}
	rule, err := rrule.StrToROptionInLocation(text, zone)
	if err != nil {
		return nil, []string{"an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU (" + strings.ToValidUTF8(err.Error(), "?") + ")"}
	}
	if _, err := rrule.NewRRule(*rule); err != nil {
		return nil, []string{"every number in its range (" + err.Error() + ")"}
	}
	for _, list := range []*[]int{&rule.Bysetpos, &rule.Bymonth, &rule.Bymonthday, &rule.Byyearday,
		&rule.Byweekno, &rule.Byhour, &rule.Byminute} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	words := checkRule(rule, text)
	rule.Interval = max(1, rule.Interval)
	return rule, words
}

// checkKeys says which parts of the rule are not key and value, not known, or repeated.
func checkKeys(text string) []string {
	var words []string
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ";") {
		key, value, found := strings.Cut(part, "=")
		switch {
		case strings.HasPrefix(key, "DTSTART") || key == "TZID":
			words = append(words, "start and timeZone in place of DTSTART and TZID")
		case strings.HasPrefix(key, "RRULE:"):
			words = append(words, "a rule without RRULE: in front")
		case !found || !slices.Contains(keys, key):
			words = append(words, "KEY=VALUE with a key of "+strings.Join(keys, ", ")+" in each part")
		case seen[key]:
			words = append(words, key+" once")
		case key == "UNTIL" && len(value) != len(rrule.LocalDateTimeFormat) && len(value) != len(rrule.DateTimeFormat):
			words = append(words, "UNTIL as a time such as 20261231T235959")
		}
		seen[key] = true
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// checkRule says what of the rule goes beyond RFC 5545, or what the library can follow, or
// sense.
func checkRule(r *rrule.ROption, text string) []string {
	var words []string
	expect := func(ok bool, format string, a ...any) {
		if !ok {
			words = append(words, fmt.Sprintf(format, a...))
		}
	}
	has := func(key string) bool { return strings.Contains(";"+text, ";"+key+"=") }

	expect(r.Freq <= rrule.HOURLY, "FREQ of YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY")
	expect(!has("INTERVAL") || r.Interval >= 1 && r.Interval <= largestInterval, "INTERVAL from 1 to %d", largestInterval)
	expect(!has("COUNT") || r.Count >= 1 && r.Count <= largestCount, "COUNT from 1 to %d", largestCount)
	expect(!has("COUNT") || !has("UNTIL"), "COUNT or UNTIL, not both")
	expect(r.Freq == rrule.YEARLY || !has("BYWEEKNO"), "BYWEEKNO only with FREQ=YEARLY")
	expect(r.Freq == rrule.YEARLY || r.Freq == rrule.HOURLY || !has("BYYEARDAY"), "BYYEARDAY only with FREQ=YEARLY or HOURLY")
	expect(r.Freq <= rrule.MONTHLY || !has("BYSETPOS"), "BYSETPOS only with FREQ=YEARLY or MONTHLY")
	expect(r.Freq != rrule.WEEKLY || !has("BYMONTHDAY"), "BYMONTHDAY with another FREQ than WEEKLY")
	// The library looks for ever for an hour that the interval steps over.
	expect(r.Freq != rrule.HOURLY || !has("BYHOUR"), "BYHOUR with another FREQ than HOURLY, such as DAILY")
	hours := max(1, len(r.Byhour))
	if r.Freq == rrule.HOURLY {
		hours = 24
	}
	expect(hours*max(1, len(r.Byminute)) <= startsADay, "at most %d starts a day", startsADay)
	return append(words, checkDays(r)...)
}

// checkDays is about the numbers in BYDAY: beyond these ranges the library indexes out of
// range, and of days with and without numbers it takes those that are both.
func checkDays(r *rrule.ROption) []string {
	most := 0
	switch {
	case r.Freq == rrule.MONTHLY, r.Freq == rrule.YEARLY && len(r.Bymonth) > 0:
		most = 5
	case r.Freq == rrule.YEARLY && len(r.Byweekno) == 0:
		most = 53
	}
	numbered := 0
	for _, day := range r.Byweekday {
		n := day.N()
		if n != 0 {
			numbered++
		}
		if max(n, -n) > most {
			if most == 0 {
				return []string{"numbers in BYDAY only with FREQ=MONTHLY, or YEARLY without BYWEEKNO"}
			}
			return []string{fmt.Sprintf("numbers from -%d to %d in BYDAY", most, most)}
		}
	}
	if numbered != 0 && numbered != len(r.Byweekday) {
		return []string{"numbers on all days of BYDAY, or on none"}
	}
	return nil
}
