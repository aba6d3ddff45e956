package slack

import (
	"fmt"
	"slices"
	"strings"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// Format makes the Message that tells of the document: what happened, on a failure why,
// whom a maintenance window kept from being woken, then where and which version, the
// links that a person needs next, the commits, and in small print the ids. A drill is
// marked as one before anything else. It uses the oldest block types only, which every
// workspace and every webhook takes. The error is Permanent: the account file has no Slack.
func Format(doc deployment.Document, a account.Account) (any, error) {
	if a.Slack == nil {
		return nil, failure.Permanentf("formatting for slack: the account file has no slack")
	}
	opening := openingOf(doc)
	blocks := append(slices.Clone(opening), fieldsOf(doc))
	buttons := buttonsOf(doc)
	if buttons != nil {
		blocks = append(blocks, buttons)
	}
	if commits := commitsOf(doc); commits != nil {
		blocks = append(blocks, commits)
	}
	if footer := footerOf(doc.Deployment); footer != nil {
		blocks = append(blocks, footer)
	}
	message := Message{Text: notice(doc), Blocks: blocks}
	if a.Slack.Via == viaWebhook {
		return message, nil
	}
	d := doc.Deployment
	message.Channel = a.ToldOf(d.Service, d.Pipeline, d.Environment).SlackChannel
	if d.Status == deployment.Failed || d.Status == deployment.Stuck {
		if buttons != nil {
			opening = append(opening, buttons)
		}
		message.Alert = &Alert{Text: message.Text, Blocks: opening}
	}
	return message, nil
}

// openingOf is what the message and an alert have in common: what happened, that
// it is an exercise, why, and who was not woken for it.
func openingOf(doc deployment.Document) []slackgo.Block {
	blocks := []slackgo.Block{slackgo.NewHeaderBlock(plain(headerOf(doc)))}
	for _, said := range []string{drillNote(doc.Deployment.Drill), quoted(doc), stuckNote(doc.Deployment), quietNote(doc.Plan)} {
		if said != "" {
			blocks = append(blocks, slackgo.NewSectionBlock(mrkdwn(said), nil, nil))
		}
	}
	return blocks
}

// quoted shows the vendor's own sentence where it says more than the headline: never
// empty on a failure, empty on an ordinary beginning and on a success.
func quoted(doc deployment.Document) string {
	d := doc.Deployment
	reason := safe(causeOf(doc), maxReason)
	switch {
	case d.Status == deployment.Failed:
		reason = orElse(reason, "No reason was given.")
	case d.Status == deployment.Succeeded, d.Status == deployment.InProgress && d.Kind != deployment.Rollback:
		return ""
	case d.Status == deployment.Stuck:
		return "" // the headline has its beginning, and stuckNote the rest
	}
	return text.With("> ", reason)
}

func fieldsOf(doc deployment.Document) slackgo.Block {
	var fields []*slackgo.TextBlockObject
	add := func(label, value string) {
		if value != "" {
			fields = append(fields, mrkdwn("*"+label+"*\n"+value))
		}
	}
	label := "Service"
	if doc.Deployment.Pipeline != "" {
		label = "Pipeline"
	}
	add(label, orElse(safe(doc.Deployment.Subject(), maxService), "unknown"))
	add("Environment", environmentOf(doc.Deployment))
	add("Version", versionsOf(doc))
	add(whenOf(doc))
	return slackgo.NewSectionBlock(nil, fields, nil)
}

// buttonsOf links what a person opens next; nil when there is nothing to open.
func buttonsOf(doc deployment.Document) slackgo.Block {
	var buttons []slackgo.BlockElement
	add := func(id, label, address string) {
		if usable(address, maxURL) {
			buttons = append(buttons, slackgo.NewButtonBlockElement(id, "", plain(label)).WithURL(address))
		}
	}
	console := "ECS console"
	if doc.Deployment.Pipeline != "" {
		console = "Pipeline execution"
	}
	add("open_console", console, doc.Deployment.ConsoleURL)
	if doc.Release != nil && doc.Release.FailedAction != nil {
		add("open_failed_action", "Failed action", doc.Release.FailedAction.URL)
	}
	add("open_logs", "Logs", doc.Deployment.LogsURL)
	if doc.Commits != nil {
		add("open_compare", "Compare", doc.Commits.CompareURL)
	}
	if len(buttons) == 0 {
		return nil
	}
	return slackgo.NewActionBlock("", buttons...)
}

// footerOf holds the names by which the deployment is found elsewhere.
func footerOf(d deployment.Deployment) slackgo.Block {
	var parts []string
	for _, part := range []string{d.ID, text.With("account ", d.Account), d.Region} {
		if part = safe(part, maxDeployment); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return slackgo.NewContextBlock("", mrkdwn(strings.Join(parts, " · ")))
}

// commitsOf lists the commits, newest first. Those that do not fit into one section are
// counted instead. It returns nil when there is nothing to say of commits.
func commitsOf(doc deployment.Document) slackgo.Block {
	c := doc.Commits
	if c == nil {
		return nil
	}
	var heading []string
	if total(c) > 0 {
		heading = []string{"*" + commitCount(c) + "*"}
	}
	remarks := remarksOn(c, doc.Release)
	room := maxSection - sizeOf(heading...) - sizeOf(remarks...) - sizeOf(more(c, 0))
	lines := heading
	shown := 0
	for _, commit := range c.Items {
		line := commitLine(commit)
		if room -= sizeOf(line); room < 0 {
			break
		}
		lines = append(lines, line)
		shown++
	}
	if shown < total(c) {
		lines = append(lines, more(c, shown))
	}
	if lines = append(lines, remarks...); len(lines) == 0 {
		return nil
	}
	return slackgo.NewSectionBlock(mrkdwn(strings.Join(lines, "\n")), nil, nil)
}

func commitLine(c deployment.Commit) string {
	line := "• "
	if id := safe(orElse(c.ShortID, c.ID), maxShortID); id != "" {
		line += link(c.URL, id) + " "
	}
	return line + orElse(safe(c.Title, maxTitle), "(no title)") + text.With(" — ", safe(c.Author, maxAuthor))
}

// more counts the commits that are not shown.
func more(c *deployment.Commits, shown int) string {
	return link(c.CompareURL, fmt.Sprintf("and %d more", total(c)-shown))
}

// remarksOn says why commits are missing that a reader may look for. Of a release that
// is the first, the same or unknown, the version says so already.
func remarksOn(c *deployment.Commits, r *deployment.Release) []string {
	var remarks []string
	switch {
	case c.Filtered == 1:
		remarks = append(remarks, "1 merge or housekeeping commit left out")
	case c.Filtered > 1:
		remarks = append(remarks, fmt.Sprintf("%d merge and housekeeping commits left out", c.Filtered))
	}
	compared := r != nil && (r.Outcome == deployment.NewRelease || r.Outcome == deployment.RollbackRelease)
	if reason := safe(c.Reason, maxNote); compared && reason != "" {
		remarks = append(remarks, "Commits: "+reason)
	}
	return remarks
}

// sizeOf is the length of the lines, their ends included.
func sizeOf(lines ...string) int {
	size := 0
	for _, line := range lines {
		size += length(line + "\n")
	}
	return size
}
