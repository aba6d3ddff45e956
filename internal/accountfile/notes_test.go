package accountfile

import (
	"slices"
	"testing"
	"time"

	"fanfare/internal/account"
)

func TestNotes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	window := func(start, recurrence string, services ...string) account.Window {
		return account.Window{Name: "upgrade", Start: start, Duration: "2h", TimeZone: "Europe/Berlin", Recurrence: recurrence, Services: services}
	}
	listed := []account.Service{{Name: "booking"}, {Name: "berths"}, {Name: "api-1"}, {Name: "mail-*"}}
	for name, test := range map[string]struct {
		account account.Account
		want    []string
	}{
		"nothing": {account.Account{Region: "eu-west-1"}, nil},
		"a region that is none": {account.Account{Region: "eu-centrall-1"},
			[]string{"region: eu-centrall-1 is none that is known here; did you mean eu-central-1?"}},
		"a region of later days": {account.Account{Region: "mars-north-1"}, []string{"region: mars-north-1 is none that is known here"}},
		"names nearly listed": {account.Account{Region: "eu-west-1", Services: listed,
			PagerDuty: &account.PagerDuty{Services: []string{"booking", "bookng", "api-2", "mail-a", "search", "book*"}},
			Windows:   []account.Window{window("2027-01-04T02:00", "", "berth")}},
			[]string{"pagerduty.services[1]: bookng is not listed under services; did you mean booking?",
				"windows[0].services[0]: berth is not listed under services; did you mean berths?"}},
		"a window that is over": {account.Account{Region: "eu-west-1", Windows: []account.Window{window("2025-12-01T03:00", "")}},
			[]string{`windows[0]: "upgrade" is over, and does not come again`}},
		"one that has come for the last time": {account.Account{Region: "eu-west-1", Windows: []account.Window{window("2025-12-01T03:00", "FREQ=DAILY;COUNT=3")}},
			[]string{`windows[0]: "upgrade" is over, and does not come again`}},
		"one that is under way": {account.Account{Region: "eu-west-1", Windows: []account.Window{window("2026-11-21T12:00", "")}}, nil},
		"one that comes again":  {account.Account{Region: "eu-west-1", Windows: []account.Window{window("2025-12-01T03:00", "FREQ=YEARLY")}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Notes(&test.account, now); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
