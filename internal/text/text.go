// Package text makes outside text fit to be shown: in one line, without characters
// that hide, reorder or break what stands around it, and no longer than a limit.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Ellipsis marks where a text was cut.
const Ellipsis = "…"

// Line returns s as one line of valid UTF-8: runs of white space and control
// characters become one blank, and what is invisible or changes the direction of the
// text (https://trojansource.codes) is taken out. Joiners inside emoji stay.
func Line(s string) string {
	var b strings.Builder
	blank := false
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			blank = b.Len() > 0
			continue
		case hidden(r):
			continue
		}
		if blank {
			b.WriteByte(' ')
			blank = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hidden tells of format characters, among them the bidirectional controls, the
// zero-width space and the byte order mark, but not of the zero-width joiner, which
// holds emoji together; and of what no font shows: private use and the tag characters.
func hidden(r rune) bool {
	const zeroWidthJoiner = '\u200d'
	return r != zeroWidthJoiner && (unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) ||
		unicode.Is(unicode.Noncharacter_Code_Point, r))
}

// Cut returns s if it has at most limit characters (Unicode code points), else its
// beginning with an ellipsis, limit characters in all. A limit under 1 gives nothing.
func Cut(s string, limit int) string {
	if limit < 1 {
		return ""
	}
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	runes := []rune(s)
	return strings.TrimRightFunc(string(runes[:limit-1]), unicode.IsSpace) + Ellipsis
}

// With puts the prefix before s, unless s is empty.
func With(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
