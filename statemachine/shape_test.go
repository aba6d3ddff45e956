package statemachine

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// shape is what is certainly known about a JSON value at some point of the workflow,
// whichever way led there. A nil shape is that of a point which nothing has reached.
type shape struct {
	// fields are what an object certainly has; the items of an array are [0], [1], ….
	fields map[string]*shape
	// of is the Go type whose JSON the value is; nil when that is not known.
	of reflect.Type
	// value is the literal that the value is known to be; nil when that is not known.
	value any
}

// object makes the shape of an object with these fields.
func object(fields map[string]*shape) *shape { return &shape{fields: fields} }

// join is what is certain when either a or b is the case.
func join(a, b *shape) *shape {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	joined := &shape{}
	if a.of == b.of {
		joined.of = a.of
	}
	if a.value == b.value {
		joined.value = a.value
	}
	for name, field := range a.fields {
		if other, ok := b.fields[name]; ok {
			joined = joined.with([]string{name}, join(field, other))
		}
	}
	return joined
}

// with returns a copy of s in which the value at the path is field.
func (s *shape) with(path []string, field *shape) *shape {
	if len(path) == 0 {
		return field
	}
	clone := &shape{of: s.of, fields: maps.Clone(s.fields)}
	if clone.fields == nil {
		clone.fields = map[string]*shape{}
	}
	below := clone.fields[path[0]]
	if below == nil {
		below = &shape{}
	}
	clone.fields[path[0]] = below.with(path[1:], field)
	return clone
}

// at returns what is known of the value at the path, or says why it may be missing.
func (s *shape) at(path []string) (*shape, string) {
	for i, name := range path {
		field, ok := s.fields[name]
		if !ok {
			return nil, s.missing(name, strings.Join(append([]string{"$"}, path[:i+1]...), "."))
		}
		s = field
	}
	return s, ""
}

func (s *shape) missing(name, path string) string {
	if s.of == nil || s.of.Kind() != reflect.Struct {
		return path + " is not written on every way that leads here"
	}
	if field, ok := jsonFields(s.of)[name]; ok && field.optional {
		return fmt.Sprintf("%s may be left out: %v.%s is optional", path, s.of, name)
	}
	return fmt.Sprintf("%s does not exist: %v has no %s", path, s.of, name)
}

// literal is the shape of a value that the definition itself holds.
func literal(v any) *shape {
	switch v := v.(type) {
	case map[string]any:
		s := object(map[string]*shape{})
		for name, field := range v {
			s.fields[name] = literal(field)
		}
		return s
	case []any:
		s := object(map[string]*shape{})
		for i, item := range v {
			s.fields[index(i)] = literal(item)
		}
		return s
	default:
		return &shape{value: v}
	}
}

func index(i int) string { return fmt.Sprintf("[%d]", i) }

// shapeOf is what is certain about the JSON of any value of the type.
func shapeOf(t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s := &shape{of: t}
	if t.Kind() != reflect.Struct || marshalsItself(t) {
		return s
	}
	for name, field := range jsonFields(t) {
		if !field.optional {
			s = s.with([]string{name}, shapeOf(field.of))
		}
	}
	return s
}

func marshalsItself(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

type jsonField struct {
	of       reflect.Type
	optional bool
}

// jsonFields are the fields of a structure as encoding/json names them, those of an
// embedded structure included.
func jsonFields(t reflect.Type) map[string]jsonField {
	fields := map[string]jsonField{}
	for _, field := range reflect.VisibleFields(t) {
		tag := field.Tag.Get("json")
		if !field.IsExported() || tag == "-" || field.Anonymous && tag == "" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if name == "" {
			name = field.Name
		}
		optional := slices.ContainsFunc(strings.Split(options, ","), func(option string) bool {
			return option == "omitempty" || option == "omitzero"
		})
		fields[name] = jsonField{of: field.Type, optional: optional}
	}
	return fields
}

// as returns s with the types that a value which conforms to t has. Two literals of one
// type may then be joined without losing it.
func (s *shape) as(t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	typed := &shape{of: t, value: s.value, fields: maps.Clone(s.fields)}
	fields := map[string]jsonField{}
	if t.Kind() == reflect.Struct {
		fields = jsonFields(t)
	}
	for name, field := range s.fields {
		if known, ok := fields[name]; ok {
			typed.fields[name] = field.as(known.of)
		} else if t.Kind() == reflect.Map {
			typed.fields[name] = field.as(t.Elem())
		}
	}
	return typed
}

// conforms says in which ways a value of the shape is no JSON of the type, which
// encoding/json would let pass: a field that it does not know, one that is missing, a
// word that is none of an enumeration's.
func conforms(s *shape, t reflect.Type) problems {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var found problems
	switch {
	case s.of == t && s.fields == nil, t.Kind() == reflect.Interface, t == reflect.TypeFor[json.RawMessage]():
		return nil
	case s.of != nil && s.fields == nil:
		if s.of.Kind() != t.Kind() || enumeration(t) != nil {
			found.add(" is a %v, not a %v", s.of, t)
		}
	case t.Kind() == reflect.Struct && !marshalsItself(t):
		return conformsToStruct(s, t)
	case t.Kind() == reflect.Map:
		for name, field := range s.fields {
			found.within("."+name, conforms(field, t.Elem()))
		}
	case s.value != nil:
		return conformsToScalar(s.value, t)
	case s.fields == nil:
		found.add(" may be anything, and must be a %v", t)
	}
	return found
}

func conformsToStruct(s *shape, t reflect.Type) problems {
	var found problems
	fields := jsonFields(t)
	for name, field := range s.fields {
		known, ok := fields[name]
		if ok {
			found.within("."+name, conforms(field, known.of))
		} else if !slices.Contains(asides[t], name) {
			found.add(".%s is no field of %v", name, t)
		}
	}
	for name, field := range fields {
		if _, ok := s.fields[name]; !ok && !field.optional {
			found.add(".%s is missing, which every %v has", name, t)
		}
	}
	return found
}

func conformsToScalar(value any, t reflect.Type) problems {
	var found problems
	raw, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(raw, reflect.New(t).Interface())
	}
	if err != nil {
		found.add(" is %s, which is no %v", raw, t)
	}
	if words := enumeration(t); words != nil && !slices.Contains(words, fmt.Sprint(value)) {
		found.add(" is %q, which is none of the %v's words %q", value, t, words)
	}
	return found
}

var reference = regexp.MustCompile(`^(\$\$?)((?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\]|\['[^']+'\])*)$`)
var segment = regexp.MustCompile(`\.([A-Za-z_][A-Za-z0-9_]*)|(\[[0-9]+\])|\['([^']+)'\]`)

// splitPath takes a path that names one value apart: into its root, $ or $$, and the
// names below it.
func splitPath(path string) (root string, names []string, ok bool) {
	match := reference.FindStringSubmatch(path)
	if match == nil {
		return "", nil, false
	}
	for _, part := range segment.FindAllStringSubmatch(match[2], -1) {
		names = append(names, part[1]+part[2]+part[3])
	}
	return match[1], names, true
}
