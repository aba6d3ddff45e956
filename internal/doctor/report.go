package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"fanfare/internal/escalate/notice"
	"fanfare/internal/failure"
)

// maxTold is how many problems a notice has at most.
const maxTold = 15

// again is the command that looks again.
var again = notice.Make("doctor")

// Teller tells a notice; see [notice.Teller].
type Teller interface {
	Tell(context.Context, notice.Notice) error
}

// Run looks, and has problems told when that is asked for. The error is that nobody could
// be told; the result stands all the same.
func (d *Doctor) Run(ctx context.Context, in Input) (Result, error) {
	result := d.Look(ctx)
	if !in.Report {
		return result, nil
	}
	n, ill := d.report(result)
	if !ill {
		return result, nil
	}
	if err := d.Teller.Tell(ctx, n); err != nil {
		return result, failure.Classify(fmt.Errorf("telling what is wrong: %w", err))
	}
	return result, nil
}

// report is what is wrong, in words; ill is false when nothing is. What could not be
// looked at because of another problem is only counted.
func (d *Doctor) report(result Result) (n notice.Notice, ill bool) {
	var problems, lines []string
	following := 0
	for _, c := range result.Checks {
		switch {
		case c.OK:
		case c.follows:
			following++
		default:
			problems = append(problems, fmt.Sprintf("%d. %s: %s.\n    To mend it: %s", len(problems)+1, c.Name, strings.TrimRight(c.Problem, "."), c.Mend))
		}
	}
	if len(problems) == 0 {
		return notice.Notice{}, false
	}
	lines = append(lines, fmt.Sprintf("Account %s, %s. Found by the daily check.", d.Account.ID, d.Account.Region), "")
	lines = append(lines, problems[:min(len(problems), maxTold)]...)
	lines = append(lines, "")
	if more := len(problems) - maxTold; more > 0 {
		lines = append(lines, fmt.Sprintf("%d more are not listed here.", more))
	}
	if following > 0 {
		lines = append(lines, many(following, "check")+" could not be made because of these.")
	}
	lines = append(lines, "To look again: "+again)
	return notice.Notice{Subject: subject(len(problems)), Text: strings.Join(lines, "\n")}, true
}

func subject(problems int) string {
	if problems == 1 {
		return "Fanfare has a problem that somebody must mend"
	}
	return "Fanfare has " + strconv.Itoa(problems) + " problems that somebody must mend"
}
