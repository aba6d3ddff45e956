package step

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// logged gives the handler's log lines while the test runs; it cannot be parallel.
func logged(t *testing.T) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(newLog(&out, "probe"))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &out
}

// line reads the one line that an invocation logs.
func line(t *testing.T, out *bytes.Buffer) map[string]any {
	t.Helper()
	text := out.String()
	out.Reset()
	var fields map[string]any
	if err := json.Unmarshal([]byte(text), &fields); err != nil || strings.Count(text, "\n") != 1 {
		t.Fatalf("one line of JSON expected, found %q", text)
	}
	return fields
}

// nameOf is how aws-lambda-go names an error, which is what Step Functions matches:
// the name of the outermost type, without its pointer.
func nameOf(err error) string {
	of := reflect.TypeOf(err)
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	return of.Name()
}

func TestHandlerDone(t *testing.T) {
	out := logged(t)
	raw := fixture(t)
	handler := Handler(func(ctx context.Context, in Input) (string, error) {
		if _, ok := ctx.Deadline(); !ok {
			return "", errors.New("the context is another")
		}
		return in.Document.Deployment.Service, nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if got, err := handler(ctx, raw); err != nil || got != "checkout" {
		t.Errorf("got %q, %v", got, err)
	}
	fields := line(t, out)
	if _, ok := fields["ms"].(float64); !ok {
		t.Errorf("ms is %v", fields["ms"])
	}
	delete(fields, "ms")
	delete(fields, "time")
	want := map[string]any{"level": "INFO", "msg": "done", "step": "probe", "service": "checkout",
		"event": "0c9a7e52-41d3-4b8e-8f10-2d6b5e7a9c31", "deployment": "ecs-svc/4471829034417823006"}
	if !reflect.DeepEqual(fields, want) { // nothing else: no payload
		t.Errorf("got %v", fields)
	}
}

// TestEveryLineSaysWhatItIsAbout: also those of the step itself, and those of Normalise,
// whose input has no deployment yet.
func TestEveryLineSaysWhatItIsAbout(t *testing.T) {
	out := logged(t)
	_, err := Handler(func(ctx context.Context, _ Input) (string, error) {
		slog.WarnContext(ctx, "something was slow")
		return "", nil
	})(t.Context(), fixture(t))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if err != nil || len(lines) != 2 {
		t.Fatalf("%v, logged %q", err, lines)
	}
	for _, line := range lines {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["deployment"] != "ecs-svc/4471829034417823006" || fields["service"] != "checkout" {
			t.Errorf("logged %s, %v", line, err)
		}
	}
	out.Reset()
	made := deployment.Deployment{Event: "e1", ID: "execution-1", Pipeline: "checkout-production"}
	_, err = Handler(func(context.Context, Input) (deployment.Deployment, error) { return made, nil })(t.Context(), json.RawMessage(`{"event": {"id": "e1"}}`))
	if fields := line(t, out); err != nil || fields["event"] != "e1" || fields["deployment"] != "execution-1" || fields["pipeline"] != "checkout-production" {
		t.Errorf("logged %v, %v", fields, err)
	}
	_, err = Handler(func(context.Context, Input) (deployment.Deployment, error) {
		return deployment.Deployment{}, failure.Permanentf("refused")
	})(t.Context(), json.RawMessage(`{"event": {"id": "e2"}}`))
	if fields := line(t, out); err == nil || fields["event"] != "e2" {
		t.Errorf("logged %v, %v", fields, err)
	}
}

func TestHandlerFails(t *testing.T) {
	tests := []struct {
		name  string
		err   error
		class string
	}{
		{"permanent", failure.Permanentf("refused"), "Permanent"},
		{"transient", failure.Transientf("later"), "Transient"},
		{"rate limited", &failure.RateLimited{Err: errors.New("slower"), After: time.Second}, "RateLimited"},
		{"wrapped", fmt.Errorf("sending: %w", fmt.Errorf("posting: %w", failure.Transientf("later"))), "Transient"},
		{"joined", errors.Join(errors.New("one"), failure.Transientf("later")), "Transient"},
		{"plain", errors.New("wrong"), "Permanent"},
		{"out of time", fmt.Errorf("asking: %w", context.DeadlineExceeded), "Transient"},
	}
	raw := fixture(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out := logged(t)
			_, err := Handler(func(context.Context, Input) (string, error) { return "", test.err })(t.Context(), raw)
			if err == nil || nameOf(err) != test.class || err.Error() != test.err.Error() || !errors.Is(err, test.err) {
				t.Errorf("got %T, %v", err, err)
			}
			if !slices.Contains(failure.Names, nameOf(err)) {
				t.Errorf("the workflow knows no %s", nameOf(err))
			}
			if fields := line(t, out); fields["level"] != "ERROR" || fields["error"] != test.err.Error() || fields["service"] != "checkout" {
				t.Errorf("logged %v", fields)
			}
		})
	}
}

func TestBadInput(t *testing.T) {
	const mark = "what is in the payload"
	for name, raw := range map[string]string{
		"nothing":             ``,
		"no JSON":             `{"document": ` + mark,
		"broken off":          `{"execution": "` + mark,
		"a text":              `"` + mark + `"`,
		"a list":              `["` + mark + `"]`,
		"document as a text":  `{"document": "` + mark + `"}`,
		"text for a boolean":  `{"document": {"deployment": {"production": "` + mark + `"}}}`,
		"text for an outcome": `{"document": {"delivery": {"waited": "` + mark + `"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			out := logged(t)
			called := false
			_, err := Handler(func(context.Context, Input) (string, error) {
				called = true
				return "", nil
			})(t.Context(), json.RawMessage(raw))
			if err == nil || nameOf(err) != "Permanent" || !strings.HasPrefix(err.Error(), "reading the step's input: ") || called {
				t.Errorf("got %T, %v, called %v", err, err, called)
			}
			if fields := line(t, out); fields["level"] != "ERROR" || strings.Contains(fmt.Sprint(fields), mark) {
				t.Errorf("logged %v", fields)
			}
		})
	}
}

func TestTheRawEventIsHandedOnAsItIs(t *testing.T) {
	logged(t)
	const event = `{"id": "1",  "detail": {"n": 12345678901234567890}}`
	got, err := Handler(func(_ context.Context, in Input) (string, error) { return string(in.Event), nil })(t.Context(), json.RawMessage(`{"event": `+event+`}`))
	if err != nil || got != event {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAccountFileIsBesideTheProgram(t *testing.T) {
	t.Parallel()
	if file := AccountFile(); !filepath.IsAbs(file) || filepath.Base(file) != "account.json" {
		t.Errorf("got %s", file)
	}
}

// TestHurry: a step that comes late has less time, and never none.
func TestHurry(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ago         time.Duration // since the execution started; negative when nobody knows
		least, most time.Duration
	}{
		"at once":             {0, 4 * time.Second, Patience},
		"after two seconds":   {2 * time.Second, 2 * time.Second, 3 * time.Second},
		"too late":            {time.Hour, Least / 2, Least},
		"nobody knows":        {-1, 4 * time.Second, Patience},
		"clocks do not agree": {-time.Minute, 4 * time.Second, Patience},
	} {
		in := Input{StartedAt: time.Now().Add(-test.ago)}
		if test.ago == -1 {
			in.StartedAt = time.Time{}
		}
		ctx, cancel := in.Hurry(t.Context())
		end, ok := ctx.Deadline()
		if left := time.Until(end); !ok || left < test.least || left > test.most {
			t.Errorf("%s: %s left", name, left)
		}
		cancel()
	}
}
