// Package account reads the file that tells Fanfare about one AWS account: which
// environments it has, what is deployed there, and who is told of it.
//
// The file is read twice: as YAML by the CDK app, and as JSON, in the same shape, by
// each Lambda, next to whose program the CDK app puts it. It never holds a secret.
package account

import (
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Account is the whole file. Unknown keys are refused.
type Account struct {
	// ID is the AWS account's twelve digits, in quotes in the file.
	ID string `yaml:"account" json:"account"`
	// Region is where the stack is deployed, such as eu-west-1.
	Region string `yaml:"region" json:"region"`
	// Clusters narrows what is told to the ECS clusters of these names; all when empty.
	Clusters []string `yaml:"clusters,omitempty" json:"clusters,omitempty"`
	// Environments name where a service runs; the first that matches counts.
	Environments []Environment `yaml:"environments" json:"environments"`
	// Services holds what is special about some services; the first that matches counts.
	Services []Service `yaml:"services,omitempty" json:"services,omitempty"`
	// Pipelines are the CodePipeline pipelines that are told of; none when empty.
	Pipelines []Pipeline `yaml:"pipelines,omitempty" json:"pipelines,omitempty"`
	// Windows are times of planned work.
	Windows []Window `yaml:"windows,omitempty" json:"windows,omitempty"`
	// Sidecars are further container names that are never the service itself.
	Sidecars []string `yaml:"sidecars,omitempty" json:"sidecars,omitempty"`
	// LastTag is the SSM parameter that keeps a service's last good tag; {cluster} and
	// {service} stand for the names.
	LastTag string `yaml:"lastTag,omitempty" json:"lastTag,omitempty"`
	// LastRevision is the SSM parameter that keeps a pipeline's last good revision;
	// {pipeline} stands for the name.
	LastRevision string     `yaml:"lastRevision,omitempty" json:"lastRevision,omitempty"`
	Secrets      Secrets    `yaml:"secrets,omitempty" json:"secrets,omitempty"`
	GitLab       *GitLab    `yaml:"gitlab,omitempty" json:"gitlab,omitempty"`
	Slack        *Slack     `yaml:"slack,omitempty" json:"slack,omitempty"`
	PagerDuty    *PagerDuty `yaml:"pagerduty,omitempty" json:"pagerduty,omitempty"`
	SNS          *SNS       `yaml:"sns,omitempty" json:"sns,omitempty"`
	Operations   Operations `yaml:"operations,omitempty" json:"operations,omitempty"`
	Logs         Logs       `yaml:"logs,omitempty" json:"logs,omitempty"`
}

// Environment is a name for where services run, with the patterns that tell it. In a
// pattern, * stands for any characters and ? for one.
type Environment struct {
	Name string `yaml:"name" json:"name"`
	// Production is true when a failure here is worth waking somebody.
	Production bool `yaml:"production,omitempty" json:"production,omitempty"`
	// Clusters and Services are patterns; an empty list matches everything.
	Clusters []string `yaml:"clusters,omitempty" json:"clusters,omitempty"`
	Services []string `yaml:"services,omitempty" json:"services,omitempty"`
	Told     `yaml:",inline"`
}

// Told says who is told, where that differs from what holds for all. What a service or a
// pipeline says counts more than what its environment says.
type Told struct {
	// Channels are those that are told, of slack, pagerduty and sns; all that the file
	// has when empty.
	Channels []string `yaml:"channels,omitempty" json:"channels,omitempty"`
	// SlackChannel is the id of the Slack channel; that of slack.channel when empty.
	SlackChannel string `yaml:"slackChannel,omitempty" json:"slackChannel,omitempty"`
}

// Service is what is special about the services whose name matches.
type Service struct {
	// Name is a pattern of service names.
	Name string `yaml:"name" json:"name"`
	// Container is the container whose image is the release; chosen by rule when empty.
	Container string `yaml:"container,omitempty" json:"container,omitempty"`
	// Project is the service's GitLab project, such as shop/checkout.
	Project string `yaml:"project,omitempty" json:"project,omitempty"`
	// StuckAfter is how long a deployment may go on before it is told of as stuck, in whole
	// minutes up to a day: 45m; 30 minutes when empty.
	StuckAfter string `yaml:"stuckAfter,omitempty" json:"stuckAfter,omitempty"`
	Told       `yaml:",inline"`
}

// Pipeline is one CodePipeline pipeline.
type Pipeline struct {
	// Name is the pipeline's own, no pattern.
	Name string `yaml:"name" json:"name"`
	// Environment is the name of one of the environments.
	Environment string `yaml:"environment" json:"environment"`
	// Project is the GitLab project of its source, such as shop/checkout; what the
	// revision's address says when empty.
	Project string `yaml:"project,omitempty" json:"project,omitempty"`
	// Artifact is the source artifact whose revision is the release, for a pipeline with
	// several sources.
	Artifact string `yaml:"artifact,omitempty" json:"artifact,omitempty"`
	Told     `yaml:",inline"`
}

// Window is a time of planned work, once or again and again.
type Window struct {
	Name string `yaml:"name" json:"name"`
	// Start is when the first one begins, in local time: 2026-01-04T02:00.
	Start string `yaml:"start" json:"start"`
	// Duration is how long each lasts: 2h30m; a week at most.
	Duration string `yaml:"duration" json:"duration"`
	// TimeZone is the name of an IANA time zone, such as Europe/Berlin.
	TimeZone string `yaml:"timeZone" json:"timeZone"`
	// Recurrence is an RRULE of RFC 5545, such as FREQ=MONTHLY;BYDAY=1SU; once when empty.
	Recurrence string `yaml:"recurrence,omitempty" json:"recurrence,omitempty"`
	// Services and Pipelines are patterns of what is worked on; what none of them names
	// is told and paged as ever.
	Services  []string `yaml:"services,omitempty" json:"services,omitempty"`
	Pipelines []string `yaml:"pipelines,omitempty" json:"pipelines,omitempty"`
	// Environments narrows it to the environments of these names; all when empty.
	Environments []string `yaml:"environments,omitempty" json:"environments,omitempty"`
	// Quiets are the channels that are told nothing, of slack, pagerduty and sns. Slack
	// says what was suppressed, unless it is one of them.
	Quiets []string `yaml:"quiets" json:"quiets"`
	// Owner is who is asked about it, and Reason what is worked on.
	Owner  string `yaml:"owner" json:"owner"`
	Reason string `yaml:"reason" json:"reason"`
}

// Names tells whether the window is for the service or the pipeline of this environment.
func (w Window) Names(service, pipeline, environment string) bool {
	if len(w.Environments) > 0 && !slices.Contains(w.Environments, environment) {
		return false
	}
	if pipeline != "" {
		return matches(w.Pipelines, pipeline)
	}
	return matches(w.Services, service)
}

// Secrets says where the secrets lie in SSM Parameter Store.
type Secrets struct {
	// Prefix is followed by the channel's name: <prefix>/slack/bot-token and so on.
	Prefix string `yaml:"prefix,omitempty" json:"prefix,omitempty"`
	// KeyARN is the KMS key that encrypts them, when it is not AWS's own for SSM.
	KeyARN string `yaml:"keyArn,omitempty" json:"keyArn,omitempty"`
}

// GitLab says where commits are found; without it messages show none. Its token is
// the secret gitlab/token.
type GitLab struct {
	// URL is the server's address, such as https://gitlab.com.
	URL string `yaml:"url,omitempty" json:"url,omitempty"`
	// Project is the project of services that name none; {service} stands for the name.
	Project string `yaml:"project,omitempty" json:"project,omitempty"`
	// Ref makes a Git ref of an image tag, which {tag} stands for: v{tag}.
	Ref string `yaml:"ref,omitempty" json:"ref,omitempty"`
	// RefPattern is a regular expression whose group named ref is the Git ref inside
	// an image tag: ^main-(?P<ref>[0-9a-f]{8})-. It is tried before Ref.
	RefPattern string `yaml:"refPattern,omitempty" json:"refPattern,omitempty"`
	// Noise are regular expressions; a commit whose title one of them matches is left out.
	Noise []string `yaml:"noise,omitempty" json:"noise,omitempty"`
}

// Slack says where Slack is told. Its secret is slack/bot-token, or slack/webhook-url.
type Slack struct {
	// Channel is the channel's id, such as C0123456789.
	Channel string `yaml:"channel" json:"channel"`
	// Via is bot (messages are edited as a deployment moves on) or webhook (they are not).
	Via string `yaml:"via,omitempty" json:"via,omitempty"`
	// URL is the Web API's address; https://slack.com/api/ unless on GovSlack.
	URL string `yaml:"url,omitempty" json:"url,omitempty"`
	// Fallback is the id of the channel that is told when another channel cannot be
	// reached; nobody but the operations topic when empty.
	Fallback string `yaml:"fallback,omitempty" json:"fallback,omitempty"`
	// DigestAfter is how many messages a minute a channel gets, failures apart, before the
	// rest is told in one; 20 when 0.
	DigestAfter int `yaml:"digestAfter,omitempty" json:"digestAfter,omitempty"`
}

// PagerDuty says for what people are paged. Its secret is pagerduty/routing-key.
type PagerDuty struct {
	// Services are patterns of the services whose production failures page.
	Services []string `yaml:"services" json:"services"`
	// Pipelines are patterns of the pipelines whose production failures page: all, unless
	// said otherwise; [] for none.
	Pipelines []string `yaml:"pipelines" json:"pipelines"`
	// URL is the Events API's address: https://events.pagerduty.com, or
	// https://events.eu.pagerduty.com for accounts in the EU.
	URL string `yaml:"url,omitempty" json:"url,omitempty"`
}

// SNS says of what short texts are sent. It needs no secret.
type SNS struct {
	// Statuses are those of production deployments that are texted: in_progress,
	// succeeded, failed. Only failed when empty.
	Statuses []string `yaml:"statuses,omitempty" json:"statuses,omitempty"`
	// Phones are numbers in E.164 form (+491701234567) that the stack subscribes.
	Phones []string `yaml:"phones,omitempty" json:"phones,omitempty"`
}

// Operations says who looks after Fanfare itself.
type Operations struct {
	// Email is told when a queue fills or an execution fails.
	Email string `yaml:"email,omitempty" json:"email,omitempty"`
}

// Logs says where logs are.
type Logs struct {
	// RetentionDays is how long Fanfare's own logs are kept: a number that CloudWatch
	// Logs knows, 30 unless said otherwise.
	RetentionDays int `yaml:"retentionDays,omitempty" json:"retentionDays,omitempty"`
	// Group is the CloudWatch log group of a service's own logs, for the link in
	// messages; {cluster} and {service} stand for the names.
	Group string `yaml:"group,omitempty" json:"group,omitempty"`
}

// Configured are the names of the channels that the file has, of slack, pagerduty and sns.
func (a Account) Configured() []string {
	var names []string
	if a.Slack != nil {
		names = append(names, "slack")
	}
	if a.PagerDuty != nil {
		names = append(names, "pagerduty")
	}
	if a.SNS != nil {
		names = append(names, "sns")
	}
	return names
}

// Base is what GitLab's pages and requests begin with, without a slash at its end: it may
// be below a path. A name, a password or a query in the address is dropped, lest it get
// into a message. It is nil when the address is none.
func (g GitLab) Base() *url.URL {
	u, err := url.Parse(strings.TrimSpace(g.URL))
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil
	}
	path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api/v4")
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}
}

