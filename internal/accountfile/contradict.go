package accountfile

import (
	"fmt"
	"slices"
	"strings"

	"fanfare/internal/account"
)

// orAll is a list of patterns, in which nothing stands for everything.
func orAll(patterns []string) []string {
	if len(patterns) == 0 {
		return []string{"*"}
	}
	return patterns
}

// checkClaims refuses a cluster that two environments claim, where no patterns of
// services tell them apart. A general pattern after a special one is what order is for,
// and allowed; so is an overlap of patterns in which no known cluster is.
func (c *checker) checkClaims() {
	for j, env := range c.account.Environments {
		for k, pattern := range env.Clusters {
			path := fmt.Sprintf("environments[%d].clusters[%d]", j, k)
			for i, earlier := range c.account.Environments[:j] {
				if !coverAll(orAll(earlier.Services), orAll(env.Services)) ||
					!c.sound(path, at("environments", i)+".clusters", at("environments", i)+".services", at("environments", j)+".services") {
					continue
				}
				if claimed, cluster := c.claimed(earlier, pattern); claimed != "" {
					c.must(false, path, "a cluster that no earlier environment claims", pattern,
						fmt.Sprintf("%s is in %s (environments[%d]) by %q: tell them apart by services, or take one out", cluster, earlier.Name, i, claimed))
					break
				}
			}
		}
	}
}

// claimed returns the pattern by which the earlier environment claims what the pattern is
// for, and what that is; empty when it does not.
func (c *checker) claimed(earlier account.Environment, pattern string) (by, what string) {
	for _, other := range orAll(earlier.Clusters) {
		if covers(other, pattern) {
			return other, "all of it"
		}
		if covers(pattern, other) {
			continue
		}
		for _, cluster := range c.account.Clusters {
			if account.Match(other, cluster) && account.Match(pattern, cluster) {
				return other, "cluster " + cluster
			}
		}
	}
	return "", ""
}

// coverAll tells whether each of the narrow patterns is covered.
func coverAll(wide, narrow []string) bool {
	return !slices.ContainsFunc(narrow, func(pattern string) bool { return !coversAny(wide, pattern) })
}

// checkShadows refuses services and environments that can never be the first to match.
func (c *checker) checkShadows() {
	a := c.account
	for j, s := range a.Services {
		path := at("services", j) + ".name"
		for i, earlier := range a.Services[:j] {
			if covers(earlier.Name, s.Name) && c.sound(at("services", i)+".name", path) {
				c.must(false, path, "a pattern of services that no earlier one takes", s.Name,
					fmt.Sprintf("services[%d] (%s) matches them all before: move this one up", i, earlier.Name))
				break
			}
		}
	}
	for j, env := range a.Environments {
		path := at("environments", j)
		if earlier := c.shadowing(j); len(earlier) > 0 {
			c.add(path, "an environment that something can still be in", shown(env.Name),
				strings.Join(earlier, " and ")+" before it takes it all: move this one up, or give it patterns of its own")
			c.doubtful = append(c.doubtful, path+".clusters") // as good as none
		}
	}
}

// shadowing has the names of the environments that take all that the environment j is
// for; none when something is left. One without patterns is there for the pipelines that
// name it.
func (c *checker) shadowing(j int) []string {
	env := c.account.Environments[j]
	named := slices.ContainsFunc(c.account.Pipelines, func(p account.Pipeline) bool { return p.Environment == env.Name })
	path := at("environments", j)
	if !c.sound(path+".clusters", path+".services") || named && len(env.Clusters)+len(env.Services) == 0 {
		return nil
	}
	clusters := orAll(env.Clusters)
	if listed := c.listed(clusters); len(listed) > 0 {
		clusters = listed
	}
	var names []string
	for _, cluster := range clusters {
		i := slices.IndexFunc(c.account.Environments[:j], func(earlier account.Environment) bool {
			return coversAny(orAll(earlier.Clusters), cluster) && coverAll(orAll(earlier.Services), orAll(env.Services))
		})
		if i < 0 || !c.sound(at("environments", i)+".clusters", at("environments", i)+".services") {
			return nil
		}
		if name := c.account.Environments[i].Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// listed has those of the file's clusters that one of the patterns matches.
func (c *checker) listed(patterns []string) []string {
	var names []string
	for _, cluster := range c.account.Clusters {
		if slices.ContainsFunc(patterns, func(pattern string) bool { return account.Match(pattern, cluster) }) {
			names = append(names, cluster)
		}
	}
	return names
}

// checkListedClusters holds the clusters that are told of against the environments.
func (c *checker) checkListedClusters() {
	a := c.account
	if len(a.Clusters) == 0 || !c.known("clusters", "environments") {
		return
	}
	var patterns []string
	complete := len(a.Environments) > 0
	for i, env := range a.Environments {
		path := at("environments", i) + ".clusters"
		complete = complete && c.sound(path) && c.known(at("environments", i))
		patterns = append(patterns, orAll(env.Clusters)...)
		for k, pattern := range env.Clusters {
			if c.sound("clusters", at(path, k)) && len(c.listed([]string{pattern})) == 0 {
				c.must(false, at(path, k), "a pattern that matches one of the listed clusters", pattern, "no other is told of: add it to clusters, or take it out here")
			}
		}
	}
	for i, cluster := range a.Clusters {
		path := at("clusters", i)
		c.must(!slices.Contains(a.Clusters[:i], cluster), path, "each cluster once", cluster)
		if complete && c.sound(path) {
			c.must(coversAny(patterns, cluster), path, "a cluster that is in an environment", cluster, "add it to one, or nobody knows whether it is production")
		}
	}
}

// checkListedPipelines refuses patterns of pipelines that none of the file's is like. All
// of none may be said.
func (c *checker) checkListedPipelines() {
	a := c.account
	if !c.pipelinesKnown() {
		return
	}
	production := func(p account.Pipeline) bool {
		env, ok := a.EnvironmentNamed(p.Environment)
		return ok && env.Production
	}
	if a.PagerDuty != nil {
		c.checkMatches("pagerduty.pipelines", a.PagerDuty.Pipelines, "a pattern of a production pipeline of this file", production)
	}
	for i, w := range a.Windows {
		path := at("windows", i)
		if c.sound(path + ".environments") {
			c.checkMatches(path+".pipelines", w.Pipelines, "a pattern of a pipeline of this file, in the window's environments", func(p account.Pipeline) bool {
				return len(w.Environments) == 0 || slices.Contains(w.Environments, p.Environment)
			})
		}
	}
}

// pipelinesKnown tells that it is known which pipelines there are, and which of them are
// production.
func (c *checker) pipelinesKnown() bool {
	return c.productionKnown() && c.soundEach("pipelines", len(c.account.Pipelines), ".name", ".environment")
}

func (c *checker) checkMatches(path string, patterns []string, expected string, wanted func(account.Pipeline) bool) {
	for i, pattern := range patterns {
		matched := slices.ContainsFunc(c.account.Pipelines, func(p account.Pipeline) bool {
			return account.Match(pattern, p.Name) && wanted(p)
		})
		if element := at(path, i); pattern != "*" && c.sound(element) {
			c.must(matched, element, expected, pattern, "see pipelines")
		}
	}
}
