package why

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"fanfare/internal/deployment"
)

// reasons are the words for why a channel is told, or not.
var reasons = map[deployment.Reason]string{
	deployment.EveryDeployment:   "it is told of every deployment",
	deployment.ProductionFailure: "a production deployment failed, and a person is needed",
	deployment.ProductionSuccess: "a success in production ends an incident, or marks a change",
	deployment.StatusChosen:      "the account file asks for this status",
	deployment.ProductionStuck:   "a production deployment does not end, and a person is needed",

	deployment.ChannelOff:         "the account file does not have this channel",
	deployment.NotProduction:      "the environment is not a production one",
	deployment.UnknownEnvironment: "no environment of the account file matches where it was deployed",
	deployment.NotFailed:          "nothing failed",
	deployment.ServiceNotPaged:    "the account file pages nobody for this service",
	deployment.RollbackNotPaged:   "it is a rollback, and the failure before it has paged",
	deployment.LateEvent:          "a later state of the deployment had been told already",
	deployment.NewerFailure:       "another deployment has failed since, which this success does not mend",
	deployment.Recovered:          "it came late: a deployment that began after this failure has succeeded",
	deployment.NotClaimed:         "the ledger could not be asked, and without it this success may be a rollback's, which ends no incident",
	deployment.OtherCluster:       "the cluster is not one of the account file's",
	deployment.OtherPipeline:      "the pipeline is not one of the account file's",
	deployment.PipelineNotPaged:   "the account file pages nobody for this pipeline",
	deployment.NotRouted:          "the account file routes it to other channels",
	deployment.MaintenanceWindow:  "planned work was under way",
	deployment.DrillNotPaged:      "it was an exercise that was to wake nobody",
	deployment.UnknownStatus:      "nothing is known of an event of this name",
}

// Because is the reason in words; the reason itself when it is of another version.
func Because(reason deployment.Reason) string {
	if words, ok := reasons[reason]; ok {
		return words
	}
	return string(reason)
}

// verdicts are the words for a decision, where nothing came of it.
var verdicts = map[deployment.Verdict]string{
	deployment.Deliver: "to be told", deployment.Suppress: "not told", deployment.Hold: "held back",
}

// outcomes are the words for what became of a delivery.
var outcomes = map[deployment.Outcome]string{
	deployment.Sent:         "told",
	deployment.Repeated:     "perhaps told twice: nobody knows whether an earlier attempt had got through",
	deployment.Absorbed:     "told once, though nobody knew whether an earlier attempt had got through: the vendor did, or absorbed it",
	deployment.Wait:         "not told yet: it waits for its turn, or as long as the vendor asks",
	deployment.Publish:      "not told yet: the workflow is about to publish it",
	deployment.DeadLettered: "NOT TOLD: it was put in the queue of deliveries, from where `make redrive ACCOUNT=…` sends it",
	deployment.Stranded:     "NOT TOLD: not even the queue took it, it lies in the execution's history",
	deployment.None:         "nothing was sent",
}

// statuses are the words for how far a deployment has come.
var statuses = map[deployment.Status]string{
	deployment.InProgress: "in progress",
	deployment.Succeeded:  "succeeded",
	deployment.Failed:     "FAILED",
	deployment.Stopping:   "being stopped",
	deployment.Stopped:    "stopped",
	deployment.Superseded: "superseded by a newer one",
	deployment.Canceled:   "canceled",
	deployment.Stuck:      "STUCK: no end has come in the time that it is given",
	deployment.Unknown:    "of an unknown kind",
}

// Status is the status in words; the status itself when it is of another version.
func Status(status deployment.Status) string {
	if words, ok := statuses[status]; ok {
		return words
	}
	return string(status)
}

// moment is a time as everything that is printed has it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// took is a duration as people say it.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", max(d, 0).Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	default:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
}

func times(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// receipt is what the vendor gave for a message: "channel C1, ts 1.2".
func receipt(values map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, strings.ReplaceAll(name, "_", " ")+" "+values[name])
	}
	return strings.Join(parts, ", ")
}
