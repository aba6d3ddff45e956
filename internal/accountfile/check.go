package accountfile

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"fanfare/internal/account"
)

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	region    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]$`)
	// What ECS takes as a cluster's name:
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
	clusterName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	// What CodePipeline takes as the names of a pipeline and of an artifact:
	// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_PipelineDeclaration.html
	pipelineName = regexp.MustCompile(`^[A-Za-z0-9.@_-]{1,100}$`)
	artifactName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)
	// https://docs.gitlab.com/user/reserved_names/
	projectPath = regexp.MustCompile(`^\w[\w.-]*(/\.?\w[\w.-]*)+$`)
	channelID   = regexp.MustCompile(`^[CDG][A-Z0-9]+$`)
	keyARN      = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
	logGroup    = regexp.MustCompile(`^[A-Za-z0-9_/.#-]{0,512}$`)
	email       = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	phone       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	statuses    = []string{"in_progress", "succeeded", "failed"}
	// What CloudWatch Logs takes:
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

// checker looks for what is wrong with the account that a file was decoded into: first
// with each value, then with those that contradict each other, in as far as they are
// sound by themselves.
type checker struct {
	*report
	account *account.Account
}

func (c *checker) check() {
	c.checkAccount()
	c.checkParameters()
	c.checkEnvironments()
	c.checkPipelines()
	c.checkGitLab()
	c.checkVendors()
	c.checkTold()
	c.checkWindows()

	c.checkShadows()
	c.checkClaims()
	c.checkListedClusters()
	c.checkListedPipelines()
	c.checkReached()
	c.checkQuiet()
	c.checkRoom()
}

// must tells of the value at the path unless it is ok. Nothing is said of a value that
// could not be read.
func (c *checker) must(ok bool, path, expected, found string, advice ...string) {
	if !ok && c.known(path) {
		_, written := c.places[path]
		if found = shown(found); !written {
			found = "nothing"
		}
		c.add(path, expected, found, strings.Join(advice, "; "))
	}
}

// written tells that the file has the path, if only an empty list.
func (c *checker) written(path string) bool {
	_, there := c.places[path]
	return there && c.known(path)
}

// mustHave refuses a list of nothing, and none at all.
func (c *checker) mustHave(length int, path, expected, advice string) {
	if length == 0 && c.known(path) {
		found := "nothing"
		if c.written(path) {
			found = "an empty list"
		}
		c.add(path, expected, found, advice)
	}
}

// notEmpty refuses a list of nothing where that would mean everything.
func (c *checker) notEmpty(length int, path string) {
	if length == 0 && c.written(path) {
		c.add(path, "at least one", "an empty list", "leave the key out if all are meant")
	}
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func (c *checker) checkAccount() {
	a := c.account
	c.must(accountID.MatchString(a.ID), "account", "twelve digits in quotes", a.ID)
	c.must(region.MatchString(a.Region), "region", "an AWS region such as eu-west-1", a.Region)
	c.notEmpty(len(a.Clusters), "clusters")
	for i, cluster := range a.Clusters {
		c.must(clusterName.MatchString(cluster), at("clusters", i), "a cluster's name", cluster, "patterns stand under environments")
	}
	c.mustHave(len(a.Environments), "environments", "at least one environment", "without one nothing is production, and nobody is paged")
	for i, s := range a.Services {
		path := at("services", i)
		c.checkPattern(path+".name", s.Name)
		c.must(s.Project == "" || projectPath.MatchString(s.Project), path+".project", "a GitLab project such as shop/checkout", s.Project)
		after, err := time.ParseDuration(s.StuckAfter)
		c.must(!c.written(path+".stuckAfter") || err == nil && time.Minute <= after && after <= 24*time.Hour && after%time.Minute == 0,
			path+".stuckAfter", "whole minutes from 1m to 24h, such as 45m,", s.StuckAfter)
	}
	for i, name := range a.Sidecars {
		c.must(name != "", at("sidecars", i), "a container's name", name)
	}
	c.must(a.Operations.Email == "" || email.MatchString(a.Operations.Email), "operations.email", "an e-mail address", a.Operations.Email)
	c.must(logGroup.MatchString(fill(a.Logs.Group, "cluster", "service")), "logs.group", "the name of a log group such as /ecs/{cluster}/{service}", a.Logs.Group)
	if !slices.Contains(retentions, a.Logs.RetentionDays) && c.known("logs.retentionDays") {
		c.add("logs.retentionDays", fmt.Sprintf("a number of days that CloudWatch Logs knows %v", retentions), fmt.Sprint(a.Logs.RetentionDays), "")
	}
}

// fill puts something in the place of what a template may name.
func fill(template string, names ...string) string {
	for _, name := range names {
		template = strings.ReplaceAll(template, "{"+name+"}", "x")
	}
	return template
}

func (c *checker) checkEnvironments() {
	for i, env := range c.account.Environments {
		path := at("environments", i)
		c.must(env.Name != "", path+".name", "a name such as production", env.Name)
		c.must(env.Name == "" || !slices.ContainsFunc(c.account.Environments[:i], func(other account.Environment) bool { return other.Name == env.Name }),
			path+".name", "a name that no other environment has", env.Name)
		c.notEmpty(len(env.Clusters), path+".clusters")
		c.notEmpty(len(env.Services), path+".services")
		c.checkPatterns(path+".clusters", env.Clusters)
		c.checkPatterns(path+".services", env.Services)
	}
}

func (c *checker) checkPipelines() {
	a := c.account
	for i, p := range a.Pipelines {
		path := at("pipelines", i)
		c.must(pipelineName.MatchString(p.Name), path+".name", "a pipeline's name (1 to 100 letters, digits and .@_-)", p.Name, "no patterns here")
		for j, other := range a.Pipelines[:i] {
			if p.Name == other.Name {
				c.must(p.Name == "", path+".name", "a name that no other pipeline has", p.Name)
			} else if a.LastRevisionParameter(p.Name) == a.LastRevisionParameter(other.Name) && c.sound("lastRevision", at("pipelines", j)+".name") {
				c.must(false, path+".name", "a pipeline whose last revision has an SSM parameter of its own", p.Name,
					fmt.Sprintf("%s has the same, as an @ becomes an _ there", other.Name))
			}
		}
		c.checkEnvironmentName(path+".environment", p.Environment)
		c.must(p.Project == "" || projectPath.MatchString(p.Project), path+".project", "a GitLab project such as shop/checkout", p.Project)
		c.must(p.Artifact == "" || artifactName.MatchString(p.Artifact), path+".artifact", "an artifact's name (1 to 100 letters, digits and _-)", p.Artifact)
	}
}

// checkEnvironmentName refuses the name of an environment that there is not.
func (c *checker) checkEnvironmentName(path, name string) {
	var names []string
	for i, env := range c.account.Environments {
		if !c.known(at("environments", i) + ".name") {
			return // it may be this one's
		}
		names = append(names, env.Name)
	}
	if !c.known("environments") || len(names) == 0 || name != "" && slices.Contains(names, name) {
		return
	}
	expected, advice := "the name of an environment ("+strings.Join(slices.Compact(names), ", ")+")", ""
	if meant := nearest(name, names); meant != "" {
		advice = fmt.Sprintf("did you mean %s?", meant)
	}
	c.must(false, path, expected, name, advice)
}

func (c *checker) checkGitLab() {
	g := c.account.GitLab
	if g == nil {
		return
	}
	c.checkAddress("gitlab.url", g.URL, account.DefaultGitLab)
	c.must(g.Project == "" || projectPath.MatchString(fill(g.Project, "service")), "gitlab.project", "a GitLab project such as shop/{service}", g.Project)
	c.must(strings.Contains(g.Ref, "{tag}"), "gitlab.ref", "a template with {tag} in it, such as v{tag},", g.Ref)
	compiled, err := regexp.Compile(g.RefPattern)
	c.must(g.RefPattern == "" || err == nil && compiled.SubexpIndex("ref") >= 0, "gitlab.refPattern",
		"a regular expression with a group (?P<ref>…)", g.RefPattern)
	for i, noise := range g.Noise {
		_, err := regexp.Compile(noise)
		c.must(err == nil && noise != "", at("gitlab.noise", i), "a regular expression", noise) // nothing matches everything
	}
}

// checkVendors is about slack, pagerduty and sns, each by itself.
func (c *checker) checkVendors() {
	if !slices.ContainsFunc(channels, c.configured) && c.known(channels...) {
		c.add("slack", "at least one of slack, pagerduty and sns", "none", "nobody would ever be told of anything: add one of them")
	}
	if s := c.account.Slack; s != nil {
		c.must(s.Via == "bot" || s.Via == "webhook", "slack.via", "bot or webhook", s.Via)
		c.checkAddress("slack.url", s.URL, account.DefaultSlack)
		c.must(s.Via == "webhook" || channelID.MatchString(s.Channel), "slack.channel", "a channel's id such as C0123456789, not its name,", s.Channel,
			"Slack shows it at the end of the channel's details")
		c.checkFallback(s)
		c.must(1 <= s.DigestAfter && s.DigestAfter <= 1000, "slack.digestAfter", "a number of messages from 1 to 1000", fmt.Sprint(s.DigestAfter))
	}
	if p := c.account.PagerDuty; p != nil {
		c.checkAddress("pagerduty.url", p.URL, account.DefaultPagerDuty)
		c.checkPatterns("pagerduty.services", p.Services)
		c.checkPatterns("pagerduty.pipelines", p.Pipelines)
		c.mustHave(len(p.Services)+len(c.pagingPipelines()), "pagerduty.services", `at least one pattern ("*" for all services)`, "else nobody is ever paged")
	}
	if s := c.account.SNS; s != nil {
		for i, status := range s.Statuses {
			path := at("sns.statuses", i)
			c.must(slices.Contains(statuses, status), path, "in_progress, succeeded or failed", status)
			c.must(!slices.Contains(s.Statuses[:i], status), path, "each status once", status)
		}
		for i, number := range s.Phones {
			c.must(phone.MatchString(number), at("sns.phones", i), "a number such as +491701234567", number)
		}
	}
}

// checkFallback refuses a fallback that could not be told, or not when it is needed.
func (c *checker) checkFallback(s *account.Slack) {
	const path = "slack.fallback"
	switch {
	case !c.written(path):
	case !channelID.MatchString(s.Fallback):
		c.must(false, path, "a channel's id such as C0123456789, not its name,", s.Fallback, "Slack shows it at the end of the channel's details")
	case s.Via == "webhook" && c.known("slack.via"):
		c.must(false, path, "no Slack channel where slack.via is webhook", s.Fallback, "a webhook has its own channel: use via: bot")
	case s.Fallback == s.Channel:
		c.must(false, path, "another channel than slack.channel", s.Fallback, "it is told when that one cannot be reached")
	}
}

func (c *checker) checkPatterns(path string, patterns []string) {
	for i, pattern := range patterns {
		c.checkPattern(at(path, i), pattern)
	}
}

func (c *checker) checkPattern(path, pattern string) {
	var advice []string
	if pattern != "" {
		advice = []string{"only * (any characters) and ? (one) have a meaning in a pattern"}
	}
	c.must(isPattern(pattern), path, "a pattern such as checkout-*", pattern, advice...)
}

// checkAddress refuses what is no address, and one with a user and a password before an @:
// neither belongs here, and no part of them is repeated.
func (c *checker) checkAddress(path, address, example string) {
	expected := "an address such as " + example
	if strings.Contains(address, "@") && c.known(path) {
		c.add(path, expected, secretFound, "")
		return
	}
	parsed, err := url.Parse(address)
	c.must(err == nil && parsed.Host != "" && (parsed.Scheme == "https" || parsed.Scheme == "http"), path, expected, address)
}
