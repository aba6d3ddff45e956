package recurrence

import (
	"fmt"
	"testing"
	"time"
)

func TestTogether(t *testing.T) {
	t.Parallel()
	daily := func(start, duration string) Spec { return Spec{start, duration, "UTC", "FREQ=DAILY"} }
	for name, test := range map[string]struct {
		specs []Spec
		want  string // the sets, as they come first
		at    string // when the last of these does
	}{
		"one alone":              {[]Spec{daily("2026-01-04T02:00", "1h")}, "[[0]]", "2026-01-04T02:00:00Z"},
		"the same time":          {[]Spec{daily("2026-01-04T02:00", "1h"), daily("2026-01-04T02:00", "1h")}, "[[0 1]]", "2026-01-04T02:00:00Z"},
		"they touch":             {[]Spec{daily("2026-01-04T02:00", "1h"), daily("2026-01-04T03:00", "1h")}, "[[0] [1]]", "2026-01-04T03:00:00Z"},
		"they overlap":           {[]Spec{daily("2026-01-04T02:00", "2h"), daily("2026-01-04T03:00", "2h")}, "[[0] [0 1]]", "2026-01-04T03:00:00Z"},
		"over midnight":          {[]Spec{daily("2026-01-04T23:00", "2h"), daily("2026-01-04T00:30", "1h")}, "[[1] [0] [0 1]]", "2026-01-05T00:30:00Z"},
		"by their zones":         {[]Spec{{"2026-01-04T02:00", "1h", "Europe/Berlin", "FREQ=DAILY"}, daily("2026-01-04T02:00", "1h")}, "[[0] [1]]", "2026-01-04T02:00:00Z"},
		"years after the first":  {[]Spec{daily("2020-01-04T02:00", "1h"), {"2026-06-07T02:30", "1h", "UTC", ""}}, "[[0] [0 1]]", "2026-06-07T02:30:00Z"},
		"over the end of a year": {[]Spec{{"2020-12-30T00:00", "160h", "UTC", "FREQ=YEARLY"}, {"2026-01-01T02:00", "1h", "UTC", ""}}, "[[0] [0 1]]", "2026-01-01T02:00:00Z"},
		"once in a month":        {[]Spec{{"2026-01-04T02:00", "2h", "UTC", "FREQ=MONTHLY;BYDAY=1SU"}, {"2026-01-01T03:00", "1h", "UTC", "FREQ=MONTHLY;BYMONTHDAY=1"}}, "[[1] [0] [0 1]]", "2026-02-01T03:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var schedules []Schedule
			for _, spec := range test.specs {
				schedules = append(schedules, parse(t, spec))
			}
			schedules = append(schedules, Schedule{}) // takes place never
			var sets [][]int
			var last time.Time
			seen := map[string]bool{}
			for at, set := range Together(schedules) {
				if key := fmt.Sprint(set); !seen[key] {
					seen[key] = true
					sets, last = append(sets, set), at
				}
			}
			if got := fmt.Sprint(sets); got != test.want || test.at != "" && last.UTC().Format(time.RFC3339) != test.at {
				t.Errorf("got %v, the last at %v, want %v at %v", got, last, test.want, test.at)
			}
		})
	}
}
