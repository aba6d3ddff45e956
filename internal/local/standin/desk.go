package standin

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"fanfare/internal/local/fault"
	"fanfare/internal/outbound"
)

// maxBody bounds what is read of a request; every vendor's own limit lies below it.
const maxBody = 2 << 20

// desk takes in the calls of one vendor: it reads the body, plays the fault that is set,
// lets the vendor answer, and remembers both.
type desk struct {
	vendor  string // as in Request.Vendor
	target  string // as in fault.Fault.Target
	log     *Log
	faults  *fault.Set
	now     func() time.Time
	secrets *strings.Replacer // the secrets that the vendor knows
	// failure is the vendor's own answer to a fault of this status.
	failure func(operation string, status int, f fault.Fault) reply
}

// call is a request whose body has been read.
type call struct {
	*http.Request
	body  []byte
	event string
}

// reply is a vendor's answer.
type reply struct {
	status      int
	contentType string
	header      http.Header
	body        string
	accepted    bool
}

func newDesk(vendor, target string, log *Log, faults *fault.Set, now func() time.Time, secrets ...string) desk {
	if log == nil {
		log = &Log{}
	}
	if faults == nil {
		faults = &fault.Set{}
	}
	if now == nil {
		now = time.Now
	}
	return desk{vendor: vendor, target: target, log: log, faults: faults, now: now, secrets: replacer(secrets)}
}

// serve answers one call. A fault that is late is played after the vendor has done its work:
// it stands for the answer that is lost on the way, the one case in which a caller that tries
// again repeats something. Every other fault but "delay" takes the vendor's place.
func (d *desk) serve(w http.ResponseWriter, r *http.Request, operation string, handle func(*call) reply) {
	seen := &witness{ResponseWriter: w}
	c := &call{Request: r, event: r.Header.Get(outbound.EventHeader)}
	accepted := false
	// Deferred, because a fault that closes the connection ends this function by a panic.
	defer func() { d.remember(c, seen, accepted) }()

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		text(statusOfReading(err), "the request could not be read").write(seen)
		return
	}
	c.body = body
	f, faulty := d.faults.Take(d.target, operation, func() string { return fault.Text(r, body) })
	if faulty && !f.Late() && d.play(seen, r, operation, f) {
		return
	}
	answer := handle(c)
	accepted = answer.accepted
	if faulty && f.Late() && d.play(seen, r, operation, f) {
		return
	}
	answer.write(seen)
}

func statusOfReading(err error) int {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func (d *desk) play(w http.ResponseWriter, r *http.Request, operation string, f fault.Fault) bool {
	answer := d.failure(operation, f.StatusCode(), f)
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	return f.Play(w, r, answer.contentType, answer.body)
}

func (d *desk) remember(c *call, seen *witness, accepted bool) {
	d.log.Add(Request{
		At:       d.now().UTC(),
		Vendor:   d.vendor,
		Event:    c.event,
		Method:   c.Method,
		Path:     maskPath(c.URL, d.secrets),
		Body:     maskBody(c.Header.Get("Content-Type"), c.body, d.secrets),
		Status:   seen.status,
		Accepted: accepted,
		Answer:   short(d.secrets.Replace(strings.ToValidUTF8(string(seen.head), "\uFFFD"))),
	})
}

func (a reply) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", a.contentType)
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

func text(status int, body string) reply {
	return reply{status: status, contentType: "text/plain; charset=utf-8", body: body}
}

// asJSON answers with value, which is always one of this package's own types.
func asJSON(status int, value any) reply {
	return reply{status: status, contentType: "application/json; charset=utf-8", body: string(encode(value))}
}

// witness notes the status and the beginning of an answer as it passes.
type witness struct {
	http.ResponseWriter
	status int
	head   []byte
}

func (w *witness) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *witness) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.head = append(w.head, p[:min(len(p), maxHead-len(w.head))]...)
	return w.ResponseWriter.Write(p)
}

// Flush sends what was written so far. An answer that has not begun stays unsent, since
// flushing it would send a 200 on a connection that is to be closed without an answer.
func (w *witness) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok && w.status != 0 {
		f.Flush()
	}
}
