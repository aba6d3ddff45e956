package recurrence

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Together yields moments at which one of the schedules begins, in the zone of that one,
// and the numbers of those that are under way then, its own included. Of schedules that
// are ever under way together, there is such a moment. It looks at two years from the
// January of each year in which one of them begins, and at 2,000 times of each in that.
func Together(schedules []Schedule) iter.Seq2[time.Time, []int] {
	var years []int
	for _, s := range schedules {
		if s.zone != nil {
			years = append(years, s.start.Year())
		}
	}
	slices.Sort(years)
	return func(yield func(time.Time, []int) bool) {
		for _, year := range slices.Compact(years) {
			if !sweep(schedules, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), yield) {
				return
			}
		}
	}
}

// change is when a schedule begins or ends.
type change struct {
	at     time.Time
	number int
	begins bool
}

// sweep yields for the two years from the time on the wall clock.
func sweep(schedules []Schedule, from time.Time, yield func(time.Time, []int) bool) bool {
	const years, most = 2, 2000
	var changes []change
	for i, s := range schedules {
		if s.zone == nil {
			continue
		}
		for _, r := range s.runs(s.starts(from.Add(-reach), from.AddDate(years, 0, 0), most)) {
			changes = append(changes, change{r.since, i, true}, change{r.until, i, false})
		}
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(a.at.Compare(b.at), order(a)-order(b)) })
	var underWay []int
	for i, c := range changes {
		if !c.begins {
			underWay = slices.DeleteFunc(underWay, func(number int) bool { return number == c.number })
			continue
		}
		underWay = append(underWay, c.number)
		all := i+1 == len(changes) || !changes[i+1].at.Equal(c.at) // that begin at this moment
		if all && !yield(c.at, slices.Sorted(slices.Values(underWay))) {
			return false
		}
	}
	return true
}

// order has what ends before what begins at the same moment.
func order(c change) int {
	if c.begins {
		return 1
	}
	return 0
}
