package registry

import (
	"fmt"
	"os"
	"strings"

	"fanfare/internal/channel"
)

// FromEnvironment returns the channel that [channel.Variable] names.
func FromEnvironment() (string, channel.Channel, error) {
	name := os.Getenv(channel.Variable)
	c, ok := Channels[name]
	if !ok {
		return name, c, fmt.Errorf("%s: one of %s expected, found %q", channel.Variable, strings.Join(Names(), ", "), name)
	}
	return name, c, nil
}
