package edge

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// apiError is an error as CodePipeline answers it, always with status 400.
type apiError struct{ code, message string }

func (e apiError) Error() string { return e.code + ": " + e.message }

// pipelineInput is all that the calls that the edge serves can be asked.
type pipelineInput struct {
	Name        *string `json:"name"`
	Pipeline    *string `json:"pipelineName"`
	ExecutionID *string `json:"pipelineExecutionId"`
	MaxResults  *int    `json:"maxResults"`
	NextToken   *string `json:"nextToken"`
	Filter      struct {
		ExecutionID *string `json:"pipelineExecutionId"`
		Latest      *struct {
			ExecutionID *string `json:"pipelineExecutionId"`
			Range       *string `json:"startTimeRange"`
		} `json:"latestInPipelineExecution"`
	} `json:"filter"`
}

// pipelineCalls are the operations of CodePipeline that the edge serves:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Operations.html
var pipelineCalls = map[string]func(*Edge, pipelineInput) (any, error){
	"codepipeline:GetPipelineExecution":   (*Edge).getPipelineExecution,
	"codepipeline:ListActionExecutions":   (*Edge).listActionExecutions,
	"codepipeline:ListPipelineExecutions": (*Edge).listPipelineExecutions,
	"codepipeline:GetPipelineState":       (*Edge).getPipelineState,
}

// isPipelineCall tells whether the call is one of CodePipeline's.
func isPipelineCall(c *call) bool {
	return c.protocol == jsonProtocol && strings.HasPrefix(c.operation, "codepipeline:")
}

// unsigned refuses a call without a signature, which the engine would take for one of S3.
func unsigned(w http.ResponseWriter) {
	status, body := failedCall(apiError{"MissingAuthenticationTokenException", "Missing Authentication Token"})
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// layOverPipeline answers in the stead of an engine that does not have CodePipeline. The
// engine has been asked all the same: it checks the signature and, since its launcher has
// told it of CodePipeline's actions, the caller's role. What it refuses is passed on.
func (e *Edge) layOverPipeline(c *call, resp *http.Response) error {
	engines, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the engine's answer: %w", err)
	}
	_ = resp.Body.Close()
	if !bytes.Contains(engines, []byte("Unsupported service")) {
		setBody(resp, engines)
		return nil
	}
	status, answer := e.answerPipeline(c, c.body)
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("writing the answer to %s: %w", c.operation, err)
	}
	resp.StatusCode, resp.Status = status, http.StatusText(status)
	resp.Header.Set("Content-Type", "application/x-amz-json-1.1")
	resp.Header.Set("X-Amzn-Requestid", newUUID())
	setBody(resp, body)
	return nil
}

// answerPipeline is CodePipeline's answer to a call, and its status.
func (e *Edge) answerPipeline(c *call, body []byte) (int, any) {
	serve, ok := pipelineCalls[c.operation]
	if !ok {
		return failedCall(apiError{"UnknownOperationException", "the local world does not serve " + c.operation})
	}
	var in pipelineInput
	if err := json.Unmarshal(body, &in); err != nil {
		return failedCall(apiError{"SerializationException", decodeError(err)})
	}
	out, err := serve(e, in)
	if err != nil {
		return failedCall(err)
	}
	return http.StatusOK, out
}

func failedCall(err error) (int, any) {
	var told apiError
	if !errors.As(err, &told) {
		told = apiError{"ValidationException", err.Error()}
	}
	return http.StatusBadRequest, map[string]string{"__type": told.code, "message": told.message}
}

func (e *Edge) getPipelineExecution(in pipelineInput) (any, error) {
	var c checks
	c.pipelineName("pipelineName", in.Pipeline)
	c.executionID("pipelineExecutionId", in.ExecutionID, true)
	if err := c.err(); err != nil {
		return nil, err
	}
	x, err := e.asked(*in.Pipeline, *in.ExecutionID)
	if err != nil {
		return nil, err
	}
	revisions := []any{}
	for _, revision := range x.Revisions {
		revisions = append(revisions, struct {
			Revision
			Created float64 `json:"created"`
		}{revision, epoch(x.Started)})
	}
	return map[string]any{"pipelineExecution": map[string]any{
		"pipelineName": x.Pipeline, "pipelineVersion": pipelineVersion, "pipelineExecutionId": x.ID, "status": x.Status,
		"artifactRevisions": revisions, "variables": []any{}, "executionMode": "SUPERSEDED", "executionType": "STANDARD",
		"trigger": x.apiTrigger(e),
	}}, nil
}

// apiTrigger is the execution's trigger as the API has it, of one shape always.
func (x Execution) apiTrigger(e *Edge) map[string]string {
	trigger := x.trigger(e, "STARTED")
	return map[string]string{"triggerType": trigger["trigger-type"], "triggerDetail": trigger["trigger-detail"]}
}

func (e *Edge) listActionExecutions(in pipelineInput) (any, error) {
	var c checks
	c.pipelineName("pipelineName", in.Pipeline)
	c.executionID("filter.pipelineExecutionId", in.Filter.ExecutionID, false)
	id, latest := text(in.Filter.ExecutionID), false
	if filter := in.Filter.Latest; filter != nil {
		c.executionID("filter.latestInPipelineExecution.pipelineExecutionId", filter.ExecutionID, true)
		c.oneOf("filter.latestInPipelineExecution.startTimeRange", filter.Range, "Latest", "All")
		id, latest = text(filter.ExecutionID), text(filter.Range) == "Latest"
	}
	c.page(in)
	if err := c.err(); err != nil {
		return nil, err
	}
	if _, err := e.asked(*in.Pipeline, id); err != nil && (id != "" || !e.hasPipeline(*in.Pipeline)) {
		return nil, err
	}
	list := []any{}
	for _, x := range slices.Backward(e.Executions()) {
		if x.Pipeline != *in.Pipeline || id != "" && x.ID != id {
			continue
		}
		for _, action := range slices.Backward(x.Actions) {
			if !latest || action.Attempt == x.Attempt {
				list = append(list, action.detail(x))
			}
		}
	}
	return paged("actionExecutionDetails", list, in)
}

