package bench

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

var update = flag.Bool("update", false, "write the golden files anew")

// asFunction makes this test's program a function that says what it was given, or fails.
const asFunction = "FANFARE_TEST_AS_FUNCTION"

func TestMain(m *testing.M) {
	switch os.Getenv(asFunction) {
	case "answers":
		lambda.Start(func(in map[string]string) (string, error) { return "given " + in["name"], nil })
	case "fails":
		lambda.Start(func() error { return os.ErrPermission })
	case "ends":
		os.Exit(3)
	default:
		os.Exit(m.Run())
	}
}

func functionAs(t *testing.T, as string) Program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Program{Command: []string{self}, Dir: t.TempDir(), Env: []string{asFunction + "=" + as}}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	sample, err := Measure(t.Context(), functionAs(t, "answers"), []byte(`{"name":"checkout"}`), 3)
	if err != nil {
		t.Fatal(err)
	}
	if string(sample.Answer) != `"given checkout"` || sample.Init <= 0 || sample.First <= 0 || sample.Warm <= 0 || sample.Init > patience {
		t.Errorf("got %+v, answer %s", sample, sample.Answer)
	}
}

// TestMeasureTellsWhatFailed: a figure of a function that fails would say nothing.
func TestMeasureTellsWhatFailed(t *testing.T) {
	t.Parallel()
	for as, want := range map[string]string{"fails": "permission denied", "ends": "ended by itself (exit status 3)"} {
		if _, err := Measure(t.Context(), functionAs(t, as), []byte(`{}`), 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", as, err)
		}
	}
	if _, err := Measure(t.Context(), Program{Command: []string{filepath.Join(t.TempDir(), "none")}}, nil, 0); err == nil {
		t.Error("a program that is not there was measured")
	}
}

func TestParseBenchmarks(t *testing.T) {
	t.Parallel()
	output := `goos: linux
pkg: fanfare/internal/channel/sns
BenchmarkFormat/failed-2         	   18500	     20100 ns/op	    3300 B/op	      65 allocs/op
BenchmarkFormat/failed-2         	   18500	     90000 ns/op	    3300 B/op	      65 allocs/op
BenchmarkFormat/failed-2         	   18500	     20300.5 ns/op	    3300 B/op	      65 allocs/op
BenchmarkFormat/hostile-2        	      18	   9020100 ns/op	    3300 B/op	      65 allocs/op
PASS
pkg: fanfare/internal/commits
BenchmarkFilter10000-2           	      90	  13106570 ns/op	 100.1 MB/s	 1003300 B/op	   30081 allocs/op
`
	got, err := parseBenchmarks([]byte(output))
	want := []Benchmark{
		{"channel/sns Format/failed", 20300 * time.Nanosecond, 3300, 65, true},
		{"channel/sns Format/hostile", 9020100 * time.Nanosecond, 3300, 65, false},
		{"commits Filter10000", 13106570 * time.Nanosecond, 1003300, 30081, false},
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if _, err := parseBenchmarks([]byte("FAIL\tfanfare/internal/commits\n")); err == nil {
		t.Error("no figures, and no error")
	}
}

// report is one in which every target is missed.
func report() Report {
	return Report{
		System: "linux/amd64", Options: Options{Runs: 15, Warm: 5},
		Functions: []Figures{
			{"normalise", 6_700_000, 3 * time.Millisecond, time.Millisecond, 200 * time.Microsecond, 8 << 20, true},
			{"send-pagerduty", 12_600_000, 31 * time.Millisecond, 9 * time.Millisecond, time.Millisecond, 15 << 20, false},
		},
		Python:      &Figures{"python", 2000, 60 * time.Millisecond, 20 * time.Millisecond, 6 * time.Millisecond, 55 << 20, false},
		Benchmarks:  []Benchmark{{"channel/sns Format/failed", 101 * time.Microsecond, 3300, 65, true}},
		Transitions: []Transition{{"duplicate", 4, 2}},
		Costs:       []Cost{{"to production", 46, 1.15, 1.20}},
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := report().Print(&b); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "report.golden.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || b.String() != string(want) {
		t.Errorf("the report has changed (see -update), %v:\n%s", err, b.String())
	}
}

func TestTargetsThatAreMet(t *testing.T) {
	t.Parallel()
	r := report()
	if missed := r.Missed(); missed == nil || strings.Count(missed.Error(), "\n") != 4 {
		t.Errorf("five targets are missed, told: %v", missed)
	}
	r.Functions, r.Benchmarks, r.Costs = r.Functions[:1], nil, nil
	if missed := r.Missed(); missed != nil {
		t.Errorf("every target is met, told: %v", missed)
	}
}
