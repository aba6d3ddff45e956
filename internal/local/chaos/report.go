package chaos

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"fanfare/internal/local/fault"
)

// Report is what came of a run.
type Report struct {
	Seed  uint64
	Asked int
	Row   string
	Took  time.Duration
	Rows  []tally
	// Executions are those of the workflow.
	Executions int
	Secrets    Secrets
}

// report audits what the plays have come to.
func (s *stage) report(ctx context.Context, plays []Play) (Report, error) {
	s.say("holding what was told against what had to be")
	var v vendors
	for path, into := range map[string]any{"/slack/messages": &v.slack, "/pagerduty/incidents": &v.incidents, "/pagerduty/changes": &v.changes, "/phone/messages": &v.phone} {
		if err := s.control.Call(ctx, http.MethodGet, path, nil, into); err != nil {
			return Report{}, fmt.Errorf("asking the vendors what they have: %w", err)
		}
	}
	s.say("searching what was left behind for secrets")
	absorbed, err := s.searchAll(ctx)
	if err != nil {
		return Report{}, err
	}
	var late []fault.Played // to the operator
	if err := s.control.Call(ctx, http.MethodGet, "/faults/played", nil, &late); err != nil {
		return Report{}, fmt.Errorf("asking which faults were played: %w", err)
	}
	s.played = append(s.played, late...)
	faults := map[string]int{}
	problems := s.problems
	for _, f := range s.played {
		name := f.Key
		if of, other := s.keys[f.Key]; other {
			name = of
		}
		faults[name] += f.Played
		if f.Problem != "" {
			problems = append(problems, name+": "+f.Problem)
		}
	}
	problems = append(problems, noticesOf(v.slack, plays)...)
	of := v.sort()
	report := Report{}
	for _, p := range plays {
		told := of[p.Name]
		if told == nil {
			told = &seen{}
		}
		told.absorbed += absorbed[p.Name]
		told.letters = s.letters[p.Name]
		for _, x := range s.follow.of(p.Name) {
			switch {
			case x.again:
				told.again++
			case x.duplicate:
				told.absorbed++
			case x.refused():
				told.refused++
			}
		}
		t := judge(p, *told)
		t.Faults = faults[p.Name] + s.byHand[p.Name] + (p.Copies-1)*len(p.events(identity{}))
		if p.Restart || p.Pad > 0 || p.Text != "" || p.Wrong != "" || len(p.Order) > 0 {
			t.Faults++
		}
		for _, problem := range problems {
			if strings.HasPrefix(problem, p.Name) {
				t.Problems = append(t.Problems, problem)
			}
		}
		if len(t.Problems) > 0 {
			for _, x := range s.follow.of(p.Name) {
				t.Problems = append(t.Problems, x.String())
			}
		}
		report.Rows = mergeRow(report.Rows, t)
	}
	report.Executions = len(s.follow.of(""))
	report.Secrets = s.found
	return report, nil
}

// mergeRow adds the tally to that of its row.
func mergeRow(rows []tally, t tally) []tally {
	i := slices.IndexFunc(rows, func(r tally) bool { return r.Row == t.Row })
	if i < 0 {
		return append(rows, t)
	}
	r := &rows[i]
	r.Played += t.Played
	r.Faults += t.Faults
	r.Sent += t.Sent
	r.Repeated += t.Repeated
	r.Absorbed += t.Absorbed
	r.DeadLettered += t.DeadLettered
	r.Redriven += t.Redriven
	r.Refused += t.Refused
	r.Lost += t.Lost
	r.Unsaid += t.Unsaid
	r.Problems = append(r.Problems, t.Problems...)
	return rows
}

func (r *Report) add(other Report) {
	for _, t := range other.Rows {
		r.Rows = mergeRow(r.Rows, t)
	}
	r.Executions += other.Executions
	r.Secrets.add(other.Secrets)
}

// Faults is how many were played.
func (r Report) Faults() int { return r.total().Faults }

// rate is how many were played in a minute.
func (r Report) rate() float64 {
	if r.Took <= 0 {
		return 0
	}
	return float64(r.Faults()) / r.Took.Minutes()
}

