package recurrence

import (
	"slices"
	"testing"
	"time"
)

func parse(tb testing.TB, spec Spec) Schedule {
	tb.Helper()
	schedule, problems := Parse(spec)
	if problems != nil {
		tb.Fatalf("%+v: %v", spec, problems)
	}
	return schedule
}

func at(tb testing.TB, text string) time.Time {
	tb.Helper()
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		tb.Fatal(err)
	}
	return t
}

// TestAt asks for a moment; the answer is in the schedule's zone.
func TestAt(t *testing.T) {
	t.Parallel()
	const berlin, newYork = "Europe/Berlin", "America/New_York"
	nightly := Spec{"2025-01-01T02:30", "1h", berlin, "FREQ=DAILY"}
	american := Spec{"2025-01-01T02:30", "1h", newYork, "FREQ=DAILY"}
	once := Spec{"2026-06-01T22:00", "4h", berlin, ""}
	sundays := Spec{"2026-01-04T02:00", "2h30m", berlin, "FREQ=MONTHLY;BYDAY=1SU"}
	three := Spec{"2026-01-04T02:00", "2h30m", berlin, "FREQ=MONTHLY;BYDAY=1SU;COUNT=3"}
	until := Spec{"2026-01-04T02:00", "2h30m", berlin, "FREQ=MONTHLY;BYDAY=1SU;UNTIL=20260301T010000Z"}
	for name, test := range map[string]struct {
		spec         Spec
		moment       string
		since, until string // not in force when empty
	}{
		"once, a second before":          {once, "2026-06-01T19:59:59Z", "", ""},
		"once, as it begins":             {once, "2026-06-01T20:00:00Z", "2026-06-01T22:00:00+02:00", "2026-06-02T02:00:00+02:00"},
		"once, the last second":          {once, "2026-06-01T23:59:59Z", "2026-06-01T22:00:00+02:00", "2026-06-02T02:00:00+02:00"},
		"once, as it ends":               {once, "2026-06-02T00:00:00Z", "", ""},
		"once, a year later":             {once, "2027-06-01T20:00:00Z", "", ""},
		"first Sunday":                   {sundays, "2026-02-01T01:00:00Z", "2026-02-01T02:00:00+01:00", "2026-02-01T04:30:00+01:00"},
		"second Sunday":                  {sundays, "2026-02-08T01:00:00Z", "", ""},
		"before the first":               {sundays, "2025-12-07T01:30:00Z", "", ""},
		"first Sunday, much later":       {sundays, "2041-08-04T00:00:00Z", "2041-08-04T02:00:00+02:00", "2041-08-04T04:30:00+02:00"},
		"third of three":                 {three, "2026-03-01T01:30:00Z", "2026-03-01T02:00:00+01:00", "2026-03-01T04:30:00+01:00"},
		"fourth of three":                {three, "2026-04-05T01:30:00Z", "", ""},
		"the last, which UNTIL names":    {until, "2026-03-01T01:30:00Z", "2026-03-01T02:00:00+01:00", "2026-03-01T04:30:00+01:00"},
		"after UNTIL":                    {until, "2026-04-05T01:30:00Z", "", ""},
		"before the calendar":            {sundays, "0001-01-01T00:00:00Z", "", ""},
		"after the calendar":             {sundays, "9999-12-05T01:30:00Z", "", ""},
		"in winter":                      {nightly, "2026-03-28T01:30:00Z", "2026-03-28T02:30:00+01:00", "2026-03-28T03:30:00+01:00"},
		"in summer":                      {nightly, "2026-03-30T00:30:00Z", "2026-03-30T02:30:00+02:00", "2026-03-30T03:30:00+02:00"},
		"02:30 is skipped, before":       {nightly, "2026-03-29T01:29:59Z", "", ""},
		"02:30 is skipped: 03:30":        {nightly, "2026-03-29T01:30:00Z", "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00"},
		"02:30 comes twice: the first":   {nightly, "2026-10-25T00:30:00Z", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"},
		"02:30 comes twice: the second":  {nightly, "2026-10-25T01:30:00Z", "", ""},
		"the night after":                {nightly, "2026-10-26T01:30:00Z", "2026-10-26T02:30:00+01:00", "2026-10-26T03:30:00+01:00"},
		"02:30 is skipped west of UTC":   {american, "2026-03-08T07:30:00Z", "2026-03-08T03:30:00-04:00", "2026-03-08T04:30:00-04:00"},
		"not an hour earlier":            {american, "2026-03-08T06:59:59Z", "", ""},
		"twice, west of UTC: the first":  {Spec{"2025-01-01T01:30", "1h", newYork, "FREQ=DAILY"}, "2026-11-01T05:30:00Z", "2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"},
		"twice, west of UTC: the second": {Spec{"2025-01-01T01:30", "1h", newYork, "FREQ=DAILY"}, "2026-11-01T06:30:00Z", "", ""},
		"a duration is time that passes": {Spec{"2026-03-29T01:00", "4h", berlin, ""}, "2026-03-29T03:59:59Z", "2026-03-29T01:00:00+01:00", "2026-03-29T06:00:00+02:00"},
		"a duration over the hour twice": {Spec{"2026-10-25T01:00", "4h", berlin, ""}, "2026-10-25T02:59:59Z", "2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00"},
		"half an hour of summer":         {Spec{"2026-04-05T01:45", "1h", "Australia/Lord_Howe", ""}, "2026-04-04T14:45:00Z", "2026-04-05T01:45:00+11:00", "2026-04-05T02:15:00+10:30"},
		"what is skipped comes later":    {Spec{"2026-01-01T02:15", "5m", "Australia/Lord_Howe", "FREQ=DAILY;BYMINUTE=15,30"}, "2026-10-03T15:31:00Z", "2026-10-04T02:30:00+11:00", "2026-10-04T02:35:00+11:00"},
		"a day that never was":           {Spec{"2011-12-30T12:00", "1h", "Pacific/Apia", ""}, "2011-12-30T22:00:00Z", "2011-12-31T12:00:00+14:00", "2011-12-31T13:00:00+14:00"},
		"over midnight and the year":     {Spec{"2026-01-31T23:00", "3h", berlin, "FREQ=MONTHLY;BYMONTHDAY=-1"}, "2027-12-31T23:30:00Z", "2027-12-31T23:00:00+01:00", "2028-01-01T02:00:00+01:00"},
		"the 31st, in a short month":     {Spec{"2026-01-31T23:00", "3h", berlin, "FREQ=MONTHLY"}, "2026-04-30T21:30:00Z", "", ""},
		"every second week, this one":    {Spec{"2026-01-05T02:00", "1h", "UTC", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"}, "2031-06-20T02:30:00Z", "2031-06-20T02:00:00Z", "2031-06-20T03:00:00Z"},
		"every second week, the other":   {Spec{"2026-01-05T02:00", "1h", "UTC", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"}, "2031-06-13T02:30:00Z", "", ""},
		"two that touch":                 {Spec{"2026-01-05T02:00", "1h", "UTC", "FREQ=DAILY;BYHOUR=2,3"}, "2026-01-09T03:30:00Z", "2026-01-09T02:00:00Z", "2026-01-09T04:00:00Z"},
		"two that overlap":               {Spec{"2026-01-05T02:00", "90m", "UTC", "FREQ=DAILY;BYHOUR=2,3"}, "2026-01-09T02:00:00Z", "2026-01-09T02:00:00Z", "2026-01-09T04:30:00Z"},
		"two apart":                      {Spec{"2026-01-05T02:00", "1h", "UTC", "FREQ=DAILY;BYHOUR=2,4"}, "2026-01-09T03:00:00Z", "", ""},
		"a whole week that touches none": {Spec{"2026-01-05T00:00", "168h", "UTC", "FREQ=WEEKLY;INTERVAL=2"}, "2026-01-11T23:59:59Z", "2026-01-05T00:00:00Z", "2026-01-12T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			since, until, in := parse(t, test.spec).At(at(t, test.moment))
			if !in {
				since, until = time.Time{}, time.Time{}
			}
			if in != (test.since != "") || in && (since.Format(time.RFC3339) != test.since || until.Format(time.RFC3339) != test.until) {
				t.Errorf("got %v: %v to %v, want %s to %s", in, since, until, test.since, test.until)
			}
		})
	}
}

func TestLongestRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spec        Spec
		least, most time.Duration
	}{
		"once":                        {Spec{"2026-01-04T02:00", "2h30m", "UTC", ""}, 150 * time.Minute, 150 * time.Minute},
		"monthly":                     {good(), 150 * time.Minute, 150 * time.Minute},
		"the last day and the first":  {Spec{"2026-01-01T00:00", "24h", "UTC", "FREQ=MONTHLY;BYMONTHDAY=1,-1"}, 48 * time.Hour, 48 * time.Hour},
		"working days":                {Spec{"2026-01-05T00:00", "24h", "UTC", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"}, 120 * time.Hour, 120 * time.Hour},
		"closer as clocks go forward": {Spec{"2026-01-01T00:00", "20h", "Europe/Berlin", "FREQ=DAILY"}, 43 * time.Hour, 43 * time.Hour},
		"a week at a time, for ever":  {Spec{"2026-01-05T00:00", "168h", "UTC", "FREQ=WEEKLY"}, Week + 1, 30 * 365 * 24 * time.Hour},
		"hourly, for ever":            {Spec{"2026-01-05T00:00", "1h", "UTC", "FREQ=HOURLY"}, Week + 1, 30 * 365 * 24 * time.Hour},
		"twice an hour, for ever":     {Spec{"2026-01-05T00:00", "30m", "UTC", "FREQ=HOURLY;BYMINUTE=0,30"}, Week + 1, 30 * 365 * 24 * time.Hour},
		"hourly, eight days of June":  {Spec{"2026-06-01T00:00", "1h", "UTC", "FREQ=HOURLY;BYMONTH=6;BYMONTHDAY=1,2,3,4,5,6,7,8"}, 192 * time.Hour, 192 * time.Hour},
		"hourly with a minute apart":  {Spec{"2026-01-05T00:00", "59m", "UTC", "FREQ=HOURLY"}, Week + 1, 30 * 365 * 24 * time.Hour},
		"daily with a minute apart":   {Spec{"2026-01-05T00:00", "23h59m", "UTC", "FREQ=DAILY"}, Week + 1, 30 * 365 * 24 * time.Hour},
		"weekly with a minute apart":  {Spec{"2026-01-05T00:00", "167h59m", "UTC", "FREQ=WEEKLY"}, Week + 1, 30 * 365 * 24 * time.Hour},
		"daily, four hours apart":     {Spec{"2026-01-05T00:00", "20h", "UTC", "FREQ=DAILY"}, 20 * time.Hour, 20 * time.Hour},
		"all hours of a day but one":  {Spec{"2026-01-05T00:00", "1h", "UTC", "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22"}, Week + 1, 30 * 365 * 24 * time.Hour},
		"half of each hour":           {Spec{"2026-01-05T00:00", "30m", "UTC", "FREQ=HOURLY"}, 30 * time.Minute, 30 * time.Minute},
		"in years of 53 weeks":        {Spec{"2026-12-28T00:00", "168h", "UTC", "FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO"}, 2 * Week, 2 * Week},
		"three days, counted":         {Spec{"2026-01-05T00:00", "24h", "UTC", "FREQ=DAILY;COUNT=3"}, 72 * time.Hour, 72 * time.Hour},
		"a leap day and the next one": {Spec{"2024-02-29T00:00", "24h", "UTC", "FREQ=YEARLY;BYMONTH=2,3;BYMONTHDAY=29,1"}, 48 * time.Hour, 48 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := LongestRun(parse(t, test.spec)); got < test.least || got > test.most {
				t.Errorf("got %v, want %v to %v", got, test.least, test.most)
			}
		})
	}
}

func TestLongestRunOfSeveral(t *testing.T) {
	t.Parallel()
	whole := Spec{"2026-01-04T02:00", "12h", "UTC", ""}
	for name, test := range map[string]struct {
		specs []Spec
		want  time.Duration
	}{
		"none":                  {nil, 0},
		"one inside another":    {[]Spec{whole, {"2026-01-04T04:00", "1h", "UTC", ""}, {"2026-01-04T15:00", "1h", "UTC", ""}}, 14 * time.Hour},
		"one after another":     {[]Spec{{"2026-01-04T14:00", "2h", "UTC", ""}, whole}, 14 * time.Hour},
		"with hours between":    {[]Spec{{"2026-01-04T18:00", "2h", "UTC", ""}, whole}, 12 * time.Hour},
		"they take turns":       {[]Spec{{"2026-01-04T00:00", "12h", "UTC", "FREQ=DAILY;COUNT=10"}, {"2026-01-04T12:00", "12h", "UTC", "FREQ=DAILY;COUNT=10"}}, 240 * time.Hour},
		"they take turns apart": {[]Spec{{"2026-01-04T00:00", "2h", "UTC", "FREQ=DAILY"}, {"2026-01-04T12:00", "2h", "UTC", "FREQ=DAILY"}}, 2 * time.Hour},
	} {
		schedules := []Schedule{{}} // takes place never
		for _, spec := range test.specs {
			schedules = append(schedules, parse(t, spec))
		}
		if got := LongestRun(schedules...); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// rules are schedules of every kind, to try what must hold for each.
var rules = []Spec{
	{"2015-03-02T02:30", "1h", "Europe/Berlin", "FREQ=DAILY"},
	{"2015-03-02T02:30", "1h", "Europe/Berlin", "FREQ=DAILY;INTERVAL=3"},
	{"2015-03-02T02:30", "1h", "Europe/Berlin", "FREQ=DAILY;INTERVAL=10;BYDAY=MO"},
	{"2015-03-02T02:30", "1h", "America/New_York", "FREQ=HOURLY"},
	{"2015-03-02T02:30", "1h", "America/New_York", "FREQ=HOURLY;INTERVAL=7"},
	{"2015-03-02T02:30", "1h", "America/New_York", "FREQ=HOURLY;INTERVAL=5;BYDAY=MO;BYMONTH=3,10"},
	{"2015-03-04T02:30", "1h", "Asia/Kathmandu", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,SU"},
	{"2015-03-04T02:30", "1h", "Asia/Kathmandu", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,SU;WKST=SU"},
	{"2015-03-04T02:30", "1h", "Asia/Kathmandu", "FREQ=WEEKLY;INTERVAL=5"},
	{"2015-01-31T02:30", "1h", "UTC", "FREQ=MONTHLY"},
	{"2015-01-31T02:30", "1h", "UTC", "FREQ=MONTHLY;INTERVAL=5;BYDAY=-1SA"},
	{"2015-03-02T02:30", "1h", "UTC", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1"},
	{"2016-02-29T02:30", "1h", "UTC", "FREQ=YEARLY"},
	{"2015-03-02T02:30", "1h", "UTC", "FREQ=YEARLY;INTERVAL=3;BYDAY=1MO;BYMONTH=3,11"},
	{"2015-03-09T02:30", "1h", "UTC", "FREQ=YEARLY;BYWEEKNO=10,53;BYDAY=MO;WKST=SU"},
	{"2015-03-02T02:30", "1h", "UTC", "FREQ=YEARLY;BYYEARDAY=61,-1"},
	{"2015-03-02T00:00", "5m", "UTC", "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYMINUTE=0,30"},
	{"2015-03-02T02:30", "1h", "UTC", "FREQ=DAILY;COUNT=900"},
	{"2015-03-02T02:30", "1h", "UTC", "FREQ=MONTHLY;BYDAY=1MO;UNTIL=20310101T000000"},
}

// TestNear compares what is counted from near the moment with what is counted from the
// start.
func TestNear(t *testing.T) {
	t.Parallel()
	for _, spec := range rules {
		schedule := parse(t, spec)
		all := schedule.starts(schedule.start, schedule.start.AddDate(20, 0, 0), 1<<30)
		if len(all) < 4 || !all[0].Equal(schedule.start) {
			t.Errorf("%+v: %d starts: %v", spec, len(all), all)
		}
		for days := -30; days < 19*365; days += 131 {
			from := schedule.start.AddDate(0, 0, days).Add(time.Duration(days) * time.Minute)
			to := from.Add(reach)
			first, _ := slices.BinarySearchFunc(all, from, time.Time.Compare)
			next, _ := slices.BinarySearchFunc(all, to.Add(time.Second), time.Time.Compare)
			want := all[first:next]
			if got := schedule.starts(from, to, mostStarts); !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Fatalf("%+v from %v:\ngot  %v\nwant %v", spec, from, got, want)
			}
		}
	}
}

// TestWeeks asks for every week of every kind of year: the library's tables are indexed
// near their ends.
func TestWeeks(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"MO", "TU", "WE", "TH", "FR", "SA", "SU"} {
		const weeks = "1,2,51,52,53,-1,-2,-51,-52,-53"
		schedule := parse(t, Spec{"2000-01-03T00:00", "1h", "UTC", "FREQ=YEARLY;BYWEEKNO=" + weeks + ";BYDAY=MO,TU,WE,TH,FR,SA,SU;WKST=" + first})
		last := time.Date(lastYear, 12, 31, 0, 0, 0, 0, time.UTC)
		if starts := schedule.starts(schedule.start, last, 1<<30); len(starts) < 300*4*7 {
			t.Errorf("WKST=%s: %d days", first, len(starts))
		}
	}
}

func BenchmarkAt(b *testing.B) {
	moment := at(b, "2199-10-25T00:45:00Z")
	for _, spec := range rules {
		b.Run(spec.Recurrence, func(b *testing.B) {
			schedule := parse(b, spec)
			b.ReportAllocs()
			for b.Loop() {
				schedule.At(moment)
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for name, rule := range map[string]string{"taken": "FREQ=MONTHLY;BYDAY=1SU", "never": "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"} {
		spec := good()
		spec.Recurrence = rule
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(spec)
			}
		})
	}
}

func BenchmarkLongestRun(b *testing.B) {
	for _, rule := range []string{"FREQ=MONTHLY;BYDAY=1SU", "FREQ=HOURLY;BYMINUTE=0,30"} {
		spec := good()
		spec.Recurrence = rule
		schedule := parse(b, spec)
		b.Run(rule, func(b *testing.B) {
			for b.Loop() {
				LongestRun(schedule)
			}
		})
	}
}
