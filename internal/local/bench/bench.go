// Package bench measures what a careful buyer asks: how large the functions are, how fast
// they start and answer, what the whole chain of them takes beside the same work in one
// Python function, how fast messages are made, and what a deployment costs.
//
// Figures are medians of several processes, taken in turns in one run, so that whatever
// else the machine does falls on all of them alike. Compute alone is measured: no network,
// no Step Functions, no Lambda service.
package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"fanfare/internal/channel"
)

//go:embed baseline.py
var baseline []byte

// Targets of a function, of the chain, of a message, and of the price.
const (
	MaxBytes  = 12_000_000
	MaxInit   = 30 * time.Millisecond
	MaxShare  = 0.5 // of the Python function's time, cold
	MaxFormat = 100 * time.Microsecond
	MaxPrice  = 1.00 // dollars for 1,000 deployments
)

// Options say what to measure with.
type Options struct {
	// Root is the project's folder; the programs are compiled already.
	Root string
	// Dir is where the programs are laid out.
	Dir string
	// Python runs the function that is compared with; left out when empty.
	Python string
	// Runs is how many processes of each function are measured, Warm how many invocations
	// follow the first.
	Runs, Warm int
}

// Figures are the medians of one program.
type Figures struct {
	Name              string
	Bytes             int64
	Init, First, Warm time.Duration
	Peak              int64
	// Slack tells that it takes part in telling Slack, which is what Python does, too.
	Slack bool
}

// Cold is what a first invocation takes in all.
func (f Figures) Cold() time.Duration { return f.Init + f.First }

// Report is all that was measured.
type Report struct {
	System      string
	Options     Options
	Functions   []Figures
	Python      *Figures // nil when it was left out
	Benchmarks  []Benchmark
	Transitions []Transition
	Costs       []Cost
}

// Chain sums up the functions: all of them, and those that do the work of the one in
// Python; what they take cold, and warm.
func (r Report) Chain() (all, same, allWarm, sameWarm time.Duration) {
	for _, f := range r.Functions {
		all, allWarm = all+f.Cold(), allWarm+f.Warm
		if f.Slack {
			same, sameWarm = same+f.Cold(), sameWarm+f.Warm
		}
	}
	return all, same, allWarm, sameWarm
}

// Run measures everything, and says what it is doing.
func Run(ctx context.Context, o Options, say func(string)) (Report, error) {
	r := Report{Options: o, System: runtime.GOOS + "/" + runtime.GOARCH}
	server := httptest.NewServer(vendors())
	defer server.Close()
	chain, err := functions(ctx, o.Root, o.Dir, server.URL)
	if err != nil {
		return r, err
	}
	subjects := make([]subject, 0, len(chain)+1)
	for _, f := range chain {
		subjects = append(subjects, subject{Figures{Name: f.step.Name(), Bytes: f.size, Slack: f.step.Channel == "" || f.step.Channel == channel.Slack}, f.program, f.input})
	}
	if o.Python != "" {
		python, err := layOutPython(o, server.URL)
		if err != nil {
			return r, err
		}
		subjects = append(subjects, python)
	}
	say(fmt.Sprintf("measuring %d programs, %d processes of each", len(subjects), o.Runs))
	figures, err := measureInTurns(ctx, subjects, o, say)
	if err != nil {
		return r, err
	}
	if r.Functions = figures; o.Python != "" {
		r.Functions, r.Python = figures[:len(figures)-1], &figures[len(figures)-1]
	}
	say("measuring how messages are made and commits are filtered")
	if r.Benchmarks, err = benchmarks(ctx, o.Root); err != nil {
		return r, err
	}
	if r.Transitions, err = transitions(); err != nil {
		return r, err
	}
	all, _, _, _ := r.Chain()
	r.Costs = costs(r.Transitions, all.Seconds()/float64(len(r.Functions)))
	return r, nil
}

// subject is a program with its figures to come.
type subject struct {
	Figures
	program Program
	input   []byte
}

func layOutPython(o Options, address string) (subject, error) {
	dir := filepath.Join(o.Dir, "python")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return subject{}, fmt.Errorf("laying out the Python function: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "baseline.py"), baseline, 0o644); err != nil {
		return subject{}, fmt.Errorf("laying out the Python function: %w", err)
	}
	program := Program{Command: []string{o.Python, "-m", "awslambdaric", "baseline.handle"}, Dir: dir,
		Env: []string{"AWS_ENDPOINT_URL=" + address, "AWS_EC2_METADATA_DISABLED=true", "LAMBDA_TASK_ROOT=" + dir}}
	return subject{Figures{Name: "python", Bytes: int64(len(baseline))}, program, event}, nil
}

// measureInTurns takes a process of each in turn, and returns the medians.
func measureInTurns(ctx context.Context, subjects []subject, o Options, say func(string)) ([]Figures, error) {
	samples := make([][]Sample, len(subjects))
	for run := range o.Runs {
		for i, s := range subjects {
			sample, err := Measure(ctx, s.program, s.input, o.Warm)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.Name, err)
			}
			samples[i] = append(samples[i], sample)
		}
		if run+1 == o.Runs/2 {
			say("half way")
		}
	}
	var figures []Figures
	for i, s := range subjects {
		f := s.Figures
		f.Init = median(of(samples[i], func(s Sample) time.Duration { return s.Init }))
		f.First = median(of(samples[i], func(s Sample) time.Duration { return s.First }))
		f.Warm = median(of(samples[i], func(s Sample) time.Duration { return s.Warm }))
		f.Peak = median(of(samples[i], func(s Sample) int64 { return s.Peak }))
		figures = append(figures, f)
	}
	return figures, nil
}

func of[T any](samples []Sample, value func(Sample) T) []T {
	var values []T
	for _, s := range samples {
		values = append(values, value(s))
	}
	return values
}

// Missed are the targets that the figures miss, in words; nil when they meet all.
func (r Report) Missed() error {
	var missed []error
	miss := func(format string, args ...any) { missed = append(missed, fmt.Errorf(format, args...)) }
	for _, f := range r.Functions {
		if f.Bytes > MaxBytes {
			miss("%s has %.1f MB, %.0f at most were aimed at", f.Name, megabytes(f.Bytes), megabytes(MaxBytes))
		}
		if f.Init > MaxInit {
			miss("%s takes %s to start, %s at most were aimed at", f.Name, ms(f.Init), ms(MaxInit))
		}
	}
	if all, _, _, _ := r.Chain(); r.Python != nil && float64(all) > MaxShare*float64(r.Python.Cold()) {
		miss("the whole chain takes %s cold, half of Python's %s was aimed at", ms(all), ms(r.Python.Cold()))
	}
	for _, b := range r.Benchmarks {
		if b.Format && b.Time > MaxFormat {
			miss("%s takes %s, %s at most were aimed at", b.Name, b.Time, MaxFormat)
		}
	}
	for _, c := range r.Costs {
		if c.All > MaxPrice {
			miss("1,000 deployments %s cost $%.2f, less than $%.2f was aimed at", c.Deployment, c.All, MaxPrice)
		}
	}
	return errors.Join(missed...)
}
