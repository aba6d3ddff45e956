package fault

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxHang is how long a fault of kind hang lasts unless it says otherwise.
const maxHang = time.Minute

const page = "<!DOCTYPE html><html><head><title>Whoops</title></head><body><h1>Something went wrong on our end.</h1></body></html>"

// Play answers the request as the fault says, with body as the default for an error
// status. An answer that does not come, or not whole, ends in a panic of
// http.ErrAbortHandler, which is how a handler hangs up. It returns false when the caller
// is still to answer as usual (a delay).
func (f Fault) Play(w http.ResponseWriter, r *http.Request, contentType, body string) bool {
	if f.Kind == Hang {
		f.hang(r)
		panic(http.ErrAbortHandler)
	}
	if f.DelayMS > 0 {
		select {
		case <-time.After(f.delay()):
		case <-r.Context().Done():
			return true
		}
	}
	if f.Body != "" {
		body = f.Body
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	switch f.Kind {
	case Delay:
		return false
	case Status:
		answer(w, f.StatusCode(), contentType, body)
	case HTML:
		answer(w, f.StatusCode(), "text/html; charset=utf-8", page)
	case Garbage:
		if f.Body == "" {
			body = "\x00\xff{not json"
		}
		answer(w, http.StatusOK, contentType, body)
	case Truncate:
		truncate(w, contentType)
		panic(http.ErrAbortHandler)
	case Kill:
		f.kill(w, r)
	case Drop:
		panic(http.ErrAbortHandler)
	}
	return true
}

func (f Fault) delay() time.Duration { return time.Duration(f.DelayMS) * time.Millisecond }

// hang waits until the client gives up. A server notices that only once it has read the
// whole request.
func (f Fault) hang(r *http.Request) {
	longest := f.delay()
	if longest == 0 {
		longest = maxHang
	}
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
	select {
	case <-time.After(longest):
	case <-r.Context().Done():
	}
}

// kill kills who asks and hangs up. When that cannot be done, nothing of it may look like
// a worker's death: the answer is an error that says why, and so does the set.
func (f Fault) kill(w http.ResponseWriter, r *http.Request) {
	own, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	err := killCaller(r.RemoteAddr, own)
	if err == nil {
		panic(http.ErrAbortHandler)
	}
	slog.Error("a fault of kind kill cannot be played", "error", err)
	problem := err.Error()
	if f.turn != nil {
		f.turn.problem.Store(&problem)
	}
	answer(w, http.StatusInternalServerError, "text/plain; charset=utf-8", problem)
}

func truncate(w http.ResponseWriter, contentType string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", "4096")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(`{"ok":tr`))
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

func answer(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
