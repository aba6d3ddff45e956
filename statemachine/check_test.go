package statemachine

import (
	"fmt"
	"slices"
	"testing"
)

// problems are sentences that begin with the state and the field.
type problems []string

func (p *problems) add(format string, args ...any) {
	*p = append(*p, fmt.Sprintf(format, args...))
}

// within adds the problems of something smaller, each with where it lies in front.
func (p *problems) within(where string, found problems) {
	for _, problem := range found {
		*p = append(*p, where+problem)
	}
}

// checks are what must be right about the workflow and what no engine and no vendor's
// validator looks at. Each returns what is wrong, so that it can be tried on
// definitions that are known to be broken.
var checks = map[string]func(definition string, m *Machine) problems{
	"graph":        checkGraph,
	"placeholders": checkPlaceholders,
	"integrations": checkIntegrations,
	"errors":       checkErrors,
	"branches":     checkBranches,
	"paths":        checkPaths,
}

// TestDefinition runs every check on the workflow as it is.
func TestDefinition(t *testing.T) {
	t.Parallel()
	m, err := Parse(Definition)
	if err != nil {
		t.Fatal(err)
	}
	for name, check := range checks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := check(Definition, m)
			slices.Sort(found)
			for _, problem := range found {
				t.Error(problem)
			}
		})
	}
}
