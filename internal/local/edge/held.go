package edge

import (
	"bytes"
	"net/http"
)

// heldAnswer keeps an answer of the engine's from the client until it is released, if it
// ever is.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's header.
func (h *heldAnswer) Header() http.Header { return h.header }

// WriteHeader notes the status; one that only announces another is not kept.
func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 && status >= http.StatusOK {
		h.status = status
	}
}

// Write keeps a part of the body.
func (h *heldAnswer) Write(part []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(part)
}

// release writes the answer to the client.
func (h *heldAnswer) release(w http.ResponseWriter) {
	for name, values := range h.header {
		w.Header()[name] = values
	}
	h.WriteHeader(http.StatusOK)
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes())
}
