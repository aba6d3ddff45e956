package slack

import (
	"strconv"
	"strings"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

// drillMark stands before everything that tells of an exercise.
const drillMark = "DRILL: "

// headerOf is the headline as the header shows it.
func headerOf(doc deployment.Document) string {
	symbol, words := headline(doc)
	return text.Cut(marked(doc)+symbol+" "+words, maxHeader)
}

// notice is the headline for a notification, with what is most worth knowing next.
func notice(doc deployment.Document) string {
	_, words := headline(doc)
	if doc.Deployment.Status == deployment.Stuck {
		words = strings.Join(append([]string{words}, lastEvents(doc.Deployment)...), "; ")
	}
	words = marked(doc) + words + "."
	switch cause := causeOf(doc); {
	case doc.Deployment.Status == deployment.Failed && cause != "":
		words += " " + cause
	case doc.Deployment.Status == deployment.Succeeded && doc.Commits != nil && total(doc.Commits) > 0:
		words += " " + commitCount(doc.Commits) + "."
	}
	return safe(words, maxText)
}

func marked(doc deployment.Document) string {
	if doc.Deployment.Drill != nil {
		return drillMark
	}
	return ""
}

// interrupted are the symbols and the words for what comes to no end of its own.
var interrupted = map[deployment.Status][2]string{
	deployment.Stopping:   {"✋", " is being stopped"},
	deployment.Stopped:    {"✋", " was stopped"},
	deployment.Superseded: {"⏭️", " was superseded"},
	deployment.Canceled:   {"🚫", " was canceled"},
}

// headline says what happened, in a symbol and in words.
func headline(doc deployment.Document) (symbol, words string) {
	d := doc.Deployment
	place := text.Cut(placeOf(d), maxHeadPlace)
	version := ""
	if doc.Release != nil {
		version = text.Cut(text.Line(doc.Release.Version()), maxHeadVersion)
	}
	halt, isInterrupted := interrupted[d.Status]
	switch {
	case d.Status == deployment.Stuck && doc.Kind() == deployment.Rollback:
		symbol, words = "⏳", subjectOf(d, "")+" is stuck on its way back"+text.With(" to ", version)+text.With(" in ", place)+text.With(": ", sinceWhen(d))
	case d.Status == deployment.Stuck:
		symbol, words = "⏳", subjectOf(d, version)+" is stuck"+text.With(" in ", place)+text.With(": ", sinceWhen(d))
	case isInterrupted && doc.Kind() == deployment.Rollback:
		symbol, words = halt[0], subjectOf(d, "")+halt[1]+" on its way back"+text.With(" to ", version)+text.With(" in ", place)
	case isInterrupted:
		symbol, words = halt[0], subjectOf(d, version)+halt[1]+text.With(" on its way to ", place)
	case d.Status != deployment.InProgress && !d.Status.Final():
		symbol, words = "ℹ️", subjectOf(d, "")+text.With(" in ", place)+": "+text.Cut(orElse(text.Line(d.Name), "an unknown event"), maxHeadEvent)
	case doc.Kind() == deployment.Rollback:
		symbol, words = rolledBack(d.Status, subjectOf(d, ""), text.With(" to ", version)+text.With(" in ", place))
	default:
		symbol, words = deployed(doc, version, place)
	}
	if d.Attempt > 1 {
		words += " (attempt " + strconv.Itoa(d.Attempt) + ")"
	}
	return symbol, words
}

// subjectOf names the service or the pipeline, and which version of it.
func subjectOf(d deployment.Deployment, version string) string {
	name := text.Cut(orElse(text.Line(d.Subject()), "a service"), maxHeadService)
	if d.Pipeline != "" {
		return "Pipeline " + name + text.With(": ", version)
	}
	return name + text.With(" ", version)
}

// deployed is the headline of what goes out, or has gone or failed to. It is never the
// pipeline that does, but what it brings.
func deployed(doc deployment.Document, version, place string) (symbol, words string) {
	again := ""
	if doc.Release != nil && doc.Release.Outcome == deployment.SameRelease {
		again = "re"
	}
	subject := subjectOf(doc.Deployment, version)
	if doc.Deployment.Pipeline != "" && version == "" {
		subject = subjectOf(doc.Deployment, "a release")
	}
	switch {
	case doc.Deployment.Status == deployment.InProgress:
		return "🚀", subject + " is being " + again + "deployed" + text.With(" to ", place)
	case doc.Deployment.Status == deployment.Failed:
		return "🔴", subject + " failed to " + again + "deploy" + text.With(" to ", place)
	case version == "", again != "":
		return "✅", subject + " was " + again + "deployed" + text.With(" to ", place)
	default:
		return "✅", subject + " is live" + text.With(" in ", place)
	}
}

func rolledBack(status deployment.Status, subject, whereTo string) (symbol, words string) {
	switch status {
	case deployment.InProgress:
		return "⏪", subject + " is being rolled back" + whereTo
	case deployment.Failed:
		return "🔴", subject + " could not be rolled back" + whereTo
	default:
		return "⏪", subject + " was rolled back" + whereTo
	}
}

// sinceWhen is what the reason of what is stuck begins with: "no end after 30 minutes".
func sinceWhen(d deployment.Deployment) string {
	since, _, _ := strings.Cut(text.Line(d.Reason), "; ")
	return text.Cut(since, maxHeadEvent)
}

// lastEvents are what the reason of what is stuck ends with: what the service told last,
// the newest first.
func lastEvents(d deployment.Deployment) []string {
	_, events, found := strings.Cut(text.Line(d.Reason), "; ")
	if !found {
		return nil
	}
	return strings.Split(events, "; ")
}

// causeOf is the vendor's own sentence, or what the failed action said.
func causeOf(doc deployment.Document) string {
	if doc.Release != nil && doc.Release.FailedAction != nil {
		return doc.Cause()
	}
	return doc.Deployment.Reason
}
