package accountfile

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"fanfare/internal/account"
)

// Bounds of a file. The parser's time grows with the square of the text's length, and its
// memory with that of the brackets' depth: 64 KiB, which is some 2,000 lines, take it five
// seconds at worst, 1 MiB more than a minute, and 64 Ki brackets more memory than there is.
const (
	maxBytes = 64 << 10
	maxDepth = 16
	// maxValues is how many values there may be once each alias stands for what it names.
	maxValues = 20_000
)

// decode fills the account from the text, as far as the text has it.
func decode(text []byte, a *account.Account) *report {
	d := &decoder{report: &report{places: map[string]position{}}, anchors: map[string]ast.Node{}}
	root := d.parse(text)
	if root == nil || d.unread {
		return d.report
	}
	ast.Walk(d, root)
	d.places[""] = positionOf(root)
	d.value("", root, reflect.ValueOf(a).Elem())
	return d.report
}

type decoder struct {
	*report
	anchors map[string]ast.Node
	values  int
}

// refuse tells that the text is no account file at all.
func (d *decoder) refuse(at position, expected, found, advice string) ast.Node {
	d.unread = true
	d.addAt(at, "", expected, found, advice)
	return nil
}

// parse returns the one document of the text; nil when there is none, as in a text that
// holds comments only, in which everything is missing.
func (d *decoder) parse(text []byte) (root ast.Node) {
	// The parser stumbles over what nobody has tried on it yet.
	defer func() {
		if stumbled := recover(); stumbled != nil {
			root = d.refuse(position{}, "YAML", "something that cannot be read", "")
		}
	}()
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	switch {
	case len(text) > maxBytes:
		return d.refuse(position{}, fmt.Sprintf("at most %d KiB", maxBytes>>10), "more", "")
	case !utf8.Valid(text):
		valid := strings.ToValidUTF8(string(text), "\x00")
		line := 1 + strings.Count(valid[:strings.IndexByte(valid, 0)], "\n")
		return d.refuse(position{line: line}, "text in UTF-8", "bytes that are not", "")
	}
	tokens := lexer.Tokenize(string(text))
	if deep := tooDeep(tokens); deep != nil {
		return d.refuse(placeOf(deep), fmt.Sprintf("brackets at most %d deep", maxDepth), "deeper ones", "")
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return d.unreadable(err)
	}
	var found []ast.Node
	for _, document := range file.Docs {
		if document.Body != nil && document.Body.Type() != ast.DirectiveType && document.Body.Type() != ast.CommentType {
			found = append(found, document.Body)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		d.addAt(positionOf(found[1]), "", "one account a file", "another one after ---", "give it a file of its own")
	}
	return found[0]
}

func tooDeep(tokens token.Tokens) *token.Token {
	depth := 0
	for _, t := range tokens {
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		}
		if depth > maxDepth {
			return t
		}
	}
	return nil
}

func (d *decoder) unreadable(err error) ast.Node {
	var at position
	var syntax *yaml.SyntaxError
	message := err.Error()
	if errors.As(err, &syntax) {
		at, message = placeOf(syntax.Token), syntax.Message
	}
	return d.refuse(at, "YAML", "something that cannot be read", message)
}

// Visit notes the anchors, for the aliases.
func (d *decoder) Visit(node ast.Node) ast.Visitor {
	if anchor, ok := node.(*ast.AnchorNode); ok && anchor.Name != nil {
		d.anchors[anchor.Name.GetToken().Value] = anchor.Value
	}
	return d
}

// value fills one value, which is at the path, from its node.
func (d *decoder) value(path string, node ast.Node, into reflect.Value) {
	if into.Kind() == reflect.Pointer { // what is wrong below the key is wanted all the same
		into.Set(reflect.New(into.Type().Elem()))
		into = into.Elem()
	}
	node = d.resolve(path, node)
	if node == nil {
		return
	}
	ok := false
	switch into.Kind() {
	case reflect.Struct:
		var entries []*ast.MappingValueNode
		if entries, ok = entriesOf(node); ok {
			d.settings(path, entries, into)
		}
	case reflect.Slice:
		var list *ast.SequenceNode
		if list, ok = node.(*ast.SequenceNode); ok {
			d.list(path, list, into)
		}
	default:
		ok = scalar(node, into)
	}
	if !ok {
		d.misfit(path, expectedOf(into.Type()), node)
	}
}

