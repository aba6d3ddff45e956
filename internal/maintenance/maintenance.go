// Package maintenance tells which of the account file's windows of planned work are in
// force. It is pure: no clock, no network. What counts is the moment that the event
// tells of, not when the workflow comes to look.
//
// Everything fails open: a window about which there is any doubt quiets nobody. When a
// window takes place, package recurrence says, over github.com/teambition/rrule-go; why
// that one, and what it is not trusted with, stands there. It makes the function's program
// 0.6 MB larger, two thirds of which is Go's copy of the time zones, and its start no slower
// than can be measured.
package maintenance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/recurrence"
)

// Check returns the windows that name what the deployment is of and that were in force
// when its event was emitted: those that last longest first, and of these by name. A drill
// is treated as what it plays. A window that cannot be read counts as not in force, and an
// event without a time lies in none; the result then says so in its Reason.
func Check(d deployment.Deployment, windows []account.Window) deployment.Maintenance {
	return check(d, windows, inForce)
}

// lookup is [inForce]; tests put another in its place.
type lookup func(account.Window, time.Time) (since, until time.Time, in bool, err error)

func check(d deployment.Deployment, windows []account.Window, look lookup) deployment.Maintenance {
	result := deployment.Maintenance{Windows: []deployment.Window{}}
	var reasons []string
	for _, w := range windows {
		if !w.Names(d.Service, d.Pipeline, d.Environment) {
			continue
		}
		if d.Time.IsZero() {
			result.Reason = "the event has no time"
			return result
		}
		since, until, in, err := safely(look, w, d.Time)
		switch {
		case err != nil:
			reasons = append(reasons, fmt.Sprintf("the window %q cannot be read: %v", w.Name, err))
		case in:
			quiets := append([]string{}, w.Quiets...) // never null in the document
			result.Windows = append(result.Windows, deployment.Window{Name: w.Name, Since: since, Until: until,
				Quiets: quiets, Owner: w.Owner, Reason: w.Reason})
		}
	}
	slices.SortStableFunc(result.Windows, func(a, b deployment.Window) int {
		return cmp.Or(b.Until.Compare(a.Until), strings.Compare(a.Name, b.Name))
	})
	result.Reason = strings.Join(reasons, "; ")
	return result
}

// safely makes an error of a panic: the library must not cost anybody a page.
func safely(look lookup, w account.Window, t time.Time) (since, until time.Time, in bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			since, until, in, err = time.Time{}, time.Time{}, false, fmt.Errorf("panic: %v", p)
		}
	}()
	return look(w, t)
}

// Schedule is when the window takes place, or what is wrong with what the file says of it.
func Schedule(w account.Window) (recurrence.Schedule, []recurrence.Problem) {
	return recurrence.Parse(recurrence.Spec{Start: w.Start, Duration: w.Duration, TimeZone: w.TimeZone, Recurrence: w.Recurrence})
}

// inForce tells whether the window is in force at t, and since and until when.
func inForce(w account.Window, t time.Time) (since, until time.Time, in bool, err error) {
	schedule, problems := Schedule(w)
	if len(problems) > 0 {
		return since, until, false, fmt.Errorf("%s: %s expected", problems[0].Field, problems[0].Expected)
	}
	since, until, in = schedule.At(t)
	return since, until, in, nil
}
