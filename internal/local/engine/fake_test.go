package engine

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// fakeMode is the variable that turns this test program into an engine, since a test
// must not need Python: its value says how that engine behaves.
const fakeMode = "FANFARE_FAKE_ENGINE"

func TestMain(m *testing.M) {
	if mode := os.Getenv(fakeMode); mode != "" {
		fakeEngine(mode)
	}
	os.Exit(m.Run())
}

// fakeOptions are those of an engine that is this program.
func fakeOptions(t *testing.T, mode string) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Python: self, Account: "111122223333", Region: "eu-west-1",
		Dir: t.TempDir(), Env: []string{fakeMode + "=" + mode},
	}
}

func startFake(t *testing.T, mode string) *Engine {
	t.Helper()
	e, err := Start(t.Context(), fakeOptions(t, mode))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

// fakeEngine behaves like an engine under its launcher, and never returns.
func fakeEngine(mode string) {
	switch mode {
	case "refuse":
		fmt.Fprintln(os.Stderr, "fanfare: the launcher does not fit")
		os.Exit(3)
	case "unready":
		fmt.Fprintln(os.Stderr, "still thinking")
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	case "taken once":
		if err := os.Mkdir("tried", 0o700); err == nil {
			fmt.Println("ERROR: 127.0.0.1 is already in use.")
			os.Exit(1)
		}
	case "always taken":
		fmt.Println("[Errno 98] Address already in use")
		os.Exit(1)
	case "leaves a child":
		child := exec.Command("/bin/sh", "-c", `exec 3>"$0"; exec sleep 600`, "fifo")
		if err := child.Start(); err != nil {
			os.Exit(9)
		}
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		fmt.Fprintln(os.Stderr, "the owner is gone")
		os.Exit(0)
	}()
	err := http.ListenAndServe(loopback+":"+os.Getenv("GATEWAY_PORT"), fakeHandler(mode))
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func fakeHandler(mode string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_ministack/ready", func(w http.ResponseWriter, _ *http.Request) {
		if mode == "unready" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /_ministack/health", func(w http.ResponseWriter, _ *http.Request) {
		edition := os.Getenv("MINISTACK_EDITION")
		if mode == "another" {
			edition = "of another engine"
		}
		fmt.Fprintf(w, `{"edition":%q}`, edition)
	})
	mux.HandleFunc("POST /_ministack/reset", func(w http.ResponseWriter, _ *http.Request) {
		if mode == "broken" {
			http.Error(w, "something is wrong", http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /_ministack/config", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if mode == "broken" {
			body = []byte("{}")
		}
		fmt.Fprintf(w, `{"applied":%s}`, body)
	})
	mux.HandleFunc("GET /_ministack/sns/sms-messages", func(w http.ResponseWriter, _ *http.Request) {
		serveFixture(w, "sms.json")
	})
	mux.HandleFunc("GET /_ministack/sqs/messages", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("QueueUrl") != "http://any/111122223333/events?&" || r.FormValue("region") != "eu-west-1" {
			http.Error(w, "which queue?", http.StatusBadRequest)
			return
		}
		serveFixture(w, "messages.json")
	})
	mux.HandleFunc("DELETE /assets", func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("policy") || !strings.Contains(r.Header.Get("Authorization"), "Credential=111122223333/") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func serveFixture(w http.ResponseWriter, name string) {
	// The engine's own folder is elsewhere; the program lies beside no fixtures.
	content, err := os.ReadFile(filepath.Join(os.Getenv("FANFARE_FIXTURES"), name))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(content)
}

// withFixtures lets the fake engine find testdata.
func withFixtures(t *testing.T, options Options) Options {
	t.Helper()
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	options.Env = append(slices.Clone(options.Env), "FANFARE_FIXTURES="+dir)
	return options
}
