package normalise

import (
	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

// watchStatus knows the event names of the watchdog that ECS does not have.
var watchStatus = map[string]deployment.Status{
	"SERVICE_DEPLOYMENT_STUCK":      deployment.Stuck,
	"SERVICE_DEPLOYMENT_SUPERSEDED": deployment.Superseded,
}

// fromWatch makes a deployment of what the watchdog found out: an event of ECS in all but
// its source, and with names of its own. No rule lets its source in from the event bus: it
// comes from whoever may start the workflow.
func fromWatch(e envelope, a account.Account) (deployment.Deployment, error) {
	d, err := fromECS(e, a)
	if status, known := watchStatus[d.Name]; known {
		d.Status = status
	}
	return d, err
}
