package accountfile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/maintenance"
)

// regions are those of AWS that are known here. There may be newer ones, so that another
// one is worth a note, and no more:
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
var regions = strings.Fields(`af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3
	ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6
	ap-southeast-7 ca-central-1 ca-west-1 cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1
	eu-south-2 eu-west-1 eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 me-central-1 me-south-1 mx-central-1
	sa-east-1 us-east-1 us-east-2 us-gov-east-1 us-gov-west-1 us-west-1 us-west-2`)

// Notes tells what in a right account may be a mistake all the same, and what nobody but
// its author can know: names that are nearly those of listed services, a region that is
// not known here, windows that are over by then.
func Notes(a *account.Account, now time.Time) []string {
	var notes []string
	note := func(path, format string, args ...any) { notes = append(notes, path+": "+fmt.Sprintf(format, args...)) }
	if !slices.Contains(regions, a.Region) {
		note("region", "%s is none that is known here%s", a.Region, meant(a.Region, regions))
	}
	unlisted := func(path string, names []string) {
		for i, name := range names {
			if like := likeListed(a, name); like != "" {
				note(at(path, i), "%s is not listed under services%s", name, like)
			}
		}
	}
	if a.PagerDuty != nil {
		unlisted("pagerduty.services", a.PagerDuty.Services)
	}
	for i, w := range a.Windows {
		path := at("windows", i)
		unlisted(path+".services", w.Services)
		if schedule, problems := maintenance.Schedule(w); len(problems) == 0 && schedule.Over(now) {
			note(path, "%q is over, and does not come again", w.Name)
		}
	}
	return notes
}

// likeListed asks after a listed service whose name is nearly this one; empty when the
// name is listed, or a pattern, or like none.
func likeListed(a *account.Account, name string) string {
	if a.ServiceOf(name).Name != "" || !isName(name) {
		return ""
	}
	var listed []string
	for _, s := range a.Services {
		if isName(s.Name) {
			listed = append(listed, s.Name)
		}
	}
	return meant(name, listed)
}

// meant asks after the name that is nearly the word: one letter more, less or other, or
// two of a longer one. What differs in a number alone is another name.
func meant(word string, names []string) string {
	const most = 60 // characters of a name that is worth comparing
	if len(word) < 4 || len(word) > most {
		return ""
	}
	for _, name := range names {
		if distance(word, name) <= 1+len(word)/8 && withoutDigits(word) != withoutDigits(name) {
			return fmt.Sprintf("; did you mean %s?", name)
		}
	}
	return ""
}

func withoutDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, s)
}
