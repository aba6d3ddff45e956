package statemachine

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// fill is what Parameters and ResultSelector do: a key that ends in .$ has a path or
// an intrinsic function as its value, any other key has the value itself.
func (f *flow) fill(s *State, field string, template any, in *shape) *shape {
	switch template := template.(type) {
	case map[string]any:
		filled := object(map[string]*shape{})
		for _, key := range slices.Sorted(maps.Keys(template)) {
			name, dynamic := strings.CutSuffix(key, ".$")
			if dynamic {
				if _, twice := template[name]; twice {
					f.report(s, field+"."+key, "stands beside "+name)
				}
				filled.fields[name] = f.evaluate(s, field+"."+key, fmt.Sprint(template[key]), in)
			} else {
				filled.fields[name] = f.fill(s, field+"."+key, template[key], in)
			}
		}
		return filled
	case []any:
		filled := object(map[string]*shape{})
		for i, item := range template {
			filled.fields[index(i)] = f.fill(s, field+index(i), item, in)
		}
		return filled
	case string:
		if template == "$" || strings.HasPrefix(template, "$.") || strings.HasPrefix(template, "$$") || strings.HasPrefix(template, "States.") {
			f.report(s, field, template+" is taken as a text, as the key does not end in .$")
		}
	}
	return literal(template)
}

var (
	quoted       = regexp.MustCompile(`'(\\.|[^'\\])*'`)
	pathInside   = regexp.MustCompile(`\$\$?[^\s,()]*`)
	functionCall = regexp.MustCompile(`States\.\w*`)
)

// intrinsics are https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
var intrinsics = []string{"States.Array", "States.ArrayPartition", "States.ArrayContains", "States.ArrayRange",
	"States.ArrayGetItem", "States.ArrayLength", "States.ArrayUnique", "States.Base64Encode", "States.Base64Decode",
	"States.Hash", "States.JsonMerge", "States.MathRandom", "States.MathAdd", "States.StringSplit", "States.UUID",
	"States.Format", "States.StringToJson", "States.JsonToString"}

// evaluate is the value of a path or of an intrinsic function, whose arguments are read.
func (f *flow) evaluate(s *State, field, expression string, in *shape) *shape {
	if !strings.HasPrefix(expression, "States.") {
		return f.read(s, field, expression, in)
	}
	bare := quoted.ReplaceAllString(expression, "")
	for _, name := range functionCall.FindAllString(bare, -1) {
		if !slices.Contains(intrinsics, name) {
			f.report(s, field, name+" is no intrinsic function")
		}
	}
	for _, path := range pathInside.FindAllString(bare, -1) {
		f.read(s, field, path, in)
	}
	return &shape{}
}
