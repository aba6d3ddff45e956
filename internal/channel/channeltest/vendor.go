package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// body is what a vendor, or whoever stands before it, may put into an answer.
type body struct {
	name string
	// write answers with the status; dump is the request as it came.
	write func(w http.ResponseWriter, status int, dump string)
}

// retryAfter is what the vendor of this package asks for where it says how long.
const retryAfter = 7 * time.Second

var bodies = []body{
	{"empty", plain("", "")},
	{"HTML", plain("text/html", "<html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>")},
	{"garbage", plain("application/json", "\x00\xff\xfe{{{]\x1b[31m\u202e"+strings.Repeat("\x80", 500))},
	{"null", plain("application/json", "null")},
	{"list", plain("application/json", `[{"ok":"yes"},null,7]`)},
	{"other types", plain("application/json", `{"ok":"no","error":{"a":1},"status":[],"message":7,"errors":{"x":[1]},"dedup_key":{},"ts":1e400}`)},
	{"deep", plain("application/json", strings.Repeat("[", 20_000))},
	{"long", plain("application/json", `{"message":"`+strings.Repeat("all is lost ", 40_000)+`"}`)},
	{"endless", func(w http.ResponseWriter, status int, _ string) {
		begin(w, "application/json", status)
		for range 512 { // 8 MiB, far more than anybody should read
			if _, err := w.Write(bytes.Repeat([]byte(" "), 16<<10)); err != nil {
				return
			}
		}
	}},
	{"truncated", func(w http.ResponseWriter, status int, dump string) {
		w.Header().Set("Content-Length", strconv.Itoa(len(dump)+1000))
		begin(w, "application/json", status)
		fmt.Fprintf(w, `{"message":"%s`, dump)
	}},
	{"echo", func(w http.ResponseWriter, status int, dump string) {
		begin(w, "text/plain", status)
		io.WriteString(w, dump)
	}},
	{"echo in JSON", writeEcho},
}

func plain(kind, text string) func(http.ResponseWriter, int, string) {
	return func(w http.ResponseWriter, status int, _ string) {
		begin(w, kind, status)
		io.WriteString(w, text)
	}
}

// writeEcho says back what was sent, in every field that a vendor might use, and in
// ways in which a cut or a clean-up could leave some of it.
func writeEcho(w http.ResponseWriter, status int, dump string) {
	torn := strings.Join(strings.Split(dump, ""), "\u200b")
	text, err := json.Marshal(map[string]any{
		"status": dump, "message": dump, "error": dump, "dedup_key": dump, "ts": dump, "channel": dump, "warning": dump,
		"errors":            []string{dump, strings.Repeat("x", 150) + dump, torn},
		"response_metadata": map[string]any{"messages": []string{dump, torn}, "warnings": []string{dump}},
	})
	if err != nil {
		text = []byte(dump)
	}
	begin(w, "application/json", status)
	w.Write(text)
}

func begin(w http.ResponseWriter, kind string, status int) {
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	if status >= 300 && status < 400 {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
}

// vendor is a server on loopback that counts the requests.
type vendor struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
}

// newVendor starts a vendor that answers by the function, to which it gives the
// request as it came.
func newVendor(answer func(w http.ResponseWriter, r *http.Request, dump string)) *vendor {
	v := &vendor{}
	v.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dump := "nothing"
		if whole, err := httputil.DumpRequest(r, true); err == nil {
			// What tells the request begins with its end, where a secret in the body is.
			content := string(whole)
			dump = r.URL.String() + " " + r.Header.Get("Authorization") + " " + content[strings.Index(content, "\r\n\r\n")+4:] + content
		}
		v.mu.Lock()
		v.requests = append(v.requests, r.URL.Path)
		v.mu.Unlock()
		answer(w, r, dump)
	}))
	v.Server.Config.ErrorLog = log.New(io.Discard, "", 0) // a server's word is none of the sender's
	return v
}

// paths are those that were asked for.
func (v *vendor) paths() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.requests...)
}

// logs is what was logged; several goroutines may write it.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logs) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

// captureLogs catches what packages slog and log write until the test ends.
func captureLogs(t *testing.T) *logs {
	t.Helper()
	captured := &logs{}
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	t.Cleanup(func() {
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(slog.NewJSONHandler(captured, &slog.HandlerOptions{Level: slog.LevelDebug})))
	return captured
}
