package why

import (
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/text"
)

// nothing says why nothing may be known.
func nothing(asked string, a account.Account) string {
	var l lines
	l.add("Nothing is known of %s.", asked)
	l.add("")
	l.add("Asked for may be: a deployment's id (ecs-svc/1234567890123456789), the id of a pipeline's execution,")
	l.add("cluster/service, or a pipeline's name. If it is right, no event of it has come as far as the workflow's claim:")
	l.add("")
	clusters, pipelines := "all clusters", "no pipelines"
	if len(a.Clusters) > 0 {
		clusters = "the clusters " + strings.Join(a.Clusters, ", ")
	}
	if len(a.Pipelines) > 0 {
		var names []string
		for _, p := range a.Pipelines {
			names = append(names, p.Name)
		}
		pipelines = "the pipelines " + strings.Join(names, ", ")
	}
	l.add("- No rule lets it in. In account %s, region %s, Fanfare hears of %s, and of %s: see the account file.", a.ID, a.Region, clusters, pipelines)
	l.add("- ECS tells of a failure only where the service's deployment circuit breaker is on. Without it a deployment")
	l.add("  that never ends is told as stuck, if its beginning was heard of.")
	l.add("- EventBridge could not hand the event over: it waits in the queue of events. `make redrive ACCOUNT=… DRY=1` shows it.")
	l.add("- Its execution failed before it had claimed the event: look for red ones in the console%s.", text.With(":\n  ", workflowsLink(a.Region)))
	l.add("- It was only just emitted: ask again in a minute.")
	return l.String()
}
