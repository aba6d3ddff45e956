package accountfile

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Problem is one mistake in an account file.
type Problem struct {
	// File is the file's path; empty when only its text was given.
	File string
	// Path is the setting's, such as environments[1].clusters[0]; empty when the mistake is
	// in the file as a whole. What is missing has the path that it would have.
	Path string
	// Line and Column count from 1. What is missing has the place of what it is missing in.
	Line, Column int
	// Expected and Found are parts of a sentence: Expected expected, found Found.
	Expected, Found string
	// Advice is what to do about it; empty when that is plain.
	Advice string
}

// String tells the problem in one line: file:line:column: path: what was expected, what
// was found, what to do.
func (p Problem) String() string {
	var s strings.Builder
	if p.File != "" {
		s.WriteString(p.File + ":")
	}
	fmt.Fprintf(&s, "%d:%d: ", p.Line, p.Column)
	if p.Path != "" {
		s.WriteString(p.Path + ": ")
	}
	fmt.Fprintf(&s, "%s expected, found %s", p.Expected, p.Found)
	if p.Advice != "" {
		s.WriteString("; " + p.Advice)
	}
	return s.String()
}

// Problems are all the mistakes in one account file, in the order of their places.
type Problems []Problem

// Error tells one problem a line, and at the end how many there are.
func (p Problems) Error() string {
	var s strings.Builder
	for _, problem := range p {
		s.WriteString(problem.String() + "\n")
	}
	return s.String() + count(len(p), "problem")
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

type position struct{ line, column int }

// report gathers problems, and knows where in the file a setting is.
type report struct {
	// places has the path of everything in the file; that of the file itself is empty.
	places map[string]position
	// doubtful are paths whose value could not be had, so that nothing can be said of it.
	doubtful []string
	problems Problems
	// unread is true when the file could not be read as an account file at all.
	unread bool
}

// add tells of a problem at the path, or at what is nearest above it.
func (r *report) add(path, expected, found, advice string) {
	where := path
	for where != "" {
		if _, there := r.places[where]; there {
			break
		}
		where = where[:max(strings.LastIndexAny(where, ".["), 0)]
	}
	r.addAt(r.places[where], path, expected, found, advice)
}

func (r *report) addAt(at position, path, expected, found, advice string) {
	if found == secretFound {
		advice = "secrets belong in SSM Parameter Store: take it out, and replace it, as it is no secret any more"
	}
	r.problems = append(r.problems, Problem{Path: path, Line: max(at.line, 1), Column: max(at.column, 1),
		Expected: expected, Found: found, Advice: advice})
}

// known tells that the values of these paths are what the file says, so that a problem
// with them is one of its own and not what follows from another.
func (r *report) known(paths ...string) bool {
	return !slices.ContainsFunc(r.doubtful, func(doubtful string) bool {
		return slices.ContainsFunc(paths, func(path string) bool { return below(path, doubtful) })
	})
}

// sound tells that nothing is wrong with what is at, above or below these paths.
func (r *report) sound(paths ...string) bool {
	return r.known(paths...) && !slices.ContainsFunc(paths, func(path string) bool {
		return slices.ContainsFunc(r.doubtful, func(doubtful string) bool { return below(doubtful, path) }) ||
			slices.ContainsFunc(r.problems, func(p Problem) bool { return below(p.Path, path) })
	})
}

// soundEach tells that nothing is wrong with these fields of each element of the list.
func (r *report) soundEach(list string, length int, fields ...string) bool {
	for i := range length {
		for _, field := range fields {
			if !r.sound(at(list, i) + field) {
				return false
			}
		}
	}
	return r.known(list)
}

// below tells whether the path is root, or leads to something inside it.
func below(path, root string) bool {
	rest, inside := strings.CutPrefix(path, root)
	return inside && (root == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

func (r *report) sorted() Problems {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return r.problems
}

// maxShown is how many characters of a value are repeated in a problem.
const maxShown = 80

// secret is how the secrets begin that Fanfare needs, and that no account file may hold, or
// what stands before the @ of an address. Problems are printed into the logs of CI.
var secret = regexp.MustCompile(`:\S+@|xox[a-z]-|xapp-|hooks\.slack(-gov)?\.com/|glpat-|AKIA|ASIA`)

const secretFound = "what looks like a secret"

// shown is a value as a problem repeats it.
func shown(value string) string {
	if secret.MatchString(value) {
		return secretFound
	}
	if runes := []rune(value); len(runes) > maxShown {
		value = string(runes[:maxShown]) + "…"
	}
	return fmt.Sprintf("%q", value)
}