// EnvironmentOf returns the first environment whose patterns match; ok is false when
// none does.
func (a Account) EnvironmentOf(cluster, service string) (env Environment, ok bool) {
	for _, env := range a.Environments {
		if matchesOrAll(env.Clusters, cluster) && matchesOrAll(env.Services, service) {
			return env, true
		}
	}
	return Environment{}, false
}

// ServiceOf returns what the file says about the service; zero when it says nothing.
func (a Account) ServiceOf(service string) Service {
	for _, s := range a.Services {
		if Match(s.Name, service) {
			return s
		}
	}
	return Service{}
}

// StuckAfter is how long a deployment of the service may go on before it is told of as
// stuck, in whole minutes; [DefaultStuckAfter] where the file does not say.
func (a Account) StuckAfter(service string) time.Duration {
	after, err := time.ParseDuration(a.ServiceOf(service).StuckAfter)
	if err != nil || after < time.Minute {
		return DefaultStuckAfter
	}
	return after.Truncate(time.Minute)
}

// PipelineOf returns what the file says about the pipeline; ok is false when it is not
// one of the file's.
func (a Account) PipelineOf(name string) (p Pipeline, ok bool) {
	for _, p := range a.Pipelines {
		if p.Name == name {
			return p, true
		}
	}
	return Pipeline{}, false
}

