package edge

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

const pipelineStateChange = "CodePipeline Pipeline Execution State Change"

// pipelineVersion is how often the pipelines that the edge plays have been edited. Events
// have it, and the attempt, with a fraction.
const pipelineVersion = 1

// pipelineDetail is what CodePipeline says of an execution:
// https://docs.aws.amazon.com/codepipeline/latest/userguide/detect-state-changes-cloudwatch-events.html
type pipelineDetail struct {
	Pipeline    string            `json:"pipeline"`
	ExecutionID string            `json:"execution-id"`
	StartTime   string            `json:"start-time"`
	Trigger     map[string]string `json:"execution-trigger"`
	State       string            `json:"state"`
	Version     json.Number       `json:"version"`
	Attempt     json.Number       `json:"pipeline-execution-attempt"`
}

// event is what CodePipeline emits when the execution comes to a state.
func (x Execution) event(e *Edge, state string) Event {
	body, _ := json.Marshal(pipelineDetail{ // texts and numbers only
		Pipeline: x.Pipeline, ExecutionID: x.ID, StartTime: x.Started.UTC().Format("2006-01-02T15:04:05.000Z"),
		Trigger: x.trigger(e, state), State: state,
		Version: decimal(pipelineVersion), Attempt: decimal(x.Attempt),
	})
	return Event{
		Source: "aws.codepipeline", DetailType: pipelineStateChange, Detail: body,
		Resources: []string{fmt.Sprintf("arn:aws:codepipeline:%s:%s:%s", e.region, e.account, x.Pipeline)},
	}
}

// decimal writes a whole number as CodePipeline's events do.
func decimal(n int) json.Number { return json.Number(fmt.Sprintf("%d.0", n)) }

var fullCommit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// trigger is what set the execution off. Its shape is another at the start than after it,
// where it tells of the first commit that a source gave.
func (x Execution) trigger(e *Edge, state string) map[string]string {
	connection := fmt.Sprintf("arn:aws:codeconnections:%s:%s:connection/0f5b706a-1a1d-46c5-86b6-f177321bcfb2", e.region, e.account)
	if len(x.Revisions) == 0 {
		return map[string]string{"trigger-type": "StartPipelineExecution", "trigger-detail": fmt.Sprintf("arn:aws:iam::%s:user/operator", e.account)}
	}
	first := x.Revisions[0]
	if state == "STARTED" || !fullCommit.MatchString(first.ID) {
		return map[string]string{"trigger-type": "WebhookV2", "trigger-detail": connection}
	}
	message, _, _ := strings.Cut(first.message(), "\n")
	return map[string]string{
		"provider-type": "GitLab", "connection-arn": connection, "full-repository-name": first.project(),
		"branch-name": "main", "commit-id": first.ID, "commit-message": message,
		"author-id": "Ada", "author-display-name": "Ada", "author-email": "ada@example.com", "author-date": x.Started.UTC().Format("2006-01-02T15:04:05Z"),
	}
}

// message is the commit's own: the summary that a connection gives is JSON around it.
func (r Revision) message() string {
	var commit struct{ CommitMessage string }
	if json.Unmarshal([]byte(r.Summary), &commit) == nil {
		return commit.CommitMessage
	}
	return r.Summary
}

// project is the one that the revision's address names, as a forge or a connection has it.
func (r Revision) project() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return ""
	}
	if project := u.Query().Get("FullRepositoryId"); project != "" {
		return project
	}
	project, _, _ := strings.Cut(u.Path, "/-/")
	return strings.Trim(project, "/")
}
