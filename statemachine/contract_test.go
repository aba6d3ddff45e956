package statemachine

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/channel/sns"
	"fanfare/internal/deployment"
	"fanfare/internal/record"
	"fanfare/internal/step"
)

// recordResult stands for the words of record.Result, which are untyped constants.
type recordResult string

// results are what the functions return, by their state.
var results = map[string]*shape{
	"Normalise":        shapeOf(reflect.TypeFor[deployment.Deployment]()),
	"Claim":            shapeOf(reflect.TypeFor[deployment.Claim]()),
	"ResolveTag":       shapeOf(reflect.TypeFor[deployment.Release]()),
	"Commits":          shapeOf(reflect.TypeFor[deployment.Commits]()),
	"CheckMaintenance": shapeOf(reflect.TypeFor[deployment.Maintenance]()),
	"Route": object(map[string]*shape{ // one decision for each channel, always
		channel.Slack:     shapeOf(reflect.TypeFor[deployment.Decision]()),
		channel.PagerDuty: shapeOf(reflect.TypeFor[deployment.Decision]()),
		channel.SNS:       shapeOf(reflect.TypeFor[deployment.Decision]()),
	}),
	"FormatSlack":     {},
	"SendSlack":       shapeOf(reflect.TypeFor[deployment.Delivery]()),
	"FormatPagerDuty": {},
	"SendPagerDuty":   shapeOf(reflect.TypeFor[deployment.Delivery]()),
	"FormatSns":       shapeOf(reflect.TypeFor[sns.Message]()),
	"SendSns":         shapeOf(reflect.TypeFor[deployment.Delivery]()),
	"Record": shapeOf(reflect.TypeFor[record.Result]()).
		with([]string{"result"}, &shape{of: reflect.TypeFor[recordResult]()}),
	"RememberTag": {},
	"Watch":       {},
	"Escalate":    {},
}

// integrationResults are what the workflow's own calls of AWS return:
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
var integrationResults = map[string]*shape{
	"sns:publish":     object(map[string]*shape{"MessageId": shapeOf(reflect.TypeFor[string]())}),
	"sqs:sendMessage": object(map[string]*shape{"MessageId": shapeOf(reflect.TypeFor[string]())}),
}

// caught is what a Catch writes. A Cause is not always there:
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
var caught = object(map[string]*shape{"Error": shapeOf(reflect.TypeFor[string]())})

// contextObject is the part of it that AWS always has, and the local engine too:
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
var contextObject = map[string]*shape{
	"$$.Execution.Id":        shapeOf(reflect.TypeFor[string]()),
	"$$.Execution.Input":     {},
	"$$.Execution.Name":      shapeOf(reflect.TypeFor[string]()),
	"$$.Execution.StartTime": shapeOf(reflect.TypeFor[time.Time]()),
	"$$.State.EnteredTime":   shapeOf(reflect.TypeFor[time.Time]()),
	"$$.State.Name":          shapeOf(reflect.TypeFor[string]()),
	"$$.State.RetryCount":    shapeOf(reflect.TypeFor[int]()),
	"$$.StateMachine.Id":     shapeOf(reflect.TypeFor[string]()),
	"$$.StateMachine.Name":   shapeOf(reflect.TypeFor[string]()),
}

// needs are the keys of the document without which a function cannot do its work. The
// definition hands over the whole document, so that no path says it.
var needs = map[string][]string{
	"Claim":            {"deployment"},
	"ResolveTag":       {"deployment", "claim"},
	"Commits":          {"deployment", "claim", "release"},
	"CheckMaintenance": {"deployment"},
	"Route":            {"deployment", "claim", "release", "commits", "maintenance"},
	"FormatSlack":      {"deployment", "claim", "release", "commits", "maintenance", "plan"},
	"FormatPagerDuty":  {"deployment", "claim", "release", "commits", "maintenance", "plan"},
	"FormatSns":        {"deployment", "claim", "release", "commits", "maintenance", "plan"},
	"SendSlack":        {"deployment", "claim", "release", "commits", "maintenance", "plan", "message"},
	"SendPagerDuty":    {"deployment", "claim", "release", "commits", "maintenance", "plan", "message"},
	"SendSns":          {"deployment", "claim", "release", "commits", "maintenance", "plan", "message"},
	"MarkSns":          {"deployment", "claim", "release", "commits", "maintenance", "plan", "message", "delivery", "published"},
	"Record":           {"deployment", "claim", "release", "commits", "maintenance", "plan", "deliveries"},
	"RememberTag":      {"deployment", "claim", "release"},
	"Watch":            {"deployment", "claim"},
	"Escalate":         {"deployment", "deliveries"},
}