// resolve returns what an anchor or an alias stands for; nil when that cannot be told.
func (d *decoder) resolve(path string, node ast.Node) ast.Node {
	if d.values++; d.values > maxValues {
		if !d.unread {
			d.refuse(d.places[path], fmt.Sprintf("at most %d values", maxValues), "more, as each alias stands for what it names", "")
		}
		return nil
	}
	for range maxDepth {
		switch n := node.(type) {
		case *ast.AnchorNode:
			node = n.Value
		case *ast.AliasNode:
			name := n.Value.GetToken().Value
			if node = d.anchors[name]; node == nil {
				d.doubt(path, "the name of an anchor (&name) of this file", shown("*"+name), "")
				return nil
			}
		case *ast.TagNode:
			d.doubt(path, "a value without a tag", shown(n.Start.Value), "")
			return nil
		default:
			return node
		}
	}
	d.doubt(path, "an alias of something", "one of itself", "")
	return nil
}

// doubt tells of a problem with a value that leaves it unknown.
func (d *decoder) doubt(path, expected, found, advice string) {
	d.doubtful = append(d.doubtful, path)
	d.add(path, expected, found, advice)
}

func (d *decoder) misfit(path, expected string, node ast.Node) {
	if path == "" {
		d.unread = true
	}
	switch node.Type() {
	case ast.NullType:
		advice := "fill it in, or leave the key out"
		if path == "" {
			advice = ""
		}
		d.doubt(path, expected, "nothing", advice)
	case ast.SequenceType:
		d.doubt(path, expected, "a list", "")
	case ast.MappingType, ast.MappingValueType:
		d.doubt(path, expected, "settings (key: value)", "")
	default:
		d.doubt(path, expected, shown(node.GetToken().Value), "")
	}
}

func (d *decoder) list(path string, list *ast.SequenceNode, into reflect.Value) {
	into.Set(reflect.MakeSlice(into.Type(), len(list.Values), len(list.Values)))
	for i, node := range list.Values {
		element := fmt.Sprintf("%s[%d]", path, i)
		d.places[element] = positionOf(node)
		d.value(element, node, into.Index(i))
	}
}

func (d *decoder) settings(path string, entries []*ast.MappingValueNode, into reflect.Value) {
	known := keysOf(into.Type())
	var meant []string
	for _, entry := range entries {
		key := keyOf(entry.Key)
		at, name := positionOf(entry.Key), join(path, key)
		field := known.find(key)
		first, twice := d.places[name]
		switch {
		case field == nil:
			meant = append(meant, d.unknown(at, path, key, known))
		case twice:
			d.addAt(at, name, "each key once", "it a second time", fmt.Sprintf("line %d has it already", first.line))
		default:
			d.places[name] = at
			if isScalar(entry.Value) {
				d.places[name] = positionOf(entry.Value)
			}
			d.value(name, entry.Value, into.FieldByIndex(field.index))
		}
	}
	// What is there under a wrong name is not missing.
	for _, key := range meant {
		if _, there := d.places[join(path, key)]; key != "" && !there {
			d.doubtful = append(d.doubtful, join(path, key))
		}
	}
}

// unknown tells of a key that there is not, and returns the one that was probably meant.
func (d *decoder) unknown(at position, path, key string, known keys) (meant string) {
	name := path
	if plainKey.MatchString(key) {
		name = join(path, key)
	}
	if key == "<<" {
		d.addAt(at, name, "settings one by one", "a merge (<<)", "use aliases for values and lists")
		return ""
	}
	meant = nearest(key, known.names())
	if meant == "" {
		d.addAt(at, name, "one of the keys "+strings.Join(known.names(), ", "), "the key "+shown(key), "")
	} else {
		d.addAt(at, name, "a key that Fanfare knows", shown(key), fmt.Sprintf("did you mean %s?", meant))
	}
	return meant
}
