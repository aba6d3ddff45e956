package route

import (
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// upgrade is a window that quiets the channels for an hour.
func upgrade(quiets ...string) deployment.Window {
	return deployment.Window{Name: "database-upgrade", Since: noon, Until: noon.Add(time.Hour), Quiets: quiets}
}

func failed() deployment.Document {
	return situation{"production", deployment.Failed, deployment.Ordinary, paged, false}.document()
}

func succeeded() deployment.Document {
	return situation{"production", deployment.Succeeded, deployment.Ordinary, paged, false}.document()
}

func stuck() deployment.Document {
	return situation{"production", deployment.Stuck, deployment.Ordinary, paged, false}.document()
}

func TestPlannedWork(t *testing.T) {
	t.Parallel()
	staging := situation{"staging", deployment.Failed, deployment.Ordinary, paged, false}.document()
	tests := []struct {
		name                  string
		doc                   deployment.Document
		windows               []deployment.Window
		slack, pagerduty, sns string
	}{
		{"no window", failed(), nil,
			"deliver every_deployment", "deliver production_failure", "deliver production_failure"},
		{"quiets pages and texts", failed(), []deployment.Window{upgrade("pagerduty", "sns")},
			"deliver every_deployment", "suppress maintenance_window", "suppress maintenance_window"},
		{"quiets texts alone", failed(), []deployment.Window{upgrade("sns")},
			"deliver every_deployment", "deliver production_failure", "suppress maintenance_window"},
		{"what is stuck, too", stuck(), []deployment.Window{upgrade("pagerduty", "sns")},
			"deliver every_deployment", "suppress maintenance_window", "suppress maintenance_window"},
		{"silence", failed(), []deployment.Window{upgrade("slack", "pagerduty", "sns")},
			"suppress maintenance_window", "suppress maintenance_window", "suppress maintenance_window"},
		{"two windows", failed(), []deployment.Window{upgrade("sns"), upgrade("pagerduty")},
			"deliver every_deployment", "suppress maintenance_window", "suppress maintenance_window"},
		{"a success ends an incident all the same", succeeded(), []deployment.Window{upgrade("slack", "pagerduty", "sns")},
			"suppress maintenance_window", "deliver production_success", "suppress maintenance_window"},
		{"what was not to be told keeps its reason", staging, []deployment.Window{upgrade("pagerduty", "sns")},
			"deliver every_deployment", "suppress not_production", "suppress not_production"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.doc.Maintenance = &deployment.Maintenance{Windows: test.windows}
			plan := Decide(test.doc, everything)
			for name, want := range map[string]string{channel.Slack: test.slack, channel.PagerDuty: test.pagerduty, channel.SNS: test.sns} {
				got := plan[name]
				if told(got) != want || (got.Reason == deployment.MaintenanceWindow) != (got.Window != nil) {
					t.Errorf("%s: got %s, window %v, want %s", name, told(got), got.Window, want)
				}
			}
		})
	}
}

// TestFailOpen: when the windows could not be looked up, none counts.
func TestFailOpen(t *testing.T) {
	t.Parallel()
	for _, maintenance := range []*deployment.Maintenance{nil, {Reason: "the maintenance windows could not be looked up"}, {Windows: []deployment.Window{{Name: "quiets nothing"}}}} {
		doc := failed()
		doc.Maintenance = maintenance
		if got := Decide(doc, everything)[channel.PagerDuty]; told(got) != "deliver production_failure" {
			t.Errorf("%+v: %s", maintenance, told(got))
		}
	}
}

