package edge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/smithy-go"

	"fanfare/internal/local/fault"
)

const (
	commit1 = "1f0c8a5d2b7e4c6a9d3f8b1e7c5a2d4f6b8e0a1c"
	commit2 = "2f0c8a5d2b7e4c6a9d3f8b1e7c5a2d4f6b8e0a1c"
	someID  = "0b9b7a1c-1d2e-4f30-8a4b-5c6d7e8f9a0b"
	ship    = "ship-production"
)

var oneRevision = []Revision{{Name: "App", ID: commit1, Summary: "Let the basket remember\n\nLonger.", URL: "https://gitlab.example/shop/checkout/-/commit/" + commit1}}

// client asks the edge as a Lambda does.
func (w *world) client() *codepipeline.Client {
	return codepipeline.New(codepipeline.Options{
		Region: "eu-west-1", BaseEndpoint: &w.url, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("ASIAEXAMPLE", "secret", "token"),
	})
}

func get1(t *testing.T, w *world, id string) *types.PipelineExecution {
	t.Helper()
	out, err := w.client().GetPipelineExecution(t.Context(), &codepipeline.GetPipelineExecutionInput{PipelineName: aws.String(ship), PipelineExecutionId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return out.PipelineExecution
}

func TestGetPipelineExecution(t *testing.T) {
	t.Parallel()
	for name, revisions := range map[string][]Revision{
		"none": nil, "one": oneRevision, "several": {oneRevision[0], {Name: "Config", ID: "sha256:abc"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{})
			x, err := w.StartExecution(t.Context(), ship, "", revisions, false)
			if err != nil {
				t.Fatal(err)
			}
			got := get1(t, w, x.ID)
			if got.Status != types.PipelineExecutionStatusInProgress || aws.ToString(got.PipelineName) != ship || len(got.ArtifactRevisions) != len(revisions) {
				t.Errorf("got %+v", got)
			}
			for i, r := range got.ArtifactRevisions {
				if aws.ToString(r.Name) != revisions[i].Name || aws.ToString(r.RevisionId) != revisions[i].ID || aws.ToString(r.RevisionSummary) != revisions[i].Summary || !aws.ToTime(r.Created).Equal(w.clock) {
					t.Errorf("revision %d is %+v", i, r)
				}
			}
			if !slices.Contains(got.Trigger.TriggerType.Values(), got.Trigger.TriggerType) {
				t.Errorf("the trigger is %+v", got.Trigger)
			}
		})
	}
}

// failed plays an execution that failed once and was retried, and returns it.
func failed1(t *testing.T, w *world) Execution {
	t.Helper()
	x, err := w.StartExecution(t.Context(), ship, someID, oneRevision, false)
	if err != nil {
		t.Fatal(err)
	}
	x, events, err := w.EndExecution(t.Context(), ship, "", Ending{Outcome: Fail, Action: "DeployToECS", Summary: "tasks failed to start", URL: "https://example.com/run/1"})
	if err != nil || len(events) != 1 || x.Status != executionFailed {
		t.Fatalf("got %+v, %v, %v", x, events, err)
	}
	return x
}

func TestListActionExecutions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	failed1(t, w)
	if _, err := w.RetryExecution(t.Context(), ship, "", false); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.EndExecution(t.Context(), ship, "", Ending{Outcome: Succeed}); err != nil {
		t.Fatal(err)
	}
	var got []string
	filter := &types.ActionExecutionFilter{PipelineExecutionId: aws.String(someID)}
	pages := codepipeline.NewListActionExecutionsPaginator(w.client(), &codepipeline.ListActionExecutionsInput{PipelineName: aws.String(ship), Filter: filter, MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil || len(page.ActionExecutionDetails) > 2 {
			t.Fatalf("got %d actions, %v", len(page.ActionExecutionDetails), err)
		}
		for _, a := range page.ActionExecutionDetails {
			line := fmt.Sprintf("%s/%s %s", aws.ToString(a.StageName), aws.ToString(a.ActionName), a.Status)
			if r := a.Output.ExecutionResult; r.ErrorDetails != nil {
				line += fmt.Sprintf(" %s %s %s", aws.ToString(r.ExternalExecutionSummary), aws.ToString(r.ErrorDetails.Message), aws.ToString(r.ExternalExecutionUrl))
			}
			got = append(got, line)
		}
	}
	want := []string{"Deploy/Deploy Succeeded", "Deploy/DeployToECS Failed tasks failed to start tasks failed to start https://example.com/run/1", "Build/Build Succeeded", "Source/App Succeeded"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	latest, err := w.client().ListActionExecutions(t.Context(), &codepipeline.ListActionExecutionsInput{PipelineName: aws.String(ship), Filter: &types.ActionExecutionFilter{
		LatestInPipelineExecution: &types.LatestInPipelineExecutionFilter{PipelineExecutionId: aws.String(someID), StartTimeRange: types.StartTimeRangeLatest}}})
	if err != nil || len(latest.ActionExecutionDetails) != 1 {
		t.Errorf("of the latest attempt: %+v, %v", latest, err)
	}
}

func TestOtherPipelineCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	failed1(t, w)
	list, err := w.client().ListPipelineExecutions(t.Context(), &codepipeline.ListPipelineExecutionsInput{PipelineName: aws.String(ship)})
	if err != nil || len(list.PipelineExecutionSummaries) != 1 || aws.ToString(list.PipelineExecutionSummaries[0].SourceRevisions[0].RevisionId) != commit1 {
		t.Errorf("got %+v, %v", list, err)
	}
	state, err := w.client().GetPipelineState(t.Context(), &codepipeline.GetPipelineStateInput{Name: aws.String(ship)})
	if err != nil || len(state.StageStates) != 3 || state.StageStates[2].LatestExecution.Status != types.StageExecutionStatusFailed {
		t.Errorf("got %+v, %v", state, err)
	}
}

// TestPipelineErrors: what is wrong is told as CodePipeline does, so that the SDK gives a
// typed error.
func TestPipelineErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	failed1(t, w)
	tests := map[string]struct{ operation, body, want string }{
		"no input":             {"GetPipelineExecution", `{}`, "ValidationException: 2 validation errors detected: Value null at 'pipelineName' failed to satisfy constraint: Member must not be null; Value null at 'pipelineExecutionId'"},
		"a name with a space":  {"GetPipelineExecution", `{"pipelineName":"a b","pipelineExecutionId":"` + someID + `"}`, `ValidationException: 1 validation error detected: Value 'a b' at 'pipelineName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9.@\-_]+`},
		"a name too long":      {"GetPipelineState", `{"name":"` + strings.Repeat("a", 101) + `"}`, "have length less than or equal to 100"},
		"an empty name":        {"GetPipelineState", `{"name":""}`, "have length greater than or equal to 1"},
		"an id that is none":   {"GetPipelineExecution", `{"pipelineName":"x","pipelineExecutionId":"1"}`, "ValidationException"},
		"unknown pipeline":     {"GetPipelineExecution", `{"pipelineName":"x","pipelineExecutionId":"` + someID + `"}`, "PipelineNotFoundException: Account '123456789012' does not have a pipeline with name 'x'"},
		"unknown execution":    {"GetPipelineExecution", `{"pipelineName":"ship-staging","pipelineExecutionId":"` + someID + `"}`, "PipelineExecutionNotFoundException"},
		"actions of no such":   {"ListActionExecutions", `{"pipelineName":"ship-staging","filter":{"pipelineExecutionId":"` + someID + `"}}`, "PipelineExecutionNotFoundException"},
		"actions of nothing":   {"ListActionExecutions", `{"pipelineName":"x"}`, "PipelineNotFoundException"},
		"executions of none":   {"ListPipelineExecutions", `{"pipelineName":"x"}`, "PipelineNotFoundException"},
		"state of none":        {"GetPipelineState", `{"name":"x"}`, "PipelineNotFoundException"},
		"no results":           {"ListActionExecutions", `{"pipelineName":"x","maxResults":0}`, "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		"too many":             {"ListActionExecutions", `{"pipelineName":"x","maxResults":101}`, "less than or equal to 100"},
		"a token that is none": {"ListActionExecutions", `{"pipelineName":"ship-production","nextToken":"x"}`, "InvalidNextTokenException"},
		"a token before all":   {"ListActionExecutions", `{"pipelineName":"ship-production","nextToken":"` + base64.URLEncoding.EncodeToString([]byte("actionExecutionDetails/ship-production/-1")) + `"}`, "InvalidNextTokenException"},
		"an odd range":         {"ListActionExecutions", `{"pipelineName":"x","filter":{"latestInPipelineExecution":{"pipelineExecutionId":"` + someID + `","startTimeRange":"Some"}}}`, "enum value set: [Latest, All]"},
		"a number for a name":  {"GetPipelineExecution", `{"pipelineName":1}`, "SerializationException"},
		"no JSON":              {"GetPipelineExecution", `x`, "SerializationException"},
		"not served":           {"DeletePipeline", `{"name":"x"}`, "UnknownOperationException"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, answer := w.answerPipeline(&call{operation: "codepipeline:" + tt.operation}, []byte(tt.body))
			told, ok := answer.(map[string]string)
			if got := told["__type"] + ": " + told["message"]; status != 400 || !ok || !strings.Contains(got, tt.want) {
				t.Errorf("got %d %s, want %s", status, got, tt.want)
			}
		})
	}
	_, err := w.client().GetPipelineExecution(t.Context(), &codepipeline.GetPipelineExecutionInput{PipelineName: aws.String(ship), PipelineExecutionId: aws.String(strings.Replace(someID, "0b9b", "1b9b", 1))})
	if missing := new(types.PipelineExecutionNotFoundException); !errors.As(err, &missing) {
		t.Errorf("the SDK makes %v of an unknown execution", err)
	}
}

