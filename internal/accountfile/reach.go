package accountfile

import (
	"fmt"
	"slices"
	"strings"

	"fanfare/internal/account"
)

// subject is a service or a pipeline in production.
type subject struct{ service, pipeline, environment string }

func (s subject) name() string { return s.service + s.pipeline } // one of them is empty

// alerts are the subjects of whose failures the channel, pagerduty or sns, is told, unless
// their channels leave it out.
func (c *checker) alerts(channel string) []subject {
	all := c.production()
	if channel != "pagerduty" {
		return all
	}
	return slices.DeleteFunc(all, func(s subject) bool {
		if s.pipeline != "" {
			return !c.account.PagerDuty.PagesPipeline(s.pipeline)
		}
		return !c.account.PagerDuty.Pages(s.service)
	})
}

// routed are those of the subjects whose channels do not leave the channel out.
func (c *checker) routed(channel string, subjects []subject) []subject {
	return slices.DeleteFunc(slices.Clone(subjects), func(s subject) bool {
		told := c.account.ToldOf(s.service, s.pipeline, s.environment).Channels
		return len(told) > 0 && !slices.Contains(told, channel)
	})
}

// production are the file's production pipelines, and of the services that may be deployed
// to production one for whatever the file has patterns for. They are asked about as the
// functions will ask, so that nothing that the file says can be taken otherwise here.
func (c *checker) production() []subject {
	a := c.account
	var all []subject
	for _, p := range a.Pipelines {
		if env, _ := a.EnvironmentNamed(p.Environment); env.Production {
			all = append(all, subject{pipeline: p.Name, environment: env.Name})
		}
	}
	clusters := a.Clusters
	if len(clusters) == 0 {
		for _, env := range a.Environments {
			clusters = append(clusters, orAll(env.Clusters)...)
		}
		clusters = examples(clusters)
	}
	seen := map[subject]bool{}
	for _, service := range examples(c.servicePatterns()) {
		for _, cluster := range clusters {
			env, _ := a.EnvironmentOf(cluster, service)
			s := subject{service: service, environment: env.Name}
			if env.Production && !seen[s] {
				seen[s] = true
				all = append(all, s)
			}
		}
	}
	return all
}

// mostPatterns is up to how many patterns each two are put into one another.
const mostPatterns = 500

// servicePatterns are all that the file has for services, one for any, and each two of
// them put into one another, for what only both match: of *-api and shop-*, shop-*-api.
func (c *checker) servicePatterns() []string {
	a := c.account
	var patterns []string
	if a.PagerDuty != nil {
		patterns = append(patterns, a.PagerDuty.Services...)
	}
	patterns = append(patterns, "*")
	for _, s := range a.Services {
		patterns = append(patterns, s.Name)
	}
	for _, env := range a.Environments {
		patterns = append(patterns, env.Services...)
	}
	for _, w := range a.Windows {
		patterns = append(patterns, w.Services...)
	}
	slices.Sort(patterns)
	patterns = slices.Compact(patterns)
	wild := slices.DeleteFunc(slices.Clone(patterns), func(pattern string) bool { return isName(pattern) || pattern == "*" })
	for _, outer := range wild {
		for _, inner := range wild[:min(len(wild), max(0, mostPatterns-len(patterns)))] {
			patterns = append(patterns, strings.Replace(outer, "*", inner, 1))
		}
	}
	return patterns
}

const alphabet = "0xqzjkwvyufbghpmdlcnrtsioea123456789XQZJKWVYUFBGHPMDLCNRTSIOEA_-"

