package accountfile

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// plainKey is what a key looks like that may stand in a path.
var plainKey = regexp.MustCompile(`^[\w-]{1,60}$`)

// key is one that a struct of package account has in the file.
type key struct {
	name  string
	index []int
}

type keys []key

// keysOf has the keys of the struct in their order; those of an inlined struct are its own.
func keysOf(t reflect.Type) keys {
	var all keys
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name != "" {
			all = append(all, key{name, field.Index})
		}
	}
	return all
}

func (k keys) find(name string) *key {
	if i := slices.IndexFunc(k, func(key key) bool { return key.name == name }); i >= 0 {
		return &k[i]
	}
	return nil
}

func (k keys) names() []string {
	names := make([]string, len(k))
	for i, key := range k {
		names[i] = key.name
	}
	return names
}

// nearest returns the name that somebody who wrote the word probably meant; empty when
// none is like it.
func nearest(word string, names []string) string {
	const most = 60 // characters of a name that is worth comparing
	if len(word) > most {
		return ""
	}
	word = strings.ToLower(word)
	best, least := "", 3
	for _, name := range names {
		lower := strings.ToLower(name)
		away := distance(word, lower)
		if len(word) > 2 && (strings.HasPrefix(lower, word) || strings.HasPrefix(word, lower)) {
			away = min(away, 2)
		}
		if away < least && away < len(name)-1 {
			best, least = name, away
		}
	}
	return best
}

// distance is how many letters must be put in, taken out or replaced to make one word of
// the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func keyOf(node ast.MapKeyNode) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.MergeKeyNode:
		return "<<"
	case *ast.MappingKeyNode: // ? key
		return keyText(n.Value)
	case *ast.AnchorNode:
		return keyText(n.Value)
	default:
		return node.GetToken().Value
	}
}

func keyText(node ast.Node) string {
	if key, ok := node.(ast.MapKeyNode); ok && key.Type() != ast.MappingKeyType {
		return keyOf(key)
	}
	return "?"
}

func entriesOf(node ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	default:
		return nil, false
	}
}

func isScalar(node ast.Node) bool {
	switch node.Type() {
	case ast.NullType, ast.MappingType, ast.MappingValueType, ast.SequenceType:
		return false
	default:
		return true
	}
}

// scalar fills a text, a number or a truth value; ok is false when the node is none.
func scalar(node ast.Node, into reflect.Value) (ok bool) {
	switch into.Kind() {
	case reflect.Bool:
		n, ok := node.(*ast.BoolNode)
		if ok {
			into.SetBool(n.Value)
		}
		return ok
	case reflect.Int:
		if _, ok := node.(*ast.IntegerNode); !ok {
			return false
		}
		n, err := strconv.Atoi(node.GetToken().Value)
		into.SetInt(int64(n))
		return err == nil
	}
	switch n := node.(type) {
	case *ast.StringNode:
		into.SetString(n.Value)
	case *ast.LiteralNode:
		into.SetString(n.Value.Value)
	case *ast.IntegerNode: // the digits as they stand there: an account's, a telephone's
		into.SetString(n.Token.Value)
	default:
		return false
	}
	return true
}

func expectedOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "settings (key: value)"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	default:
		return "a text"
	}
}

// positionOf is where a person would look for the node: a mapping is at its first key.
func positionOf(node ast.Node) position {
	if entries, ok := entriesOf(node); ok && len(entries) > 0 && node.GetToken().Type != token.MappingStartType {
		node = entries[0].Key
	}
	return placeOf(node.GetToken())
}

func placeOf(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{}
	}
	return position{t.Position.Line, t.Position.Column}
}
