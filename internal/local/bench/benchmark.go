package bench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Benchmark is one of Go's own benchmarks.
type Benchmark struct {
	Name   string
	Time   time.Duration
	Bytes  int64
	Allocs int64
	// Format tells that it makes one message of an ordinary document: those that are
	// hostile, with a megabyte of text, are measured as well, and have no target.
	Format bool
}

// benchmarked are the packages with benchmarks, and how a person calls them.
var benchmarked = []string{"./internal/channel/slack", "./internal/channel/pagerduty", "./internal/channel/sns", "./internal/commits"}

// benchmarks runs Go's benchmarks, each three times, and returns the median of each.
func benchmarks(ctx context.Context, root string) ([]Benchmark, error) {
	args := append([]string{"test", "-run", "^$", "-bench", ".", "-benchmem", "-count", "3", "-benchtime", "0.3s"}, benchmarked...)
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = root
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("running the benchmarks: %w\n%s", err, lastLine(output))
	}
	return parseBenchmarks(output)
}

// BenchmarkFormat/failed-2   123456   9876 ns/op   [12.3 MB/s]   4567 B/op   89 allocs/op
var benchmarkLine = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op.*?\s(\d+) B/op\s+(\d+) allocs/op`)

func parseBenchmarks(output []byte) ([]Benchmark, error) {
	var found []Benchmark
	tries := map[string][]Benchmark{}
	folder := ""
	for line := range bytes.Lines(output) {
		text := strings.TrimSpace(string(line))
		if name, ok := strings.CutPrefix(text, "pkg: fanfare/internal/"); ok {
			folder = name
		}
		match := benchmarkLine.FindStringSubmatch(text)
		if match == nil {
			continue
		}
		ns, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			return nil, fmt.Errorf("reading the benchmark's figures: %w", err)
		}
		b := Benchmark{Name: folder + " " + match[1], Time: time.Duration(ns), Format: strings.HasPrefix(match[1], "Format") && !strings.Contains(match[1], "hostile")}
		b.Bytes, _ = strconv.ParseInt(match[3], 10, 64)
		b.Allocs, _ = strconv.ParseInt(match[4], 10, 64)
		if len(tries[b.Name]) == 0 {
			found = append(found, b)
		}
		tries[b.Name] = append(tries[b.Name], b)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("running the benchmarks: no figures in %q", lastLine(output))
	}
	for i, b := range found {
		var times []time.Duration
		for _, try := range tries[b.Name] {
			times = append(times, try.Time)
		}
		found[i].Time = median(times)
	}
	return found, nil
}