func (r Report) total() tally {
	var all []tally
	for _, t := range r.Rows {
		t.Row, t.Problems = "together", nil
		all = mergeRow(all, t)
	}
	if len(all) == 0 {
		return tally{Row: "together"}
	}
	return all[0]
}

// mayRepeat names the only row in which something may come twice: nobody knows whether
// Slack has the line, and Slack has no key by which to know it again.
const mayRepeat = "slack: the sender is killed" + tookIt

// wrong says what is wrong with a row; empty when nothing is.
func (t tally) wrong() string {
	var problems []string
	if t.Lost > 0 {
		problems = append(problems, fmt.Sprintf("%d lost", t.Lost))
	}
	if t.Repeated > 0 && t.Row != mayRepeat {
		problems = append(problems, fmt.Sprintf("%d repeated", t.Repeated))
	}
	if len(problems) == 0 && len(t.Problems) > 0 && t.Row != mayRepeat {
		problems = append(problems, "something else")
	}
	if len(problems) == 0 {
		return ""
	}
	return strings.Join(problems, ", ") + "\n    " + strings.Join(t.Problems[:min(len(t.Problems), maxShown)], "\n    ")
}

// maxShown is how many problems of a row are told.
const maxShown = 12

// Violations names the rows in which a promise is broken, and secrets that were found.
func (r Report) Violations() []string {
	var all []string
	for _, t := range r.Rows {
		if wrong := t.wrong(); wrong != "" {
			all = append(all, t.Row+": "+wrong)
		}
	}
	for _, found := range r.Secrets.Found {
		all = append(all, "a secret was found: "+found)
	}
	return all
}

// Again is the one command that plays it again.
func (r Report) Again() string {
	command := fmt.Sprintf("make chaos SEED=%d", r.Seed)
	if r.Asked > 0 {
		command += fmt.Sprintf(" FAULTS=%d", r.Asked)
	}
	if r.Row != "" {
		command += fmt.Sprintf(" ROW='%s'", r.Row)
	}
	return command
}

// Print writes the table for people.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	names := 0
	for _, name := range rowNames() {
		names = max(names, len(name))
	}
	row := func(t tally) {
		fmt.Fprintf(out, "%-*s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\n", names, t.Row,
			t.Played, t.Faults, t.Sent, t.Repeated, t.Absorbed, t.DeadLettered, t.Redriven, t.Refused, t.Lost)
	}
	fmt.Fprintf(out, "%-*s\tplayed\tfaults\tsent\trepeated\tabsorbed\tdead-lettered\tredriven\trefused\tlost\t\n", names, "")
	order := rowNames()
	slices.SortStableFunc(r.Rows, func(a, b tally) int { return slices.Index(order, a.Row) - slices.Index(order, b.Row) })
	for _, t := range r.Rows {
		row(t)
	}
	row(r.total())
	_ = out.Flush() // a builder takes everything
	if n := r.total().Unsaid; n > 0 {
		fmt.Fprintf(&b, "\nChange events that PagerDuty does not have: %d. They are sent at most once, and wake nobody.\n", n)
	}
	s := r.Secrets
	fmt.Fprintf(&b, "\nSearched for the vendors' secrets: %d histories of %d events, %d log lines, %d messages in queues, %d items of the ledger: %d found.\n",
		s.Histories, s.Events, s.LogLines, s.Messages, s.Items, len(s.Found))
	fmt.Fprintf(&b, "%d executions, %.0f s, %.0f faults a minute, seed %d.\n", r.Executions, r.Took.Seconds(), r.rate(), r.Seed)
	violations := r.Violations()
	if len(violations) == 0 {
		b.WriteString("Nothing was lost, and nothing came twice that must not.\n")
	} else {
		fmt.Fprintf(&b, "\nBroken promises:\n  %s\n\nTo play it again: %s\n", strings.Join(violations, "\n  "), r.Again())
	}
	_, err := io.WriteString(w, b.String())
	return err
}
