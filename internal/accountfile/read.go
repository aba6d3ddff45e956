// Package accountfile reads the file that a person writes about an AWS account, and tells
// every mistake in it. It is kept apart from package account, so that no function carries
// along what reads YAML.
package accountfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"fanfare/internal/account"
)

// Read reads an account file (YAML) and checks it. All problems are told at once.
func Read(file string) (*account.Account, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the account file: %w", err)
	}
	a, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return a, nil
}

// Parse reads the text of an account file, fills in the defaults and checks it.
func Parse(text []byte) (*account.Account, error) {
	var a account.Account
	if err := decode(text, &a); err != nil {
		return nil, err
	}
	fillIn(&a)
	return &a, check(&a)
}

func decode(text []byte, a *account.Account) (err error) {
	// The YAML library stumbles over some tags, such as CloudFormation's !Ref.
	defer func() {
		if stumbled := recover(); stumbled != nil {
			err = errors.New("YAML without tags (!…) expected, found something that cannot be read")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField())
	// An empty file is one in which everything is missing.
	if err := decoder.Decode(a); err != nil && !errors.Is(err, io.EOF) {
		return errors.New(yaml.FormatError(err, false, true))
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("one account expected, found something after ---")
	}
	return noneLeftEmpty(text)
}

// noneLeftEmpty refuses a channel whose key stands there with nothing behind it: it
// would be off, which nobody who writes the key means.
func noneLeftEmpty(text []byte) error {
	var keys map[string]any
	if err := yaml.Unmarshal(text, &keys); err != nil {
		return nil // what is no mapping was told above
	}
	var problems []error
	for _, key := range []string{"gitlab", "slack", "pagerduty", "sns"} {
		if value, there := keys[key]; there && value == nil {
			problems = append(problems, fmt.Errorf("%s: settings expected, found nothing; leave the key out to turn it off", key))
		}
	}
	return errors.Join(problems...)
}

func fillIn(a *account.Account) {
	setDefault(&a.LastTag, account.DefaultLastTag)
	setDefault(&a.LastRevision, account.DefaultLastRevision)
	setDefault(&a.Secrets.Prefix, account.DefaultPrefix)
	if a.Logs.RetentionDays == 0 {
		a.Logs.RetentionDays = account.DefaultRetention
	}
	if a.GitLab != nil {
		setDefault(&a.GitLab.URL, account.DefaultGitLab)
		setDefault(&a.GitLab.Ref, "{tag}")
	}
	if a.Slack != nil {
		setDefault(&a.Slack.URL, account.DefaultSlack)
		setDefault(&a.Slack.Via, "bot")
	}
	if a.PagerDuty != nil {
		setDefault(&a.PagerDuty.URL, account.DefaultPagerDuty)
		if a.PagerDuty.Pipelines == nil {
			a.PagerDuty.Pipelines = []string{"*"}
		}
	}
	if a.SNS != nil && len(a.SNS.Statuses) == 0 {
		a.SNS.Statuses = []string{"failed"}
	}
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

var (
	accountID = regexp.MustCompile(`^[0-9]{12}$`)
	region    = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
	ssmName   = regexp.MustCompile(`^(/[A-Za-z0-9_.{}-]+)+$`)
	// What ECS takes as a cluster's name:
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
	clusterName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)
	channelID   = regexp.MustCompile(`^[CDG][A-Z0-9]+$`)
	keyARN      = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$`)
	logGroup    = regexp.MustCompile(`^[A-Za-z0-9_/.#{}-]{0,512}$`)
	email       = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	phone       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	// What CloudWatch Logs takes:
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
	retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

// check returns every problem of the file, one a line.
func check(a *account.Account) error {
	var problems []error
	problem := func(field, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", field, fmt.Sprintf(format, args...)))
	}
	must := func(ok bool, field, expected, found string) {
		if !ok {
			problem(field, "%s expected, found %q", expected, found)
		}
	}
	must(accountID.MatchString(a.ID), "account", "twelve digits in quotes", a.ID)
	must(region.MatchString(a.Region), "region", "an AWS region such as eu-west-1", a.Region)
	must(ssmName.MatchString(a.LastTag), "lastTag", "an SSM parameter name such as "+account.DefaultLastTag, a.LastTag)
	must(strings.Contains(a.LastTag, "{service}"), "lastTag", "a name with {service} in it, as each service has its own,", a.LastTag)
	must(ssmName.MatchString(a.Secrets.Prefix), "secrets.prefix", "the beginning of an SSM parameter name, such as /fanfare,", a.Secrets.Prefix)
	// Whoever may write last good tags could else write secrets.
	if tags, _, _ := strings.Cut(a.LastTag, "{"); strings.HasPrefix(tags, a.Secrets.Prefix+"/") || strings.HasPrefix(a.Secrets.Prefix+"/", tags) {
		problem("lastTag", "a name that cannot be that of a secret below %s expected, found %q", a.Secrets.Prefix, a.LastTag)
	}
	must(a.Secrets.KeyARN == "" || keyARN.MatchString(a.Secrets.KeyARN), "secrets.keyArn", "the ARN of a KMS key (arn:aws:kms:…:key/…)", a.Secrets.KeyARN)
	must(logGroup.MatchString(a.Logs.Group), "logs.group", "the name of a log group such as /ecs/{cluster}/{service}", a.Logs.Group)
	must(a.Operations.Email == "" || email.MatchString(a.Operations.Email), "operations.email", "an e-mail address", a.Operations.Email)
	for i, cluster := range a.Clusters {
		must(clusterName.MatchString(cluster), fmt.Sprintf("clusters[%d]", i), "a cluster's name (a pattern may stand under environments)", cluster)
	}
	if !slices.Contains(retentions, a.Logs.RetentionDays) {
		problem("logs.retentionDays", "a number of days that CloudWatch Logs knows (%v) expected, found %d", retentions, a.Logs.RetentionDays)
	}
	if len(a.Environments) == 0 {
		problem("environments", "at least one expected, else nothing is production and nobody is paged")
	}
	for i, env := range a.Environments {
		field := fmt.Sprintf("environments[%d]", i)
		must(env.Name != "", field+".name", "a name such as production", env.Name)
		must(!slices.ContainsFunc(a.Environments[:i], func(other account.Environment) bool { return other.Name == env.Name }),
			field+".name", "a name that no other environment has", env.Name)
		checkPatterns(problem, field+".clusters", env.Clusters)
		checkPatterns(problem, field+".services", env.Services)
	}
	for i, s := range a.Services {
		checkPatterns(problem, fmt.Sprintf("services[%d].name", i), []string{s.Name})
	}
	checkChannels(a, problem, must)
	return errors.Join(problems...)
}

type problemFunc func(field, format string, args ...any)

func checkChannels(a *account.Account, problem problemFunc, must func(ok bool, field, expected, found string)) {
	if g := a.GitLab; g != nil {
		must(isHTTP(g.URL), "gitlab.url", "an address such as https://gitlab.com", g.URL)
		must(strings.Contains(g.Ref, "{tag}"), "gitlab.ref", "a template with {tag} in it, such as v{tag},", g.Ref)
		if g.RefPattern != "" {
			compiled, err := regexp.Compile(g.RefPattern)
			if err != nil || compiled.SubexpIndex("ref") < 0 {
				problem("gitlab.refPattern", "a regular expression with a group (?P<ref>…) expected, found %q", g.RefPattern)
			}
		}
		for i, noise := range g.Noise {
			if _, err := regexp.Compile(noise); err != nil || noise == "" { // nothing matches everything
				problem(fmt.Sprintf("gitlab.noise[%d]", i), "a regular expression expected, found %q", noise)
			}
		}
	}
	if s := a.Slack; s != nil {
		must(s.Via == "bot" || s.Via == "webhook", "slack.via", "bot or webhook", s.Via)
		must(isHTTP(s.URL), "slack.url", "an address such as "+account.DefaultSlack, s.URL)
		must(s.Via == "webhook" || channelID.MatchString(s.Channel), "slack.channel", "a channel's id such as C0123456789 (not its name)", s.Channel)
	}
	if p := a.PagerDuty; p != nil {
		must(isHTTP(p.URL), "pagerduty.url", "an address such as "+account.DefaultPagerDuty, p.URL)
		if len(p.Services) == 0 {
			problem("pagerduty.services", `at least one pattern expected ("*" for all services), else nobody is ever paged`)
		}
		checkPatterns(problem, "pagerduty.services", p.Services)
	}
	if s := a.SNS; s != nil {
		for i, status := range s.Statuses {
			must(slices.Contains([]string{"in_progress", "succeeded", "failed"}, status),
				fmt.Sprintf("sns.statuses[%d]", i), "in_progress, succeeded or failed", status)
		}
		for i, number := range s.Phones {
			must(phone.MatchString(number), fmt.Sprintf("sns.phones[%d]", i), "a number such as +491701234567", number)
		}
	}
}

func checkPatterns(problem problemFunc, field string, patterns []string) {
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			problem(field, "a pattern such as checkout-* expected, found %q", pattern)
		}
	}
}

func isHTTP(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && parsed.Host != "" && (parsed.Scheme == "https" || parsed.Scheme == "http")
}
