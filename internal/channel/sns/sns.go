// Package sns is the channel of short texts, for phones and whatever else subscribes
// to the topic: its filter policies read the attributes, people read the text.
//
// It has no sender. The workflow publishes by Step Functions' own integration with SNS,
// which needs neither a secret nor a function of ours.
package sns

import "fanfare/internal/channel"

// Channel is SNS, for the registry.
var Channel = channel.Channel{Format: Format}
