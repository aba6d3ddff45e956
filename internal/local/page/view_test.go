package page

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fanfare/internal/deployment"
	"fanfare/internal/local/graph"
	"fanfare/internal/local/play"
	"fanfare/statemachine"
)

// constants are the values of the deployment package's constants of that type.
func constants(t *testing.T, kind string) []string {
	t.Helper()
	var values []string
	for _, name := range []string{"document.go", "deployment.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "deployment", name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, isLiteral := spec.Values[0].(*ast.BasicLit)
			if typed, ok := spec.Type.(*ast.Ident); ok && isLiteral && typed.Name == kind {
				value, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, value)
			}
			return true
		})
	}
	if len(values) < 5 {
		t.Fatalf("only %d constants of type %s found", len(values), kind)
	}
	return values
}

func TestEveryReasonHasWords(t *testing.T) {
	t.Parallel()
	for _, reason := range constants(t, "Reason") {
		if words := reasons[deployment.Reason(reason)]; !strings.HasSuffix(words, ".") {
			t.Errorf("the reason %s has no sentence: %q", reason, words)
		}
	}
	for _, status := range constants(t, "Status") {
		if statuses[deployment.Status(status)].Word == "" {
			t.Errorf("the status %s has no word", status)
		}
	}
	for reason, want := range map[string]string{
		"": "Nothing was decided.", "States.Timeout": "States.Timeout.", "something_new": "Something new.", "œuvre": "Œuvre.",
		"duplicate": "The event came twice: another execution has told it, or is telling it.",
	} {
		if got := inWords(reason); got != want {
			t.Errorf("inWords(%q) = %q, want %q", reason, got, want)
		}
	}
}

// TestPassedAreStates holds that the ways told of exist in the workflow, and that each
// leads without a gap from the branch's beginning to its end.
func TestPassedAreStates(t *testing.T) {
	t.Parallel()
	deliver := deployment.Decision{Decision: deployment.Deliver}
	for name, test := range map[string]struct {
		decision deployment.Decision
		delivery deployment.Delivery
		end      string
	}{
		"told":          {deliver, deployment.Delivery{Outcome: deployment.Sent}, "Told"},
		"repeated":      {deliver, deployment.Delivery{Outcome: deployment.Repeated}, "Told"},
		"told at last":  {deliver, deployment.Delivery{Outcome: deployment.Sent, Waited: 3}, "Told"},
		"dead-lettered": {deliver, deployment.Delivery{Outcome: deployment.DeadLettered}, "DeadLettered"},
		"stranded":      {deliver, deployment.Delivery{Outcome: deployment.Stranded}, "Stranded"},
		"suppressed":    {deployment.Decision{Decision: deployment.Suppress}, deployment.Delivery{Outcome: deployment.None}, "NotTold"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := play.Result{Execution: &play.Execution{Status: "SUCCEEDED", States: []string{"Notify"}}}
			r.Document.Plan, r.Document.Deliveries = deployment.Plan{}, map[string]deployment.Delivery{}
			for _, channel := range play.Names {
				r.Document.Plan[channel], r.Document.Deliveries[channel] = test.decision, test.delivery
			}
			lit := pathOf(r).Lit
			for _, title := range []string{"Slack", "PagerDuty", "Sns"} {
				last := graph.EdgeID(title+test.end, "Notify")
				if !slices.Contains(lit, last) || !slices.Contains(lit, graph.EdgeID("Notify", "Deliver"+title+"?")) {
					t.Errorf("%s: the branch has a beginning or an end that is dark: %v", title, lit)
				}
				if waits := slices.Contains(lit, graph.StateID("Wait"+title)); waits != (test.delivery.Waited > 0) {
					t.Errorf("%s: it waits: %t", title, waits)
				}
			}
			states := len(slices.DeleteFunc(slices.Clone(lit), func(id string) bool { return !strings.HasPrefix(id, "state-") })) - 1
			if ways := len(lit) - 1 - states; ways < states+3 {
				t.Errorf("%d states have %d ways between them: %v", states, ways, lit)
			}
		})
	}
}

func TestPathOf(t *testing.T) {
	t.Parallel()
	if p := pathOf(play.Result{}); p.Steps != nil || p.Lit != nil {
		t.Errorf("an event without an execution has the path %v", p)
	}
	failed := pathOf(play.Result{Execution: &play.Execution{Status: "FAILED", States: []string{"Normalise", "FormatSlack", "unheard of"}}})
	if len(failed.Steps) != 1 || failed.Broken != graph.StateID("Normalise") {
		t.Errorf("got %+v", failed)
	}
	if box() == "" || !strings.Contains(statemachine.Picture, `id="workflow"`) {
		t.Error("the picture has no box or no workflow")
	}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	a, b := play.Request{Path: "/a", Body: []byte(`1`)}, play.Request{Path: "/a", Body: []byte(`2`)}
	got := once([]play.Request{a, a, b, a})
	if len(got) != 3 || got[0].times != 2 || got[1].times != 1 || got[2].times != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]sms{
		`{"Message":"FAILED checkout"}`: {"FAILED checkout", 15, 1},
		`{"Message":"[x]"}`:             {"[x]", 5, 1},
		`{"Message":"🚀"}`:               {"🚀", -1, 1},
		`no JSON`:                       {"no JSON", 7, 1},
	} {
		got := texts([]play.Request{{Body: []byte(body)}})
		if len(got) != 1 || got[0] != want || got[0].Fits() != (want.Units >= 0) {
			t.Errorf("%s is %+v, want %+v", body, got, want)
		}
	}
}
