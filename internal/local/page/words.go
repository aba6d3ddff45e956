package page

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fanfare/internal/deployment"
	"fanfare/internal/local/play"
)

// reasons are why a channel is told or not, in plain words.
var reasons = map[deployment.Reason]string{
	deployment.EveryDeployment:   "This channel is told of every deployment.",
	deployment.ProductionFailure: "Production failed: somebody is needed.",
	deployment.ProductionSuccess: "A success in production ends what was open, and is noted as a change.",
	deployment.ProductionStuck:   "Production is stuck: somebody is needed.",
	deployment.StatusChosen:      "The account file asks for news of this kind here.",

	deployment.ChannelOff:         "The account file does not set this channel up.",
	deployment.NotProduction:      "This is not production: nobody is woken for it.",
	deployment.UnknownEnvironment: "No environment of the account file matches, so nobody knows whether this is production.",
	deployment.NotFailed:          "Nothing failed: nobody needs to be woken.",
	deployment.ServiceNotPaged:    "The account file pages nobody for this service.",
	deployment.RollbackNotPaged:   "It is a rollback, and the failure before it has paged already.",
	deployment.LateEvent:          "The event came late: a later state of this deployment has been told already.",
	deployment.NewerFailure:       "Another deployment of the service has failed since: what is open stays open.",
	deployment.Recovered:          "It came late: a deployment that began after this failure has succeeded.",
	deployment.NotClaimed:         "The ledger could not be asked, and without it this might be a rollback.",
	deployment.OtherCluster:       "The cluster is not one of the account file's.",
	deployment.OtherPipeline:      "The pipeline is not one of the account file's.",
	deployment.PipelineNotPaged:   "The account file pages nobody for this pipeline.",
	deployment.NotRouted:          "The account file sends news of this to other channels.",
	deployment.MaintenanceWindow:  "Planned work is under way, and its maintenance window quiets this channel.",
	deployment.DrillNotPaged:      "It is a drill that is to wake nobody.",
	deployment.UnknownStatus:      "The event's name is a new one, of which nothing is known.",
}

// others are reasons that no decision has.
var others = map[string]string{
	string(deployment.Duplicate): "The event came twice: another execution has told it, or is telling it.",
	string(deployment.Stranded):  "Not even the dead-letter queue took it; the execution's history has it.",
}

// inWords is a reason in plain words; one that is not known keeps its own.
func inWords(reason string) string {
	if words := reasons[deployment.Reason(reason)]; words != "" {
		return words
	}
	if words := others[reason]; words != "" {
		return words
	}
	return sentence(strings.ReplaceAll(reason, "_", " "))
}

func sentence(s string) string {
	if s == "" {
		return "Nothing was decided."
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:] + "."
}

// window is the maintenance window that quiets a channel, in words; empty when none does.
func window(w *deployment.Window) string {
	if w == nil {
		return ""
	}
	words := fmt.Sprintf("“%s” until %s", w.Name, moment(w.Until))
	if w.Reason != "" {
		words += ": " + w.Reason
	}
	if w.Owner != "" {
		words += " (" + w.Owner + ")"
	}
	return words
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2 Jan 2006, 15:04 UTC")
}

func seconds(ms int64) string { return fmt.Sprintf("%.2f s", float64(ms)/1000) }

// statuses are what became of a deployment, in a word or two, and the colour of that.
var statuses = map[deployment.Status]badge{
	deployment.InProgress: {"in progress", "blue"},
	deployment.Succeeded:  {"succeeded", "green"},
	deployment.Failed:     {"failed", "red"},
	deployment.Stuck:      {"stuck", "red"},
	deployment.Stopping:   {"being stopped", "grey"},
	deployment.Stopped:    {"stopped", "grey"},
	deployment.Superseded: {"superseded", "grey"},
	deployment.Canceled:   {"canceled", "grey"},
	deployment.Unknown:    {"unknown", "grey"},
}

// endings are what became of an event, where that is not a matter of course.
var endings = map[string]badge{
	play.Failed:     {"not told to everybody", "red"},
	play.Ignored:    {"no rule took it", "grey"},
	play.NotAnEvent: {"not an event", "grey"},
}
