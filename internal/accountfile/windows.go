package accountfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"fanfare/internal/account"
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

// checkTimes is about when a window takes place.
func (c *checker) checkTimes(path string, w account.Window) {
	schedule, problems := recurrence.Parse(recurrence.Spec{Start: w.Start, Duration: w.Duration, TimeZone: w.TimeZone, Recurrence: w.Recurrence})
	values := map[string]string{"start": w.Start, "duration": w.Duration, "timeZone": w.TimeZone, "recurrence": w.Recurrence}
	for _, p := range problems {
		c.must(false, path+"."+p.Field, p.Expected, values[p.Field])
	}
	if longest := schedule.LongestRun(); longest > recurrence.Week {
		c.must(false, path+".duration", "a week at most without a pause", w.Duration,
			fmt.Sprintf("it comes again before it has ended, and so lasts for %d days or longer", longest/(24*time.Hour)))
	}
}

// pagingPipelines are the file's pipelines whose failures page.
func (c *checker) pagingPipelines() []string {
	var names []string
	for _, p := range c.account.Pipelines {
		if env, _ := c.account.EnvironmentNamed(p.Environment); env.Production && c.account.PagerDuty.PagesPipeline(p.Name) {
			names = append(names, p.Name)
		}
	}
	return names
}

// checkQuiet refuses a window in which nobody could be paged, whatever fails.
func (c *checker) checkQuiet() {
	if c.account.PagerDuty == nil || !c.sound("pagerduty.services", "pagerduty.pipelines") || !c.pipelinesKnown() {
		return
	}
	for i, w := range c.account.Windows {
		path := at("windows", i)
		if c.sound(path+".services", path+".pipelines", path+".environments", path+".quiets") && c.quietsEveryPage(w) {
			c.must(false, path+".quiets", "a window that leaves some production page", strings.Join(w.Quiets, ", "),
				"nobody would be paged at all: name only the services and pipelines that are worked on")
		}
	}
}

func (c *checker) quietsEveryPage(w account.Window) bool {
	if !slices.Contains(w.Quiets, "pagerduty") {
		return false
	}
	somewhere := false
	for _, env := range c.account.Environments {
		somewhere = somewhere || env.Production
		if env.Production && len(w.Environments) > 0 && !slices.Contains(w.Environments, env.Name) {
			return false
		}
	}
	services, pipelines := c.account.PagerDuty.Services, c.pagingPipelines()
	if !somewhere || !coverAll(w.Services, services) || !coverAll(w.Pipelines, pipelines) {
		return false
	}
	// Where one thing alone pages, no work on it could else be planned.
	exact := func(patterns []string) bool {
		return !slices.ContainsFunc(patterns, func(pattern string) bool { return !isName(pattern) })
	}
	alone := len(services)+len(pipelines) == 1 && exact(services) && exact(w.Services) && exact(w.Pipelines)
	return !alone
}
