package standin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"fanfare/internal/local/fault"
)

// maxFaultBytes bounds the body of POST /faults.
const maxFaultBytes = 64 << 10

// World is what the control API shows. A stand-in that is nil shows as an empty one.
type World struct {
	Slack     *Slack
	PagerDuty *PagerDuty
	Phone     *Phone
}

// Control returns the API of the local world's control, which answers in JSON:
//
//	GET    /requests?vendor=&event=  what the stand-ins received
//	DELETE /requests                 forget it
//	GET    /faults                   the faults that are still to be played
//	POST   /faults                   one more fault; answers with all of them
//	DELETE /faults                   play none
//	GET    /slack/messages?channel=  the messages as they stand now
//	GET    /pagerduty/incidents, /pagerduty/changes, /phone/messages
//
// A request that is wrong is answered with 400 and {"error": one sentence}.
func Control(log *Log, faults *fault.Set, world World) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, r *http.Request) {
		vendor := r.URL.Query().Get("vendor")
		known := []string{"", VendorSlack, VendorPagerDuty, VendorGitLab, VendorSNS}
		if !slices.Contains(known, vendor) {
			asJSON(http.StatusBadRequest, controlError{fmt.Sprintf("vendor: %q is none of %s", vendor, strings.Join(known[1:], ", "))}).write(w)
			return
		}
		asJSON(http.StatusOK, log.Requests(vendor, r.URL.Query().Get("event"))).write(w)
	})
	mux.HandleFunc("DELETE /requests", func(w http.ResponseWriter, _ *http.Request) {
		log.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) {
		asJSON(http.StatusOK, faults.List()).write(w)
	})
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) { addFault(w, r, faults) })
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		faults.Clear()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /slack/messages", func(w http.ResponseWriter, r *http.Request) {
		asJSON(http.StatusOK, world.Slack.Messages(r.URL.Query().Get("channel"))).write(w)
	})
	mux.HandleFunc("GET /pagerduty/incidents", func(w http.ResponseWriter, _ *http.Request) {
		asJSON(http.StatusOK, world.PagerDuty.Incidents()).write(w)
	})
	mux.HandleFunc("GET /pagerduty/changes", func(w http.ResponseWriter, _ *http.Request) {
		asJSON(http.StatusOK, world.PagerDuty.Changes()).write(w)
	})
	mux.HandleFunc("GET /phone/messages", func(w http.ResponseWriter, _ *http.Request) {
		asJSON(http.StatusOK, world.Phone.Messages()).write(w)
	})
	return mux
}

type controlError struct {
	Error string `json:"error"`
}

func addFault(w http.ResponseWriter, r *http.Request, faults *fault.Set) {
	f, err := readFault(http.MaxBytesReader(w, r.Body, maxFaultBytes))
	if err == nil {
		err = faults.Add(f)
	}
	if err != nil {
		asJSON(http.StatusBadRequest, controlError{err.Error()}).write(w)
		return
	}
	asJSON(http.StatusOK, faults.List()).write(w)
}

// readFault reads exactly one fault; its errors name the field that is wrong.
func readFault(body io.Reader) (fault.Fault, error) {
	var f fault.Fault
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(&f)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return f, fmt.Errorf("%s: a %s is not what this field holds", wrong.Field, wrong.Value)
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		name := strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		return f, fmt.Errorf("%s: a fault has no such field", name)
	case err != nil:
		return f, errors.New("body: it is not one fault as a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return f, errors.New("body: one fault at a time")
	}
	return f, nil
}
