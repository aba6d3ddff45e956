//go:build e2e

// Package e2e_test deploys the stack to the local engine, with every Lambda's role
// enforced, and asserts on what the vendors' stand-ins received.
package e2e_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanfare/internal/ledger"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/play"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/tools"
	"fanfare/internal/local/world"
)

// The one world of all tests, which therefore do not run in parallel, and the second
// account in its engine.
var (
	w, second *world.World
	player    *play.Player
)

func TestMain(m *testing.M) {
	code, err := withWorld(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withWorld(m *testing.M) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Minute)
	defer cancel()
	root, err := filepath.Abs(filepath.Join("..", "..", ".."))
	if err != nil {
		return 1, err
	}
	say := func(what string) { fmt.Fprintln(os.Stderr, what) }
	t, err := tools.Ensure(ctx, filepath.Join(root, "build", "tools"), say)
	if err != nil {
		return 1, err
	}
	if err := world.Build(ctx, root); err != nil {
		return 1, err
	}
	w, err = world.Start(ctx, world.Options{Root: root, Dir: filepath.Join(root, "build", "e2e"), AccountFile: "local", Python: t.Python, SlackBurst: 1000})
	if err != nil {
		return 1, err
	}
	defer w.Close()
	second, err = w.Join(ctx, world.Options{Root: root, Dir: filepath.Join(root, "build", "e2e-second"),
		AccountFile: "internal/local/e2e/testdata/second.yaml", Python: t.Python, SlackBurst: 1000})
	if err != nil {
		return 1, err
	}
	defer second.Close()
	second.GitLab = nobody
	if err := deploy(ctx, t, say, w, second); err != nil {
		return 1, err
	}
	player = play.New(w.Address)
	return m.Run(), nil
}

// nobody is an address at which every connection is refused; there the second account
// looks for its commits.
const nobody = "http://127.0.0.1:1"

// deploy deploys to all accounts at once.
func deploy(ctx context.Context, t *tools.Tools, say func(string), accounts ...*world.World) error {
	var group sync.WaitGroup
	failures := make([]error, len(accounts))
	for i, account := range accounts {
		group.Go(func() {
			tell := func(what string) { say(account.Account + ": " + what) }
			failures[i] = account.Deploy(ctx, t, tell)
			if failures[i] == nil {
				failures[i] = account.Seed(ctx, tell)
			}
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

// scaled runs the workflow's waits at a fraction of their time, for the test only.
func scaled(t *testing.T, scale float64) {
	t.Helper()
	if err := w.SetWaitScale(t.Context(), scale); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = w.SetWaitScale(context.Background(), 1)
		// In little time many slots were taken, for which the next test would have to wait.
		for _, in := range []*world.World{w, second} {
			for _, lane := range []string{"slack:C0123456789", "slack:edit", "pagerduty"} {
				_, err := dynamodb.NewFromConfig(in.Config()).DeleteItem(context.Background(), &dynamodb.DeleteItemInput{
					TableName: aws.String(in.Outputs["LedgerTable"]), Key: map[string]types.AttributeValue{
						ledger.PartitionKey: &types.AttributeValueMemberS{Value: "pace#" + lane}, ledger.SortKey: &types.AttributeValueMemberS{Value: "lane"}}})
				if err != nil {
					t.Errorf("emptying the lane %s: %v", lane, err)
				}
			}
		}
	})
}

// faults plays failures until the test ends.
func faults(t *testing.T, list ...fault.Fault) {
	t.Helper()
	for _, f := range list {
		control(t, "POST", "/faults", f, nil)
	}
	t.Cleanup(func() { _ = world.Control(w.Control).Call(context.Background(), "DELETE", "/faults", nil, nil) })
}

func control(t *testing.T, method, path string, in, out any) {
	t.Helper()
	controlOf(t, w, method, path, in, out)
}

func controlOf(t *testing.T, of *world.World, method, path string, in, out any) {
	t.Helper()
	if err := world.Control(of.Control).Call(t.Context(), method, path, in, out); err != nil {
		t.Fatal(err)
	}
}

// story makes the events of one made-up deployment.
type story struct {
	cluster, service, id string
	began                time.Time
}

// began is when the latest story began: each begins after all others have ended.
var began = time.Now().UTC().Truncate(time.Second)

// tell begins a story of a service with an id that no other has.
func tell(cluster, service string) story {
	began = began.Add(10 * time.Minute)
	if local := began.In(berlin); local.Hour() < 6 { // at night, failures of search page nobody
		began = time.Date(local.Year(), local.Month(), local.Day(), 6, 0, 0, 0, berlin).UTC()
	}
	return story{cluster, service, "ecs-svc/" + digits(19), began}
}

func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = '1' + b[i]%9
	}
	return string(b)
}

