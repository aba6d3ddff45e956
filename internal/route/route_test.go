package route

import (
	"fmt"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/channel/registry"
	"fanfare/internal/deployment"
)

// everything tells all three channels what they can be told.
var everything = account.Account{
	Slack:     &account.Slack{Channel: "C1"},
	PagerDuty: &account.PagerDuty{Services: []string{"checkout"}},
	SNS:       &account.SNS{Statuses: []string{"failed", "succeeded"}},
}

const paged, unpaged = "checkout", "newsletter"

// situation is one line of the table, but for the channel.
type situation struct {
	environment string // production, staging, or empty when nobody knows
	status      deployment.Status
	kind        deployment.Kind
	service     string
	late        bool
}

func (s situation) document() deployment.Document {
	return deployment.Document{
		Deployment: deployment.Deployment{
			Service: s.service, Environment: s.environment, Production: s.environment == "production",
			Status: s.status, Kind: s.kind,
		},
		Claim: &deployment.Claim{Outcome: deployment.Claimed, Kind: s.kind, Late: s.late},
	}
}

// situations are all there are.
func situations() []situation {
	var all []situation
	for _, environment := range []string{"production", "staging", ""} {
		for _, status := range []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed, deployment.Stuck, deployment.Unknown} {
			for _, kind := range []deployment.Kind{deployment.Ordinary, deployment.Rollback} {
				for _, service := range []string{paged, unpaged} {
					for _, late := range []bool{false, true} {
						all = append(all, situation{environment, status, kind, service, late})
					}
				}
			}
		}
	}
	return all
}

// rule is what is expected of all situations that it covers; an empty field covers any.
type rule struct {
	environment string // "none" for nobody knows
	status      deployment.Status
	kind        deployment.Kind
	service     string
	late        string // yes or no
	want        string
}

func (r rule) covers(s situation) bool {
	environment, late := s.environment, "no"
	if environment == "" {
		environment = "none"
	}
	if s.late {
		late = "yes"
	}
	fits := func(rule, found string) bool { return rule == "" || rule == found }
	return fits(r.environment, environment) && fits(string(r.status), string(s.status)) && fits(string(r.kind), string(s.kind)) &&
		fits(r.service, s.service) && fits(r.late, late)
}

// table holds for each channel the rules in their order: the first that covers counts.
var table = map[string][]rule{
	channel.Slack: {
		{late: "yes", want: "suppress late_event"},
		{want: "deliver every_deployment"},
	},
	channel.PagerDuty: {
		{status: "unknown", want: "suppress unknown_status"},
		{environment: "none", want: "suppress unknown_environment"},
		{environment: "staging", want: "suppress not_production"},
		{service: unpaged, want: "suppress service_not_paged"},
		{late: "yes", want: "suppress late_event"},
		{status: "failed", want: "deliver production_failure"},
		{status: "stuck", want: "deliver production_stuck"},
		{kind: "rollback", want: "suppress rollback_not_paged"},
		{status: "succeeded", want: "deliver production_success"},
		{status: "in_progress", want: "suppress not_failed"},
	},
	channel.SNS: {
		{status: "unknown", want: "suppress unknown_status"},
		{environment: "none", want: "suppress unknown_environment"},
		{environment: "staging", want: "suppress not_production"},
		{late: "yes", want: "suppress late_event"},
		{status: "failed", want: "deliver production_failure"},
		{status: "stuck", want: "deliver production_stuck"},
		{status: "succeeded", want: "deliver status_chosen"},
		{status: "in_progress", want: "suppress not_failed"},
	},
}

func told(d deployment.Decision) string { return fmt.Sprintf("%s %s", d.Decision, d.Reason) }

func TestTable(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, s := range situations() {
		plan := Decide(s.document(), everything)
		for name, rules := range table {
			want := "no rule"
			for i, r := range rules {
				if r.covers(s) {
					want, used[fmt.Sprint(name, i)] = r.want, true
					break
				}
			}
			if got := told(plan[name]); got != want {
				t.Errorf("%s, %+v: got %s, want %s", name, s, got, want)
			}
		}
	}
	for name, rules := range table {
		for i, r := range rules {
			if !used[fmt.Sprint(name, i)] {
				t.Errorf("%s: no situation comes to the rule %+v", name, r)
			}
		}
	}
}

func TestEveryChannelIsInThePlan(t *testing.T) {
	t.Parallel()
	plan := Decide(deployment.Document{}, everything)
	for _, name := range registry.Names() {
		if plan[name].Decision == "" || plan[name].Reason == "" {
			t.Errorf("%s: %+v", name, plan[name])
		}
	}
	if len(plan) != len(registry.Names()) {
		t.Errorf("the plan is %v", plan)
	}
}

func TestChannelOff(t *testing.T) {
	t.Parallel()
	for _, s := range situations() {
		for name, decision := range Decide(s.document(), account.Account{}) {
			if told(decision) != "suppress channel_off" {
				t.Errorf("%s, %+v: %s", name, s, told(decision))
			}
		}
	}
	doc := situation{"production", deployment.Failed, deployment.Ordinary, paged, false}.document()
	one := everything
	one.Slack, one.SNS = nil, nil
	plan := Decide(doc, one)
	if told(plan[channel.Slack]) != "suppress channel_off" || told(plan[channel.PagerDuty]) != "deliver production_failure" ||
		told(plan[channel.SNS]) != "suppress channel_off" {
		t.Errorf("with PagerDuty alone: %v", plan)
	}
}

