package tools

import (
	"fmt"
	"strconv"
	"strings"
)

// version is the first two numbers of a version; the rest never decides.
type version struct{ major, minor int }

func (v version) less(other version) bool {
	return v.major < other.major || v.major == other.major && v.minor < other.minor
}

// String is the version as people write it.
func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

// parseVersion reads text such as 3.13.0 or 22.1; false when it is no version.
func parseVersion(text string) (version, bool) {
	parts := strings.SplitN(text, ".", 3)
	if len(parts) < 2 {
		return version{}, false
	}
	major, err := strconv.ParseUint(parts[0], 10, 16)
	if err != nil {
		return version{}, false
	}
	minor, err := strconv.ParseUint(parts[1], 10, 16)
	if err != nil {
		return version{}, false
	}
	return version{int(major), int(minor)}, true
}
