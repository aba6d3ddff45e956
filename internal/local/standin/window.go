package standin

import (
	"math"
	"slices"
	"time"
)

// window counts calls within the last minute, whenever that began.
type window struct{ calls []time.Time }

// take counts a call, unless there were limit of them within the last minute: then it
// returns the whole seconds until there is room for one, at least 1.
func (w *window) take(now time.Time, limit int) (seconds int, limited bool) {
	w.calls = slices.DeleteFunc(w.calls, func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	if len(w.calls) < limit {
		w.calls = append(w.calls, now)
		return 0, false
	}
	left := time.Minute - now.Sub(w.calls[len(w.calls)-limit])
	return max(1, int(math.Ceil(left.Seconds()))), true
}
