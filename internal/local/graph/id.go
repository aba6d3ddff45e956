package graph

import (
	"fmt"
	"strings"
)

// Start is the name of the point at which an execution begins; it is no state.
const Start = "start"

// StateID is the id of the picture's element for a state, fit for the fragment of an
// address. No two states share one.
func StateID(name string) string { return "state-" + identifier(name) }

// EdgeID is the id of the picture's element for the way from one state to another. A
// branch of a Parallel begins with a way from the Parallel, and ends with one to it; the
// execution begins with a way from [Start].
func EdgeID(from, to string) string { return "way-" + identifier(from) + "-" + identifier(to) }

// identifier spells out every sign that an id had better not have, so that Duplicate and
// Duplicate? stay two.
func identifier(name string) string {
	var b strings.Builder
	for _, r := range name {
		if '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "_%x", r)
		}
	}
	return b.String()
}
