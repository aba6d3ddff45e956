package needs

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestAnalyse has the calls that each program can make, as people read them.
func TestAnalyse(t *testing.T) {
	found, err := Analyse(".")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("# The calls on AWS that each program can make, and the package that makes them.\n")
	for _, program := range slices.Sorted(maps.Keys(found.Programs)) {
		fmt.Fprintf(&text, "\n%s\n", program)
		for _, call := range found.Programs[program] {
			decrypts := ""
			if call.Decrypts {
				decrypts = ", decrypted"
			}
			fmt.Fprintf(&text, "  %s by %s%s\n", call.Action, call.From, decrypts)
		}
	}
	file := filepath.Join("testdata", "calls.golden.txt")
	if *update {
		if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wanted, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text.String() != string(wanted) {
		t.Errorf("found (-update writes it anew):\n%s\nwanted:\n%s", text.String(), wanted)
	}
	if len(found.Unreached) > 0 {
		t.Errorf("no program leads to %v", found.Unreached)
	}
	folders, err := os.ReadDir(filepath.Join("..", "..", "lambdas"))
	if err != nil || len(folders) != len(found.Programs) {
		t.Errorf("%d programs found of %d, %v", len(found.Programs), len(folders), err)
	}
}

// with analyses the module as it would be with further programs: the bodies of a function
// probe, by the name of the program, to whose main function it is all that there is.
func with(t *testing.T, bodies map[string]string) (Analysis, error) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for name, body := range bodies {
		text, err := os.ReadFile(filepath.Join("testdata", "probe.txt"))
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Join(root, "lambdas", name, "main.go")] = []byte(strings.Replace(string(text), "BODY", body, 1))
	}
	return analyse(".", files)
}

// TestWays follows a call however it is made, and tells of one that somebody else's code
// leads to, which is not followed.
func TestWays(t *testing.T) {
	get, put := Call{Action: "ssm:GetParameter", From: "fanfare/lambdas/NAME"}, Call{Action: "ssm:PutParameter", From: "fanfare/lambdas/NAME"}
	ways := map[string]struct {
		body string
		want []Call
	}{
		"straight":   {"client.GetParameter(ctx, &ssm.GetParameterInput{})", []Call{get}},
		"not-at-all": {"_ = client", nil},
		"interface":  {"var g getter = client; g.GetParameter(ctx, nil)", []Call{get}},
		"one-of-two": {"ask(other{}); _ = store{client}", nil},
		"wrapped":    {"ask(store{client})", []Call{get}},
		"goroutine":  {"go func() { client.GetParameter(ctx, nil) }()", []Call{get}},
		"deferred":   {"defer client.GetParameter(ctx, nil)", []Call{get}},
		"value":      {"f := client.GetParameter; f(ctx, nil)", []Call{get}},
		"expression": {"f := (*ssm.Client).GetParameter; f(client, ctx, nil)", []Call{get}},
		"callback":   {"slices.SortFunc([]int{1, 2}, func(a, b int) int { client.GetParameter(ctx, nil); return a - b })", []Call{get}},
		"registered": {"handlers[0] = func() { client.PutParameter(ctx, nil) }; handlers[0]()", []Call{put}},
		"generic":    {"twice(func() { client.PutParameter(ctx, nil) }, 1)", []Call{put}},
		"decrypted":  {"client.GetParameter(ctx, &ssm.GetParameterInput{WithDecryption: aws.Bool(true)})", []Call{{get.Action, get.From, true}}},
		"hidden":     {"http.DefaultTransport = tripper{client}", nil},
	}
	bodies := map[string]string{}
	for name, way := range ways {
		bodies[name] = way.body
	}
	found, err := with(t, bodies)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Call{{Action: get.Action, From: "fanfare/lambdas/hidden"}}; !slices.Equal(found.Unreached, want) {
		t.Errorf("no program leads to %v, wanted %v", found.Unreached, want)
	}
	for name, way := range ways {
		for i := range way.want {
			way.want[i].From = strings.Replace(way.want[i].From, "NAME", name, 1)
		}
		if !slices.Equal(found.Programs[name], way.want) {
			t.Errorf("%s: found %v, wanted %v", name, found.Programs[name], way.want)
		}
	}
}

// TestNotUnderstood refuses what it would get wrong.
func TestNotUnderstood(t *testing.T) {
	_, err := with(t, map[string]string{
		"paginator": "ssm.NewGetParametersByPathPaginator(client, nil).NextPage(ctx)",
		"service":   "lambda.New(lambda.Options{}).Invoke(ctx, nil)",
		"compound":  "dynamodb.New(dynamodb.Options{}).TransactWriteItems(ctx, nil)",
	})
	for _, want := range []error{errHelper, errService, errCompound} {
		if !errors.Is(err, want) {
			t.Errorf("got %v, wanted %v", err, want)
		}
	}
	if _, err := with(t, map[string]string{"odd": "broken("}); err == nil {
		t.Error("a program that does not compile was understood")
	}
}
