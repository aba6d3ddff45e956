package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/cloud"
	"fanfare/internal/program"
	"fanfare/statemachine"
)

const deploymentID = "ecs-svc/1234567890123456789"

// event is the end of a deployment that succeeded: the event with the most to do, since
// a release is looked up, told and remembered.
var event = []byte(`{"version":"0","id":"5f0c8a1e-7a34-4a52-9d3a-6f2b8c1d0e11","detail-type":"ECS Deployment State Change",
"source":"aws.ecs","account":"123456789012","time":"2026-11-20T10:31:22Z","region":"eu-west-1",
"resources":["arn:aws:ecs:eu-west-1:123456789012:service/production/checkout"],
"detail":{"eventType":"INFO","eventName":"SERVICE_DEPLOYMENT_COMPLETED","deploymentId":"` + deploymentID + `",
"clusterArn":"arn:aws:ecs:eu-west-1:123456789012:cluster/production","updatedAt":"2026-11-20T10:31:20Z",
"reason":"ECS deployment ` + deploymentID + ` completed."}}`)

// keys are the keys of the document that the steps' results are written under.
var keys = map[string]string{
	"Normalise": "deployment", "Claim": "claim", "ResolveTag": "release", "Commits": "commits", "CheckMaintenance": "maintenance",
	"Route": "plan", "FormatSlack": "message", "FormatPagerDuty": "message", "FormatSns": "message",
}

// function is one function of the workflow, ready to be measured.
type function struct {
	step    statemachine.Step
	program Program
	input   []byte
	size    int64
}

// functions lays out the programs below dir with an account whose vendors are at the
// address, and runs each once to learn what the next one is given.
func functions(ctx context.Context, root, dir, address string) ([]function, error) {
	a := account.Account{
		ID: "123456789012", Region: "eu-west-1",
		Environments: []account.Environment{{Name: "production", Production: true, Clusters: []string{"production"}}},
		LastTag:      account.DefaultLastTag, LastRevision: account.DefaultLastRevision, Secrets: account.Secrets{Prefix: account.DefaultPrefix},
		GitLab:    &account.GitLab{URL: address, Project: "shop/{service}", Ref: "v{tag}"},
		Slack:     &account.Slack{Channel: "C0123456789", Via: "bot", URL: address + "/api/"},
		PagerDuty: &account.PagerDuty{Services: []string{"*"}, URL: address},
		SNS:       &account.SNS{Statuses: []string{"succeeded", "failed"}},
		Windows: []account.Window{{Name: "nightly", Start: "2026-01-04T02:00", Duration: "2h", TimeZone: "Europe/Berlin",
			Recurrence: "FREQ=DAILY", Services: []string{"checkout"}, Quiets: []string{"sns"}, Owner: "platform", Reason: "bench"}},
	}
	document := map[string]json.RawMessage{"deliveries": json.RawMessage(`{
		"slack":{"outcome":"sent","sentAt":"2026-11-20T10:31:24Z"},"pagerduty":{"outcome":"sent","sentAt":"2026-11-20T10:31:24Z"},"sns":{"outcome":"none"}}`)}
	var all []function
	for _, step := range statemachine.Steps {
		f, err := layOut(root, dir, address, a, step)
		if err != nil {
			return nil, err
		}
		input := map[string]any{"document": document, "execution": "arn:aws:states:eu-west-1:123456789012:execution:fanfare-notify:bench"}
		if step.State == "Normalise" {
			input = map[string]any{"event": json.RawMessage(event)}
		}
		f.input = written(input)
		sample, err := Measure(ctx, f.program, f.input, 0)
		if err != nil {
			return nil, err
		}
		if key := keys[step.State]; key != "" {
			document[key] = sample.Answer
		}
		all = append(all, f)
	}
	return all, nil
}

func layOut(root, dir, address string, a account.Account, step statemachine.Step) (function, error) {
	f := function{step: step}
	binary, err := os.ReadFile(filepath.Join(root, program.Dir(runtime.GOOS, runtime.GOARCH), step.Program))
	if err != nil {
		return f, fmt.Errorf("reading the program %s: %w", step.Program, err)
	}
	folder := filepath.Join(dir, step.Program)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return f, fmt.Errorf("laying out the program %s: %w", step.Program, err)
	}
	bootstrap := filepath.Join(folder, "bootstrap")
	if err := os.WriteFile(bootstrap, binary, 0o755); err != nil {
		return f, fmt.Errorf("laying out the program %s: %w", step.Program, err)
	}
	if err := os.WriteFile(filepath.Join(folder, "account.json"), written(a), 0o644); err != nil {
		return f, fmt.Errorf("laying out the program %s: %w", step.Program, err)
	}
	f.size = int64(len(binary))
	f.program = Program{Command: []string{bootstrap}, Dir: folder, Env: []string{
		"AWS_ENDPOINT_URL=" + address, cloud.TableVariable + "=ledger", channel.Variable + "=" + step.Channel,
		cloud.WatchdogVariable + "=" + arn("lambda", "function:fanfare-watchdog"), cloud.SchedulerRoleVariable + "=arn:aws:iam::123456789012:role/scheduler",
		cloud.ScheduleGroupVariable + "=fanfare", cloud.OperationsTopicVariable + "=" + arn("sns", "fanfare-operations")}}
	return f, nil
}

// arn names something in the account of the bench.
func arn(service, resource string) string {
	return "arn:aws:" + service + ":eu-west-1:123456789012:" + resource
}
