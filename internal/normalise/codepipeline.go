package normalise

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// codePipelineDetailType is matched whole: a pipeline's stages and actions have events
// of their own, from which nothing is told.
const codePipelineDetailType = "CodePipeline Pipeline Execution State Change"

// codePipelineDetail is the detail of a "CodePipeline Pipeline Execution State Change":
// https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
// It does not say when the execution changed: that is the time of the envelope.
type codePipelineDetail struct {
	Pipeline    word    `json:"pipeline"`
	ExecutionID word    `json:"execution-id"`
	Attempt     word    `json:"pipeline-execution-attempt"`
	State       word    `json:"state"`
	StartTime   word    `json:"start-time"`
	Trigger     trigger `json:"execution-trigger"`
	Comments    word    `json:"stop-execution-comments"`
}

// trigger is what started the execution. Its shape differs even between the events of
// one execution, and often it is missing.
type trigger struct {
	Type word `json:"trigger-type"`
}

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (t *trigger) UnmarshalJSON(raw []byte) error {
	type plain trigger
	var p plain
	_ = json.Unmarshal(raw, &p) // what is no object has no type
	*t = trigger(p)
	return nil
}

// rollsBack tells whether the trigger is one of CodePipeline's two rollbacks:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ExecutionTrigger.html
func (t trigger) rollsBack() bool {
	return t.Type == "ManualRollback" || t.Type == "AutomatedRollback"
}

// pipelineStatus knows the states of events and, where it is another, the API's spelling.
// Others become the status unknown.
var pipelineStatus = map[string]deployment.Status{
	"STARTED":    deployment.InProgress,
	"RESUMED":    deployment.InProgress,
	"SUCCEEDED":  deployment.Succeeded,
	"FAILED":     deployment.Failed,
	"STOPPING":   deployment.Stopping,
	"STOPPED":    deployment.Stopped,
	"SUPERSEDED": deployment.Superseded,
	"CANCELED":   deployment.Canceled,
	"CANCELLED":  deployment.Canceled,
}

// fromCodePipeline makes a deployment of a CodePipeline event.
func fromCodePipeline(e envelope, a account.Account) (deployment.Deployment, error) {
	var none deployment.Deployment
	if e.DetailType != codePipelineDetailType {
		return none, expected("detail-type", codePipelineDetailType, e.DetailType)
	}
	var detail codePipelineDetail
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return none, failure.Permanentf("detail: an object expected: %w", err)
	}
	pipeline := findPipeline(detail.Pipeline, e.Resources)
	d := begin(e, deployment.CodePipeline, pipeline.arn)
	d.Name = string(detail.State)
	d.Pipeline = pipeline.name
	if d.ID = string(detail.ExecutionID); !isPart(d.ID) {
		d.ID = "" // it is told all the same, and not taken for another one
	}
	d.Attempt = detail.Attempt.count()
	if d.Attempt <= 1 { // of a retry, it is still the start of the first attempt
		d.StartedAt = detail.StartTime.instant()
	}
	if d.StartedAt.After(d.Time) {
		d.StartedAt = time.Time{}
	}
	d.Reason = sentence(detail.Comments)
	// The API writes Failed where events write FAILED.
	if status, known := pipelineStatus[strings.ToUpper(d.Name)]; known {
		d.Status = status
	}
	if detail.Trigger.rollsBack() {
		d.Kind = deployment.Rollback
	}
	if err := checkCodePipeline(d, e); err != nil {
		return none, err
	}
	fillIn(&d, a)
	return d, nil
}

// checkCodePipeline refuses what must not flow into keys and links.
func checkCodePipeline(d deployment.Deployment, e envelope) error {
	switch {
	case !isID(d.Name):
		return expected("detail.state", "a state such as FAILED", word(d.Name))
	case !isPipelineName(d.Pipeline):
		return expected("detail.pipeline", "a pipeline's name of "+aPipelineName, word(d.Pipeline))
	}
	return checkPlace(d, e)
}

// pipelineARN is a pipeline's ARN, taken apart. It has two forms:
// arn:aws:codepipeline:region:account:name and, in old events, …:account:pipeline:name.
type pipelineARN struct {
	arn
	name string
}

// findPipeline takes the first ARN of the pipeline that the detail names, or of any if
// it names none. Where the two contradict each other, the detail counts and the ARN is
// left out whole: the rule that let the event through looked at the detail, and only
// so is a failure told of the pipeline that the account file means.
func findPipeline(name word, resources words) pipelineARN {
	for _, resource := range resources {
		arn, ok := parseARN(string(resource), "codepipeline")
		found := strings.TrimPrefix(arn.resource, "pipeline:")
		if ok && isPipelineName(found) && (name == "" || found == string(name)) {
			return pipelineARN{arn, found}
		}
	}
	return pipelineARN{name: string(name)}
}

// count reads how often something happened, however it is written: 2, 2.0 or "2". What
// is no whole number from 1 is 0: not said.
func (w word) count() int {
	n, err := strconv.ParseFloat(string(w), 64)
	if err != nil || !(1 <= n && n <= math.MaxInt32) || n != math.Trunc(n) {
		return 0
	}
	return int(n)
}
