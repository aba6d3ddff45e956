//go:build e2e

package e2e_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/play"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/world"
)

// TestTwoAccountsAtOnce plays the same events, to the letter of their ids, in both accounts
// at the same moment. It comes first and leaves no incident behind: see TestDemo.
func TestTwoAccountsAtOnce(t *testing.T) {
	s := tell("production", "search")
	failure, success := s.fails(), tell("production", "search").succeeds()
	first := bothAtOnce(t, failure, elsewhere(failure))
	wantLines(t, first[0], slackFails, pages, texts)
	wantLines(t, first[1], slackFails, "suppress service_not_paged none", texts)

	// What goes wrong in the second does so there alone.
	refuse := fault.Fault{Target: "pagerduty", Kind: fault.Status, Status: 400}
	controlOf(t, second, "POST", "/faults", refuse, nil)
	defer controlOf(t, second, "DELETE", "/faults", nil, nil)
	other := elsewhere(tell("production", "checkout").fails())
	other.ID = success.ID
	then := bothAtOnce(t, success, other)
	wantLines(t, then[0], slackPosts, resolves, notFailed)
	wantLines(t, then[1], slackFails, "deliver production_failure dead_lettered /v2/enqueue", texts)

	t.Run("executions", func(t *testing.T) {
		for i, in := range []*world.World{w, second} {
			arns := executionsOf(t, in)
			for _, r := range []play.Result{first[i], then[i]} {
				if !arns[r.Execution.ARN] || !strings.Contains(r.Execution.ARN, ":"+in.Account+":") {
					t.Errorf("account %s: %s is not among its executions", in.Account, r.Execution.ARN)
				}
			}
			if i == 1 && len(arns) != 2 {
				t.Errorf("the second account has %d executions, it was sent 2 events", len(arns))
			}
		}
	})
	t.Run("Slack", func(t *testing.T) { slackApart(t, failure.ID) })
	t.Run("ledgers", func(t *testing.T) {
		for _, in := range []*world.World{w, second} {
			if rows := rowsOf(t, in); !strings.Contains(rows, in.Account) || strings.Contains(rows, theOther(in).Account) {
				t.Errorf("the ledger of %s holds rows of another account, or none", in.Account)
			}
		}
	})
	t.Run("queues", func(t *testing.T) {
		for _, in := range []*world.World{w, second} {
			messages, err := in.QueueMessages(t.Context(), in.Outputs["DeliveryQueueUrl"])
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if in == second {
				want = 1
			}
			if len(messages) != want {
				t.Errorf("account %s: %d failed deliveries are in its queue, %d expected", in.Account, len(messages), want)
			}
		}
	})
}

// TestTwoAccountsWithOnePipelinesName: each knows its own executions, and remembers its own
// revision.
func TestTwoAccountsWithOnePipelinesName(t *testing.T) {
	before := kept(t, w, lastRevision)
	x := run(t, production, commit("1.42.0"))
	y := begins(second, production)
	y.id = x.id
	if _, err := executionIn(t, second, x.id); !isUnknown(err) {
		t.Errorf("the second account knows the execution of the first: %v", err)
	}
	y.start(t, commit("1.44.0"))
	y.ends(t, edge.Ending{Outcome: edge.Succeed})
	mine, its := x.event("STARTED"), y.event("SUCCEEDED")
	its.ID = mine.ID
	r := bothAtOnce(t, mine, its)
	wantLines(t, r[0], slackPosts, notFailed, notFailed)
	wantLines(t, r[1], slackPosts, resolves, notFailed)
	told(t, r[0], "slack", w.Commit("1.42.0")[:8])
	told(t, r[1], "slack", w.Commit("1.44.0")[:8])
	if got := kept(t, w, lastRevision); got != before {
		t.Errorf("the first account's last good revision went from %s to %s", before, got)
	}
	if got := kept(t, second, lastRevision); got != w.Commit("1.44.0") {
		t.Errorf("the second account's last good revision is %s", got)
	}
}

