package claim

import (
	"testing"

	"fanfare/internal/deployment"
)

// attempt is an event of a pipeline's execution.
func attempt(execution string, number int, status deployment.Status, seconds int) deployment.Deployment {
	d := event(execution, status, seconds)
	d.Source, d.Cluster, d.Service, d.Pipeline = deployment.CodePipeline, "", "", "checkout-production"
	d.ID, d.Attempt = execution, number
	return d
}

// TestExecutions plays events of a pipeline's executions in the order in which they are
// told, and looks at what is known when the last of them is.
func TestExecutions(t *testing.T) {
	t.Parallel()
	const started, succeeded, failed = deployment.InProgress, deployment.Succeeded, deployment.Failed
	back := func(d deployment.Deployment) deployment.Deployment {
		d.Kind = deployment.Rollback
		return d
	}
	at := func(d deployment.Deployment, seconds int) deployment.Deployment {
		d.StartedAt = event("", started, seconds).Time
		return d
	}
	for name, test := range map[string]struct {
		events      []deployment.Deployment
		newer, late bool
		kind        deployment.Kind
	}{
		"the success of an execution that started before the one that failed": {events: []deployment.Deployment{
			attempt("A", 1, started, 0), attempt("B", 1, started, 60), attempt("B", 1, failed, 120), attempt("A", 1, succeeded, 600),
		}, newer: true},
		"and whose beginning was lost, but is told": {events: []deployment.Deployment{
			attempt("B", 1, started, 60), attempt("B", 1, failed, 120), at(attempt("A", 1, succeeded, 600), 0),
		}, newer: true},
		"the success of a later one": {events: []deployment.Deployment{
			attempt("A", 1, started, 0), attempt("A", 1, failed, 60), attempt("B", 1, started, 100), attempt("B", 1, succeeded, 200),
		}},
		"the success of its own second attempt": {events: []deployment.Deployment{
			attempt("A", 1, started, 0), attempt("A", 1, failed, 60), attempt("A", 2, started, 100), attempt("A", 2, succeeded, 200),
		}},
		"the success of its own second attempt, whose beginning was lost": {events: []deployment.Deployment{
			attempt("A", 1, started, 0), attempt("A", 1, failed, 60), attempt("A", 2, succeeded, 200),
		}},
		"the success of an older one that is tried again after the failure": {events: []deployment.Deployment{
			attempt("A", 1, started, 0), attempt("B", 1, started, 30), attempt("A", 1, failed, 60), attempt("B", 1, failed, 90),
			attempt("A", 2, started, 100), attempt("A", 2, succeeded, 200),
		}},
		"a success of the same second as a failure": {events: []deployment.Deployment{
			attempt("A", 1, failed, 60), attempt("B", 1, succeeded, 60),
		}},
		"the failure of an attempt that was tried again": {events: []deployment.Deployment{
			attempt("A", 1, started, 0), attempt("A", 2, started, 100), attempt("A", 1, failed, 60),
		}, late: true},
		"the failure of the second attempt": {events: []deployment.Deployment{
			attempt("A", 1, started, 0), attempt("A", 1, failed, 60), attempt("A", 2, started, 100), attempt("A", 2, failed, 200),
		}},
		"the second attempt of a rollback": {events: []deployment.Deployment{
			back(attempt("A", 1, started, 0)), attempt("A", 1, failed, 60), attempt("A", 2, started, 100), attempt("A", 2, succeeded, 200),
		}, kind: deployment.Rollback},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Claimer{Ledger: newMemory(), Executions: fate{}}
			var got deployment.Claim
			for i, d := range test.events {
				var err error
				d.Event = string(rune('a' + i))
				if got, err = c.Claim(t.Context(), d, me); err != nil {
					t.Fatal(err)
				}
			}
			kind := test.kind
			if kind == "" {
				kind = deployment.Ordinary
			}
			if got.NewerFailure != test.newer || got.Late != test.late || got.Kind != kind {
				t.Errorf("got %+v", got)
			}
		})
	}
}
