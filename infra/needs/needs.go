// Package needs finds out which permissions the workflow's programs need: it follows
// each program from its main function to the calls that it can make on AWS.
package needs

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/go/callgraph"
	"golang.org/x/tools/go/callgraph/cha"
	"golang.org/x/tools/go/callgraph/vta"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"
)

// Call is one kind of call that a package makes on AWS.
type Call struct {
	// Action is what IAM calls it, such as dynamodb:GetItem.
	Action string
	// From is the package below internal that makes it, such as ledger.
	From string
	// Decrypts is true when it asks for a parameter's decrypted value, for which
	// kms:Decrypt is needed where the key is not AWS's own.
	Decrypts bool
}

// Analysis is what was found.
type Analysis struct {
	// Programs are the calls that each program can make, sorted, by the name of its
	// folder below lambdas. One that makes none is there, too.
	Programs map[string][]Call
	// Unreached are calls in packages that the programs are made of, to which no program
	// leads: dead code, or ways that the analysis does not see.
	Unreached []Call
}

const (
	module   = "fanfare"
	programs = module + "/lambdas/"
	services = "github.com/aws/aws-sdk-go-v2/service/"
)

// Analyse reads the programs of the module in which dir is. Code of others is not
// followed: what it is given to call back counts as called. What cannot be understood
// (a service, an operation or a helper of the SDK that is not known here) is an error.
func Analyse(dir string) (Analysis, error) { return analyse(dir, nil) }

// analyse takes files that are not there besides, by their paths.
func analyse(dir string, further map[string][]byte) (Analysis, error) {
	loaded, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: dir, Overlay: further}, programs+"...", module+"/internal/...")
	if err != nil {
		return Analysis{}, fmt.Errorf("reading the programs: %w", err)
	}
	loaded = partsOfPrograms(loaded)
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return Analysis{}, fmt.Errorf("reading the programs: %w", p.Errors[0])
		}
	}
	built, _ := ssautil.Packages(loaded, ssa.InstantiateGenerics)
	built.Build()
	functions := ssautil.AllFunctions(built)
	graph := vta.CallGraph(functions, cha.CallGraph(built))

	found := Analysis{Programs: map[string][]Call{}}
	reached := map[Call]bool{}
	var problems []error
	for _, p := range loaded {
		if !strings.HasPrefix(p.PkgPath, programs) {
			continue
		}
		w := walk{graph: graph, seen: map[*ssa.Function]bool{}, calls: map[Call]bool{}}
		main := built.Package(p.Types)
		w.function(main.Func("init"))
		w.function(main.Func("main"))
		if w.err != nil {
			problems = append(problems, fmt.Errorf("the program %s: %w", path.Base(p.PkgPath), w.err))
		}
		maps.Copy(reached, w.calls)
		found.Programs[path.Base(p.PkgPath)] = sorted(w.calls)
	}
	if len(problems) > 0 {
		return Analysis{}, errors.Join(problems...)
	}
	unreached := walk{graph: graph, seen: map[*ssa.Function]bool{}, calls: map[Call]bool{}}
	for f := range functions {
		if strings.HasPrefix(packageOf(f), module+"/") {
			unreached.function(f)
		}
	}
	maps.DeleteFunc(unreached.calls, func(c Call, _ bool) bool { return reached[c] })
	found.Unreached = sorted(unreached.calls)
	return found, unreached.err
}

// partsOfPrograms are those of the packages that programs are made of.
func partsOfPrograms(loaded []*packages.Package) []*packages.Package {
	parts := map[*packages.Package]bool{}
	var add func(p *packages.Package)
	add = func(p *packages.Package) {
		if !strings.HasPrefix(p.PkgPath, module+"/") || parts[p] {
			return
		}
		parts[p] = true
		for _, imported := range p.Imports {
			add(imported)
		}
	}
	for _, p := range loaded {
		if strings.HasPrefix(p.PkgPath, programs) {
			add(p)
		}
	}
	return slices.SortedFunc(maps.Keys(parts), func(a, b *packages.Package) int { return strings.Compare(a.PkgPath, b.PkgPath) })
}

// walk follows calls from function to function.
type walk struct {
	graph *callgraph.Graph
	seen  map[*ssa.Function]bool
	calls map[Call]bool
	err   error
}

func (w *walk) function(f *ssa.Function) {
	if f == nil || w.seen[f] {
		return
	}
	w.seen[f] = true
	if node := w.graph.Nodes[f]; node != nil {
		for _, edge := range node.Out {
			w.edge(f, edge.Callee.Func)
		}
	}
	// A function that is only mentioned is given to somebody to call: the handler to the
	// Lambda runtime, a comparison to a sort.
	for _, block := range f.Blocks {
		for _, instruction := range block.Instrs {
			for _, operand := range instruction.Operands(nil) {
				if mentioned, ok := (*operand).(*ssa.Function); ok {
					w.edge(f, mentioned)
				}
			}
		}
	}
}

// edge follows a call, or writes it down when it is one on AWS.
func (w *walk) edge(from, to *ssa.Function) {
	call, is, err := callOf(from, to)
	switch {
	case err != nil && w.err == nil:
		w.err = fmt.Errorf("%s calls %s: %w", from, to, err)
	case is:
		w.calls[call] = true
	default:
		w.function(to)
	}
}

func sorted(calls map[Call]bool) []Call {
	return slices.SortedFunc(maps.Keys(calls), func(a, b Call) int {
		return strings.Compare(a.Action+" "+a.From, b.Action+" "+b.From)
	})
}
