package why

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/text"
)

// lines are a text that grows.
type lines struct{ strings.Builder }

func (l *lines) add(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

// tell tells of all events, those of one deployment together.
func (e Explainer) tell(ctx context.Context, trails []ledger.Trail) string {
	var l lines
	var ids []string
	byID := map[string][]ledger.Trail{}
	for _, t := range trails {
		serviceKey, id, ok := ledger.IDOf(t.Deployment)
		key := serviceKey + "\n" + id
		if !ok {
			key = "\n" + t.Deployment
		}
		if !slices.Contains(ids, key) {
			ids = append(ids, key)
		}
		byID[key] = append(byID[key], t)
	}
	for i, key := range ids {
		if i > 0 {
			l.add("")
		}
		serviceKey, id, _ := strings.Cut(key, "\n")
		of := byID[key]
		l.add("%s%s: %s (%s)", id, in(of), times(len(of), "event"), serviceKey)
		for _, t := range of {
			l.add("")
			e.event(ctx, &l, t)
		}
	}
	return l.String()
}

// in names the environment, as far as any of the events knows it.
func in(trails []ledger.Trail) string {
	for _, t := range trails {
		if t.Environment != "" {
			return " in " + t.Environment
		}
	}
	return ""
}

func (e Explainer) event(ctx context.Context, l *lines, t ledger.Trail) {
	what := Status(t.Status)
	if t.Kind == deployment.Rollback {
		what = "a rollback, " + what
	}
	if t.Said != "" {
		what += ": " + t.Said
	}
	l.add("%s  %s", moment(t.Time), what)
	l.add("  %s, event %s", t.Name, t.Event)
	told := slices.ContainsFunc(t.Rows, func(r ledger.Row) bool { return !r.RecordedAt.IsZero() && r.Execution == t.Holder })
	switch {
	case t.Holder == "" && len(t.Rows) > 0:
		l.add("  claimed by no execution: the ledger could not be asked then, and it was told all the same")
	case t.Holder == "":
		l.add("  claimed by no execution")
	default:
		l.add("  execution %s, claimed %s after the event", NameOf(t.Holder), took(t.ClaimedAt.Sub(t.Time)))
		if link := executionLink(t.Holder); link != "" {
			l.add("  %s", link)
		}
	}
	if t.TakenFrom != "" {
		l.add("  taken over from execution %s, which ended without having told everything", NameOf(t.TakenFrom))
	}
	if t.Repeats > 0 {
		l.add("  came %s more, the last at %s: whoever brought it found it claimed", times(t.Repeats, "time"), moment(t.RepeatedAt))
	}
	for _, row := range t.Rows {
		channel(l, t, row)
	}
	if t.Holder != "" && !told {
		e.untold(ctx, l, t)
	}
}

// channel tells what became of one channel in one line, and what is to be known besides in
// another.
func channel(l *lines, t ledger.Trail, row ledger.Row) {
	d := row.Delivery
	sent, decided, deliver := !d.SentAt.IsZero(), !row.RecordedAt.IsZero(), row.Decision.Decision == deployment.Deliver
	because := Because(row.Decision.Reason) + text.With(", window ", row.Window)
	what, besides := "", []string{}
	if sent {
		what = fmt.Sprintf("told at %s, %s after the event", moment(d.SentAt), took(d.SentAt.Sub(t.Time)))
		if d.Outcome != deployment.Sent {
			besides = append(besides, cmp.Or(outcomes[d.Outcome], string(d.Outcome)))
		}
	}
	switch {
	case sent && deliver:
		what += ", because " + because
	case sent && decided:
		besides = append(besides, "it would not be told now: "+because)
	case sent: // by an execution that came no further
	case !decided && !row.Sending.IsZero():
		what = "being sent since " + moment(row.Sending)
	case !decided:
		what = "begun " + times(row.Begun, "time") + ", and not sent so far"
	case deliver:
		what = cmp.Or(outcomes[d.Outcome], string(d.Outcome))
		besides = append(besides, d.Reason, "it was to be told because "+because)
	default:
		what = cmp.Or(verdicts[row.Decision.Decision], string(row.Decision.Decision)) + ": " + because
	}
	if !row.MissedAt.IsZero() && (sent || !deliver) {
		besides = append(besides, fmt.Sprintf("could not be told at %s: %s", moment(row.MissedAt), row.Missed))
	}
	if n := max(d.Attempts, row.Begun); n > 1 && decided {
		besides = append(besides, times(n, "attempt"))
	}
	if sent {
		besides = append(besides, receipt(d.Receipt))
	}
	l.add("  %s: %s", row.Channel, what)
	if besides = slices.DeleteFunc(besides, func(s string) bool { return s == "" }); len(besides) > 0 {
		l.add("    %s", strings.Join(besides, "; "))
	}
}

// untold asks what became of the execution that has written down nothing.
func (e Explainer) untold(ctx context.Context, l *lines, t ledger.Trail) {
	out, err := e.Executions.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &t.Holder})
	var gone *types.ExecutionDoesNotExist
	switch {
	case errors.As(err, &gone):
		l.add("  nothing more is recorded, and Step Functions, which keeps executions for 90 days, no longer knows this one")
	case err != nil:
		l.add("  nothing more is recorded, and the execution could not be asked: %s", text.Line(failure.Classify(err).Error()))
	case out.Status == types.ExecutionStatusRunning:
		l.add("  the execution is still under way, since %s: what becomes of it is recorded at its end", moment(aws.ToTime(out.StartDate)))
	case out.Status == types.ExecutionStatusPendingRedrive:
		l.add("  the execution is about to be redriven")
	case out.Status == types.ExecutionStatusSucceeded:
		l.add("  the execution succeeded, and has recorded nothing")
	default:
		said := strings.Trim(aws.ToString(out.Error)+": "+deployment.Said(aws.ToString(out.Cause)).Words(), ": ")
		l.add("  NO MORE IS TOLD: the execution ended as %s at %s%s", out.Status, moment(aws.ToTime(out.StopDate)), text.With(": ", text.Line(said)))
		l.add("  Mend the cause and redrive the execution in the console, within 14 days; or start the workflow again with its input, which takes the event over.")
	}
}
