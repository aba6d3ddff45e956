package accountfile

import (
	"regexp"
	"strings"

	"fanfare/internal/account"
)

// isPattern refuses more than [account.Match] does: to it, [ and \ have a meaning, too,
// which nobody is promised, and which no name has.
func isPattern(pattern string) bool { return pattern != "" && !strings.ContainsAny(pattern, `[\`) }

// isName tells that the pattern is for one name only.
func isName(pattern string) bool { return !strings.ContainsAny(pattern, `*?[\`) }

// covers tells whether whatever name the pattern narrow matches is matched by wide, too. No
// name is empty. In doubt it is not.
//
// A name is put for narrow that holds nothing which wide could have in mind: for each *
// nothing, one strange letter, or more of them than wide has characters, so that one of
// its own * must take them. If wide matches all of these, it matches whatever may stand
// in their place.
func covers(wide, narrow string) bool {
	switch {
	case isName(narrow):
		return account.Match(wide, narrow)
	case wide == narrow || wide == "*":
		return true
	case strings.ContainsAny(wide+narrow, `[\`):
		return false
	}
	const strange, mostStars = "\x01", 4
	narrow = strings.ReplaceAll(narrow, "?", strange)
	if strings.Count(narrow, "*") > mostStars {
		return false
	}
	return coversAll(wide, narrow, []string{"", strange, strings.Repeat(strange, len(wide)+1)})
}

func coversAll(wide, narrow string, fillings []string) bool {
	if !strings.Contains(narrow, "*") {
		return narrow == "" || account.Match(wide, narrow)
	}
	for _, filling := range fillings {
		if !coversAll(wide, strings.Replace(narrow, "*", filling, 1), fillings) {
			return false
		}
	}
	return true
}

// coversAny tells whether one of the patterns covers narrow.
func coversAny(wide []string, narrow string) bool {
	for _, pattern := range wide {
		if covers(pattern, narrow) {
			return true
		}
	}
	return false
}

// placeholder is where a template has a name put in.
var placeholder = regexp.MustCompile(`\{[A-Za-z]*\}`)

// collide tells whether two templates of SSM parameters can come out as the same name.
// What is put in holds no slash.
func collide(a, b string) bool {
	first := strings.Split(placeholder.ReplaceAllString(a, "*"), "/")
	second := strings.Split(placeholder.ReplaceAllString(b, "*"), "/")
	if len(first) != len(second) {
		return false
	}
	for i := range first {
		if !meet(first[i], second[i]) {
			return false
		}
	}
	return true
}

// meet tells whether there is a text that both patterns match, in which only * has a
// meaning: could[i][j] is whether a[:i] and b[:j] can come out the same.
func meet(a, b string) bool {
	could := make([][]bool, len(a)+1)
	for i := range could {
		could[i] = make([]bool, len(b)+1)
		for j := range could[i] {
			above, left := i > 0 && could[i-1][j], j > 0 && could[i][j-1]
			star := i > 0 && a[i-1] == '*' || j > 0 && b[j-1] == '*'
			same := i > 0 && j > 0 && a[i-1] == b[j-1] && could[i-1][j-1]
			could[i][j] = i == 0 && j == 0 || star && (above || left) || same
		}
	}
	return could[len(a)][len(b)]
}
