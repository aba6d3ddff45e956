package bench

import (
	"fmt"
	"slices"
	"strings"

	"fanfare/statemachine"
)

// Prices, in dollars, in us-east-1 and eu-west-1, without any free tier, as published in
// November 2026:
//
//	https://aws.amazon.com/step-functions/pricing/
//	https://aws.amazon.com/lambda/pricing/ (arm64; a cold start is billed like the rest)
//	https://aws.amazon.com/dynamodb/pricing/on-demand/
//	https://aws.amazon.com/cloudwatch/pricing/
//	https://aws.amazon.com/xray/pricing/
const (
	perTransition = 0.025 / 1000
	perRequest    = 0.20 / 1e6
	perGBSecond   = 0.0000133334
	perWrite      = 0.625 / 1e6 // of a kilobyte; an item in the index is written twice
	perRead       = 0.125 / 1e6
	perLogGB      = 0.50
	perTrace      = 5.0 / 1e6
)

// What one event costs beside its transitions, on the generous side.
const (
	memoryGB    = 0.25
	logBytes    = 700 // an invocation's own line, and those that Lambda writes around it
	tableWrites = 32  // sixteen updates, most of them also in the index
	tableReads  = 4
)

// way is one way through the workflow.
type way struct {
	name     string
	document map[string]any // what the Choices look at
	failing  []string       // states whose Catch is taken
	waits    int            // how often Slack asks to wait
}

// ways are those that the bench prints. Sent is what the branches' deliveries end in.
func ways() []way {
	plan := func(slack, pagerduty, sns string) map[string]any {
		decision := func(word string) any { return map[string]any{"decision": word} }
		return map[string]any{"slack": decision(slack), "pagerduty": decision(pagerduty), "sns": decision(sns)}
	}
	document := func(status, result string, plan map[string]any) map[string]any {
		return map[string]any{
			"deployment": map[string]any{"status": status}, "claim": map[string]any{"outcome": "claimed"}, "plan": plan,
			"delivery": map[string]any{"outcome": "sent"}, "record": map[string]any{"result": result},
		}
	}
	told, quiet := "deliver", "suppress"
	duplicate := document("succeeded", "delivered", plan(quiet, quiet, quiet))
	duplicate["claim"] = map[string]any{"outcome": "duplicate"}
	return []way{
		{name: inProgress, document: document("in_progress", "delivered", plan(told, quiet, quiet))},
		{name: succeededQuietly, document: document("succeeded", "delivered", plan(told, quiet, quiet))},
		{name: succeeded, document: document("succeeded", "delivered", plan(told, told, quiet))},
		{name: failedPaged, document: document("failed", "delivered", plan(told, told, told))},
		{name: "failed in a maintenance window", document: document("failed", "delivered", plan(told, quiet, quiet))},
		{name: "succeeded, Slack asks to wait once", document: document("succeeded", "delivered", plan(told, told, quiet)), waits: 1},
		{name: "failed, GitLab and ECS cannot be asked", document: document("failed", "delivered", plan(told, told, told)), failing: []string{"ResolveTag", "Commits"}},
		{name: "failed, PagerDuty refuses for good", document: document("failed", "incomplete", plan(told, told, told)), failing: []string{"SendPagerDuty"}},
		{name: "nothing to say", document: document("in_progress", "nothing_to_say", plan(quiet, quiet, quiet))},
		{name: "duplicate", document: duplicate},
	}
}

// The ways that a deployment is made of.
const (
	inProgress       = "in progress, Slack told"
	succeededQuietly = "succeeded, Slack told"
	succeeded        = "succeeded in production, Slack and PagerDuty told"
	failedPaged      = "failed in production, all three told"
)

// deployments say which events a deployment of each kind has.
var deployments = []struct {
	name string
	ways []string
}{
	{"to staging", []string{inProgress, succeededQuietly}},
	{"to production", []string{inProgress, succeeded}},
	{"to production, failed and rolled back", []string{inProgress, failedPaged, inProgress, succeededQuietly}},
}

