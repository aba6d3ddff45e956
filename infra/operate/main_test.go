package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/redrive"
)

var update = flag.Bool("update", false, "write the golden files anew")

const execution = "arn:aws:states:eu-west-1:123456789012:execution:fanfare-notify:"

// answers are what the functions answer, one call after another; asked is what they were
// called with.
type answers struct {
	answers []string
	asked   []string
	err     error
	stop    context.CancelFunc
}

func (a *answers) Call(_ context.Context, function string, in, out any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	a.asked = append(a.asked, function+" "+string(text))
	if a.stop != nil {
		a.stop()
		return context.Canceled
	}
	if a.err != nil || len(a.asked) > len(a.answers) {
		return errors.Join(a.err, errNoMore(len(a.asked)-len(a.answers)))
	}
	return json.Unmarshal([]byte(a.answers[len(a.asked)-1]), out)
}

func errNoMore(n int) error {
	if n > 0 {
		return fmt.Errorf("%d calls too many", n)
	}
	return nil
}

// inProject has the test run in the root of a project with one account.
func inProject(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	dir := filepath.Join("infra", "accounts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"shop":  "{account: '123456789012', region: eu-west-1, environments: [{name: all}], slack: {channel: C1}}",
		"wrong": "{account: '1', region: eu-west-1, environments: [{name: all}], slack: {channel: C1}}",
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// call runs the program against functions that answer so.
func call(ctx context.Context, a *answers, args ...string) (code int, out, complaints string) {
	var o, c strings.Builder
	code = run(ctx, args, &o, &c, func(_ context.Context, _ string, of account.Account) (caller, error) {
		if of.ID != "123456789012" {
			return nil, errors.New("another account")
		}
		return a, nil
	})
	return code, o.String(), c.String()
}

func TestMisused(t *testing.T) {
	inProject(t)
	for args, want := range map[string]string{
		"":                       "what is to be done?\n\n" + usage,
		"dance shop":             "dance: redrive, doctor or why expected\n\n" + usage,
		"redrive":                "which account? Name a file in infra/accounts (there are: shop, wrong)\n\n" + usage,
		"why":                    "which account? Name a file in infra/accounts (there are: shop, wrong)\n\n" + usage,
		"why shop":               "which deployment? Name its id, or cluster/service; with make, DEPLOYMENT=production/checkout\n\n" + usage,
		"doctor shop more":       "doctor: nothing more expected after shop, found more\n\n" + usage,
		"doctor -dry shop":       "doctor: flag provided but not defined: -dry\n\n" + usage,
		"redrive nowhere":        "no file infra/accounts/nowhere.yaml; copy infra/accounts/example.yaml and fill it in (there are: shop, wrong)\n",
		"doctor wrong":           "infra/accounts/wrong.yaml:1:11: account: twelve digits in quotes expected, found \"1\"\n1 problem\n",
		"why -json shop a b c d": "why: nothing more expected after a, found b\n\n" + usage,
	} {
		code, out, complaints := call(t.Context(), &answers{}, strings.Fields(args)...)
		if code != misused || out != "" || filepath.ToSlash(complaints) != want {
			t.Errorf("%q: %d, said %s\ncomplained\n%s\nwant\n%s", args, code, out, complaints, want)
		}
	}
	for _, args := range []string{"--help", "redrive -h", "why --help"} {
		if code, out, complaints := call(t.Context(), &answers{}, strings.Fields(args)...); code != fine || out != usage || complaints != "" {
			t.Errorf("%q: %d, %s, %s", args, code, out, complaints)
		}
	}
}

func resultOf(r redrive.Result) string {
	if r.Before.IsZero() {
		r.Before = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// about is an item about checkout's failed deployment of this number.
func about(outcome redrive.Outcome, kept bool, number string) redrive.Item {
	i := redrive.Item{
		Outcome: outcome, Kept: kept, Event: "event-" + number, Service: "checkout", Deployment: "ecs-svc/" + number, Environment: "production",
		Status: deployment.Failed, Time: time.Date(2026, 3, 14, 12, 5, 0, 0, time.UTC), Execution: execution + "redrive-" + number,
		Messages: []redrive.Message{{Queue: redrive.Deliveries, ID: "message-" + number, Channel: "slack", Why: "Unreachable: channel_not_found"}},
	}
	switch {
	case outcome == redrive.Waits:
		i.Execution = ""
	case kept:
		i.Reason = "a reason"
	}
	return i
}

var (
	done = func() redrive.Item {
		i := about(redrive.Done, false, "1")
		i.Channels = []redrive.Channel{
			{Name: "pagerduty", Outcome: redrive.Now, Decision: deployment.ProductionFailure}, {Name: "slack", Outcome: redrive.Earlier},
			{Name: "sns", Outcome: redrive.NotTold, Decision: deployment.LateEvent}}
		return i
	}()
	again = func() redrive.Item {
		i := about(redrive.Incomplete, false, "2")
		i.Channels = []redrive.Channel{{Name: "slack", Outcome: redrive.Again, Reason: "Unreachable: channel_not_found"}}
		return i
	}()
	lost = func() redrive.Item {
		i := about(redrive.Incomplete, true, "3")
		i.Channels = []redrive.Channel{{Name: "slack", Outcome: redrive.Lost}, {Name: "sns", Outcome: redrive.NotTold, Reason: "a later state is shown"}}
		return i
	}()
	meanwhile = func() redrive.Item {
		i := about(redrive.Meanwhile, false, "4")
		i.By = execution + "another"
		return i
	}()
	odd = redrive.Item{Outcome: redrive.Malformed, Kept: true, Reason: "id: an event's id expected, found nothing", Messages: []redrive.Message{{Queue: redrive.Events, ID: "odd"}}}
)

const (
	ill = `{"checks":[{"name":"Slack","ok":false,"problem":"channel_not_found","mend":"Invite Fanfare to the channel C1, then: make redrive ACCOUNT=…"},
		{"name":"PagerDuty","ok":true},{"name":"the ledger","ok":false,"problem":"no answer"}]}`
	well = `{"account":"1","checks":[{"name":"Slack","ok":true},{"name":"PagerDuty","ok":true}]}`
)

func TestGolden(t *testing.T) {
	root, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	inProject(t)
	left := redrive.Left{Events: 1, Deliveries: 2}
	for name, test := range map[string]struct {
		args    string
		code    int
		answers []string
	}{
		"redrive_nothing": {"redrive shop", fine, []string{resultOf(redrive.Result{})}},
		"redrive_all":     {"redrive shop", fine, []string{resultOf(redrive.Result{Items: []redrive.Item{done, meanwhile}})}},
		"redrive_left": {"redrive shop", trouble, []string{
			resultOf(redrive.Result{Items: []redrive.Item{odd, done, again}, More: true, Left: left}),
			resultOf(redrive.Result{Items: []redrive.Item{lost, about(redrive.Failed, true, "5"), about(redrive.UnderWay, true, "6"), about(redrive.NotStarted, true, "7")}, Left: left})}},
		"redrive_elsewhere":  {"redrive shop", trouble, []string{resultOf(redrive.Result{Left: left})}},
		"redrive_no_way_on":  {"redrive shop", trouble, []string{resultOf(redrive.Result{Left: left, More: true})}},
		"redrive_dry":        {"redrive -dry shop", fine, []string{resultOf(redrive.Result{Items: []redrive.Item{about(redrive.Waits, true, "8")}, Left: redrive.Left{Deliveries: 1}})}},
		"redrive_dry_broken": {"redrive -dry shop", trouble, []string{resultOf(redrive.Result{Items: []redrive.Item{odd, about(redrive.Waits, true, "8")}, Left: left})}},
		"redrive_json": {"redrive -json shop", trouble, []string{
			resultOf(redrive.Result{Items: []redrive.Item{done}, More: true, Left: left}), resultOf(redrive.Result{Items: []redrive.Item{again}, Left: left})}},
		"doctor_well": {"doctor shop", fine, []string{well}},
		"doctor_ill":  {"doctor shop", trouble, []string{ill}},
		"doctor_json": {"doctor -json shop", trouble, []string{ill}},
		"why":         {"why shop ecs-svc/1", fine, []string{`{"deployment":"ecs-svc/1","found":true,"text":"It was told.\n"}`}},
		"why_nothing": {"why shop ecs-svc/1", trouble, []string{`{"deployment":"ecs-svc/1","found":false,"text":"Nothing is known: make redrive ACCOUNT=… DRY=1\n"}`}},
		"why_json":    {"why -json shop ecs-svc/1", fine, []string{`{"deployment":"ecs-svc/1","found":true,"text":"It was told.\n"}`}},
	} {
		a := &answers{answers: test.answers}
		code, out, complaints := call(t.Context(), a, strings.Fields(test.args)...)
		if code != test.code || complaints != "" || len(a.asked) != len(test.answers) {
			t.Errorf("%s: %d after %d calls, complained %s", name, code, len(a.asked), complaints)
		}
		file := filepath.Join(root, name+".golden.txt")
		if *update {
			if err := errors.Join(os.MkdirAll(root, 0o755), os.WriteFile(file, []byte(out), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(file); err != nil || out != string(want) {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, out, want)
		}
	}
}

// TestRounds: what was kept is skipped by the calls after it, and what is queued anew waits.
func TestRounds(t *testing.T) {
	inProject(t)
	a := &answers{answers: []string{
		resultOf(redrive.Result{Items: []redrive.Item{odd, done}, More: true}), resultOf(redrive.Result{Items: []redrive.Item{lost}, More: true}), resultOf(redrive.Result{})}}
	if code, _, complaints := call(t.Context(), a, "redrive", "shop"); code != trouble || complaints != "" {
		t.Errorf("%d, %s", code, complaints)
	}
	want := []string{
		`fanfare-redrive {"dryRun":false}`,
		`fanfare-redrive {"dryRun":false,"before":"2026-03-14T12:00:00Z","skip":["odd"]}`,
		`fanfare-redrive {"dryRun":false,"before":"2026-03-14T12:00:00Z","skip":["odd","message-3"]}`,
	}
	if strings.Join(a.asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(a.asked, "\n"), strings.Join(want, "\n"))
	}
}

// TestWords: every outcome has words.
func TestWords(t *testing.T) {
	for _, o := range []redrive.Outcome{redrive.Done, redrive.Incomplete, redrive.Meanwhile, redrive.Failed, redrive.UnderWay, redrive.NotStarted, redrive.Malformed, redrive.Waits} {
		if ends[o] == "" {
			t.Errorf("%s has no words", o)
		}
	}
	for _, o := range []redrive.ChannelOutcome{redrive.Now, redrive.Earlier, redrive.NotTold, redrive.Again, redrive.Lost} {
		if channels[o] == "" {
			t.Errorf("%s has no words", o)
		}
	}
}

func TestTrouble(t *testing.T) {
	inProject(t)
	for _, args := range []string{"redrive shop", "doctor shop", "why shop a"} {
		a := &answers{err: errors.New("the function is gone")}
		if code, out, complaints := call(t.Context(), a, strings.Fields(args)...); code != trouble || out != "" || !strings.HasPrefix(complaints, strings.Fields(args)[0]+": the function is gone") {
			t.Errorf("%s: %d, %s, %s", args, code, out, complaints)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if code, _, complaints := call(ctx, &answers{stop: cancel}, strings.Fields(args)...); code != trouble || !strings.HasPrefix(complaints, "stopped; ") {
			t.Errorf("%s, stopped: %d, %s", args, code, complaints)
		}
	}
	if code, _, complaints := call(t.Context(), &answers{answers: []string{"{}"}}, "doctor", "shop"); code != trouble || !strings.Contains(complaints, "looked at nothing") {
		t.Errorf("a doctor that looks at nothing: %d, %s", code, complaints)
	}
	var complaints strings.Builder
	refuse := func(context.Context, string, account.Account) (caller, error) {
		return nil, errors.New("no credentials")
	}
	if code := run(t.Context(), []string{"doctor", "shop"}, &complaints, &complaints, refuse); code != trouble || complaints.String() != "doctor: no credentials\n" {
		t.Errorf("%d, %s", code, complaints.String())
	}
}
