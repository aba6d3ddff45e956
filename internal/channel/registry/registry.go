// Package registry lists the channels. It stands apart from package channel, which the
// channels import.
package registry

import (
	"fanfare/internal/channel"
	"fanfare/internal/channel/pagerduty"
	"fanfare/internal/channel/slack"
	"fanfare/internal/channel/sns"
)

// Channels are all the channels, by their names.
var Channels = map[string]channel.Channel{
	channel.Slack:     slack.Channel,
	channel.PagerDuty: pagerduty.Channel,
	channel.SNS:       sns.Channel,
}

// Names returns the channels' names in the order in which people read of them.
func Names() []string {
	return []string{channel.Slack, channel.PagerDuty, channel.SNS}
}
