package accountfile

import (
	"testing"

	"fanfare/internal/account"
)

func TestCovers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		wide, narrow string
		want         bool
	}{
		{"*", "*", true},
		{"*", "anything-*", true},
		{"check*", "checkout", true},
		{"check*", "checkout-*", true},
		{"checkout-*", "check*", false},
		{"checkout", "checkout", true},
		{"checkout", "checkout*", false},
		{"check?", "check*", false}, // as text it would match
		{"?*", "*", true},           // no name is empty
		{"??*", "*", false},
		{"?*", "?*", true},
		{"*?", "?*", true},
		{"??*", "*a*", false},
		{"*a*", "*xa?*", true},
		{"a*b*c", "a*c", false},
		{"a*c", "a*b*c", true},
		{"*-api-*", "*-api-v?", true},
		{"[ab]*", "a*", false}, // in doubt
		{"[ab]", "a", true},
		{"**", "*", true},
	}
	for _, test := range tests {
		if got := covers(test.wide, test.narrow); got != test.want {
			t.Errorf("covers(%q, %q) = %t", test.wide, test.narrow, got)
		}
	}
}

// TestCoversAll holds covers against all names and patterns of a few letters.
func TestCoversAll(t *testing.T) {
	t.Parallel()
	patterns, names := words("ab*?", 4), words("abx", 6)
	for _, wide := range patterns {
		for _, narrow := range patterns {
			if !covers(wide, narrow) {
				continue
			}
			for _, name := range names {
				if name != "" && account.Match(narrow, name) && !account.Match(wide, name) {
					t.Fatalf("%q does not cover %q: %q", wide, narrow, name)
				}
			}
		}
	}
}

// words has all words of the letters, up to the length.
func words(letters string, length int) []string {
	all := []string{""}
	for from := 0; length > 0; length-- {
		last := all[from:]
		from = len(all)
		for _, word := range last {
			for _, letter := range letters {
				all = append(all, word+string(letter))
			}
		}
	}
	return all
}

func TestCollide(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{account.DefaultLastTag, account.DefaultLastRevision, false},
		{"/d/{service}", "/d/{pipeline}", true},
		{"/d/{service}", "/d/{pipeline}/revision", false},
		{"/d/tag-{service}", "/d/revision-{pipeline}", false},
		{"/d/{service}-tag", "/d/tag-{pipeline}", true},
		{"/{cluster}/{service}/tag", "/pipelines/{pipeline}/tag", true},
		{"/d/{service}", "/d/tags", true},
		{"/d/{service}-a", "/d/{pipeline}-b", false},
	}
	for _, test := range tests {
		if got := collide(test.a, test.b); got != test.want {
			t.Errorf("collide(%q, %q) = %t", test.a, test.b, got)
		}
		if got := collide(test.b, test.a); got != test.want {
			t.Errorf("collide(%q, %q) = %t", test.b, test.a, got)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	keys := []string{"name", "production", "clusters", "services", "channels", "slackChannel"}
	for word, want := range map[string]string{
		"prod": "production", "Production": "production", "cluster": "clusters", "nmae": "name", "chanels": "channels",
		"slackchannel": "slackChannel", "colour": "", "x": "", "": "", "servicesss": "services",
	} {
		if got := nearest(word, keys); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
