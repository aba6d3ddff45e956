package recurrence

import (
	"strings"
	"testing"
	"time"
)

// good is a schedule in which the tests replace one thing.
func good() Spec {
	return Spec{Start: "2026-01-04T02:00", Duration: "2h30m", TimeZone: "Europe/Berlin", Recurrence: "FREQ=MONTHLY;BYDAY=1SU"}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const (
		start    = "start: a local time in the years 2000 to 2199, such as 2026-01-04T02:00"
		duration = "duration: whole minutes, from 1m to 168h, such as 2h30m, or 24h for a day"
		zone     = "timeZone: the name of an IANA time zone, such as Europe/Berlin or UTC"
		keys     = "recurrence: KEY=VALUE with a key of FREQ, INTERVAL, COUNT, UNTIL, WKST, BYMONTH, BYWEEKNO, BYYEARDAY, " +
			"BYMONTHDAY, BYDAY, BYHOUR, BYMINUTE, BYSETPOS in each part"
		frequency = "recurrence: FREQ of YEARLY, MONTHLY, WEEKLY, DAILY or HOURLY"
		never     = "recurrence: a rule that names at least one day after the start"
		dtstart   = "recurrence: start and timeZone in place of DTSTART and TZID"
		until     = "recurrence: UNTIL as a time such as 20261231T235959"
	)
	rule := func(text string) func(*Spec) { return func(s *Spec) { s.Recurrence = text } }
	for name, test := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"nothing at all":         {func(s *Spec) { *s = Spec{} }, start + "\n" + duration + "\n" + zone},
		"everything is wrong":    {func(s *Spec) { *s = Spec{"soon", "long", "here", "often"} }, start + "\n" + duration + "\n" + zone + "\n" + keys},
		"start with a zone":      {func(s *Spec) { s.Start = "2026-01-04T02:00Z" }, start},
		"start is a date":        {func(s *Spec) { s.Start = "2026-01-04" }, start},
		"start with fractions":   {func(s *Spec) { s.Start = "2026-01-04T02:00:00.5" }, start},
		"start on no day":        {func(s *Spec) { s.Start = "2026-02-30T02:00" }, start},
		"start is long ago":      {func(s *Spec) { s.Start = "1999-12-31T23:59" }, start},
		"start is far off":       {func(s *Spec) { s.Start = "2200-01-01T00:00" }, start},
		"start not in the rule":  {func(s *Spec) { s.Start = "2026-01-05T02:00" }, "start: a time that the recurrence names, such as 2026-02-01T02:00"},
		"no duration":            {func(s *Spec) { s.Duration = "0h" }, duration},
		"negative duration":      {func(s *Spec) { s.Duration = "-2h" }, duration},
		"duration under 1m":      {func(s *Spec) { s.Duration = "59s" }, duration},
		"duration of parts":      {func(s *Spec) { s.Duration = "90s" }, duration},
		"duration over a week":   {func(s *Spec) { s.Duration = "168h1m" }, duration},
		"duration in days":       {func(s *Spec) { s.Duration = "1d" }, duration},
		"duration of ISO 8601":   {func(s *Spec) { s.Duration = "PT2H" }, duration},
		"zone of the machine":    {func(s *Spec) { s.TimeZone = "Local" }, zone},
		"zone in small letters":  {func(s *Spec) { s.TimeZone = "europe/berlin" }, zone},
		"zone of a copy":         {func(s *Spec) { s.TimeZone = "posix/Europe/Berlin" }, zone},
		"zone by its letters":    {func(s *Spec) { s.TimeZone = "CET" }, zone},
		"zone that is none":      {func(s *Spec) { s.TimeZone = "Europe/Atlantis" }, zone},
		"zone that is a path":    {func(s *Spec) { s.TimeZone = "../../etc/passwd" }, zone},
		"rule without FREQ":      {rule("BYDAY=MO"), "recurrence: an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU (RRULE property FREQ is required)"},
		"unknown FREQ":           {rule("FREQ=OFTEN"), "recurrence: an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU (undefined frequency: OFTEN)"},
		"every minute":           {rule("FREQ=MINUTELY"), frequency},
		"every second":           {rule("FREQ=SECONDLY"), frequency},
		"cron":                   {rule("0 2 * * 0"), keys},
		"unknown key":            {rule("FREQ=DAILY;BYDAYS=MO"), keys},
		"empty part":             {rule("FREQ=DAILY;"), keys},
		"key without value":      {rule("FREQ=DAILY;BYDAY="), "recurrence: an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU (BYDAY option has no value)"},
		"seconds":                {rule("FREQ=DAILY;BYSECOND=0,30"), keys},
		"easter":                 {rule("FREQ=YEARLY;BYEASTER=-400"), keys},
		"key twice":              {rule("FREQ=DAILY;BYHOUR=2;BYHOUR=3"), "recurrence: BYHOUR once"},
		"with its name":          {rule("RRULE:FREQ=DAILY"), "recurrence: a rule without RRULE: in front"},
		"start in the rule":      {rule("FREQ=DAILY;DTSTART=20260104T020000"), dtstart},
		"two lines":              {rule("DTSTART;TZID=Europe/Paris:20260104T020000\nRRULE:FREQ=DAILY"), dtstart},
		"COUNT and UNTIL":        {rule("FREQ=DAILY;COUNT=3;UNTIL=20261231T000000"), "recurrence: COUNT or UNTIL, not both"},
		"COUNT of none":          {rule("FREQ=DAILY;COUNT=0"), "recurrence: COUNT from 1 to 1000"},
		"COUNT of too many":      {rule("FREQ=DAILY;COUNT=1001"), "recurrence: COUNT from 1 to 1000"},
		"INTERVAL of none":       {rule("FREQ=DAILY;INTERVAL=0"), "recurrence: INTERVAL from 1 to 1000"},
		"INTERVAL beyond all":    {rule("FREQ=YEARLY;INTERVAL=9223372036854775807"), "recurrence: INTERVAL from 1 to 1000"},
		"UNTIL is a day":         {rule("FREQ=DAILY;UNTIL=20261231"), until},
		"UNTIL is nonsense":      {rule("FREQ=DAILY;UNTIL=20261331T000000"), "recurrence: an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU (parsing time \"20261331T000000\": month out of range)"},
		"UNTIL before the start": {rule("FREQ=MONTHLY;BYDAY=1SU;UNTIL=20251231T000000"), "recurrence: an UNTIL after the start"},
		"hour of no day":         {rule("FREQ=DAILY;BYHOUR=24"), "recurrence: every number in its range (byhour must be between 0 and 23)"},
		"day that never comes":   {rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), never},
		"never, by the day":      {rule("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), never},
		"never, by the hour":     {rule("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"), never},
		"never that many":        {rule("FREQ=MONTHLY;BYSETPOS=2"), never},
		"hour stepped over":      {rule("FREQ=HOURLY;INTERVAL=2;BYHOUR=3"), "recurrence: BYHOUR with another FREQ than HOURLY, such as DAILY"},
		"sixth Sunday":           {rule("FREQ=MONTHLY;BYDAY=-6SU"), "recurrence: numbers from -5 to 5 in BYDAY"},
		"sixth Sunday in June":   {rule("FREQ=YEARLY;BYMONTH=6;BYDAY=53SU"), "recurrence: numbers from -5 to 5 in BYDAY"},
		"first Sunday of a week": {rule("FREQ=WEEKLY;BYDAY=1SU"), "recurrence: numbers in BYDAY only with FREQ=MONTHLY, or YEARLY without BYWEEKNO"},
		"numbered and not":       {rule("FREQ=MONTHLY;BYDAY=1SU,MO"), "recurrence: numbers on all days of BYDAY, or on none"},
		"week of a month":        {rule("FREQ=MONTHLY;BYWEEKNO=3"), "recurrence: BYWEEKNO only with FREQ=YEARLY"},
		"day of the year":        {rule("FREQ=DAILY;BYYEARDAY=3"), "recurrence: BYYEARDAY only with FREQ=YEARLY or HOURLY"},
		"date of a week":         {rule("FREQ=WEEKLY;BYMONTHDAY=3"), "recurrence: BYMONTHDAY with another FREQ than WEEKLY"},
		"place in a week":        {rule("FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1"), "recurrence: BYSETPOS only with FREQ=YEARLY or MONTHLY"},
		"too often":              {rule("FREQ=HOURLY;BYMINUTE=0,20,40"), "recurrence: at most 48 starts a day"},
		"too long":               {rule("FREQ=DAILY;BYHOUR=2" + strings.Repeat(",2", 300)), "recurrence: a rule of at most 500 characters"},
		"several at once": {func(s *Spec) { s.Duration, s.Recurrence = "1y", "FREQ=MINUTELY;INTERVAL=0;COUNT=0" },
			duration + "\n" + frequency + "\nrecurrence: INTERVAL from 1 to 1000\nrecurrence: COUNT from 1 to 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := good()
			test.change(&spec)
			schedule, problems := Parse(spec)
			var lines []string
			for _, p := range problems {
				lines = append(lines, p.Field+": "+p.Expected)
			}
			if got := strings.Join(lines, "\n"); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if _, _, in := schedule.At(time.Date(2026, 1, 4, 1, 30, 0, 0, time.UTC)); in || LongestRun(schedule) != 0 {
				t.Error("a schedule with problems takes place")
			}
		})
	}
}

