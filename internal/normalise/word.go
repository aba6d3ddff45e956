package normalise

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// word is a field that is read as text, whether it is written as a string or as a
// number; all digits of a number stay. Whatever else stands there counts as missing,
// so that a field that is not needed cannot make an event unreadable.
type word string

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (w *word) UnmarshalJSON(raw []byte) error {
	*w = ""
	var s string
	switch {
	case len(raw) == 0:
	case raw[0] == '"' && json.Unmarshal(raw, &s) == nil:
		*w = word(strings.TrimSpace(s))
	case raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9':
		*w = word(raw)
	}
	return nil
}

// words is a list of words; a single one counts as a list of one.
type words []word

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (l *words) UnmarshalJSON(raw []byte) error {
	*l = nil
	var list []word
	var one word
	switch {
	case json.Unmarshal(raw, &list) == nil:
		*l = list
	case json.Unmarshal(raw, &one) == nil && one != "":
		*l = words{one}
	}
	return nil
}

// instant reads a time in RFC 3339, with any fraction of a second; zero when it is none.
func (w word) instant() time.Time {
	t, err := time.Parse(time.RFC3339, string(w))
	t = t.UTC()
	// In other years the time could not be written as JSON again.
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

const nameCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

const (
	maxID   = 256
	anID    = "1 to 256 printable ASCII characters without a blank"
	maxName = 255
	aName   = "1 to 255 letters, digits, hyphens and underscores"

	maxPipelineName = 100
	aPipelineName   = "1 to 100 letters, digits and any of .@_-"

	// maxReason is how many characters of the vendor's own sentence are kept.
	maxReason = 500
)

// isID tells whether s can be an id: it becomes part of keys.
func isID(s string) bool {
	return s != "" && len(s) <= maxID && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

// isName tells whether s is what ECS allows as a name:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, nameCharacters) == ""
}

// isPart tells whether s can be an id that stands between the marks that part keys.
func isPart(s string) bool {
	return isID(s) && !strings.ContainsAny(s, "/|")
}

// isPipelineName tells whether s is what CodePipeline allows as a name:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html
func isPipelineName(s string) bool {
	return s != "" && len(s) <= maxPipelineName && strings.Trim(s, nameCharacters+".@") == ""
}

// isRegion tells whether s has the form of a region's name: it becomes part of a host.
func isRegion(s string) bool {
	return len(s) <= 64 && strings.Trim(s, "-") == s && isName(s) && !strings.Contains(s, "_")
}

// sentence makes what somebody wrote fit for a message.
func sentence(w word) string {
	return text.Cut(text.Line(string(w)), maxReason)
}

func isObject(raw json.RawMessage) bool {
	return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{"))
}

// expected makes the error of a field that is not what it should be.
func expected(field, what string, found word) error {
	return failure.Permanentf("%s: %s expected, found %q", field, what, text.Cut(text.Line(string(found)), 100))
}