// walk returns the states that the way enters, each of which is one transition. A
// Parallel enters all its branches.
func walk(m *statemachine.Machine, w *way) ([]string, error) {
	var entered []string
	for name := m.StartAt; name != ""; {
		s := m.State(name)
		if s == nil {
			return nil, fmt.Errorf("the workflow has no state %q", name)
		}
		entered = append(entered, name)
		if len(entered) > 1000 {
			return nil, fmt.Errorf("the workflow does not end: %s", strings.Join(entered[:20], ", "))
		}
		for _, branch := range s.Branches {
			inside, err := walk(&branch, w)
			if err != nil {
				return nil, err
			}
			entered = append(entered, inside...)
		}
		next, err := w.next(s)
		if err != nil {
			return nil, err
		}
		name = next
	}
	return entered, nil
}

// next is the state that comes after; empty at an end.
func (w *way) next(s *statemachine.State) (string, error) {
	if slices.Contains(w.failing, s.Name) && len(s.Catch) > 0 {
		return s.Catch[0].Next, nil
	}
	for _, rule := range s.Choices {
		if s.Name == "SnsSent?" && rule.Operand == "publish" {
			return rule.Next, nil
		}
		if w.waits > 0 && rule.Operand == "wait" && s.Name == "SlackSent?" {
			w.waits--
			return rule.Next, nil
		}
		holds, err := w.holds(rule)
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.Name, err)
		}
		if holds {
			return rule.Next, nil
		}
	}
	if s.Default != "" {
		return s.Default, nil
	}
	return s.Next, nil
}

// holds tells whether the rule applies. Only what the workflow uses is known.
func (w *way) holds(rule statemachine.Rule) (bool, error) {
	if rule.Operator != "StringEquals" {
		return false, fmt.Errorf("the operator %s is not known here", rule.Operator)
	}
	var at any = w.document
	for key := range strings.SplitSeq(strings.TrimPrefix(rule.Variable, "$."), ".") {
		below, ok := at.(map[string]any)
		if !ok {
			return false, fmt.Errorf("%s is not there", rule.Variable)
		}
		at = below[key]
	}
	if _, ok := at.(string); !ok {
		return false, fmt.Errorf("%s is not there", rule.Variable)
	}
	return at == rule.Operand, nil
}

// Transition is how many transitions one event costs that goes this way.
type Transition struct {
	Way   string
	Count int
	// Invocations are those of functions.
	Invocations int
}

// transitions counts every way.
func transitions() ([]Transition, error) {
	m, err := statemachine.Parse(statemachine.Definition)
	if err != nil {
		return nil, err
	}
	functions := map[string]bool{}
	for _, step := range statemachine.Steps {
		functions[step.State], functions[step.Again] = true, true
	}
	var counted []Transition
	for _, w := range ways() {
		entered, err := walk(m, &w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		t := Transition{Way: w.name, Count: len(entered)}
		for _, name := range entered {
			if functions[name] {
				t.Invocations++
			}
		}
		counted = append(counted, t)
	}
	return counted, nil
}

// Cost is what 1,000 deployments of one kind cost, in dollars.
type Cost struct {
	Deployment  string
	Transitions int
	// StepFunctions is their price alone; All has everything that an event costs.
	StepFunctions, All float64
}

// costs prices each kind of deployment. Seconds is how long a function runs on the mean,
// its cold start included.
func costs(counted []Transition, seconds float64) []Cost {
	var priced []Cost
	for _, d := range deployments {
		c := Cost{Deployment: d.name}
		for _, name := range d.ways {
			t := counted[slices.IndexFunc(counted, func(t Transition) bool { return t.Way == name })]
			invocations := float64(t.Invocations)
			c.Transitions += t.Count
			c.All += invocations*(perRequest+seconds*memoryGB*perGBSecond+logBytes/1e9*perLogGB) +
				tableWrites*perWrite + tableReads*perRead + perTrace
		}
		c.StepFunctions = 1000 * float64(c.Transitions) * perTransition
		c.All = c.StepFunctions + 1000*c.All
		priced = append(priced, c)
	}
	return priced
}
