package doctor

import (
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"fanfare/internal/failure"
)

func TestRun(t *testing.T) {
	t.Parallel()
	broken := func(w *world) { w.pagerDuty = http.StatusBadRequest }
	for name, test := range map[string]struct {
		change  func(*world)
		report  bool
		notices int
		class   any
	}{
		"all is well":            {func(*world) {}, true, 0, nil},
		"a person asks":          {broken, false, 0, nil},
		"the schedule asks":      {broken, true, 1, nil},
		"nobody takes it now":    {func(w *world) { broken(w); w.err["teller"] = failure.Transientf("down") }, true, 1, &failure.Transient{}},
		"nobody takes it at all": {func(w *world) { broken(w); w.err["teller"] = failure.Permanentf("gone") }, true, 1, &failure.Permanent{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			test.change(w)
			result, err := w.doctor().Run(t.Context(), Input{Report: test.report})
			if len(w.notices) != test.notices || reflect.TypeOf(err) != reflect.TypeOf(test.class) || result.Account != "123456789012" || len(result.Checks) == 0 {
				t.Errorf("got %d notices, %T %v, %+v", len(w.notices), err, err, result)
			}
		})
	}
}

// TestReport has what people read.
func TestReport(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world){
		"report-token": func(w *world) { w.refusal = "token_revoked" },
		"report-many": func(w *world) {
			delete(w.secrets, "/fanfare/pagerduty/routing-key")
			w.scopes = "chat:write,channels:read,groups:read"
			w.channels["C0STAGING00"] = `{"id":"C0","is_archived":true}`
			w.token = `{"scopes":["read_api"],"expires_at":"2026-03-15"}`
			w.subscriptions["operations"] = []string{"PendingConfirmation"}
			w.subscriptions["texts"] = nil
			w.depths["fanfare-deliveries-dlq"] = map[string]string{"ApproximateNumberOfMessages": "12", "ApproximateNumberOfMessagesNotVisible": "0"}
		},
		"report-too-many": func(w *world) {
			for i := range 20 {
				w.account.Environments[0].SlackChannel = "C0STAGING00"
				w.account.Services = append(w.account.Services, w.account.Services[0])
				w.account.Services[i+1].SlackChannel = fmt.Sprintf("C0GONE%05d", i)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld()
			change(w)
			if _, err := w.doctor().Run(t.Context(), Input{Report: true}); err != nil || len(w.notices) != 1 {
				t.Fatalf("got %d notices, %v", len(w.notices), err)
			}
			n := w.notices[0]
			hides(t, n)
			golden(t, "testdata/"+name+".golden.txt", n.Subject+"\n\n"+n.Text+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; make it with -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it, then run the test with -update\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

func TestOneOrMore(t *testing.T) {
	t.Parallel()
	if one, two := subject(1), subject(2); !strings.Contains(one, "a problem") || !strings.Contains(two, "2 problems") {
		t.Errorf("got %q, %q", one, two)
	}
}
