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

// maxBodyBytes bounds the body of every POST.
const maxBodyBytes = 64 << 10

// World is what the control API shows. A stand-in that is nil shows as an empty one.
type World struct {
	Slack     *Slack
	PagerDuty *PagerDuty
	GitLab    *GitLab
	Phone     *Phone
}

// Control returns the API of the local world's control, which answers in JSON:
//
//	GET    /requests?vendor=&event=  what the stand-ins received
//	DELETE /requests                 forget it
//	GET    /faults                   the faults that are still to be played
//	POST   /faults                   one more fault; answers with all of them
//	DELETE /faults?key=              play none, or none of this key; forget how often they were
//	GET    /faults/played?key=       every fault since then as it was added, and
//	                                 "played", how often it was, and "problem", why it could not be
//	GET    /slack/messages?channel=  the messages as they stand now
//	GET    /slack/state              a SlackState: token and channels
//	POST   /slack/token              a SlackTokenChange; answers with the state
//	POST   /slack/channels           a SlackChannelChange; answers with the state
//	DELETE /slack/state              undo these changes
//	GET    /pagerduty/incidents, /pagerduty/changes, /phone/messages
//	GET    /pagerduty/counts?key=    Counts: incidents, repeats and changes
//	GET    /pagerduty/keys           the PagerDutyKeys, whether they are revoked
//	POST   /pagerduty/keys           a PagerDutyKey; answers with all of them
//	DELETE /pagerduty/keys           undo these changes
//	GET    /gitlab/token             the GitLabToken
//	POST   /gitlab/token             a GitLabTokenChange; answers with the token
//	DELETE /gitlab/token             undo these changes
//
// A request that is wrong is answered with 400 and {"error": one sentence}, a change of a
// stand-in that there is not with 404.
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
	mux.HandleFunc("GET /faults/played", func(w http.ResponseWriter, r *http.Request) {
		asJSON(http.StatusOK, faults.Played(r.URL.Query().Get("key"))).write(w)
	})
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, r *http.Request) {
		faults.Clear(r.URL.Query().Get("key"))
		w.WriteHeader(http.StatusNoContent)
	})
	controlStates(mux, world)
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
	var f fault.Fault
	err := readBody(http.MaxBytesReader(w, r.Body, maxBodyBytes), "fault", &f)
	if err == nil {
		err = faults.Add(f)
	}
	if err != nil {
		asJSON(http.StatusBadRequest, controlError{err.Error()}).write(w)
		return
	}
	asJSON(http.StatusOK, faults.List()).write(w)
}

// readBody reads exactly one value of the kind; its errors name the field that is wrong.
func readBody(body io.Reader, kind string, value any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	err := d.Decode(value)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%s: a %s is not what this field holds", wrong.Field, wrong.Value)
	case err != nil && strings.HasPrefix(err.Error(), "json: unknown field "):
		name := strings.Trim(strings.TrimPrefix(err.Error(), "json: unknown field "), `"`)
		return fmt.Errorf("%s: a %s has no such field", name, kind)
	case err != nil:
		return fmt.Errorf("body: it is not one %s as a JSON object", kind)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("body: one %s at a time", kind)
	}
	return nil
}
