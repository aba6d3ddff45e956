package accountfile

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/maintenance"
	"fanfare/internal/recurrence"
)

// oneLine is what a window's name, owner and reason look like: they stand in messages.
var oneLine = regexp.MustCompile(`^[^\pC\s]([^\pC]{0,198}[^\pC\s])?$`)

func (c *checker) checkWindows() {
	for i, w := range c.account.Windows {
		path := at("windows", i)
		c.must(oneLine.MatchString(w.Name), path+".name", "a name such as database upgrade (one line, at most 200 characters)", w.Name)
		c.must(w.Name == "" || !slices.ContainsFunc(c.account.Windows[:i], func(other account.Window) bool { return other.Name == w.Name }),
			path+".name", "a name that no other window has", w.Name)
		c.must(oneLine.MatchString(w.Owner), path+".owner", "who is asked about it (one line, at most 200 characters)", w.Owner)
		c.must(oneLine.MatchString(w.Reason), path+".reason", "what is worked on (one line, at most 200 characters)", w.Reason)
		c.checkTimes(path, w)
		c.checkPatterns(path+".services", w.Services)
		c.checkPatterns(path+".pipelines", w.Pipelines)
		if len(w.Services) == 0 && len(w.Pipelines) == 0 && c.known(path+".services", path+".pipelines") {
			c.add(path, "services or pipelines that are worked on", "neither", "a window is only for what it names")
		}
		c.notEmpty(len(w.Environments), path+".environments")
		for j, name := range w.Environments {
			c.checkEnvironmentName(at(path+".environments", j), name)
		}
		quiets := path + ".quiets"
		c.checkChannels(quiets, w.Quiets)
		c.mustHave(len(w.Quiets), quiets, "the channels that are told nothing (slack, pagerduty, sns)", "")
	}
}

// lasting is a time of more than a week in words.
func lasting(long time.Duration) string {
	if days := long / (24 * time.Hour); days < 365 {
		return fmt.Sprintf("%d days", days)
	}
	return "years"
}

// checkTimes is about when a window takes place.
func (c *checker) checkTimes(path string, w account.Window) {
	schedule, problems := maintenance.Schedule(w)
	values := map[string]string{"start": w.Start, "duration": w.Duration, "timeZone": w.TimeZone, "recurrence": w.Recurrence}
	for _, p := range problems {
		c.must(false, path+"."+p.Field, p.Expected, values[p.Field])
	}
	if longest := recurrence.LongestRun(schedule); longest > recurrence.Week {
		c.must(false, path+".duration", "a week at most without a pause", w.Duration,
			fmt.Sprintf("it comes again so soon that it lasts for %s: make it shorter, or leave four hours between", lasting(longest)))
	}
}