// TestSecretsOfTheOtherAccount: the very role that reads a secret finds none when its own
// account's is gone, although the other account has one of the same name. (By ARN the
// engine's roles may read no parameter at all.)
func TestSecretsOfTheOtherAccount(t *testing.T) {
	for secret, readers := range owners {
		function := readers[0]
		for _, in := range []*world.World{w, second} {
			client := ssm.NewFromConfig(as(t, in, function))
			get := func() error {
				_, err := client.GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(secret), WithDecryption: aws.Bool(true)})
				return err
			}
			if err := get(); err != nil {
				t.Errorf("%s of %s is refused its own secret: %v", function, in.Account, err)
			}
			t.Run(function+" of "+in.Account, func(t *testing.T) {
				missing(in, secret)(t)
				var none *ssmtypes.ParameterNotFound
				if err := get(); !errors.As(err, &none) {
					t.Errorf("without a secret of its own it reads one: %v", err)
				}
			})
		}
	}
}

func theOther(in *world.World) *world.World {
	if in == second {
		return w
	}
	return second
}

// elsewhere is the same event of the second account.
func elsewhere(event edge.Event) edge.Event {
	event.Account = second.Account
	event.Resources = []string{strings.ReplaceAll(event.Resources[0], w.Account, second.Account)}
	event.Detail = []byte(strings.ReplaceAll(string(event.Detail), w.Account, second.Account))
	return event
}

// bothAtOnce sends an event in each account at the same moment.
func bothAtOnce(t *testing.T, mine, its edge.Event) [2]play.Result {
	t.Helper()
	var results [2]play.Result
	var group sync.WaitGroup
	players, events := [2]*play.Player{player, play.New(second.Address)}, [2]edge.Event{mine, its}
	for i := range results {
		group.Go(func() {
			var err error
			if results[i], err = players[i].Send(t.Context(), events[i]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return results
}

func executionsOf(t *testing.T, in *world.World) map[string]bool {
	t.Helper()
	list, err := sfn.NewFromConfig(in.Config()).ListExecutions(t.Context(), &sfn.ListExecutionsInput{StateMachineArn: aws.String(in.Outputs["StateMachineArn"])})
	if err != nil {
		t.Fatal(err)
	}
	arns := map[string]bool{}
	for _, execution := range list.Executions {
		arns[aws.ToString(execution.ExecutionArn)] = true
	}
	return arns
}

// slackApart: each account's channel holds its own messages of the event.
func slackApart(t *testing.T, event string) {
	for in, channel := range map[*world.World]string{w: "C0123456789", second: "C0987654321"} {
		var messages []standin.SlackMessage
		controlOf(t, in, "GET", "/slack/messages", nil, &messages)
		mine := 0
		for _, m := range messages {
			if m.Channel != channel {
				t.Errorf("account %s told channel %s", in.Account, m.Channel)
			}
			if strings.Contains(string(m.Blocks), "account "+theOther(in).Account) {
				t.Errorf("account %s told of the other: %s", in.Account, m.Blocks)
			}
			if m.Event == event {
				mine++
			}
		}
		if mine != 2 { // the message, and its alert
			t.Errorf("account %s: %d messages of the event, 2 expected", in.Account, mine)
		}
	}
}

// rowsOf is the whole ledger of the account, as text.
func rowsOf(t *testing.T, in *world.World) string {
	t.Helper()
	out, err := dynamodb.NewFromConfig(in.Config()).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(in.Outputs["LedgerTable"])})
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for _, item := range out.Items {
		for name, value := range item {
			fmt.Fprintf(&rows, "%s=%+v ", name, value)
		}
	}
	return rows.String()
}

func executionIn(t *testing.T, in *world.World, id string) (*codepipeline.GetPipelineExecutionOutput, error) {
	t.Helper()
	return codepipeline.NewFromConfig(in.Config()).GetPipelineExecution(t.Context(), &codepipeline.GetPipelineExecutionInput{
		PipelineName: aws.String(production), PipelineExecutionId: aws.String(id)})
}

func isUnknown(err error) bool {
	var unknown *types.PipelineExecutionNotFoundException
	return errors.As(err, &unknown)
}
