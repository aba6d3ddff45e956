package slack

import (
	"fmt"
	"strings"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

// placeOf names where it was deployed, as far as that is known.
func placeOf(d deployment.Deployment) string {
	if environment := text.Line(d.Environment); environment != "" {
		return environment
	}
	return text.With("cluster ", text.Line(d.Cluster))
}

// environmentOf is placeOf for a field: with the cluster, escaped.
func environmentOf(d deployment.Deployment) string {
	environment, cluster := safe(d.Environment, maxEnvironment), text.With("cluster ", safe(d.Cluster, maxCluster))
	switch {
	case environment != "" && cluster != "":
		return environment + " (" + cluster + ")"
	default:
		return orElse(environment+cluster, "unknown")
	}
}

// versionsOf says which version came after which, what a pipeline's source says of it
// where no commits do, and what could not be found out.
func versionsOf(doc deployment.Document) string {
	r := doc.Release
	if r == nil {
		return "unknown"
	}
	from, to := safe(r.PreviousVersion(), maxVersion), safe(r.Version(), maxVersion)
	var line string
	switch {
	case to == "":
		line = "unknown" + text.With(", was ", from)
	case r.Outcome == deployment.FirstRelease:
		line = to + " (first known deployment)"
	case r.Outcome == deployment.SameRelease:
		line = to + " (the same as before)"
	case from == "":
		line = to
	case from == to && r.Outcome == deployment.UnknownRelease:
		line = to
	case from == to:
		line = to + " (another image than before)"
	default:
		line = from + " → " + to
	}
	address := r.Revision.URL
	if doc.Commits != nil && doc.Commits.CompareURL != "" {
		address = doc.Commits.CompareURL
	}
	line = link(address, line)
	if doc.Commits == nil || total(doc.Commits) == 0 {
		line += text.With("\n", safe(r.Revision.Summary, maxTitle))
	}
	return line + text.With("\n", safe(r.Reason, maxNote))
}

// whenOf labels and tells the event's time; both are empty when it has none.
func whenOf(doc deployment.Document) (label, value string) {
	d := doc.Deployment
	if d.Time.Unix() <= 0 {
		return "", ""
	}
	value = date(d.Time)
	over := d.Status.Final() || d.Status == deployment.Stuck
	if doc.Claim != nil && over && !doc.Claim.StartedAt.IsZero() {
		if took := d.Time.Sub(doc.Claim.StartedAt); took >= time.Second {
			value += ", after " + inWords(took)
		}
	}
	switch d.Status {
	case deployment.InProgress:
		return "Started", value
	case deployment.Succeeded:
		return "Finished", value
	case deployment.Failed:
		return "Failed", value
	case deployment.Stuck:
		return "Stuck", value
	case deployment.Stopped, deployment.Superseded, deployment.Canceled:
		return "Ended", value
	default:
		return "Seen", value
	}
}

func inWords(d time.Duration) string {
	seconds := int(d.Round(time.Second) / time.Second)
	switch {
	case seconds < 120:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 2*3600:
		return fmt.Sprintf("%d min", (seconds+30)/60)
	default:
		return fmt.Sprintf("%d h %d min", seconds/3600, seconds%3600/60)
	}
}

// commitCount says how many commits there are, and what became of them.
func commitCount(c *deployment.Commits) string {
	what := " in this release"
	if c.Removed {
		what = " removed"
	}
	if total(c) == 1 {
		return "1 commit" + what
	}
	return fmt.Sprintf("%d commits%s", total(c), what)
}

// total never counts fewer than there are to show.
func total(c *deployment.Commits) int { return max(c.Total, len(c.Items)) }

func orElse(s, otherwise string) string {
	if strings.TrimSpace(s) == "" {
		return otherwise
	}
	return s
}
