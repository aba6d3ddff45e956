package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Print writes the report for people.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "The functions, compiled for %s as they are deployed, medians of %d processes:\n\n", r.System, r.Options.Runs)
	table(&b, "function\tsize\tinit\tfirst\twarm\tmemory\t", func(row func(...any)) {
		for _, f := range r.Functions {
			row(f.Name, fmt.Sprintf("%.1f MB", megabytes(f.Bytes)), ms(f.Init), ms(f.First), ms(f.Warm), memory(f.Peak))
		}
		if p := r.Python; p != nil {
			row("(in Python)", "", ms(p.Init), ms(p.First), ms(p.Warm), memory(p.Peak))
		}
	})
	all, same, allWarm, sameWarm := r.Chain()
	fmt.Fprintf(&b, "\nThe chain, cold inits and first invocations one after another, compute alone:\n\n")
	table(&b, "\tcold\twarm\tof Python's cold\t", func(row func(...any)) {
		share := func(d time.Duration) string {
			if r.Python == nil {
				return "not measured"
			}
			return fmt.Sprintf("%.0f %%", 100*float64(d)/float64(r.Python.Cold()))
		}
		row(fmt.Sprintf("all %d functions", len(r.Functions)), ms(all), ms(allWarm), share(all))
		row("those that do what Python does", ms(same), ms(sameWarm), share(same))
		if p := r.Python; p != nil {
			row("one Python function, Slack alone, no ledger", ms(p.Cold()), ms(p.Warm), "100 %")
		}
	})
	fmt.Fprintf(&b, "\nMaking messages, and filtering 10,000 commits (Go's benchmarks, medians of 3):\n\n")
	table(&b, "benchmark\ttime\tmemory\tallocations\t", func(row func(...any)) {
		for _, m := range r.Benchmarks {
			row(m.Name, m.Time, fmt.Sprintf("%.1f kB", float64(m.Bytes)/1000), m.Allocs)
		}
	})
	fmt.Fprintf(&b, "\nState transitions of one event, by the way that it takes through the workflow (a retry is one more):\n\n")
	table(&b, "way\ttransitions\tinvocations\t", func(row func(...any)) {
		for _, t := range r.Transitions {
			row(t.Way, t.Count, t.Invocations)
		}
	})
	fmt.Fprintf(&b, "\nDollars per 1,000 deployments, in us-east-1 and eu-west-1, nothing free:\n\n")
	table(&b, "deployments\ttransitions of one\tStep Functions\twith everything\t", func(row func(...any)) {
		for _, c := range r.Costs {
			row(c.Deployment, c.Transitions, fmt.Sprintf("$%.2f", c.StepFunctions), fmt.Sprintf("$%.2f", c.All))
		}
	})
	fmt.Fprintf(&b, `
  1,000 × transitions × $%.3f/1,000, and for each event
  invocations × ($%.2f/million + mean cold time × %.2f GB × $%.10f/GB-s + %d B of log × $%.2f/GB)
  + %d writes × $%.3f/million + %d reads × $%.3f/million (DynamoDB) + a trace × $%.0f/million (X-Ray).
  Two or four events a deployment, every invocation cold. The alarms and metrics cost by the month.
`, perTransition*1000, perRequest*1e6, memoryGB, perGBSecond, logBytes, perLogGB, tableWrites, perWrite*1e6, tableReads, perRead*1e6, perTrace*1e6)
	if err := r.Missed(); err != nil {
		fmt.Fprintf(&b, "\nTargets missed:\n  %s\n", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	} else {
		b.WriteString("\nEvery target is met.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// table aligns columns, numbers to the right.
func table(b *strings.Builder, head string, fill func(row func(...any))) {
	out := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "  "+head)
	fill(func(cells ...any) {
		for _, cell := range cells {
			fmt.Fprintf(out, "%v\t", cell)
		}
		fmt.Fprintln(out)
	})
	_ = out.Flush() // a builder takes everything
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func megabytes(n int64) float64 { return float64(n) / 1e6 }

func memory(n int64) string {
	if n == 0 {
		return "?"
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
