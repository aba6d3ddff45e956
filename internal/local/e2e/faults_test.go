//go:build e2e

package e2e_test

import (
	"net/url"
	"testing"
	"time"

	"fanfare/internal/deployment"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/play"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/world"
)

// trouble is one thing that goes wrong while a production deployment fails. What is not
// said of a channel is that it is told at once.
type trouble struct {
	name   string
	in     *world.World // the first account when nil
	faults []fault.Fault
	// before breaks what no fault can; during does so while the event is on its way.
	before func(*testing.T)
	during func(t *testing.T, event string)
	// news is that a pipeline failed when nil.
	news                  func(*testing.T) edge.Event
	scale                 float64 // of the workflow's waits; a fiftieth when 0
	slack, pagerduty, sns string
	say                   string // in what Slack is told
	queued                int    // in the queue of failed deliveries
	red                   bool
	after                 func(*testing.T, edge.Event, play.Result)
}

const (
	post       = " /api/chat.postMessage"
	look       = " /api/conversations.history"
	slackDead  = "deliver every_deployment dead_lettered"
	slackTwice = "deliver every_deployment sent" + post + look + post + post
	slackLater = "deliver every_deployment sent" + post + post + post
	nothing    = "none Permanent none"
	budget     = 5 * time.Second // by which trouble may hold up a page
	noise      = time.Second     // by which a busy machine may
	hang       = 60_000
	aShortHang = 10_000
	webPage    = 200
)

// pipelineFails is a pipeline's failure in the account.
func pipelineFails(in *world.World) func(*testing.T) edge.Event {
	return func(t *testing.T) edge.Event {
		x := begins(in, production)
		x.start(t, commit("1.43.0"))
		x.ends(t, edge.Ending{Outcome: edge.Fail, Stage: "Build", Action: "Tests", Summary: "2 of 118 tests failed"})
		return x.event("FAILED")
	}
}

func serviceFails(*testing.T) edge.Event { return tell("production", "checkout").fails() }

// troubles are played in this order; the first is none, to measure the others by.
func troubles() []trouble {
	return []trouble{
		{name: "nothing is wrong", say: "Build/Tests: 2 of 118 tests failed"},
		{name: "GitLab is down: it refuses connections", in: second, news: pipelineFails(second), say: "Commits: GitLab could not be reached"},
		{name: "GitLab hangs", faults: []fault.Fault{{Target: "gitlab", Kind: fault.Delay, DelayMS: hang}}, say: "Commits: GitLab did not answer in time"},
		{name: "GitLab answers HTML", faults: []fault.Fault{{Target: "gitlab", Kind: fault.HTML, Status: webPage}}, say: "Commits: GitLab answered with a web page"},
		{name: "ECS throttles", faults: []fault.Fault{{Target: "aws", Match: "ecs:Describe", Kind: fault.Status, Status: 400}}, news: serviceFails, say: "ECS was too busy to answer"},
		{name: "CodePipeline throttles", faults: []fault.Fault{{Target: "aws", Match: "codepipeline:", Kind: fault.Status, Status: 400}}, say: "CodePipeline was too busy to answer"},
		{name: "CodePipeline hangs", faults: []fault.Fault{{Target: "aws", Match: "codepipeline:", Kind: fault.Delay, DelayMS: hang}}, say: "CodePipeline did not answer in time"},
		{name: "CodePipeline's actions and GitLab hang", faults: []fault.Fault{
			{Target: "aws", Match: "codepipeline:List", Kind: fault.Delay, DelayMS: hang}, {Target: "gitlab", Kind: fault.Delay, DelayMS: hang}}, say: "Commits: GitLab did not answer in time"},
		{name: "CodePipeline does not know the execution", say: "CodePipeline does not know the execution",
			news: func(*testing.T) edge.Event { return begins(w, production).event("FAILED") }},
		{name: "SSM: the last good revision is missing", before: missing(w, lastRevision), say: "(first known deployment)"},
		{name: "SSM: Slack's token is missing", before: missing(w, "/fanfare/slack/bot-token", "send-slack"), slack: slackDead, queued: 1, after: heldFor("slack")},
		{name: "SSM: PagerDuty's key is missing", before: missing(w, "/fanfare/pagerduty/routing-key", "send-pagerduty"),
			pagerduty: "deliver production_failure dead_lettered", queued: 1, after: heldFor("pagerduty")},
		{name: "SSM fails", faults: []fault.Fault{{Target: "aws", Match: "ssm:GetParameter", Kind: fault.Status, Status: 500, Times: 3}}},
		{name: "Slack answers 500 throughout", faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 500}},
			slack: slackDead + post + look + look + look + look + look + look, queued: 1, after: heldFor("slack")},
		{name: "Slack answers 503 once", faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 503, Times: 1}}, slack: slackTwice},
		{name: "Slack answers 429, to wait 2 s", faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 429, RetryAfter: 2, Times: 1}},
			scale: 1, slack: slackLater, after: waited},
		{name: "Slack's channel is gone", faults: []fault.Fault{{Target: "slack", Kind: fault.Status, Status: 200, Body: `{"ok":false,"error":"channel_not_found"}`}},
			slack: slackDead + post, queued: 1, after: heldFor("slack")},
		{name: "PagerDuty answers 400", faults: []fault.Fault{{Target: "pagerduty", Kind: fault.Status, Status: 400, Body: `{"status":"invalid event","message":"Event object is invalid","errors":["x"]}`}},
			pagerduty: "deliver production_failure dead_lettered /v2/enqueue", queued: 1, after: heldFor("pagerduty")},
		{name: "PagerDuty hangs up once", faults: []fault.Fault{{Target: "pagerduty", Kind: fault.Drop, Times: 1}},
			pagerduty: "deliver production_failure sent /v2/enqueue /v2/enqueue"},
		{name: "the ledger cannot be reached", faults: []fault.Fault{{Target: "aws", Match: "dynamodb:", Kind: fault.Status, Status: 500}}, red: true},
		{name: "the event names no service", news: malformed, slack: nothing, pagerduty: nothing, sns: nothing, red: true, after: namesTheField},
		{name: "ResolveTag is killed", faults: []fault.Fault{{Target: "aws", Match: "codepipeline:Get", Kind: fault.Delay, DelayMS: aShortHang, Times: 1}},
			during: killedAtItsCall("resolvetag"), say: "Build/Tests: 2 of 118 tests failed", after: died},
		{name: "FormatSlack is killed", before: stopped("format-slack"), during: killedWhenPaged("format-slack"), after: died},
		{name: "SendSlack is killed before Slack took it", faults: []fault.Fault{{Target: "slack", Kind: fault.Delay, DelayMS: aShortHang, Times: 1}},
			during: killedAtItsCall("send-slack"), slack: slackTwice, after: died},
		{name: "SendPagerDuty is killed before PagerDuty took it", faults: []fault.Fault{{Target: "pagerduty", Kind: fault.Delay, DelayMS: aShortHang, Times: 1}},
			during: killedAtItsCall("send-pagerduty"), pagerduty: "deliver production_failure sent /v2/enqueue /v2/enqueue", after: died},
		{name: "CheckMaintenance cannot run, in a window", before: refused("checkmaintenance"), news: failsInWindow, after: saysNoWindow},
	}
}