// examples has names that the patterns match, made of a letter that none of them has, so
// that they are matched by no other pattern than one that is for any such name. A * stands
// for a few letters and for many, and for none where a name remains that is one.
func examples(patterns []string) []string {
	letters, taken := alphabet, strings.Join(patterns, "")
	for _, letter := range alphabet {
		if !strings.ContainsRune(taken, letter) {
			letters = string(letter)
			break
		}
	}
	var names []string
	for _, pattern := range patterns {
		if isName(pattern) {
			names = append(names, pattern)
			continue
		}
		for letter := range strings.SplitSeq(letters, "") {
			for _, length := range []int{8, 40} {
				names = append(names, strings.NewReplacer("*", strings.Repeat(letter, length), "?", letter).Replace(pattern))
			}
			const fixed = 3 // so many characters that are no * or ? are as good as a name
			if bare := strings.NewReplacer("*", "", "?", "").Replace(pattern); len(bare) >= fixed && bare[0] != '-' && bare[0] != '_' {
				names = append(names, strings.NewReplacer("*", "", "?", letter).Replace(pattern))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// reachKnown tells that nothing is wrong with what says who is told of what.
func (c *checker) reachKnown() bool {
	return c.sound("clusters", "environments", "services", "pipelines", "pagerduty", "sns")
}

// checkReached refuses pages and texts that nothing can ever set off.
func (c *checker) checkReached() {
	for _, channel := range []string{"pagerduty", "sns"} {
		if !c.configured(channel) || !c.known(channel) || !c.productionKnown() || len(c.account.Environments) == 0 {
			continue
		}
		if !slices.ContainsFunc(c.account.Environments, func(env account.Environment) bool { return env.Production }) {
			c.add(channel, "an environment with production: true", "none", fmt.Sprintf("only production reaches %s: mark it, or take %s out", channel, channel))
			continue
		}
		if !c.reachKnown() {
			continue
		}
		alerts := c.alerts(channel)
		routed := c.routed(channel, alerts)
		switch {
		case len(routed) == 0 && len(alerts) == 0:
			c.add(channel, "a service or pipeline in production", "none that it is for",
				"nothing would ever reach it: the first environment that matches counts, so move those with production: true up")
		case len(routed) == 0:
			c.add(channel, "a service or pipeline in production that is routed to it", "none",
				fmt.Sprintf("nothing would ever reach it: add %s to %s, or take %s out", channel, c.routedBy(alerts), channel))
		case channel == "pagerduty":
			c.checkPaged(alerts, routed)
		}
	}
}

// checkPaged refuses to name services that page, none of which ever does.
func (c *checker) checkPaged(alerts, routed []subject) {
	for i, pattern := range c.account.PagerDuty.Services {
		matches := func(s subject) bool { return s.pipeline == "" && account.Match(pattern, s.service) }
		if slices.ContainsFunc(routed, matches) {
			continue
		}
		advice := "none of them can be in production: the first environment that matches counts; or take it out here"
		if these := slices.DeleteFunc(slices.Clone(alerts), func(s subject) bool { return !matches(s) }); len(these) > 0 {
			advice = fmt.Sprintf("none of them ever would page: add pagerduty to %s, or take it out here", c.routedBy(these))
		}
		c.must(false, at("pagerduty.services", i), "services whose failures page", pattern, advice)
	}
}

// routedBy has the lists of channels that say who is told of the subjects.
func (c *checker) routedBy(subjects []subject) string {
	var lists []string
	for _, s := range subjects {
		if list := c.routedByList(s); !slices.Contains(lists, list) {
			lists = append(lists, list)
		}
	}
	return strings.Join(lists, " or ")
}

func (c *checker) routedByList(s subject) string {
	a := c.account
	if i := slices.IndexFunc(a.Pipelines, func(p account.Pipeline) bool { return p.Name == s.pipeline }); i >= 0 && len(a.Pipelines[i].Channels) > 0 {
		return at("pipelines", i) + ".channels"
	}
	if i := slices.IndexFunc(a.Services, func(e account.Service) bool { return s.pipeline == "" && account.Match(e.Name, s.service) }); i >= 0 && len(a.Services[i].Channels) > 0 {
		return at("services", i) + ".channels"
	}
	return at("environments", slices.IndexFunc(a.Environments, func(env account.Environment) bool { return env.Name == s.environment })) + ".channels"
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
