// Package route decides for each channel whether it is told, and why.
package route

import (
	"slices"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

// Decide makes the plan. Production failures page; nothing else ever does.
func Decide(doc deployment.Document, a account.Account) deployment.Plan {
	if d := doc.Deployment; d.Cluster != "" && len(a.Clusters) > 0 && !slices.Contains(a.Clusters, d.Cluster) {
		// The rule lets events through that do not name their cluster as such.
		other := suppress(deployment.OtherCluster)
		return deployment.Plan{channel.Slack: other, channel.PagerDuty: other, channel.SNS: other}
	}
	return deployment.Plan{
		channel.Slack:     slack(doc, a),
		channel.PagerDuty: pagerduty(doc, a),
		channel.SNS:       sns(doc, a),
	}
}

func deliver(reason deployment.Reason) deployment.Decision {
	return deployment.Decision{Decision: deployment.Deliver, Reason: reason}
}

func suppress(reason deployment.Reason) deployment.Decision {
	return deployment.Decision{Decision: deployment.Suppress, Reason: reason}
}

// unclaimed tells that the ledger could not be asked, so that nobody knows whether what
// succeeded is a rollback.
func unclaimed(doc deployment.Document) bool {
	return doc.Claim != nil && doc.Claim.Outcome == deployment.Unclaimed
}

func late(doc deployment.Document) bool { return doc.Claim != nil && doc.Claim.Late }

func slack(doc deployment.Document, a account.Account) deployment.Decision {
	switch {
	case a.Slack == nil:
		return suppress(deployment.ChannelOff)
	case late(doc):
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
	case !a.PagerDuty.Pages(d.Service):
		return suppress(deployment.ServiceNotPaged)
	case late(doc):
		return suppress(deployment.LateEvent)
	case d.Status == deployment.Failed:
		return deliver(deployment.ProductionFailure)
	case doc.Kind() == deployment.Rollback:
		// Back on the old release, the one that failed is still not out: its incident
		// ends with the service's next success.
		return suppress(deployment.RollbackNotPaged)
	case d.Status == deployment.Succeeded && unclaimed(doc):
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
	case late(doc):
		return suppress(deployment.LateEvent)
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
