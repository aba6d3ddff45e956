package registry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestEveryFolderIsRegistered reads the folders beside this one: each that declares a
// Channel has its line in the map, under its name.
func TestEveryFolderIsRegistered(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, folder := range folders {
		if folder.IsDir() && declaresChannel(t, filepath.Join("..", folder.Name())) {
			found = append(found, folder.Name())
		}
	}
	if registered := slices.Sorted(maps.Keys(Channels)); !slices.Equal(found, registered) {
		t.Errorf("folders with a Channel: %v, registered: %v", found, registered)
	}
}

// declaresChannel tells whether the folder's package has a variable named Channel.
func declaresChannel(t *testing.T, folder string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range parsed.Decls {
			variables, ok := declaration.(*ast.GenDecl)
			if !ok || variables.Tok != token.VAR {
				continue
			}
			for _, spec := range variables.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if name.Name == "Channel" {
						return true
					}
				}
			}
		}
	}
	return false
}

func TestEveryLineNamesItsOwnPackage(t *testing.T) {
	t.Parallel()
	for name, c := range Channels {
		if c.Format == nil {
			t.Errorf("%s cannot format", name)
			continue
		}
		function := runtime.FuncForPC(reflect.ValueOf(c.Format).Pointer()).Name()
		if !strings.HasPrefix(function, "fanfare/internal/channel/"+name+".") {
			t.Errorf("the line of %s has %s", name, function)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	names := Names()
	if !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(maps.Keys(Channels))) {
		t.Errorf("Names() = %v, the map has %v", names, slices.Sorted(maps.Keys(Channels)))
	}
	names[0] = "changed"
	if slices.Contains(Names(), "changed") {
		t.Error("a caller can change the names")
	}
}
