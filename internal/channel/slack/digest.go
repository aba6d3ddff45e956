package slack

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

// counted are the statuses in the order in which a digest counts them, with the words.
var counted = []struct {
	status deployment.Status
	word   string
}{
	{deployment.Failed, "failed"}, {deployment.Stuck, "stuck"}, {deployment.InProgress, "in progress"},
	{deployment.Succeeded, "done"}, {deployment.Stopping, "being stopped"}, {deployment.Stopped, "stopped"},
	{deployment.Superseded, "superseded"}, {deployment.Canceled, "canceled"},
}

// digestOf makes the one message of the entries: how many there are of each status, then
// a line for each, by name, so that a line stays where a reader has seen it. The more
// there are, the shorter the lines; those for which there is no room at all are counted.
func digestOf(entries []channel.Entry) Alert {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b channel.Entry) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key)) })
	title := fmt.Sprintf("%d deployments", len(entries))
	if len(entries) == 1 {
		title = "1 deployment"
	}
	summary := countsOf(entries)
	blocks := Blocks{slackgo.NewHeaderBlock(plain("📚 " + title)), slackgo.NewSectionBlock(mrkdwn(summary), nil, nil)}
	room := min(digestRoom/max(len(entries), 1), maxLine) - sizeOf("")
	var lines []string
	for i, entry := range entries[:min(len(entries), maxLines)] {
		line := lineOf(entry, max(room, minLine))
		if sizeOf(lines...)+sizeOf(line) > maxSection {
			blocks = append(blocks, slackgo.NewSectionBlock(mrkdwn(strings.Join(lines, "\n")), nil, nil))
			lines = nil
		}
		if lines = append(lines, line); i == maxLines-1 && len(entries) > maxLines {
			lines[len(lines)-1] = fmt.Sprintf("and %d more", len(entries)-i)
		}
	}
	if len(lines) > 0 {
		blocks = append(blocks, slackgo.NewSectionBlock(mrkdwn(strings.Join(lines, "\n")), nil, nil))
	}
	blocks = append(blocks, slackgo.NewContextBlock("", mrkdwn("Many deployments began within a minute. Each that fails gets a message of its own.")))
	return Alert{Text: title + ": " + summary + ".", Blocks: blocks}
}

// countsOf counts the entries of each status.
func countsOf(entries []channel.Entry) string {
	number := map[deployment.Status]int{}
	for _, entry := range entries {
		number[entry.Status]++
	}
	rest := len(entries)
	var counts []string
	for _, c := range counted {
		if n := number[c.status]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, c.word))
			rest -= n
		}
	}
	if rest > 0 || len(counts) == 0 {
		counts = append(counts, fmt.Sprintf("%d of unknown state", rest))
	}
	return strings.Join(counts, ", ")
}

// lineOf is one deployment in a line of at most the given length: state, name, version and
// environment. Of a name that is too long the beginning is shown.
func lineOf(e channel.Entry, room int) string {
	d := deployment.Deployment{Status: e.Status, Kind: e.Kind, Service: "a"}
	symbol, _ := headline(deployment.Document{Deployment: d})
	line := symbol + " "
	if e.Drill {
		line += drillMark
	}
	environment := text.With(" · ", safe(e.Environment, room/5))
	version := text.With(" ", safe(e.Version, room/4))
	name := orElse(safe(e.Name, room-length(line+version+environment)), "a service")
	return line + name + version + environment
}

// entryOf is the document as a digest has it. Its texts are cut here, so that nobody's name
// makes the ledger's items large.
func entryOf(doc deployment.Document) channel.Entry {
	d := doc.Deployment
	entry := channel.Entry{
		Key: doc.Key(), Status: d.Status, Kind: doc.Kind(), At: d.Time, Drill: d.Drill != nil,
		Name: text.Cut(text.Line(d.Subject()), maxLine), Environment: text.Cut(text.Line(placeOf(d)), maxLine),
	}
	if doc.Release != nil {
		entry.Version = text.Cut(text.Line(doc.Release.Version()), maxLine)
	}
	return entry
}