// EnvironmentNamed returns the environment of this name; ok is false when there is none.
func (a Account) EnvironmentNamed(name string) (env Environment, ok bool) {
	for _, env := range a.Environments {
		if env.Name == name {
			return env, true
		}
	}
	return Environment{}, false
}

// ToldOf says who is told of the service, or of the pipeline when its name is not empty,
// in the environment: the channels, all when the list is empty, and the Slack channel's id.
func (a Account) ToldOf(service, pipeline, environment string) Told {
	var own Told
	if pipeline != "" {
		p, _ := a.PipelineOf(pipeline)
		own = p.Told
	} else {
		own = a.ServiceOf(service).Told
	}
	env, _ := a.EnvironmentNamed(environment)
	if len(own.Channels) == 0 {
		own.Channels = env.Channels
	}
	if own.SlackChannel == "" {
		own.SlackChannel = env.SlackChannel
	}
	if own.SlackChannel == "" && a.Slack != nil {
		own.SlackChannel = a.Slack.Channel
	}
	return own
}

// Pages tells whether production failures of the service page.
func (p PagerDuty) Pages(service string) bool {
	return matches(p.Services, service)
}

// PagesPipeline tells whether production failures of the pipeline page.
func (p PagerDuty) PagesPipeline(pipeline string) bool {
	return matches(p.Pipelines, pipeline)
}

// LastTagParameter is the name of the SSM parameter that keeps the last good tag.
func (a Account) LastTagParameter(cluster, service string) string {
	return Fill(a.LastTag, cluster, service)
}

// LastRevisionParameter is the name of the SSM parameter that keeps the last good revision.
// A pipeline's name may have an @, which a parameter's may not: _ stands for it.
func (a Account) LastRevisionParameter(pipeline string) string {
	return strings.ReplaceAll(a.LastRevision, "{pipeline}", strings.ReplaceAll(pipeline, "@", "_"))
}

// Fill puts the names in the place of {cluster} and {service}.
func Fill(template, cluster, service string) string {
	return strings.NewReplacer("{cluster}", cluster, "{service}", service).Replace(template)
}

// Match tells whether the name fits the pattern, in which * stands for any characters
// and ? for one. A pattern that is none matches nothing.
func Match(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

// matches tells whether one of the patterns fits the name.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return Match(pattern, name) })
}

// matchesOrAll takes an empty list for one that fits every name.
func matchesOrAll(patterns []string, name string) bool {
	return len(patterns) == 0 || matches(patterns, name)
}
