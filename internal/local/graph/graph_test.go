package graph

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"fanfare/statemachine"
)

func workflow(t *testing.T) *statemachine.Machine {
	t.Helper()
	m, err := statemachine.Parse(statemachine.Definition)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPictureIsCurrent(t *testing.T) {
	t.Parallel()
	if !strings.Contains(statemachine.Picture, Mark(workflow(t))) {
		t.Error("statemachine/notify.svg is not of this workflow: run `make graph`, and look at it")
	}
}

// TestMarkTellsChanges changes the definition in ways that the picture must show.
func TestMarkTellsChanges(t *testing.T) {
	t.Parallel()
	mark := Mark(workflow(t))
	for name, change := range map[string][2]string{
		"another way":     {`"Next": "Commits"`, `"Next": "Route"`},
		"another comment": {"The plan says why.", "The plan says why not."},
		"another service": {"sqs:sendMessage", "sns:sendMessage"},
	} {
		changed, err := statemachine.Parse(strings.Replace(statemachine.Definition, change[0], change[1], 1))
		if err != nil {
			t.Fatal(err)
		}
		if Mark(changed) == mark {
			t.Errorf("%s: the mark is the same", name)
		}
	}
	for range 20 {
		if Mark(workflow(t)) != mark {
			t.Fatal("the same workflow has two marks")
		}
	}
}

// elements are those of the picture that have an id, with their classes.
func elements(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for decoder := xml.NewDecoder(strings.NewReader(statemachine.Picture)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		var id, class string
		for _, a := range start.Attr {
			switch a.Name.Local {
			case "id":
				id = a.Value
			case "class":
				class = a.Value
			case "href", "style", "src":
				t.Errorf("<%s> has a %s", start.Name.Local, a.Name.Local)
			}
		}
		if _, twice := found[id]; twice && id != "" {
			t.Errorf("two elements have the id %s", id)
		}
		found[id] = class
	}
}

func TestPictureHasEveryStateAndWay(t *testing.T) {
	t.Parallel()
	shown := elements(t)
	is := func(id, class string) {
		t.Helper()
		if got, ok := shown[id]; !ok || got != class {
			t.Errorf("%s is %q, want %q", id, got, class)
		}
	}
	for _, s := range workflow(t).All() {
		is(StateID(s.Name), "state "+strings.ToLower(s.Type))
		for _, next := range []string{s.Next, s.Default} {
			if next != "" {
				is(EdgeID(s.Name, next), "way")
			}
		}
		for _, rule := range s.Choices {
			is(EdgeID(s.Name, rule.Next), "way")
		}
		for _, catcher := range s.Catch {
			if catcher.Next != s.Next { // one arrow is enough
				is(EdgeID(s.Name, catcher.Next), "way error")
			}
		}
		for _, branch := range s.Branches {
			is(EdgeID(s.Name, branch.StartAt), "way")
			for _, last := range branch.States {
				if last.Ends() {
					is(EdgeID(last.Name, s.Name), "way")
				}
			}
		}
	}
	is(EdgeID(Start, "Normalise"), "way")
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Claim":                 "Claim",
		"CheckMaintenance":      "Check|Maintenance",
		"DeliverPagerDuty?":     "Deliver|PagerDuty?",
		"PagerDutyDeadLettered": "PagerDuty|DeadLettered",
		"WaitSlack":             "WaitSlack",
		"Succeeded?":            "Succeeded?",
		"alllowercase":          "alllowercase",
		"Ünïcodé":               "Ünïcodé",
		"":                      "",
	} {
		if got := strings.Join(wrap(name), "|"); got != want {
			t.Errorf("wrap(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestIDsDiffer(t *testing.T) {
	t.Parallel()
	if StateID("Duplicate") == StateID("Duplicate?") || EdgeID("A", "B") == EdgeID("B", "A") {
		t.Error("two things share an id")
	}
	if id := StateID(`a "b<`); strings.ContainsAny(id, ` "<`) {
		t.Errorf("%s is no id", id)
	}
}

func TestDressRefuses(t *testing.T) {
	t.Parallel()
	for _, drawn := range []string{"", "not a picture", "<svg><g></svg>", "<svg/>", `<svg width="9pt" height="9pt"/>`, `<svg width="9pt" height="9pt"><g/></svg>`} {
		if _, err := dress([]byte(drawn), workflow(t)); err == nil {
			t.Errorf("%q is taken for a picture", drawn)
		}
	}
}
