package edge

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Control is the edge's control API, JSON in and out:
//
//	POST /rollouts         {cluster, service, taskDefinition}  Start; answers the rollout
//	POST /rollouts/finish  {cluster, service, outcome}         Finish; answers {events}
//	POST /rollouts/next    {cluster, service, outcome}         Next
//	GET  /rollouts                                             {rollouts}
//	POST /executions         {pipeline, id, revisions, silent}  StartExecution; answers the execution
//	POST /executions/finish  {pipeline, id, …}                  EndExecution; an Ending's keys; answers {execution, events}
//	POST /executions/retry   {pipeline, id, silent}             RetryExecution; answers the execution
//	GET  /executions                                            {executions}
//	POST /events           an Event                            Put; answers the event as it went out
//	GET  /counts                                               {operation: calls}
//
// An error is {error}: 400 names the field that is wrong, 404 says that there is no such
// service, pipeline or execution, 409 that none of it is in progress, or has failed, 502
// that the engine failed.
func (e *Edge) Control() http.Handler {
	type target struct {
		Cluster        string `json:"cluster"`
		Service        string `json:"service"`
		TaskDefinition string `json:"taskDefinition"`
	}
	type ending struct {
		Cluster string `json:"cluster"`
		Service string `json:"service"`
		Outcome string `json:"outcome"`
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rollouts", handle(func(r *http.Request, in target) (any, error) {
		return e.Start(r.Context(), in.Cluster, in.Service, in.TaskDefinition)
	}))
	mux.HandleFunc("POST /rollouts/finish", handle(func(r *http.Request, in ending) (any, error) {
		events, err := e.Finish(r.Context(), in.Cluster, in.Service, in.Outcome)
		return map[string][]Event{"events": events}, err
	}))
	mux.HandleFunc("POST /rollouts/next", handle(func(r *http.Request, in ending) (any, error) {
		return in, e.Next(r.Context(), in.Cluster, in.Service, in.Outcome)
	}))
	mux.HandleFunc("GET /rollouts", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string][]Rollout{"rollouts": e.Rollouts()})
	})
	e.controlExecutions(mux)
	mux.HandleFunc("POST /events", handle(func(r *http.Request, in Event) (any, error) {
		return e.put(r.Context(), in)
	}))
	mux.HandleFunc("GET /counts", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, e.Counts())
	})
	return mux
}

func (e *Edge) controlExecutions(mux *http.ServeMux) {
	type target struct {
		Pipeline  string     `json:"pipeline"`
		ID        string     `json:"id"`
		Revisions []Revision `json:"revisions"`
		Silent    bool       `json:"silent"`
	}
	type ending struct {
		Pipeline string `json:"pipeline"`
		ID       string `json:"id"`
		Ending
	}
	mux.HandleFunc("POST /executions", handle(func(r *http.Request, in target) (any, error) {
		return e.StartExecution(r.Context(), in.Pipeline, in.ID, in.Revisions, in.Silent)
	}))
	mux.HandleFunc("POST /executions/finish", handle(func(r *http.Request, in ending) (any, error) {
		x, events, err := e.EndExecution(r.Context(), in.Pipeline, in.ID, in.Ending)
		return map[string]any{"execution": x, "events": events}, err
	}))
	mux.HandleFunc("POST /executions/retry", handle(func(r *http.Request, in target) (any, error) {
		return e.RetryExecution(r.Context(), in.Pipeline, in.ID, in.Silent)
	}))
	mux.HandleFunc("GET /executions", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string][]Execution{"executions": e.Executions()})
	})
}

// handle decodes the body, strictly, and answers with what f returns.
func handle[T any](f func(*http.Request, T) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
		d.DisallowUnknownFields()
		if err := d.Decode(&in); err != nil {
			reply(w, http.StatusBadRequest, failure(decodeError(err)))
			return
		}
		out, err := f(r, in)
		var input inputError
		switch {
		case err == nil:
			reply(w, http.StatusOK, out)
		case errors.As(err, &input):
			reply(w, http.StatusBadRequest, failure(err.Error()))
		case errors.Is(err, ErrNoService), errors.Is(err, ErrNoPipeline), errors.Is(err, ErrNoExecution):
			reply(w, http.StatusNotFound, failure(err.Error()))
		case errors.Is(err, ErrFinished), errors.Is(err, ErrNotFailed):
			reply(w, http.StatusConflict, failure(err.Error()))
		default:
			reply(w, http.StatusBadGateway, failure(err.Error()))
		}
	}
}

// decodeError says what is wrong with a body, naming the field.
func decodeError(err error) string {
	var wrongType *json.UnmarshalTypeError
	var noTime *time.ParseError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return fmt.Sprintf("%s: a %s is no %s", wrongType.Field, wrongType.Value, wrongType.Type)
	case errors.As(err, &noTime):
		return fmt.Sprintf("time: %q is no RFC 3339 time", noTime.Value)
	}
	return "body: " + strings.TrimPrefix(err.Error(), "json: ")
}

func failure(message string) map[string]string { return map[string]string{"error": message} }

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
