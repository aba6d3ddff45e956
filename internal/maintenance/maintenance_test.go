package maintenance

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The windows of the tests: nightly is every night from 02:30 to 03:30 in Berlin.
var (
	nightly = account.Window{Name: "nightly", Start: "2026-01-01T02:30", Duration: "1h", TimeZone: "Europe/Berlin",
		Recurrence: "FREQ=DAILY", Services: []string{"checkout*"}, Environments: []string{"production"},
		Quiets: []string{"pagerduty", "sns"}, Owner: "team-shop", Reason: "the night's batch"}
	move = account.Window{Name: "move", Start: "2026-06-01T02:00", Duration: "4h", TimeZone: "Europe/Berlin",
		Services: []string{"checkout"}, Pipelines: []string{"checkout-*"}, Quiets: []string{"slack"},
		Owner: "team-data", Reason: "the database moves"}
	also   = func() account.Window { w := move; w.Name = "also"; return w }()
	broken = func() account.Window { w := nightly; w.Name, w.Recurrence = "broken", "FREQ=OFTEN"; return w }()
	nobody = func() account.Window { w := nightly; w.Name, w.Services = "nobody", nil; return w }()
)

func TestCheck(t *testing.T) {
	t.Parallel()
	service := func(name, environment, at string) deployment.Deployment {
		return deployment.Deployment{Source: deployment.ECS, Service: name, Environment: environment, Time: moment(t, at)}
	}
	checkout := func(at string) deployment.Deployment { return service("checkout", "production", at) }
	pipeline := func(name, at string) deployment.Deployment {
		return deployment.Deployment{Source: deployment.CodePipeline, Pipeline: name, Environment: "production", Time: moment(t, at)}
	}
	drill := checkout("2026-06-01T01:00:00Z")
	drill.Drill = &deployment.Drill{Page: true}
	late := checkout("2026-06-01T05:00:00Z")
	late.UpdatedAt = moment(t, "2026-06-01T01:00:00Z")

	all := []account.Window{nightly, move, also, nobody}
	for name, test := range map[string]struct {
		deployment deployment.Deployment
		windows    []account.Window
		want       string // the windows' names, in order
		reason     string
	}{
		"no windows at all":           {checkout("2026-06-01T01:00:00Z"), nil, "", ""},
		"a second before it":          {checkout("2026-01-10T01:29:59Z"), all, "", ""},
		"as it begins":                {checkout("2026-01-10T01:30:00Z"), all, "nightly", ""},
		"the last moment":             {checkout("2026-01-10T02:29:59.999Z"), all, "nightly", ""},
		"as it ends":                  {checkout("2026-01-10T02:30:00Z"), all, "", ""},
		"in summer":                   {checkout("2026-07-10T00:30:00Z"), all, "nightly", ""},
		"in summer, by winter's time": {checkout("2026-07-10T01:30:00Z"), all, "", ""},
		"the hour that is skipped":    {checkout("2026-03-29T01:30:00Z"), all, "nightly", ""},
		"the hour that comes twice":   {checkout("2026-10-25T00:30:00Z"), all, "nightly", ""},
		"its second coming":           {checkout("2026-10-25T01:30:00Z"), all, "", ""},
		"once only, that day":         {checkout("2026-06-01T03:59:59Z"), all, "also move", ""},
		"once only, the next":         {checkout("2026-06-02T03:59:59Z"), all, "", ""},
		"longest first, then by name": {checkout("2026-06-01T00:45:00Z"), all, "also move nightly", ""},
		"another environment":         {service("checkout", "staging", "2026-01-10T01:30:00Z"), all, "", ""},
		"no environment":              {service("checkout", "", "2026-01-10T01:30:00Z"), all, "", ""},
		"another service":             {service("billing", "production", "2026-01-10T01:30:00Z"), all, "", ""},
		"a service of the pattern":    {service("checkout-api", "production", "2026-06-01T00:45:00Z"), all, "nightly", ""},
		"a pipeline":                  {pipeline("checkout-production", "2026-06-01T00:45:00Z"), all, "also move", ""},
		"a pipeline as a service":     {pipeline("checkout", "2026-06-01T00:45:00Z"), all, "", ""},
		"a drill":                     {drill, all, "also move nightly", ""},
		"emitted after, begun within": {late, all, "", ""},
		"an event without a time":     {deployment.Deployment{Service: "checkout", Environment: "production"}, all, "", "the event has no time"},
		"without a time, not named":   {deployment.Deployment{Service: "billing"}, all, "", ""},
		"one that cannot be read": {checkout("2026-01-10T01:30:00Z"), []account.Window{broken, nightly}, "nightly",
			`the window "broken" cannot be read: recurrence: an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU (undefined frequency: OFTEN) expected`},
		"one for others that cannot be read": {service("billing", "production", "2026-01-10T01:30:00Z"), []account.Window{broken}, "", ""},
		"an empty one":                       {checkout("2026-01-10T01:30:00Z"), []account.Window{{}}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Check(test.deployment, test.windows)
			var names []string
			for _, w := range got.Windows {
				names = append(names, w.Name)
			}
			if strings.Join(names, " ") != test.want || got.Reason != test.reason {
				t.Errorf("got %v, %q\nwant %v, %q", names, got.Reason, test.want, test.reason)
			}
			if got.Windows == nil {
				t.Error("the windows are null")
			}
		})
	}
}