// detail is the action as ListActionExecutions shows it:
// https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionExecutionDetail.html
func (a Action) detail(x Execution) any {
	provider := map[string]string{"Source": "CodeStarSourceConnection", "Build": "CodeBuild", "Deploy": "ECS"}[a.Stage]
	result := map[string]any{"externalExecutionId": a.ID}
	if a.Summary != "" {
		result["externalExecutionSummary"] = a.Summary
	}
	if a.URL != "" {
		result["externalExecutionUrl"] = a.URL
	}
	if a.Status == actionFailed {
		result["errorDetails"] = map[string]string{"code": "JobFailed", "message": a.Summary}
	}
	return map[string]any{
		"pipelineExecutionId": x.ID, "actionExecutionId": a.ID, "pipelineVersion": pipelineVersion,
		"stageName": a.Stage, "actionName": a.Name, "status": a.Status,
		"startTime": epoch(a.Started), "lastUpdateTime": epoch(a.Updated),
		"input": map[string]any{
			"actionTypeId":  map[string]string{"category": a.Stage, "owner": "AWS", "provider": provider, "version": "1"},
			"configuration": map[string]string{}, "resolvedConfiguration": map[string]string{}, "inputArtifacts": []any{},
		},
		"output": map[string]any{"outputArtifacts": []any{}, "outputVariables": map[string]string{}, "executionResult": result},
	}
}

func (e *Edge) listPipelineExecutions(in pipelineInput) (any, error) {
	var c checks
	c.pipelineName("pipelineName", in.Pipeline)
	c.page(in)
	if err := c.err(); err != nil {
		return nil, err
	}
	if !e.hasPipeline(*in.Pipeline) {
		return nil, e.noPipeline(*in.Pipeline)
	}
	list := []any{}
	for _, x := range slices.Backward(e.Executions()) {
		if x.Pipeline != *in.Pipeline {
			continue
		}
		revisions := []any{}
		for _, r := range x.Revisions {
			revisions = append(revisions, map[string]string{"actionName": r.Name, "revisionId": r.ID, "revisionSummary": r.Summary, "revisionUrl": r.URL})
		}
		list = append(list, map[string]any{
			"pipelineExecutionId": x.ID, "status": x.Status, "startTime": epoch(x.Started), "lastUpdateTime": epoch(x.Updated),
			"sourceRevisions": revisions, "trigger": x.apiTrigger(e), "executionMode": "SUPERSEDED", "executionType": "STANDARD",
		})
	}
	return paged("pipelineExecutionSummaries", list, in)
}

func (e *Edge) getPipelineState(in pipelineInput) (any, error) {
	var c checks
	c.pipelineName("name", in.Name)
	if err := c.err(); err != nil {
		return nil, err
	}
	if !e.hasPipeline(*in.Name) {
		return nil, e.noPipeline(*in.Name)
	}
	x, _ := e.execution(*in.Name, "") // none yet: its stages have no latest execution
	states := []any{}
	for _, stage := range stages {
		actions, status := []any{}, ""
		for _, a := range x.Actions {
			if a.Stage == stage {
				status = a.Status
				actions = append(actions, map[string]any{"actionName": a.Name, "latestExecution": map[string]any{
					"actionExecutionId": a.ID, "status": a.Status, "lastStatusChange": epoch(a.Updated)}})
			}
		}
		state := map[string]any{"stageName": stage, "actionStates": actions, "inboundTransitionState": map[string]bool{"enabled": true}}
		if status != "" {
			state["latestExecution"] = map[string]string{
				"pipelineExecutionId": x.ID, "status": strings.Replace(status, actionAbandoned, executionStopped, 1), "type": "STANDARD"}
		}
		states = append(states, state)
	}
	return map[string]any{"pipelineName": *in.Name, "pipelineVersion": pipelineVersion, "stageStates": states}, nil
}

// asked is the execution that a call names, or the error that tells what is not there.
func (e *Edge) asked(pipeline, id string) (Execution, error) {
	x, err := e.execution(pipeline, id)
	switch {
	case errors.Is(err, ErrNoPipeline):
		return x, e.noPipeline(pipeline)
	case err != nil:
		return x, apiError{"PipelineExecutionNotFoundException", fmt.Sprintf("Pipeline '%s' does not have an execution with ID '%s'", pipeline, id)}
	}
	return x, nil
}

func (e *Edge) noPipeline(name string) error {
	return apiError{"PipelineNotFoundException", fmt.Sprintf("Account '%s' does not have a pipeline with name '%s'", e.account, name)}
}

// paged cuts out the page that is asked for. A token says where it begins, and in what.
func paged(key string, list []any, in pipelineInput) (any, error) {
	from, scope := 0, key+"/"+*in.Pipeline+"/"
	if in.NextToken != nil {
		token, err := base64.URLEncoding.DecodeString(*in.NextToken)
		at, ok := strings.CutPrefix(string(token), scope)
		if err == nil && ok {
			from, err = strconv.Atoi(at)
		}
		if err != nil || !ok || from < 1 || from > len(list) {
			return nil, apiError{"InvalidNextTokenException", "The next token is not one that an earlier call returned"}
		}
	}
	size := 100
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	to := min(from+size, len(list))
	page := map[string]any{key: list[from:to]}
	if to < len(list) {
		page["nextToken"] = base64.URLEncoding.EncodeToString([]byte(scope + strconv.Itoa(to)))
	}
	return page, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
