package resolvetag

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"

	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

// CodePipeline is the part of the CodePipeline client that is used.
type CodePipeline interface {
	GetPipelineExecution(context.Context, *codepipeline.GetPipelineExecutionInput, ...func(*codepipeline.Options)) (*codepipeline.GetPipelineExecutionOutput, error)
	ListActionExecutions(context.Context, *codepipeline.ListActionExecutionsInput, ...func(*codepipeline.Options)) (*codepipeline.ListActionExecutionsOutput, error)
}

// unknownAction begins the words on why the failed action is not known.
const unknownAction = "the failed action is unknown: "

// pipeline resolves what an execution of a pipeline brings. Of one that failed, it asks at
// the same time which action did: an earlier event may have found the revision, but not that.
func (l *lookup) pipeline(ctx context.Context) deployment.Release {
	if l.doc.Deployment.ID == "" {
		l.miss("the event does not name the execution")
		return l.result()
	}
	var (
		asked  sync.WaitGroup
		action *deployment.Action
		words  string
	)
	if l.doc.Deployment.Status == deployment.Failed {
		asked.Go(func() { action, words = l.failedAction(ctx) })
	}
	release := l.execution(ctx)
	asked.Wait()
	release.FailedAction = action
	// The execution and its actions cannot be asked about for one reason as a rule.
	if said := strings.TrimPrefix(words, unknownAction); words != "" && !strings.Contains(release.Reason, said) {
		release.Reason = strings.TrimPrefix(release.Reason+"; "+words, "; ")
	}
	return release
}

// execution resolves the revision, from the ledger if it is known there.
func (l *lookup) execution(ctx context.Context) deployment.Release {
	if known := l.remembered(ctx); known != nil {
		return *known
	}
	settled := false
	if execution, ok := l.pipelineExecution(ctx); ok {
		l.inferred = rollsBack(execution)
		settled = l.revision(execution.ArtifactRevisions)
	}
	if l.isRollback() {
		l.takenBack(ctx)
		// The failure that it takes back may be on its way to the ledger still.
		settled = settled && !l.release.PreviousRevision.IsZero()
	} else {
		l.lastGoodRevision(ctx)
	}
	release := l.result()
	if settled {
		l.remember(ctx, release)
	}
	return release
}

// pipelineExecution asks CodePipeline for the execution; ok is false when it did not give it.
func (l *lookup) pipelineExecution(ctx context.Context) (execution types.PipelineExecution, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	answer, err := l.CodePipeline.GetPipelineExecution(ctx, &codepipeline.GetPipelineExecutionInput{
		PipelineName:        aws.String(l.doc.Deployment.Pipeline),
		PipelineExecutionId: aws.String(l.doc.Deployment.ID),
	})
	switch {
	case err != nil:
		l.log(ctx, "getting the pipeline's execution", err)
		l.miss(trouble("CodePipeline", err))
	case answer == nil || answer.PipelineExecution == nil:
		l.miss("CodePipeline does not know the execution")
	default:
		return *answer.PipelineExecution, true
	}
	return execution, false
}

// rollsBack tells whether the execution takes a stage back to an earlier one:
// https://docs.aws.amazon.com/codepipeline/latest/userguide/stage-rollback.html
// The events that end it need not say so.
func rollsBack(execution types.PipelineExecution) bool {
	if execution.ExecutionType == types.ExecutionTypeRollback {
		return true
	}
	trigger := execution.Trigger
	return trigger != nil && (trigger.TriggerType == types.TriggerTypeManualRollback || trigger.TriggerType == types.TriggerTypeAutomatedRollback)
}

// revision fills in the revision that is the release: the one that the account file
// names, else the only one, else the only Git commit. settled is false while another
// source may yet give one, so that a later event must ask again.
func (l *lookup) revision(revisions []types.ArtifactRevision) (settled bool) {
	d := l.doc.Deployment
	known := given(revisions)
	wanted, _ := l.Account.PipelineOf(d.Pipeline)
	yet := " yet"
	if d.Status.Final() {
		yet = ""
	}
	if wanted.Artifact != "" {
		known = only(known, func(r types.ArtifactRevision) bool { return aws.ToString(r.Name) == wanted.Artifact })
		if len(known) == 0 {
			l.miss(fmt.Sprintf("artifact %s, which the account file names, has no revision%s", shown(wanted.Artifact), yet))
			return false
		}
	}
	chosen := known
	if len(known) > 1 {
		chosen = only(known, func(r types.ArtifactRevision) bool {
			return deployment.Revision{ID: aws.ToString(r.RevisionId)}.IsCommit()
		})
	}
	switch {
	case len(known) == 0:
		l.miss("the execution has no source revision" + yet)
		return false
	case len(chosen) != 1:
		l.miss("the pipeline has several sources, name one as artifact in the account file: " + names(known))
		return false
	}
	l.read(chosen[0])
	return d.Status.Final()
}

// given leaves out revisions without an id: their source has not run.
func given(revisions []types.ArtifactRevision) []types.ArtifactRevision {
	return only(revisions, func(r types.ArtifactRevision) bool { return aws.ToString(r.RevisionId) != "" })
}

func only(revisions []types.ArtifactRevision, keep func(types.ArtifactRevision) bool) []types.ArtifactRevision {
	var kept []types.ArtifactRevision
	for _, revision := range revisions {
		if keep(revision) {
			kept = append(kept, revision)
		}
	}
	return kept
}

// maxNames is how many artifacts a message names.
const maxNames = 3

// names lists the revisions' artifacts as a message may show them.
func names(revisions []types.ArtifactRevision) string {
	var names []string
	for _, revision := range revisions[:min(len(revisions), maxNames)] {
		names = append(names, text.Cut(shown(aws.ToString(revision.Name)), 30))
	}
	list := strings.Join(names, ", ")
	if more := len(revisions) - maxNames; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}

// lastGoodRevision fills in the last good revision, as the parameter keeps it. A
// parameter that does not exist makes this the first deployment.
func (l *lookup) lastGoodRevision(ctx context.Context) {
	value, ok := l.kept(ctx, "revision", l.Account.LastRevisionParameter(l.doc.Deployment.Pipeline))
	switch {
	case !ok:
	case !isRevision(value):
		l.miss("the previous revision could not be read: its parameter holds none")
	default:
		l.release.PreviousRevision = deployment.Revision{ID: value}
	}
}

// takenBack fills in what a rollback takes away: the revision that was tried last.
func (l *lookup) takenBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	tried, err := l.Ledger.LastTriedRevision(ctx, l.doc.Deployment.ServiceKey())
	switch {
	case err != nil:
		l.log(ctx, "reading the last revision from the ledger", err)
		l.miss("what is taken back is unknown: " + trouble("the ledger", err))
	case tried == "", tried == l.release.Revision.ID:
		l.miss("what is taken back is unknown")
	default:
		l.release.PreviousRevision = deployment.Revision{ID: tried}
	}
}
