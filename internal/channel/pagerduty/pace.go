package pagerduty

import (
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

// A routing key takes about 120 requests in any 60 seconds:
// https://github.com/PagerDuty/developer-docs/blob/main/docs/events-API-v2/05-Rate-Limits.md
// In any such minute one request goes out each requestCost, which are 100, and ahead of
// them a burst of 10 of what is urgent, and one of 10 of the rest.
const (
	requestCost = 600 * time.Millisecond
	burst       = 8 * requestCost // and then still a message of two requests
)

// Pace names the lane of the routing key, in which a success takes two places: the resolve
// and the change. What wakes somebody goes before all that does not.
func Pace(doc deployment.Document, _ account.Account) []channel.Lane {
	lane := channel.Lane{Key: "pagerduty", Cost: requestCost, Burst: burst}
	switch doc.Deployment.Status {
	case deployment.Failed, deployment.Stuck:
		lane.Urgent = true
	default:
		lane.Cost += requestCost
	}
	return []channel.Lane{lane}
}