// TestWhatIsTold is a whole window, as the document carries it.
func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	d := deployment.Deployment{Service: "checkout", Environment: "production", Time: moment(t, "2026-07-10T00:45:00Z")}
	loud := nightly
	loud.Name, loud.Quiets = "loud", nil
	got, err := json.MarshalIndent(Check(d, []account.Window{nightly, loud}), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "windows": [
    {
      "name": "loud",
      "since": "2026-07-10T02:30:00+02:00",
      "until": "2026-07-10T03:30:00+02:00",
      "quiets": [],
      "owner": "team-shop",
      "reason": "the night's batch"
    },
    {
      "name": "nightly",
      "since": "2026-07-10T02:30:00+02:00",
      "until": "2026-07-10T03:30:00+02:00",
      "quiets": [
        "pagerduty",
        "sns"
      ],
      "owner": "team-shop",
      "reason": "the night's batch"
    }
  ]
}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}

// TestFailOpen lets the lookup of one window break: the others count, and it does not.
func TestFailOpen(t *testing.T) {
	t.Parallel()
	d := deployment.Deployment{Service: "checkout", Environment: "production", Time: moment(t, "2026-06-01T00:45:00Z")}
	for name, test := range map[string]struct {
		fail   func() error
		reason string
	}{
		"an error":        {func() error { return errors.New("no such zone") }, `the window "also" cannot be read: no such zone`},
		"a panic":         {func() error { panic("index out of range") }, `the window "also" cannot be read: panic: index out of range`},
		"a runtime panic": {func() error { return []error{}[len(d.Pipeline)] }, `the window "also" cannot be read: panic: runtime error: index out of range [0] with length 0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			look := func(w account.Window, at time.Time) (since, until time.Time, in bool, err error) {
				if w.Name == "also" {
					return at, at.Add(time.Hour), true, test.fail()
				}
				return inForce(w, at)
			}
			got := check(d, []account.Window{also, nightly, move}, look)
			if len(got.Windows) != 2 || got.Windows[0].Name != "move" || got.Windows[1].Name != "nightly" || got.Reason != test.reason {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestInputIsKept sees that the account file's windows, which every invocation shares, are
// not changed through the result.
func TestInputIsKept(t *testing.T) {
	t.Parallel()
	d := deployment.Deployment{Service: "checkout", Environment: "production", Time: moment(t, "2026-06-01T00:45:00Z")}
	windows := []account.Window{move, also}
	windows[0].Quiets = []string{"slack"}
	got := Check(d, windows)
	for i := range got.Windows {
		got.Windows[i].Quiets[0] = "changed"
	}
	if want := []string{"slack"}; !reflect.DeepEqual(windows[0].Quiets, want) || windows[0].Name != "move" {
		t.Errorf("got %+v", windows)
	}
}

func BenchmarkCheck(b *testing.B) {
	d := deployment.Deployment{Service: "checkout", Environment: "production", Time: time.Date(2026, 6, 1, 0, 45, 0, 0, time.UTC)}
	windows := []account.Window{nightly, move, also, nobody}
	b.ReportAllocs()
	for b.Loop() {
		Check(d, windows)
	}
}