// TestFaults plays one fault at a time. Nobody loses a page, nothing is lost, and a page
// goes out no more than the budget later.
func TestFaults(t *testing.T) {
	var rows []row
	var usual time.Duration
	for _, trouble := range troubles() {
		t.Run(trouble.name, func(t *testing.T) {
			event, r, paged := trouble.play(t)
			trouble.check(t, r)
			trouble.wantOnce(t, event, r)
			if trouble.after != nil {
				trouble.after(t, event, r)
			}
			if usual == 0 {
				usual = paged
			}
			if paged > usual+budget+noise {
				t.Errorf("the page went out after %v, which is more than %v later than the usual %v", paged, budget, usual)
			}
			rows = append(rows, rowOf(trouble.name, r, paged))
		})
	}
	if len(rows) == len(troubles()) { // all were asked for, and came to an end
		writeTable(t, rows)
	}
}

// play returns what came of the event, and after what time PagerDuty was told.
func (tr trouble) play(t *testing.T) (edge.Event, play.Result, time.Duration) {
	t.Helper()
	in, news, scale := tr.in, tr.news, tr.scale
	if in == nil {
		in = w
	}
	if news == nil {
		news = pipelineFails(w)
	}
	if scale == 0 {
		scale = 0.02
	}
	scaled(t, scale)
	event := news(t)
	if tr.before != nil {
		tr.before(t)
	}
	faults(t, tr.faults...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if tr.during != nil {
			tr.during(t, event.ID)
		}
	}()
	began := time.Now()
	r, err := play.New(in.Address).Send(t.Context(), event)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	var received []standin.Request
	controlOf(t, in, "GET", "/requests?vendor=pagerduty&event="+url.QueryEscape(event.ID), nil, &received)
	for _, request := range received {
		if request.Accepted {
			return event, r, request.At.Sub(began)
		}
	}
	return event, r, 0
}

func (tr trouble) check(t *testing.T, r play.Result) {
	t.Helper()
	wantLines(t, r, or(tr.slack, slackFails), or(tr.pagerduty, pages), or(tr.sns, texts))
	told(t, r, "slack", tr.say)
	if got := r.Queues["fanfare-deliveries-dlq"]; got != tr.queued {
		t.Errorf("the queue of deliveries gained %d messages, %d expected", got, tr.queued)
	}
	if got := r.Queues["fanfare-events-dlq"]; got != 0 {
		t.Errorf("the queue of events gained %d messages", got)
	}
	if isRed := r.Execution.Status != "SUCCEEDED"; isRed != (tr.red || tr.queued > 0) {
		t.Errorf("the execution is %s: %s", r.Execution.Status, r.Execution.Cause())
	}
}

// wantOnce: Slack shows the failure and its alert once each, or nothing at all.
func (tr trouble) wantOnce(t *testing.T, event edge.Event, r play.Result) {
	t.Helper()
	in := tr.in
	if in == nil {
		in = w
	}
	want := 0
	if outcome := deployment.Outcome(r.Channels["slack"].Outcome); outcome == deployment.Sent || outcome == deployment.Repeated {
		want = 2
	}
	var all []standin.SlackMessage
	controlOf(t, in, "GET", "/slack/messages", nil, &all)
	shown := 0
	for _, m := range all {
		if m.Event == event.ID {
			shown++
		}
	}
	if shown != want {
		t.Errorf("Slack shows %d messages of the event, %d expected", shown, want)
	}
}
