//go:build e2e

package e2e_test

import (
	"testing"

	"fanfare/internal/local/demo"
)

// TestDemo comes before whatever leaves incidents, versions and failures behind: the demo
// begins with a world in which nothing has happened.
func TestDemo(t *testing.T) {
	told, err := demo.Play(t.Context(), w.Address, func(what string) { t.Log(what) })
	if err != nil {
		t.Fatal(err)
	}
	if len(told) < 10 {
		t.Errorf("only %d events were played", len(told))
	}
	for _, event := range told {
		for _, problem := range event.Problems {
			t.Errorf("%s: %s", event.Title, problem)
		}
	}
}
