package sns

import (
	"strings"
	"testing"
	"unicode/utf8"

	"fanfare/internal/text"
)

func TestAlphabet(t *testing.T) {
	t.Parallel()
	// The standard's 128 places, without the two line breaks and the escape.
	if n := utf8.RuneCountInString(basic); n != 125 {
		t.Errorf("the basic alphabet has %d characters, want 125", n)
	}
	// Ten, without the form feed.
	if n := utf8.RuneCountInString(extension); n != 9 {
		t.Errorf("the extension has %d characters, want 9", n)
	}
	if len(septets) != 125+9 {
		t.Errorf("%d characters are known, want each once", len(septets))
	}
	for r, substitute := range substitutes {
		if septets[r] > 0 {
			t.Errorf("%q is replaced although it is in the alphabet", r)
		}
		if length(substitute) < utf8.RuneCountInString(substitute) || substitute == "" {
			t.Errorf("%q is replaced by %q, which is not in the alphabet", r, substitute)
		}
	}
}

func TestToGSM(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want string }{
		"plain":             {"checkout 1.42.0 failed", "checkout 1.42.0 failed"},
		"in the set":        {"é è ä ö ü ñ Ç ß @ £ Δ", "é è ä ö ü ñ Ç ß @ £ Δ"},
		"extension":         {"[a]{b}~|^\\€", "[a]{b}~|^\\€"},
		"accents not in it": {"Łukasz Žižka ç ê ő", "Lukasz Zizka c e o"},
		"accent on its own": {"re\u0301sume\u0301", "resume"},
		"quotes":            {"“a” ‘b’ `c` «d»", `"a" 'b' 'c' "d"`},
		"dashes":            {"a – b — c ‑ d", "a - b - c - d"},
		"arrows, dots":      {"1.41.0 → 1.42.0…", "1.41.0 -> 1.42.0..."},
		"emoji":             {"done 👩\u200d💻 🚀 now", "done now"},
		"other scripts":     {"Расчёт failed 決済", "? failed ?"},
		"marked letters":    {"चेकआउट", "?"},
		"control":           {"a\x1bb\nc", "abc"},
		"broken UTF-8":      {"caf\xe9", "caf"},
		"nothing left":      {"🚀🚀", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := toGSM(test.in); got != test.want {
				t.Errorf("toGSM(%q) = %q, want %q", test.in, got, test.want)
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
		"fits":                     {"tasks failed", 12, "tasks failed"},
		"on a word":                {"tasks failed to start", 16, "tasks failed..."},
		"just after a word":        {"tasks failed to start", 15, "tasks failed..."},
		"not if half is lost":      {"tasks failed to start", 14, "tasks faile..."},
		"one long word":            {strings.Repeat("a", 30), 10, "aaaaaaa..."},
		"a long word after a word": {"at " + strings.Repeat("a", 30), 12, "at aaaaaa..."},
		"extension counts two":     {"[[[[[[[", 12, "[[[[..."},
		"extension fits":           {"[[[[[[", 12, "[[[[[["},
		"no dot before the dots":   {"it broke. Was 1.41.0", 14, "it broke..."},
		"beyond ASCII":             {"äöüäöüäöüäöü", 10, "äöüäöüä..."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cut(test.in, test.limit)
			if got != test.want || length(got) > test.limit {
				t.Errorf("cut(%q, %d) = %q of %d units, want %q", test.in, test.limit, got, length(got), test.want)
			}
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("FAILED checkout 1.42.0 in production: tasks failed to start.")
	f.Add("Łukasz “naïve” façade… 👩\u200d💻 [x] {y} €")
	f.Add(strings.Repeat("€", 200))
	f.Add(strings.Repeat("決済 ", 100))
	f.Add("caf\xe9 \x00\x1b\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		got := cut(toGSM(text.Line(s)), maxText)
		units := 0
		for _, r := range got {
			switch {
			case strings.ContainsRune(basic, r):
				units++
			case strings.ContainsRune(extension, r):
				units += 2
			default:
				t.Fatalf("%q of %q is not in the alphabet", r, s)
			}
		}
		if units > 140 || !utf8.ValidString(got) {
			t.Errorf("%d units: %q", units, got)
		}
		if toGSM(got) != got {
			t.Errorf("not stable: %q", got)
		}
	})
}
