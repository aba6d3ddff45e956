package step

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/failure"
)

// asFunction makes this test's program the function that it tests.
const asFunction = "FANFARE_TEST_AS_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(asFunction) != "" {
		Main("probe", probe)
		return
	}
	os.Exit(m.Run())
}

// probe answers with the account's region, or fails as the execution's name says.
func probe(a account.Account) (Handle[string], error) {
	if a.Region == "" {
		return nil, errors.New("region: expected, found nothing")
	}
	return func(_ context.Context, in Input) (string, error) {
		switch in.Execution {
		case "transient":
			return "", fmt.Errorf("wrapped: %w", failure.Transientf("later"))
		case "limited":
			return "", &failure.RateLimited{Err: errors.New("slower"), After: time.Second}
		case "plain":
			return "", errors.New("wrong")
		default:
			return a.Region, nil
		}
	}, nil
}

// function links this program into a folder of its own and puts an account beside it.
func function(t *testing.T, accountFile string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	// A copy could not be started while another test, which forks, has it open for writing:
	// https://go.dev/issue/22315
	if err := os.Link(self, filepath.Join(folder, "bootstrap")); err != nil {
		t.Fatal(err)
	}
	if accountFile != "" {
		if err := os.WriteFile(filepath.Join(folder, "account.json"), []byte(accountFile), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, "bootstrap")
}

// TestConfigurationThatIsWrong ends the process before its first invocation.
func TestConfigurationThatIsWrong(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, want string }{
		"no account": {"", "reading the account beside the program"},
		"no JSON":    {"account: 1", "reading the account beside the program"},
		"not enough": {"{}", "region: expected, found nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			command := exec.CommandContext(t.Context(), function(t, test.file))
			command.Env = append(os.Environ(), asFunction+"=1", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1")
			output, err := command.CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("ended with %v", err)
			}
			var fields map[string]any
			if err := json.Unmarshal(output, &fields); err != nil || fields["step"] != "probe" || fields["level"] != "ERROR" ||
				!strings.Contains(fmt.Sprint(fields["error"]), test.want) {
				t.Errorf("logged %s", output)
			}
		})
	}
}

// runtimeAPI is Lambda's side of a function: it hands out one invocation for each
// input, and keeps what the function makes of it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
type runtimeAPI struct {
	inputs  map[string]string // by request id
	mu      sync.Mutex
	waiting []string
	answers map[string]string
	all     chan struct{} // closed when every input has its answer
}

func (r *runtimeAPI) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	path, _ := strings.CutPrefix(request.URL.Path, "/2018-06-01/runtime/invocation/")
	id, kind, _ := strings.Cut(path, "/")
	if path == "next" {
		r.mu.Lock()
		if len(r.waiting) == 0 {
			r.mu.Unlock()
			<-request.Context().Done() // there is no other invocation
			return
		}
		id, r.waiting = r.waiting[0], r.waiting[1:]
		r.mu.Unlock()
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		_, _ = io.WriteString(w, r.inputs[id])
		return
	}
	body, _ := io.ReadAll(request.Body)
	var told struct{ ErrorType, ErrorMessage string }
	if kind == "error" {
		_ = json.Unmarshal(body, &told)
		body = []byte(told.ErrorType + ": " + told.ErrorMessage)
	}
	w.WriteHeader(http.StatusAccepted)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answers[id] = string(body)
	if len(r.answers) == len(r.inputs) {
		close(r.all)
	}
}

// TestErrorNames runs a function as Lambda does and holds what Step Functions would
// see against what the workflow's Retry and Catch name.
func TestErrorNames(t *testing.T) {
	t.Parallel()
	inputs := map[string]string{
		"good": `{"execution": "good"}`, "transient": `{"execution": "transient"}`, "limited": `{"execution": "limited"}`,
		"plain": `{"execution": "plain"}`, "shape": `{"execution": ["hidden"]}`,
	}
	want := map[string]string{
		"good": `"eu-west-1"`, "transient": "Transient: wrapped: later", "limited": "RateLimited: slower", "plain": "Permanent: wrong",
		"shape": "Permanent: reading the step's input: json: cannot unmarshal array into Go struct field Input.execution of type string",
	}
	api := &runtimeAPI{inputs: inputs, waiting: slices.Sorted(maps.Keys(inputs)), answers: map[string]string{}, all: make(chan struct{})}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, function(t, `{"region": "eu-west-1"}`))
	command.Env = append(os.Environ(), asFunction+"=1", "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(server.URL, "http://"))
	var output bytes.Buffer
	command.Stderr = &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-api.all:
	case <-ctx.Done():
	}
	cancel()
	_ = command.Wait() // it was killed: a function never ends by itself
	if !maps.Equal(api.answers, want) {
		t.Errorf("got %q\nwant %q", api.answers, want)
	}
	for text := range strings.Lines(output.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(text), &fields); err != nil || fields["step"] != "probe" || strings.Contains(text, "hidden") {
			t.Errorf("logged %s", text)
		}
	}
}
