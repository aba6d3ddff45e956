package bench

import (
	"math"
	"slices"
	"strings"
	"testing"

	"fanfare/statemachine"
)

func TestTransitions(t *testing.T) {
	t.Parallel()
	counted, err := transitions()
	if err != nil {
		t.Fatal(err)
	}
	m, err := statemachine.Parse(statemachine.Definition)
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]string{
		"duplicate": "Duplicate", "nothing to say": "NothingToSay", "failed, PagerDuty refuses for good": "DeliveryIncomplete",
	}
	of := map[string]int{}
	for i, w := range ways() {
		of[w.name] = counted[i].Count
		entered, err := walk(m, &w)
		if err != nil {
			t.Fatal(err)
		}
		want := ends[w.name]
		if want == "" {
			want = "Delivered"
		}
		if last := entered[len(entered)-1]; last != want {
			t.Errorf("%s ends in %s, want %s", w.name, last, want)
		}
		if w.name == failedPaged {
			for _, step := range statemachine.Steps {
				elsewhere := []string{"RememberTag", "Watch", "Escalate"} // after a success, while under way, when it was in vain
				if !slices.Contains(elsewhere, step.State) && !slices.Contains(entered, step.State) {
					t.Errorf("%s does not come by %s", w.name, step.State)
				}
			}
		}
	}
	if of["duplicate"] != 4 {
		t.Errorf("a duplicate takes %d transitions, want Normalise, Claim, Duplicate? and Duplicate", of["duplicate"])
	}
	if more := of["succeeded, Slack asks to wait once"] - of[succeeded]; more != 3 { // WaitSlack, SendSlack, SlackSent?
		t.Errorf("a wait takes %d more transitions, want 3", more)
	}
}

func TestWalkRefuses(t *testing.T) {
	t.Parallel()
	for name, definition := range map[string]string{
		`has no state "B"`: `{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}`,
		"does not end":     `{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "A"}}}`,
		"is not there":     `{"StartAt": "A", "States": {"A": {"Type": "Choice", "Default": "A", "Choices": [{"Variable": "$.x.y", "StringEquals": "1", "Next": "A"}]}}}`,
		"is not known her": `{"StartAt": "A", "States": {"A": {"Type": "Choice", "Default": "A", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "A"}]}}}`,
	} {
		m, err := statemachine.Parse(definition)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := walk(m, &way{document: map[string]any{}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCosts(t *testing.T) {
	t.Parallel()
	counted := []Transition{{inProgress, 10, 4}, {succeededQuietly, 20, 6}, {succeeded, 20, 6}, {failedPaged, 30, 8}}
	staging := costs(counted, 0.1)[0]
	// 30 transitions; 10 invocations of 0.1 s with 0.25 GB; two events' table, log and trace.
	want := 1000 * (10*(0.20/1e6+0.1*0.25*0.0000133334+700/1e9*0.5) + 2*(32*0.625/1e6+4*0.125/1e6+5/1e6))
	if staging.Transitions != 30 || math.Abs(staging.StepFunctions-0.75) > 1e-9 || math.Abs(staging.All-0.75-want) > 1e-9 {
		t.Errorf("got %+v, want 0.75 and %f more", staging, want)
	}
}
