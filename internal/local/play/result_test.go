package play

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/local/standin"
)

var update = flag.Bool("update", false, "write the golden files anew")

func received(vendor, path, body string) standin.Request {
	return standin.Request{Vendor: vendor, Method: "POST", Path: path, Body: json.RawMessage(body)}
}

func told1() Result {
	r := emptyResult("e-1")
	r.MS, r.Result = 420, Failed
	r.Queues = map[string]int{"fanfare-deliveries-dlq": 1}
	r.Execution = &Execution{ARN: "arn:x", Status: "FAILED", Error: "DeliveryIncomplete", States: []string{"Normalise", "Claim", "DeliveryIncomplete"}, cause: "A channel could not be told."}
	r.tell(deployment.Document{
		Deployment: deployment.Deployment{Event: "e-1", Service: "checkout", Environment: "production", Status: deployment.Failed, Kind: deployment.Ordinary},
		Plan: deployment.Plan{
			"slack":     {Decision: deployment.Deliver, Reason: deployment.EveryDeployment},
			"pagerduty": {Decision: deployment.Deliver, Reason: deployment.ProductionFailure},
			"sns":       {Decision: deployment.Suppress, Reason: deployment.ChannelOff},
		},
		Deliveries: map[string]deployment.Delivery{"slack": {Outcome: deployment.DeadLettered}, "pagerduty": {Outcome: deployment.Sent}, "sns": {Outcome: deployment.None}},
	}, []standin.Request{
		received("slack", "/api/chat.postMessage", `{"text":"plain","blocks":"[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"text\":\"checkout failed\"}}]"}`),
		received("pagerduty", "/v2/enqueue", `{"event_action":"trigger","dedup_key":"k","payload":{"summary":"checkout failed","severity":"critical"}}`),
		received("gitlab", "/api/v4/x", `null`),
	})
	return r
}

// planned is a pipeline's second attempt that failed inside a maintenance window.
func planned() Result {
	r := emptyResult("e-4")
	r.Result, r.Execution = Carried, &Execution{Status: "SUCCEEDED", States: []string{"Normalise", "Delivered"}}
	window := &deployment.Window{Name: "reindex", Until: time.Date(2026, 3, 14, 4, 0, 0, 0, time.FixedZone("CET", 3600))}
	quiet := deployment.Decision{Decision: deployment.Suppress, Reason: deployment.MaintenanceWindow, Window: window}
	r.tell(deployment.Document{
		Deployment: deployment.Deployment{Event: "e-4", Source: deployment.CodePipeline, Pipeline: "checkout-production", Environment: "production", Status: deployment.Failed, Attempt: 2},
		Plan:       deployment.Plan{"slack": {Decision: deployment.Deliver, Reason: deployment.EveryDeployment}, "pagerduty": quiet, "sns": quiet},
		Deliveries: map[string]deployment.Delivery{"slack": {Outcome: deployment.Sent}},
	}, []standin.Request{received("slack", "/api/chat.postMessage", `{"text":"failed"}`)})
	return r
}

// drill is an exercise that wakes nobody.
func drill() Result {
	r := emptyResult("e-5")
	r.Result, r.Execution = Carried, &Execution{Status: "SUCCEEDED", States: []string{"Normalise", "Delivered"}}
	r.tell(deployment.Document{
		Deployment: deployment.Deployment{Event: "e-5", Service: "checkout", Environment: "production", Status: deployment.Failed, Drill: &deployment.Drill{}},
		Plan: deployment.Plan{
			"pagerduty": {Decision: deployment.Suppress, Reason: deployment.DrillNotPaged},
			"sns":       {Decision: deployment.Suppress, Reason: deployment.NotRouted},
		},
	}, nil)
	return r
}

func TestPrint(t *testing.T) {
	t.Parallel()
	ignored := emptyResult("e-2")
	ignored.Result, ignored.Error = Ignored, noRule
	duplicate := emptyResult("e-3")
	duplicate.Result, duplicate.Execution = Carried, &Execution{Status: "SUCCEEDED", States: []string{"Duplicate"}}
	duplicate.tell(deployment.Document{Claim: &deployment.Claim{Outcome: deployment.Duplicate}}, nil)
	for name, r := range map[string]Result{"planned": planned(), "drill": drill(), "failed": told1(), "ignored": ignored, "duplicate": duplicate, "not_an_event": None("", ErrNotAnEvent)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got strings.Builder
			if err := Print(&got, r); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name+".golden.txt")
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got.String() != string(want) {
				t.Errorf("got\n%s\nwant\n%s (%v)", got.String(), want, err)
			}
		})
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	r := told1()
	for name, want := range map[string]Channel{
		"slack":     {Decision: "deliver", Reason: "every_deployment", Outcome: "dead_lettered"},
		"pagerduty": {Decision: "deliver", Reason: "production_failure", Outcome: "sent"},
		"sns":       {Decision: "suppress", Reason: "channel_off", Outcome: "none"},
	} {
		got := r.Channels[name]
		if got.Decision != want.Decision || got.Reason != want.Reason || got.Outcome != want.Outcome {
			t.Errorf("%s is %+v", name, got)
		}
	}
	if len(r.Channels["slack"].Requests) != 1 || r.Channels["sns"].Requests == nil {
		t.Errorf("requests: %+v", r.Channels)
	}
	stranded := emptyResult("e")
	stranded.tell(deployment.Document{Deliveries: map[string]deployment.Delivery{"slack": {Outcome: deployment.Stranded}}}, nil)
	if c := stranded.Channels["slack"]; c.Outcome != "none" || c.Reason != "stranded" {
		t.Errorf("stranded is %+v", c)
	}
	for result, ok := range map[string]bool{Carried: true, Ignored: true, Failed: false, NotAnEvent: false} {
		if (Result{Result: result}).OK() != ok {
			t.Errorf("%s is OK: %t", result, !ok)
		}
	}
}

func TestCauseOf(t *testing.T) {
	t.Parallel()
	for cause, want := range map[string]string{
		`{"errorMessage":"resources: a service expected","errorType":"Permanent"}`: "resources: a service expected",
		"plain": "plain", "": "", "{}": "{}",
	} {
		if got := causeOf(cause); got != want {
			t.Errorf("causeOf(%s) = %q", cause, got)
		}
	}
}
