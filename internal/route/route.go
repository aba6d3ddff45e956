// Package route decides for each channel whether it is told, and why.
package route

import (
	"slices"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

// Decide makes the plan. Production failures page, and deployments to production of which
// no end comes; nothing else ever does. What a channel
// would be told is then held against who is to be told of this, against drills that wake
// nobody, and against planned work, in this order.
func Decide(doc deployment.Document, a account.Account) deployment.Plan {
	if reason := elsewhere(doc.Deployment, a); reason != "" {
		other := suppress(reason)
		return deployment.Plan{channel.Slack: other, channel.PagerDuty: other, channel.SNS: other}
	}
	plan := deployment.Plan{
		channel.Slack:     slack(doc, a),
		channel.PagerDuty: pagerduty(doc, a),
		channel.SNS:       sns(doc, a),
	}
	for name, decision := range plan {
		if decision.Decision == deployment.Deliver {
			plan[name] = reconsider(name, decision, doc, a)
		}
	}
	return plan
}

// elsewhere says why the event is none of this account file's; empty when it is. The
// rules let through what does not name its cluster as such, and drills of anything.
func elsewhere(d deployment.Deployment, a account.Account) deployment.Reason {
	if d.Pipeline != "" {
		if _, ours := a.PipelineOf(d.Pipeline); !ours {
			return deployment.OtherPipeline
		}
		return ""
	}
	if d.Cluster != "" && len(a.Clusters) > 0 && !slices.Contains(a.Clusters, d.Cluster) {
		return deployment.OtherCluster
	}
	return ""
}

// reconsider looks for a reason not to tell the channel what it would be told.
func reconsider(name string, decision deployment.Decision, doc deployment.Document, a account.Account) deployment.Decision {
	d := doc.Deployment
	told := a.ToldOf(d.Service, d.Pipeline, d.Environment).Channels
	window := doc.Maintenance.Quiets(name)
	switch {
	case len(told) > 0 && !slices.Contains(told, name):
		return suppress(deployment.NotRouted)
	case name == channel.PagerDuty && decision.Reason == deployment.ProductionSuccess:
		return decision // an incident ends whenever it ends, and nobody is woken by it
	case d.Drill != nil && !d.Drill.Page && name != channel.Slack:
		return suppress(deployment.DrillNotPaged)
	case window != nil:
		return deployment.Decision{Decision: deployment.Suppress, Reason: deployment.MaintenanceWindow, Window: window}
	default:
		return decision
	}
}

func deliver(reason deployment.Reason) deployment.Decision {
	return deployment.Decision{Decision: deployment.Deliver, Reason: reason}
}

func suppress(reason deployment.Reason) deployment.Decision {
	return deployment.Decision{Decision: deployment.Suppress, Reason: reason}
}

func slack(doc deployment.Document, a account.Account) deployment.Decision {
	switch {
	case a.Slack == nil:
		return suppress(deployment.ChannelOff)
	case doc.Late():
		return suppress(deployment.LateEvent)
	default:
		return deliver(deployment.EveryDeployment)
	}
}

func pagerduty(doc deployment.Document, a account.Account) deployment.Decision {
	d := doc.Deployment
	switch {
	case a.PagerDuty == nil:
		return suppress(deployment.ChannelOff)
	case d.Status == deployment.Unknown:
		return suppress(deployment.UnknownStatus)
	case !d.Production:
		return suppress(notProduction(d))
	case d.Pipeline != "" && !a.PagerDuty.PagesPipeline(d.Pipeline):
		return suppress(deployment.PipelineNotPaged)
	case d.Pipeline == "" && !a.PagerDuty.Pages(d.Service):
		return suppress(deployment.ServiceNotPaged)
	case doc.Late():
		return suppress(deployment.LateEvent)
	case doc.Claim != nil && doc.Claim.Recovered:
		return suppress(deployment.Recovered)
	case d.Status == deployment.Failed:
		return deliver(deployment.ProductionFailure)
	case d.Status == deployment.Stuck:
		return deliver(deployment.ProductionStuck)
	case doc.Kind() == deployment.Rollback:
		// Back on the old release, the one that failed is still not out: its incident
		// ends with the service's next success.
		return suppress(deployment.RollbackNotPaged)
	case d.Status == deployment.Succeeded && doc.Unclaimed():
		return suppress(deployment.NotClaimed)
	case d.Status == deployment.Succeeded && doc.Claim != nil && doc.Claim.NewerFailure:
		return suppress(deployment.NewerFailure)
	case d.Status == deployment.Succeeded:
		return deliver(deployment.ProductionSuccess)
	default:
		return suppress(deployment.NotFailed)
	}
}

func sns(doc deployment.Document, a account.Account) deployment.Decision {
	d := doc.Deployment
	switch {
	case a.SNS == nil:
		return suppress(deployment.ChannelOff)
	case d.Status == deployment.Unknown:
		return suppress(deployment.UnknownStatus)
	case !d.Production:
		return suppress(notProduction(d))
	case doc.Late():
		return suppress(deployment.LateEvent)
	case doc.Claim != nil && doc.Claim.Recovered:
		return suppress(deployment.Recovered)
	case d.Status == deployment.Stuck && slices.Contains(a.SNS.Statuses, string(deployment.Failed)):
		return deliver(deployment.ProductionStuck) // who is told of failures wants to know
	case !slices.Contains(a.SNS.Statuses, string(d.Status)):
		return suppress(deployment.NotFailed)
	case d.Status == deployment.Failed:
		return deliver(deployment.ProductionFailure)
	default:
		return deliver(deployment.StatusChosen)
	}
}

// notProduction tells a place that is known not to be production from one that no
// environment of the account file claims, which may be an oversight.
func notProduction(d deployment.Deployment) deployment.Reason {
	if d.Environment == "" {
		return deployment.UnknownEnvironment
	}
	return deployment.NotProduction
}
