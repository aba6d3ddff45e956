package recurrence

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// slow is how long one schedule may take, even under the race detector on a busy machine.
const slow = 5 * time.Second

// FuzzParse gives any text: it ends soon, without a panic; what is refused has a problem
// of a known field; what is taken keeps its promises.
func FuzzParse(f *testing.F) {
	for _, spec := range rules {
		f.Add(spec.Start, spec.Duration, spec.TimeZone, spec.Recurrence, int64(1_800_000_000))
	}
	f.Add("2026-01-04T02:00", "2h30m", "Europe/Berlin", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", int64(0))
	f.Add("2026-01-04T02:00", "168h", "UTC", "FREQ=HOURLY;INTERVAL=1000;BYMONTHDAY=-31", int64(1<<62))
	f.Add("2199-12-31T23:59", "168h", "Pacific/Apia", "FREQ=YEARLY;INTERVAL=1000;COUNT=1000", int64(-1<<62))
	f.Add("2026-01-04", "", "Local", "RRULE:FREQ=SECONDLY\nDTSTART", int64(1))
	f.Fuzz(func(t *testing.T, start, duration, zone, rule string, moment int64) {
		begun := time.Now()
		schedule, problems := Parse(Spec{start, duration, zone, rule})
		for _, p := range problems {
			if !slices.Contains([]string{fieldStart, fieldDuration, fieldTimeZone, fieldRecurrence}, p.Field) || strings.TrimSpace(p.Expected) == "" {
				t.Errorf("%q", p)
			}
		}
		at := time.Unix(moment, 0)
		since, until, in := schedule.At(at)
		if in && (problems != nil || at.Before(since) || !at.Before(until)) {
			t.Errorf("at %v: %v to %v, %v", at, since, until, problems)
		}
		if problems == nil {
			first := schedule.instant(schedule.start)
			if _, until, in := schedule.At(first); !in || until.Sub(first) < schedule.duration {
				t.Errorf("not under way as it begins: %v until %v", first, until)
			}
			if LongestRun(schedule) < schedule.duration {
				t.Error("the longest run is shorter than the duration")
			}
		}
		if took := time.Since(begun); took > slow {
			t.Errorf("took %v", took)
		}
	})
}