// TestPipelineCallers: who may not ask is refused by the engine, or for want of a signature.
func TestPipelineCallers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{refusePipelines: true})
	_, err := w.client().GetPipelineState(t.Context(), &codepipeline.GetPipelineStateInput{Name: aws.String(ship)})
	var told smithy.APIError
	if !errors.As(err, &told) || told.ErrorCode() != "AccessDeniedException" {
		t.Errorf("a role without the right gets %v", err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("X-Amz-Target", "CodePipeline_20150709.GetPipelineState")
	answer := httptest.NewRecorder()
	w.ServeHTTP(answer, r)
	if answer.Code != 400 || !strings.Contains(answer.Body.String(), "MissingAuthenticationTokenException") {
		t.Errorf("an unsigned call gets %d %s", answer.Code, answer.Body)
	}
}

func TestPipelineFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	failed1(t, w)
	if err := w.faults.Add(fault.Fault{Target: "aws", Match: "codepipeline:GetPipelineExecution", Kind: fault.Status, Status: 400, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := w.client().GetPipelineExecution(t.Context(), &codepipeline.GetPipelineExecutionInput{PipelineName: aws.String(ship), PipelineExecutionId: aws.String(someID)})
	var told smithy.APIError
	if !errors.As(err, &told) || told.ErrorCode() != "ThrottlingException" {
		t.Errorf("got %v", err)
	}
	if get1(t, w, someID).Status != types.PipelineExecutionStatusFailed {
		t.Error("the fault is played again")
	}
}

func FuzzAnswerPipeline(f *testing.F) {
	f.Add("GetPipelineExecution", `{"pipelineName":"ship-production","pipelineExecutionId":"`+someID+`"}`)
	f.Add("ListActionExecutions", `{"pipelineName":"ship-production","maxResults":1,"nextToken":"YWN0aW9uRXhlY3V0aW9uRGV0YWlscy9zaGlwLXByb2R1Y3Rpb24vMQ=="}`)
	f.Add("GetPipelineState", `null`)
	w := New(Options{Engine: &url.URL{}, Account: "123456789012", Region: "eu-west-1", Pipelines: []string{ship}})
	if _, err := w.StartExecution(context.Background(), ship, someID, oneRevision, true); err != nil {
		f.Fatal(err)
	}
	if _, _, err := w.EndExecution(context.Background(), ship, "", Ending{Outcome: Fail, Silent: true}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, operation, body string) {
		status, answer := w.answerPipeline(&call{operation: "codepipeline:" + operation}, []byte(body))
		if status != 200 && status != 400 {
			t.Errorf("status %d", status)
		}
		if err := json.NewEncoder(io.Discard).Encode(answer); err != nil {
			t.Error(err)
		}
	})
}

// TestAccounts: two accounts share the engine and the edge, and neither sees the other.
func TestAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{keys: map[string]string{"ASIAEXAMPLE": "123456789012", "ASIAOTHER": "210987654321", "ASIASTRANGER": "999999999999"}})
	other := w.With("210987654321", []string{ship})
	failed1(t, w)
	if _, err := other.StartExecution(t.Context(), ship, someID, nil, false); err != nil {
		t.Fatal(err)
	}
	if len(other.Executions()) != 1 || len(w.Executions()) != 1 || other.Executions()[0].Status != executionRunning {
		t.Errorf("one has %+v, the other %+v", w.Executions(), other.Executions())
	}
	if _, err := w.Start(t.Context(), "prod", "shop", "shop:2"); err != nil || len(w.Rollouts()) != 1 || len(other.Rollouts()) != 0 {
		t.Errorf("one has the rollouts %+v, the other %+v (%v)", w.Rollouts(), other.Rollouts(), err)
	}
	for key, want := range map[string]string{
		"ASIAEXAMPLE": "Failed", "ASIAOTHER": "InProgress", "123456789012": "Failed", "210987654321": "InProgress",
		"ASIASTRANGER": "Account '999999999999' does not have", "ASIAUNKNOWN": "AccessDeniedException",
	} {
		w.engine.refusePipelines = key == "ASIAUNKNOWN"
		client := codepipeline.New(codepipeline.Options{Region: "eu-west-1", BaseEndpoint: &w.url, Retryer: aws.NopRetryer{}, Credentials: credentials.NewStaticCredentialsProvider(key, "secret", "")})
		out, err := client.GetPipelineExecution(t.Context(), &codepipeline.GetPipelineExecutionInput{PipelineName: aws.String(ship), PipelineExecutionId: aws.String(someID)})
		got := fmt.Sprint(err)
		if err == nil {
			got = string(out.PipelineExecution.Status)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s gets %s, want %s", key, got, want)
		}
	}
}
