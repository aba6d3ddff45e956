package resolvetag

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

const (
	// maxPages is how many pages of actions are read, of 100 each. The newest come first.
	maxPages = 5
	// maxSummary is how much is kept of what an action says, in characters.
	maxSummary = 500
	// tolerance is by how much the times of events, which are in seconds, may lie before
	// those of actions.
	tolerance = 5 * time.Second
)

// failedAction finds the action that made the execution fail in this attempt; or words
// that say why it is unknown. It runs beside the rest and touches nothing of it.
func (l *lookup) failedAction(ctx context.Context) (*deployment.Action, string) {
	d := l.doc.Deployment
	in := codepipeline.ListActionExecutionsInput{
		PipelineName: aws.String(d.Pipeline),
		Filter:       &types.ActionExecutionFilter{PipelineExecutionId: aws.String(d.ID)},
	}
	for range maxPages {
		answer, err := l.actions(ctx, in)
		if err != nil {
			l.log(ctx, "listing the pipeline's actions", err)
			return nil, unknownAction + trouble("CodePipeline", err)
		}
		if failed := l.latestFailure(answer.ActionExecutionDetails); failed != nil {
			return describe(*failed), ""
		}
		if in.NextToken = answer.NextToken; aws.ToString(in.NextToken) == "" {
			return nil, "CodePipeline lists no failed action"
		}
	}
	return nil, unknownAction + "CodePipeline lists too many"
}

func (l *lookup) actions(ctx context.Context, in codepipeline.ListActionExecutionsInput) (*codepipeline.ListActionExecutionsOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	answer, err := l.CodePipeline.ListActionExecutions(ctx, &in)
	if answer == nil {
		answer = &codepipeline.ListActionExecutionsOutput{}
	}
	return answer, err
}

// latestFailure is the action of this attempt that failed last, or nil.
func (l *lookup) latestFailure(details []types.ActionExecutionDetail) *types.ActionExecutionDetail {
	var latest *types.ActionExecutionDetail
	for i, detail := range details {
		if detail.Status != types.ActionExecutionStatusFailed || !l.ofThisAttempt(detail) {
			continue
		}
		if latest == nil || aws.ToTime(detail.LastUpdateTime).After(aws.ToTime(latest.LastUpdateTime)) {
			latest = &details[i]
		}
	}
	return latest
}

// ofThisAttempt goes by the times, since CodePipeline lists all attempts of an execution
// and does not say which is which: what failed before this attempt began is an earlier
// one's, what began after the event is a later one's.
func (l *lookup) ofThisAttempt(detail types.ActionExecutionDetail) bool {
	d, claim := l.doc.Deployment, l.doc.Claim
	if detail.PipelineExecutionId != nil && *detail.PipelineExecutionId != d.ID {
		return false
	}
	// When the failure is the first that was seen of the attempt, nobody knows when it began.
	if claim != nil && !claim.StartedAt.IsZero() && claim.StartedAt.Before(d.Time) &&
		detail.LastUpdateTime != nil && detail.LastUpdateTime.Before(claim.StartedAt) {
		return false
	}
	return d.Time.IsZero() || !aws.ToTime(detail.StartTime).After(d.Time.Add(tolerance))
}

// describe makes an action fit to be shown.
func describe(detail types.ActionExecutionDetail) *deployment.Action {
	action := deployment.Action{
		Stage: text.Cut(text.Line(aws.ToString(detail.StageName)), maxName),
		Name:  text.Cut(text.Line(aws.ToString(detail.ActionName)), maxName),
	}
	var result types.ActionExecutionResult
	if detail.Output != nil && detail.Output.ExecutionResult != nil {
		result = *detail.Output.ExecutionResult
	}
	said, _ := message(aws.ToString(result.ExternalExecutionSummary))
	said = text.Line(said)
	if said == "" {
		said = complaint(result.ErrorDetails)
	}
	if isApproval(detail) {
		said = approval(said)
	}
	action.Summary = text.Cut(said, maxSummary)
	action.URL = link(aws.ToString(result.ExternalExecutionUrl))
	return &action
}

// complaint is what CodePipeline itself says of the failure. The code stands in front,
// unless it is the one that says only that there was a failure.
func complaint(details *types.ErrorDetails) string {
	if details == nil {
		return ""
	}
	code, said := text.Line(aws.ToString(details.Code)), text.Line(aws.ToString(details.Message))
	switch {
	case said == "":
		return code
	case code == "" || code == string(types.FailureTypeJobFailed) || strings.Contains(said, code):
		return said
	default:
		return code + ": " + said
	}
}

func isApproval(detail types.ActionExecutionDetail) bool {
	return detail.Input != nil && detail.Input.ActionTypeId != nil && detail.Input.ActionTypeId.Category == types.ActionCategoryApproval
}

// approval says that nobody broke anything: somebody said no, or nobody answered, which
// fails the action as well and is told by its words only.
func approval(said string) string {
	verdict := "approval rejected"
	lower := strings.ToLower(said)
	if strings.Contains(lower, "timed out") || strings.Contains(lower, "timeout") || strings.Contains(lower, "expired") {
		verdict = "approval timed out"
	}
	if said == "" {
		return verdict
	}
	return verdict + ": " + said
}