// event is what ECS emits after so many minutes: IN_PROGRESS, COMPLETED or FAILED.
func (s story) event(name string, minute int, reason string) edge.Event {
	arn := "arn:aws:ecs:" + w.Region + ":" + w.Account + ":"
	at := s.began.Add(time.Duration(minute) * time.Minute)
	detail, err := json.Marshal(map[string]string{
		"eventType": "INFO", "eventName": "SERVICE_DEPLOYMENT_" + name, "clusterArn": arn + "cluster/" + s.cluster,
		"deploymentId": s.id, "updatedAt": at.Format(time.RFC3339), "reason": reason,
	})
	if err != nil {
		panic(err)
	}
	return edge.Event{
		ID: "e2e-" + digits(20), Source: "aws.ecs", DetailType: "ECS Deployment State Change", Account: w.Account, Region: w.Region,
		Time: at, Resources: []string{arn + "service/" + s.cluster + "/" + s.service}, Detail: detail,
	}
}

func (s story) starts() edge.Event {
	return s.event("IN_PROGRESS", 0, "ECS deployment "+s.id+" in progress.")
}

func (s story) succeeds() edge.Event {
	return s.event("COMPLETED", 5, "ECS deployment "+s.id+" completed.")
}

func (s story) fails() edge.Event {
	return s.event("FAILED", 5, "ECS deployment circuit breaker: tasks failed to start.")
}

func send(t *testing.T, event edge.Event) play.Result {
	t.Helper()
	r, err := player.Send(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// line is what one channel came to, in one line: decision reason outcome requests.
func line(c play.Channel) string {
	var paths []string
	for _, request := range c.Requests {
		paths = append(paths, request.Path)
	}
	return strings.Join(append(strings.Fields(c.Decision+" "+c.Reason+" "+c.Outcome), paths...), " ")
}

// wantLines holds what came of an event against a line for each channel.
func wantLines(t *testing.T, r play.Result, slack, pagerduty, sns string) {
	t.Helper()
	for name, want := range map[string]string{"slack": slack, "pagerduty": pagerduty, "sns": sns} {
		if got := line(r.Channels[name]); got != want {
			t.Errorf("%s: got  %q\nwant %q", name, got, want)
		}
	}
}

// told holds what a channel's stand-in received against texts that must be in it.
func told(t *testing.T, r play.Result, channel string, texts ...string) {
	t.Helper()
	var said strings.Builder
	for _, request := range r.Channels[channel].Requests {
		said.WriteString(plain(request.Body))
	}
	for _, text := range texts {
		if !strings.Contains(said.String(), text) {
			t.Errorf("%s was to be told %q: %s", channel, text, said.String())
		}
	}
}

// plain is the JSON without its escapes, also those of JSON inside its texts.
func plain(body []byte) string {
	return strings.NewReplacer("u003c", "<", "u003e", ">", "u0026", "&").Replace(strings.ReplaceAll(string(body), `\`, ""))
}

// What channels come to when nothing is wrong.
const (
	slackPosts   = "deliver every_deployment sent /api/chat.postMessage"
	slackEdits   = "deliver every_deployment sent /api/chat.update"
	slackFails   = "deliver every_deployment sent /api/chat.postMessage /api/chat.postMessage"
	slackTurns   = "deliver every_deployment sent /api/chat.update /api/chat.postMessage"
	pages        = "deliver production_failure sent /v2/enqueue"
	resolves     = "deliver production_success sent /v2/enqueue /v2/change/enqueue"
	texts        = "deliver production_failure sent /"
	notFailed    = "suppress not_failed none"
	planned      = "suppress maintenance_window none"
	notProd      = "suppress not_production none"
	notTold      = "none none"
	notToldTwice = "none duplicate none"
)

// slackMessages are those in the channel now that speak of the deployment.
func slackMessages(t *testing.T, id string) []standin.SlackMessage {
	t.Helper()
	var all, found []standin.SlackMessage
	control(t, "GET", "/slack/messages", nil, &all)
	for _, m := range all {
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), id) {
			found = append(found, m)
		}
	}
	return found
}

func incident(t *testing.T, service string) string {
	t.Helper()
	var all []standin.Incident
	control(t, "GET", "/pagerduty/incidents", nil, &all)
	status := "none"
	for _, i := range all {
		if strings.HasSuffix(i.DedupKey, "/"+service) {
			status = i.Status
		}
	}
	return status
}