func TestTheLongestWindowIsTold(t *testing.T) {
	t.Parallel()
	short, long := upgrade("pagerduty"), upgrade("pagerduty")
	long.Name, long.Until = "migration", noon.Add(2*time.Hour)
	for _, windows := range [][]deployment.Window{{short, long}, {long, short}} {
		doc := failed()
		doc.Maintenance = &deployment.Maintenance{Windows: windows}
		if got := Decide(doc, everything)[channel.PagerDuty].Window; got == nil || got.Name != "migration" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestDrills(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		page           bool
		pagerduty, sns string
	}{
		{false, "suppress drill_not_paged", "suppress drill_not_paged"},
		{true, "deliver production_failure", "deliver production_failure"},
	} {
		doc := failed()
		doc.Deployment.Drill = &deployment.Drill{Page: test.page}
		plan := Decide(doc, everything)
		if told(plan[channel.Slack]) != "deliver every_deployment" || told(plan[channel.PagerDuty]) != test.pagerduty || told(plan[channel.SNS]) != test.sns {
			t.Errorf("page %v: %v", test.page, plan)
		}
	}
	doc := situation{"staging", deployment.Failed, deployment.Ordinary, paged, false}.document()
	doc.Deployment.Drill = &deployment.Drill{Page: true}
	if got := Decide(doc, everything)[channel.PagerDuty]; told(got) != "suppress not_production" {
		t.Errorf("a drill in staging that asks for a page: %s", told(got))
	}
}

func TestChannelsOfServiceAndEnvironment(t *testing.T) {
	t.Parallel()
	a := everything
	a.Environments = []account.Environment{{Name: "production", Told: account.Told{Channels: []string{"slack", "pagerduty"}}}}
	a.Services = []account.Service{{Name: unpaged, Told: account.Told{Channels: []string{"sns"}}}}
	for service, want := range map[string][3]string{
		paged:   {"deliver every_deployment", "deliver production_failure", "suppress not_routed"},
		unpaged: {"suppress not_routed", "suppress service_not_paged", "deliver production_failure"},
	} {
		plan := Decide(situation{"production", deployment.Failed, deployment.Ordinary, service, false}.document(), a)
		if got := [3]string{told(plan[channel.Slack]), told(plan[channel.PagerDuty]), told(plan[channel.SNS])}; got != want {
			t.Errorf("%s: got %v, want %v", service, got, want)
		}
	}
}

func TestPipelines(t *testing.T) {
	t.Parallel()
	a := everything
	a.PagerDuty = &account.PagerDuty{Services: []string{"*"}, Pipelines: []string{"checkout-*"}}
	a.Pipelines = []account.Pipeline{{Name: "checkout-production", Environment: "production"}, {Name: "website", Environment: "production"}}
	pipeline := func(name string, status deployment.Status) deployment.Document {
		doc := situation{"production", status, deployment.Ordinary, "", false}.document()
		doc.Deployment.Source, doc.Deployment.Pipeline = deployment.CodePipeline, name
		return doc
	}
	tests := []struct {
		doc                   deployment.Document
		slack, pagerduty, sns string
	}{
		{pipeline("checkout-production", deployment.Failed), "deliver every_deployment", "deliver production_failure", "deliver production_failure"},
		{pipeline("checkout-production", deployment.Succeeded), "deliver every_deployment", "deliver production_success", "deliver status_chosen"},
		{pipeline("checkout-production", deployment.Stopped), "deliver every_deployment", "suppress not_failed", "suppress not_failed"},
		{pipeline("checkout-production", deployment.Superseded), "deliver every_deployment", "suppress not_failed", "suppress not_failed"},
		{pipeline("website", deployment.Failed), "deliver every_deployment", "suppress pipeline_not_paged", "deliver production_failure"},
		{pipeline("another", deployment.Failed), "suppress other_pipeline", "suppress other_pipeline", "suppress other_pipeline"},
	}
	for _, test := range tests {
		plan := Decide(test.doc, a)
		got := [3]string{told(plan[channel.Slack]), told(plan[channel.PagerDuty]), told(plan[channel.SNS])}
		if got != [3]string{test.slack, test.pagerduty, test.sns} {
			t.Errorf("%s %s: got %v", test.doc.Deployment.Pipeline, test.doc.Deployment.Status, got)
		}
	}
}

// TestRecovered wakes nobody for a failure that comes to light when the service is well again.
func TestRecovered(t *testing.T) {
	t.Parallel()
	doc := failed()
	doc.Claim = &deployment.Claim{Outcome: deployment.Claimed, Recovered: true}
	plan := Decide(doc, everything)
	if told(plan[channel.Slack]) != "deliver every_deployment" || told(plan[channel.PagerDuty]) != "suppress recovered" || told(plan[channel.SNS]) != "suppress recovered" {
		t.Errorf("%v", plan)
	}
}