func TestParseTakes(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Spec){
		"as it is":          func(*Spec) {},
		"once":              func(s *Spec) { s.Recurrence = "" },
		"with seconds":      func(s *Spec) { s.Start = "2026-01-04T02:00:30" },
		"a minute":          func(s *Spec) { s.Duration = "60s" },
		"a week":            func(s *Spec) { s.Duration = "168h" },
		"UTC":               func(s *Spec) { s.TimeZone = "UTC" },
		"three words":       func(s *Spec) { s.TimeZone = "America/Argentina/Buenos_Aires" },
		"a fixed zone":      func(s *Spec) { s.TimeZone = "Etc/GMT+5" },
		"UNTIL in UTC":      func(s *Spec) { s.Recurrence += ";UNTIL=20261231T235959Z" },
		"UNTIL the start":   func(s *Spec) { s.Recurrence += ";UNTIL=20260104T020000" },
		"every week number": func(s *Spec) { s.Start, s.Recurrence = "2026-12-28T02:00", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=MO" },
		"a leap day":        func(s *Spec) { s.Start, s.Recurrence = "2024-02-29T02:00", "FREQ=YEARLY" },
		"twice an hour":     func(s *Spec) { s.Recurrence = "FREQ=HOURLY;BYMINUTE=0,30" },
		"repeated numbers":  func(s *Spec) { s.Recurrence = "FREQ=DAILY;BYHOUR=" + strings.Repeat("2,", 60) + "2" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := good()
			change(&spec)
			if _, problems := Parse(spec); problems != nil {
				t.Errorf("%+v: %v", spec, problems)
			}
		})
	}
}
