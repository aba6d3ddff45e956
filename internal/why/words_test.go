package why

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanfare/internal/deployment"
)

// constants are those of a type of package deployment, by their values, as its source
// declares them.
func constants(t *testing.T, of string) []string {
	t.Helper()
	files, err := filepath.Glob("../deployment/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, constantsIn(parsed, of)...)
	}
	if len(values) < 3 {
		t.Fatalf("only %d constants of %s are found", len(values), of)
	}
	return values
}

func constantsIn(parsed *ast.File, of string) (values []string) {
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != of {
			return true
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok {
				text, _ := strconv.Unquote(literal.Value)
				values = append(values, text)
			}
		}
		return true
	})
	return values
}

// TestEveryWord: whatever the ledger may hold is told in words, and no two alike.
func TestEveryWord(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for of, words := range map[string]func(string) string{
		"Reason":  func(s string) string { return reasons[deployment.Reason(s)] },
		"Outcome": func(s string) string { return outcomes[deployment.Outcome(s)] },
		"Status":  func(s string) string { return statuses[deployment.Status(s)] },
		"Verdict": func(s string) string { return verdicts[deployment.Verdict(s)] },
	} {
		for _, constant := range constants(t, of) {
			said := words(constant)
			if said == "" || strings.Contains(said, "_") {
				t.Errorf("%s %s has no words: %q", of, constant, said)
			}
			if before := seen[of+said]; before != "" {
				t.Errorf("%s and %s are told in the same words", before, constant)
			}
			seen[of+said] = constant
		}
	}
	if Because("of_later_days") != "of_later_days" || Status("of_later_days") != "of_later_days" {
		t.Error("what is not known is not told as it is")
	}
}

func TestTook(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0 s", 340 * time.Millisecond: "0.3 s", 9900 * time.Millisecond: "9.9 s", 61 * time.Second: "61 s",
		125 * time.Second: "2 min 5 s", 3 * time.Hour: "180 min 0 s",
	} {
		if got := took(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