func TestStatusesOfTexts(t *testing.T) {
	t.Parallel()
	for _, chosen := range []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed} {
		a := account.Account{SNS: &account.SNS{Statuses: []string{string(chosen)}}}
		for _, status := range []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed, deployment.Stuck, deployment.Unknown, "paused"} {
			doc := situation{"production", status, deployment.Ordinary, paged, false}.document()
			got := Decide(doc, a)[channel.SNS]
			wanted := status == chosen || status == deployment.Stuck && chosen == deployment.Failed
			if (got.Decision == deployment.Deliver) != wanted {
				t.Errorf("chosen %s, found %s: %s", chosen, status, told(got))
			}
		}
	}
}

// TestLedgerDown holds that a claim that could not be made suppresses nothing.
func TestLedgerDown(t *testing.T) {
	t.Parallel()
	doc := situation{"production", deployment.Failed, deployment.Ordinary, paged, false}.document()
	for _, claim := range []*deployment.Claim{nil, {Outcome: deployment.Unclaimed, Holder: "execution"}} {
		doc.Claim = claim
		if got := told(Decide(doc, everything)[channel.PagerDuty]); got != "deliver production_failure" {
			t.Errorf("claim %+v: %s", claim, got)
		}
	}
}

// TestRollbackKnownByTheLedgerAlone is a success whose event does not say that it ends
// a rollback: it must not resolve the incident.
func TestRollbackKnownByTheLedgerAlone(t *testing.T) {
	t.Parallel()
	doc := situation{"production", deployment.Succeeded, deployment.Rollback, paged, false}.document()
	doc.Deployment.Kind = deployment.Ordinary
	if got := told(Decide(doc, everything)[channel.PagerDuty]); got != "suppress rollback_not_paged" {
		t.Errorf("got %s", got)
	}
}

// TestWhatEndsNoIncident: a success of which it is not known that nothing failed since.
func TestWhatEndsNoIncident(t *testing.T) {
	t.Parallel()
	doc := situation{"production", deployment.Succeeded, deployment.Ordinary, paged, false}.document()
	for want, claim := range map[string]*deployment.Claim{
		"suppress newer_failure":     {Outcome: deployment.Claimed, NewerFailure: true},
		"suppress not_claimed":       {Outcome: deployment.Unclaimed},
		"deliver production_success": {Outcome: deployment.Claimed, After: deployment.Failed},
	} {
		doc.Claim = claim
		if got := told(Decide(doc, everything)[channel.PagerDuty]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	doc.Claim = &deployment.Claim{Outcome: deployment.Claimed}
	doc.Release = &deployment.Release{Outcome: deployment.RollbackRelease}
	if got := told(Decide(doc, everything)[channel.PagerDuty]); got != "suppress rollback_not_paged" {
		t.Errorf("a rollback that the release tells: %s", got)
	}
}

func TestOtherCluster(t *testing.T) {
	t.Parallel()
	a := everything
	a.Clusters = []string{"production", "staging"}
	for cluster, want := range map[string]string{"staging": "deliver every_deployment", "": "deliver every_deployment", "experiments": "suppress other_cluster"} {
		doc := situation{"staging", deployment.Failed, deployment.Ordinary, paged, false}.document()
		doc.Deployment.Cluster = cluster
		plan := Decide(doc, a)
		if got := told(plan[channel.Slack]); got != want || len(plan) != 3 {
			t.Errorf("%q: got %s in %v", cluster, got, plan)
		}
	}
}

// TestOnlyProductionFailuresPage is the promise of Fanfare: whatever the document says,
// PagerDuty is told of a failure if and only if a service for which people are paged
// failed in production, or comes to no end there, and of nothing else but that service's
// successes there.
func TestOnlyProductionFailuresPage(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	for i, s := range situations() {
		documents[fmt.Sprintf("situation %d", i)] = s.document()
	}
	accounts := map[string]account.Account{
		"checkout": everything,
		"all services and pipelines": {
			PagerDuty: &account.PagerDuty{Services: []string{"*"}, Pipelines: []string{"*"}},
			Pipelines: []account.Pipeline{{Name: "checkout-production", Environment: "production"}},
		},
		"none": {PagerDuty: &account.PagerDuty{}}, "off": {},
	}
	pages := 0
	for name, doc := range documents {
		for of, a := range accounts {
			d := doc.Deployment
			late := doc.Claim != nil && doc.Claim.Late
			named := d.Pipeline == "" && a.PagerDuty != nil && a.PagerDuty.Pages(d.Service)
			if _, ours := a.PipelineOf(d.Pipeline); d.Pipeline != "" {
				named = ours && a.PagerDuty != nil && a.PagerDuty.PagesPipeline(d.Pipeline)
			}
			worth := named && d.Production && !late && (d.Drill == nil || d.Drill.Page)
			planned := doc.Maintenance.Quiets(channel.PagerDuty) != nil
			got := Decide(doc, a)[channel.PagerDuty]
			alarming := map[deployment.Status]string{deployment.Failed: "deliver production_failure", deployment.Stuck: "deliver production_stuck"}[d.Status]
			page := got.Reason == deployment.ProductionFailure || got.Reason == deployment.ProductionStuck
			if page != (worth && !planned && alarming != "") || page && told(got) != alarming {
				t.Errorf("%s, account %s: %s", name, of, told(got))
			} else if page {
				pages++
			}
			// A drill that wakes nobody still ends its own incident.
			success := named && d.Production && !late && d.Status == deployment.Succeeded && doc.Kind() != deployment.Rollback
			if got.Decision == deployment.Deliver && !page && (!success || got.Reason != deployment.ProductionSuccess) {
				t.Errorf("%s, account %s: %s", name, of, told(got))
			}
		}
	}
	if pages == 0 {
		t.Error("nothing pages")
	}
}