// asides are keys that the workflow writes for people, or for itself, and that the
// functions are given without knowing them.
var asides = map[reflect.Type][]string{
	reflect.TypeFor[step.Document](): {"claimFailure", "releaseFailure", "commitsFailure", "maintenanceFailure", "record", "remembered", "watch", "watchFailure"},
}

// promise is an optional field that is there all the same whenever another one has a
// certain value: the reason why a state behind a Choice may read it.
type promise struct {
	of           reflect.Type
	field, value string
	brings       string
}

var promises = []promise{
	// send.Sender gives the seconds, at least one, with every wait.
	{of: reflect.TypeFor[deployment.Delivery](), field: "outcome", value: string(deployment.Wait), brings: "seconds"},
}

// enumeration returns the words of a type that has only certain ones, and nil for any
// other type. Those of package deployment are read from its source, as reflection does
// not know constants.
func enumeration(t reflect.Type) []string {
	switch {
	case t == reflect.TypeFor[recordResult]():
		return []string{record.Delivered, record.Nothing, record.Incomplete}
	case t.PkgPath() == reflect.TypeFor[deployment.Deployment]().PkgPath():
		return deploymentWords()[t.Name()]
	default:
		return nil
	}
}

var deploymentWords = sync.OnceValue(func() map[string][]string {
	words := map[string][]string{}
	files, _ := filepath.Glob("../internal/deployment/*.go")
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			continue
		}
		for node := range ast.Preorder(file) {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				continue
			}
			of, named := spec.Type.(*ast.Ident)
			word, written := spec.Values[0].(*ast.BasicLit)
			if named && written && word.Kind == token.STRING {
				text, _ := strconv.Unquote(word.Value)
				words[of.Name] = append(words[of.Name], text)
			}
		}
	}
	return words
})

func TestEnumerations(t *testing.T) {
	t.Parallel()
	for of, word := range map[reflect.Type]string{
		reflect.TypeFor[deployment.ClaimOutcome]():   string(deployment.Duplicate),
		reflect.TypeFor[deployment.Outcome]():        string(deployment.Stranded),
		reflect.TypeFor[deployment.ReleaseOutcome](): string(deployment.UnknownRelease),
		reflect.TypeFor[deployment.Status]():         string(deployment.Succeeded),
		reflect.TypeFor[deployment.Verdict]():        string(deployment.Deliver),
	} {
		if words := enumeration(of); len(words) < 3 || !slices.Contains(words, word) {
			t.Errorf("the words of %v were found to be %q, without %q", of, words, word)
		}
	}
	if words := enumeration(reflect.TypeFor[string]()); words != nil {
		t.Errorf("a string was found to have only the words %q", words)
	}
}

// TestContract keeps the tables above in step with Steps and the Go types.
func TestContract(t *testing.T) {
	t.Parallel()
	var states []string
	for _, step := range Steps {
		states = append(states, step.State)
		if step.State != "Normalise" && needs[step.State] == nil {
			t.Errorf("needs does not say what %s needs", step.State)
		}
	}
	slices.Sort(states)
	if known := slices.Sorted(maps.Keys(results)); !slices.Equal(known, states) {
		t.Errorf("results are of %q, Steps of %q", known, states)
	}
	for _, p := range promises {
		fields := jsonFields(p.of)
		if !fields[p.brings].optional {
			t.Errorf("%v.%s is not optional, and needs no promise", p.of, p.brings)
		}
		if words := enumeration(fields[p.field].of); !slices.Contains(words, p.value) {
			t.Errorf("%v.%s is never %q", p.of, p.field, p.value)
		}
	}
}
