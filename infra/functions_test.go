//go:build synth

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fanfare/statemachine"
)

// TestFunctions has every property of every function, and those of its log.
func TestFunctions(t *testing.T) {
	variables := map[string]string{
		"FANFARE_TABLE": "{Ledger}", "FANFARE_WORKFLOW": workflowARN,
		"FANFARE_EVENT_QUEUE":      "https://sqs.eu-west-1.amazonaws.com/123456789012/fanfare-events-dlq",
		"FANFARE_DELIVERY_QUEUE":   "https://sqs.eu-west-1.amazonaws.com/123456789012/fanfare-deliveries-dlq",
		"FANFARE_OPERATIONS_TOPIC": operationsARN, "FANFARE_TEXTS_TOPIC": textsARN,
		"FANFARE_WATCHDOG":       "arn:${AWS::Partition}:lambda:eu-west-1:123456789012:function:fanfare-watchdog",
		"FANFARE_SCHEDULER_ROLE": "arn:${AWS::Partition}:iam::123456789012:role/{SchedulerRole}", "FANFARE_SCHEDULE_GROUP": "fanfare",
	}
	told := map[string][]string{
		"Claim": {"FANFARE_TABLE"}, "ResolveTag": {"FANFARE_TABLE"}, "SendSlack": {"FANFARE_TABLE"}, "SendPagerDuty": {"FANFARE_TABLE"},
		"SendSns": {"FANFARE_TABLE"}, "Record": {"FANFARE_TABLE"}, "RememberTag": {"FANFARE_TABLE"},
		"Watch":    {"FANFARE_WATCHDOG", "FANFARE_SCHEDULER_ROLE", "FANFARE_SCHEDULE_GROUP"},
		"Watchdog": {"FANFARE_TABLE", "FANFARE_WORKFLOW"},
		"Escalate": {"FANFARE_TABLE", "FANFARE_OPERATIONS_TOPIC"},
		"Redrive":  {"FANFARE_WORKFLOW", "FANFARE_EVENT_QUEUE", "FANFARE_DELIVERY_QUEUE"},
		"Doctor":   {"FANFARE_TABLE", "FANFARE_EVENT_QUEUE", "FANFARE_DELIVERY_QUEUE", "FANFARE_OPERATIONS_TOPIC", "FANFARE_TEXTS_TOPIC"},
		"Why":      {"FANFARE_TABLE"},
	}
	for name, test := range map[string]struct {
		tpl          template
		architecture string
	}{
		"example": {example(), "arm64"},
		"local":   {local(), "x86_64"},
	} {
		functions := test.tpl.of("AWS::Lambda::Function")
		for _, step := range deployed() {
			function := functions["fanfare-"+step.Name()]
			environment := map[string]any{}
			if step.Channel != "" {
				environment["FANFARE_CHANNEL"] = step.Channel
			}
			for _, name := range told[step.State] {
				environment[name] = variables[name]
			}
			wanted := map[string]any{
				"FunctionName":  "fanfare-" + step.Name(),
				"Description":   function.Properties["Description"],
				"Runtime":       "provided.al2023",
				"Architectures": []string{test.architecture},
				"Handler":       "bootstrap",
				"Role":          "arn:${AWS::Partition}:iam::123456789012:role/{" + step.State + "Role}",
				"MemorySize":    256,
				"LoggingConfig": map[string]any{"LogGroup": "/aws/lambda/fanfare-" + step.Name(), "LogFormat": "JSON"},
				"TracingConfig": map[string]any{"Mode": "Active"},
				// These two have tests of their own.
				"Code":    function.Properties["Code"],
				"Timeout": function.Properties["Timeout"],
			}
			if len(environment) > 0 {
				wanted["Environment"] = map[string]any{"Variables": environment}
			}
			has(t, name+": "+step.State, function.Properties, wanted)
			if function.Properties["Description"] == "" {
				t.Errorf("%s: %s does not say what it is for", name, step.State)
			}
			// A function that is called before its permissions are there fails.
			if !slices.ContainsFunc(function.DependsOn, func(id string) bool { return test.tpl.Resources[id].Type == "AWS::IAM::Policy" }) {
				t.Errorf("%s: %s does not wait for its permissions", name, step.State)
			}
		}
	}
}

// TestLedgerVariable names the table to those functions that may use it.
func TestLedgerVariable(t *testing.T) {
	tpl := example()
	all := grants(t, tpl)
	for _, step := range deployed() {
		may := slices.ContainsFunc(all[roleOf(t, tpl, step)], func(g grant) bool { return strings.HasPrefix(g.action, "dynamodb:") })
		environment, _ := tpl.of("AWS::Lambda::Function")[functionName(step)].Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		if _, knows := variables["FANFARE_TABLE"]; knows != may {
			t.Errorf("%s knows the table: %t, may use it: %t", step.State, knows, may)
		}
	}
}

// TestPrograms has the right program behind each state, with the account beside it.
func TestPrograms(t *testing.T) {
	tpl := example()
	functions := tpl.of("AWS::Lambda::Function")
	for _, step := range deployed() {
		code, _ := functions[functionName(step)].Properties["Code"].(map[string]any)
		key, _ := code["S3Key"].(string)
		asset := filepath.Join(tpl.out, "asset."+strings.TrimSuffix(key, ".zip"))
		program, err := os.ReadFile(filepath.Join(asset, "bootstrap"))
		if err != nil {
			t.Errorf("%s: %v", step.State, err)
		}
		if string(program) != step.Program {
			t.Errorf("%s runs the program %q, wanted %s", step.State, program, step.Program)
		}
		if _, err := os.Stat(filepath.Join(asset, "account.json")); err != nil {
			t.Errorf("%s: %v", step.State, err)
		}
	}
}

// TestTimeouts ends each function before the state that calls it gives up, so that the
// workflow sees how it ended.
func TestTimeouts(t *testing.T) {
	machine, err := statemachine.Parse(statemachine.Definition)
	if err != nil {
		t.Fatal(err)
	}
	functions := example().of("AWS::Lambda::Function")
	for _, step := range statemachine.Steps {
		callers := 0
		timeout, _ := functions[functionName(step)].Properties["Timeout"].(float64)
		for _, state := range machine.All() {
			if state.Resource != "${"+step.Placeholder()+"}" {
				continue
			}
			callers++
			if timeout <= 0 || int(timeout) >= state.TimeoutSeconds {
				t.Errorf("%s gives up after %d s, its function after %v s", state.Name, state.TimeoutSeconds, timeout)
			}
		}
		if callers == 0 {
			t.Errorf("no state calls the function of %s", step.State)
		}
	}
}

// TestLogs keeps each function's log as long as the account file says.
func TestLogs(t *testing.T) {
	for _, tpl := range []template{example(), minimal()} {
		logs := tpl.of("AWS::Logs::LogGroup")
		if len(logs) != len(deployed()) {
			t.Errorf("%d logs for %d functions", len(logs), len(deployed()))
		}
		for _, step := range deployed() {
			name := "/aws/lambda/fanfare-" + step.Name()
			has(t, name, logs[name].Properties, map[string]any{"LogGroupName": name, "RetentionInDays": 30})
		}
	}
}
