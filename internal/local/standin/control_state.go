package standin

import "net/http"

// controlStates adds what changes the vendors themselves, and undoes it.
func controlStates(mux *http.ServeMux, world World) {
	slack, pagerduty, gitlab := world.Slack, world.PagerDuty, world.GitLab
	state := func() any { return slack.State() }
	show(mux, "/slack/state", state)
	change(mux, "/slack/token", slack != nil, state, func(c SlackTokenChange) error {
		slack.ChangeToken(c)
		return nil
	})
	change(mux, "/slack/channels", slack != nil, state, func(c SlackChannelChange) error { return slack.ChangeChannel(c) })
	undo(mux, "/slack/state", slack != nil, func() { slack.Restore() })

	keys := func() any { return pagerduty.Keys() }
	show(mux, "/pagerduty/keys", keys)
	change(mux, "/pagerduty/keys", pagerduty != nil, keys, func(c PagerDutyKey) error { return pagerduty.ChangeKey(c) })
	undo(mux, "/pagerduty/keys", pagerduty != nil, func() { _ = pagerduty.ChangeKey(PagerDutyKey{}) }) // there may be none
	mux.HandleFunc("GET /pagerduty/counts", func(w http.ResponseWriter, r *http.Request) {
		asJSON(http.StatusOK, pagerduty.Counts(r.URL.Query().Get("key"))).write(w)
	})

	token := func() any { return gitlab.Token() }
	show(mux, "/gitlab/token", token)
	change(mux, "/gitlab/token", gitlab != nil, token, func(c GitLabTokenChange) error { return gitlab.ChangeToken(c) })
	undo(mux, "/gitlab/token", gitlab != nil, func() { gitlab.RestoreToken() })
}

func show(mux *http.ServeMux, path string, now func() any) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { asJSON(http.StatusOK, now()).write(w) })
}

// change answers a change with what it has led to.
func change[T any](mux *http.ServeMux, path string, exists bool, now func() any, apply func(T) error) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		if !exists {
			missing(w)
			return
		}
		var c T
		err := readBody(http.MaxBytesReader(w, r.Body, maxBodyBytes), "change", &c)
		if err == nil {
			err = apply(c)
		}
		if err != nil {
			asJSON(http.StatusBadRequest, controlError{err.Error()}).write(w)
			return
		}
		asJSON(http.StatusOK, now()).write(w)
	})
}

func undo(mux *http.ServeMux, path string, exists bool, restore func()) {
	mux.HandleFunc("DELETE "+path, func(w http.ResponseWriter, _ *http.Request) {
		if !exists {
			missing(w)
			return
		}
		restore()
		w.WriteHeader(http.StatusNoContent)
	})
}

func missing(w http.ResponseWriter) {
	asJSON(http.StatusNotFound, controlError{"this world has no such stand-in"}).write(w)
}
