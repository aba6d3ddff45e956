package commits

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

const (
	maxItems  = 10
	maxTitle  = 200 // characters
	maxAuthor = 80  // characters
	untitled  = "(no title)"
)

// mergeTitle knows the titles that Git and the forges give to merges.
var mergeTitle = regexp.MustCompile(`^(Merge (branch(es)?|tag|commit|remote-tracking branch(es)?|pull request) |Merged in )`)

// filter returns the newest commits to show, newest first, and how many were left out.
// Of commits with the same title, the newest stays.
func (r *rules) filter(commits []commit, q question) (items []deployment.Commit, filtered int) {
	items = []deployment.Commit{}
	seen := make(map[string]bool, len(commits))
	for _, c := range slices.Backward(commits) {
		title := text.Line(c.Title)
		if title == "" {
			title = untitled
		}
		if seen[title] && title != untitled || isMerge(c, title) || r.isNoise(title) {
			filtered++
			continue
		}
		seen[title] = true
		if len(items) < maxItems {
			items = append(items, show(c, title, q))
		}
	}
	return items, filtered
}

// isMerge asks the parents. A title may be localized, or be that of a squashed commit
// whose changes are its own, so it counts only when GitLab names no parent.
func isMerge(c commit, title string) bool {
	return len(c.Parents) > 1 || len(c.Parents) == 0 && mergeTitle.MatchString(title)
}

func (r *rules) isNoise(title string) bool {
	return slices.ContainsFunc(r.noise, func(noise *regexp.Regexp) bool { return noise.MatchString(title) })
}

var commitID = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// show makes a commit fit to be shown.
func show(c commit, title string, q question) deployment.Commit {
	shown := deployment.Commit{
		Title:  text.Cut(title, maxTitle),
		Author: text.Cut(text.Line(c.Author), maxAuthor),
		At:     parseTime(c.CreatedAt),
	}
	if commitID.MatchString(c.ID) {
		shown.ID = c.ID
		shown.ShortID = c.ID[:min(8, len(c.ID))]
		if strings.HasPrefix(c.ID, c.ShortID) && len(c.ShortID) >= 7 && len(c.ShortID) <= 12 {
			shown.ShortID = c.ShortID
		}
	}
	shown.URL = q.commitURL(c.WebURL, shown.ID)
	return shown
}

// parseTime returns a time that can be marshalled again; zero when it cannot be read.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if t = t.UTC(); err != nil || t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}
