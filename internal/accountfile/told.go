package accountfile

import (
	"fmt"
	"slices"

	"fanfare/internal/account"
)

var channels = []string{"slack", "pagerduty", "sns"}

// configured tells whether the file has the channel.
func (c *checker) configured(channel string) bool {
	return slices.Contains(c.account.Configured(), channel)
}

// checkTold is about who is told where that differs from what holds for all.
func (c *checker) checkTold() {
	a := c.account
	for i, env := range a.Environments {
		path := at("environments", i)
		c.checkWho(path, env.Told)
		if c.known(path + ".production") {
			c.checkWakes(path, env.Told, env.Production, env.Name)
		}
	}
	for i, s := range a.Services {
		c.checkWho(at("services", i), s.Told)
	}
	for i, p := range a.Pipelines {
		path := at("pipelines", i)
		c.checkWho(path, p.Told)
		if env, ok := a.EnvironmentNamed(p.Environment); ok && c.known(path+".environment", "environments") && c.productionKnown() {
			c.checkWakes(path, p.Told, env.Production, env.Name)
		}
	}
}

func (c *checker) checkWho(path string, told account.Told) {
	c.notEmpty(len(told.Channels), path+".channels")
	c.checkChannels(path+".channels", told.Channels)
	slackChannel := path + ".slackChannel"
	if told.SlackChannel == "" {
		c.must(!c.written(slackChannel), slackChannel, "a channel's id such as C0123456789", told.SlackChannel)
		return
	}
	c.must(channelID.MatchString(told.SlackChannel), slackChannel, "a channel's id such as C0123456789, not its name,", told.SlackChannel,
		"Slack shows it at the end of the channel's details")
	s := c.account.Slack
	c.must(s != nil || !c.known("slack"), slackChannel, "no Slack channel where slack is not configured", told.SlackChannel, "add slack:")
	c.must(s == nil || s.Via != "webhook" || !c.known("slack.via"), slackChannel, "no Slack channel where slack.via is webhook", told.SlackChannel,
		"a webhook has its own channel: use via: bot")
}

// checkChannels refuses channels that there are not, or that are not configured.
func (c *checker) checkChannels(path string, names []string) {
	for i, name := range names {
		element := at(path, i)
		if !slices.Contains(channels, name) {
			c.must(false, element, "slack, pagerduty or sns", name)
			continue
		}
		c.must(!slices.Contains(names[:i], name), element, "each channel once", name)
		c.must(c.configured(name) || !c.known(name), element, "a channel that is configured", name, fmt.Sprintf("add %s:, or take it out here", name))
	}
}

// checkWakes refuses to route pages and texts from where nobody is ever paged or texted.
func (c *checker) checkWakes(path string, told account.Told, production bool, environment string) {
	for i, name := range told.Channels {
		c.must(production || name != "pagerduty" && name != "sns", at(path+".channels", i), "slack alone where production is not true", name,
			fmt.Sprintf("only production pages and texts, and %s is not: say production: true, or take it out here", environment))
	}
}

// productionKnown tells that it is known which environments are production.
func (c *checker) productionKnown() bool {
	for i := range c.account.Environments {
		if !c.known(at("environments", i) + ".production") {
			return false
		}
	}
	return c.known("environments")
}
