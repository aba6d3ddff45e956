package text

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want string }{
		"plain":            {"Fix the cart", "Fix the cart"},
		"lines":            {"Fix\r\nthe\tcart\n", "Fix the cart"},
		"control":          {"a\x08b\x1bc\u0085d", "a b c d"},
		"blanks around":    {"  a   b ", "a b"},
		"bidi":             {"user\u202e\u2066admin\u2069", "useradmin"},
		"zero width":       {"pass\u200bword\ufeff", "password"},
		"a joined emoji":   {"done 👩\u200d💻", "done 👩\u200d💻"},
		"broken UTF-8":     {"caf\xe9", "caf\uFFFD"},
		"nothing":          {"", ""},
		"nothing but that": {"\u202e\n\t", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Line(test.in); got != test.want {
				t.Errorf("Line(%q) = %q, want %q", test.in, got, test.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"short":          {"cart", 4, "cart"},
		"long":           {"carts", 4, "car…"},
		"by rune":        {"äöüßé", 4, "äöü…"},
		"after a blank":  {"abc def", 5, "abc…"},
		"nothing at all": {"cart", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Cut(test.in, test.limit); got != test.want {
				t.Errorf("Cut(%q, %d) = %q, want %q", test.in, test.limit, got, test.want)
			}
		})
	}
}

func FuzzLineAndCut(f *testing.F) {
	f.Add("Fix\u202e \xff\x00 the cart", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		line := Line(s)
		if !utf8.ValidString(line) || strings.IndexFunc(line, unicode.IsControl) >= 0 {
			t.Errorf("Line(%q) = %q", s, line)
		}
		if Line(line) != line {
			t.Errorf("Line is not stable on %q", s)
		}
		if limit %= 1000; utf8.RuneCountInString(Cut(line, limit)) > max(limit, 0) {
			t.Errorf("Cut(%q, %d) is too long", line, limit)
		}
	})
}
