// Package pagerduty is the channel that wakes people: a production failure triggers an
// incident, the service's next success resolves it and leaves a change event.
//
// It speaks the Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview)
// with net/http. The vendor's Go client is not used: the call that returns the API's own
// errors has the address of the US region built in, and the one that takes an address
// flattens its errors, so that a timeout cannot be told from a refusal.
package pagerduty

import "fanfare/internal/channel"

// Channel is PagerDuty, for the registry.
var Channel = channel.Channel{Format: Format, NewSender: NewSender, Pace: Pace}
