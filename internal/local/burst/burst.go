// Package burst has many deployments happen at once in the local world, against vendors
// that take no more than the real ones do, and measures how long it takes until everybody
// is told.
package burst

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"golang.org/x/time/rate"

	"fanfare/internal/ledger"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/tools"
	"fanfare/internal/local/world"
)

// AccountFile is the account that is played, below the project's folder.
const AccountFile = "internal/local/burst/account.yaml"

// Options say how much happens.
type Options struct {
	// Root is the project's folder, and Dir where the world's files are.
	Root, Dir string
	Tools     *tools.Tools
	// Deployments is how many there are; one in ten fails in production.
	Deployments int
}

// deployment is one of the burst.
type deployment struct {
	cluster, service, id string
	fails                bool
}

const (
	// oneIn so many fails, and one in so many of the others is in staging.
	failing, staging = 10, 3
	// hands put events at the same time.
	hands = 8
	// The engine runs a process for each function that is called at the same time, and dies
	// of some hundreds: it is given so many events at once, and then so many a second.
	atOnce    = 40
	perSecond = 5
)

// plan are the deployments of a burst.
func plan(n int) []deployment {
	all := make([]deployment, n)
	for i := range all {
		all[i] = deployment{cluster: "production", service: fmt.Sprintf("service-%03d", i), fails: i%failing == 0,
			id: fmt.Sprintf("ecs-svc/%019d", 1e18+rand.Int64N(8e18))}
		if !all[i].fails && i%staging == 0 {
			all[i].cluster = "staging"
		}
	}
	return all
}

// event is what ECS emits of the deployment.
func (d deployment) event(account, region, name string, at time.Time) edge.Event {
	arn := fmt.Sprintf("arn:aws:ecs:%s:%s:", region, account)
	reason := "ECS deployment " + d.id + "."
	if name == failed {
		reason = "ECS deployment circuit breaker: tasks failed to start."
	}
	detail, _ := json.Marshal(map[string]string{ // texts only
		"eventType": "INFO", "eventName": "SERVICE_DEPLOYMENT_" + name, "clusterArn": arn + "cluster/" + d.cluster,
		"deploymentId": d.id, "updatedAt": at.Format(time.RFC3339), "reason": reason,
	})
	return edge.Event{
		ID: d.service + "-" + name, Source: "aws.ecs", DetailType: "ECS Deployment State Change", Account: account, Region: region,
		Time: at, Resources: []string{arn + "service/" + d.cluster + "/" + d.service}, Detail: detail,
	}
}

const (
	begun     = "IN_PROGRESS"
	succeeded = "COMPLETED"
	failed    = "FAILED"
)

func (d deployment) end() string {
	if d.fails {
		return failed
	}
	return succeeded
}

// Run plays a burst in a world of its own.
func Run(ctx context.Context, o Options, say func(string)) (Report, error) {
	say("starting a world")
	w, err := world.Start(ctx, world.Options{Root: o.Root, Dir: filepath.Join(o.Dir, "world"), AccountFile: AccountFile, Python: o.Tools.Python})
	if err != nil {
		return Report{}, err
	}
	defer w.Close()
	if err = w.Deploy(ctx, o.Tools, func(string) {}); err == nil {
		err = w.Seed(ctx, func(string) {})
	}
	if err != nil {
		return Report{}, err
	}
	b := &burst{world: w, control: world.Control(w.Control), say: say, all: plan(o.Deployments)}
	if err := b.warm(ctx); err != nil {
		return Report{}, err
	}
	say(fmt.Sprintf("%d deployments begin", o.Deployments))
	b.began = time.Now()
	began := b.began.UTC().Truncate(time.Second)
	if err := b.put(ctx, func(d deployment) edge.Event { return d.event(w.Account, w.Region, begun, began) }); err != nil {
		return Report{}, err
	}
	say("all of them end")
	b.ended = time.Now()
	ended := b.ended.UTC().Truncate(time.Second).Add(time.Second)
	if err := b.put(ctx, func(d deployment) edge.Event { return d.event(w.Account, w.Region, d.end(), ended) }); err != nil {
		return Report{}, err
	}
	b.put2 = time.Now()
	if err := b.wait(ctx); err != nil {
		return Report{}, err
	}
	return b.report(ctx)
}

// burst is one that is under way.
type burst struct {
	world   *world.World
	control world.Control
	say     func(string)
	all     []deployment
	// began and ended are when the first event of each kind was put, and put2 when the
	// last was.
	began, ended, put2 time.Time
}

// put puts an event of every deployment, as fast as the engine takes them.
func (b *burst) put(ctx context.Context, event func(deployment) edge.Event) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan deployment)
	var group sync.WaitGroup
	for range hands {
		group.Go(func() {
			for d := range next {
				if err := b.control.Call(ctx, http.MethodPost, "/events", event(d), nil); err != nil {
					cancel(fmt.Errorf("putting an event: %w", err))
				}
			}
		})
	}
	gate := rate.NewLimiter(perSecond, atOnce)
	for _, d := range b.all {
		if gate.Wait(ctx) != nil {
			break
		}
		select {
		case next <- d:
		case <-ctx.Done():
		}
	}
	close(next)
	group.Wait()
	return context.Cause(ctx)
}

// warm plays one deployment, so that no function starts for the first time in the burst.
func (b *burst) warm(ctx context.Context) error {
	d := deployment{cluster: "production", service: "warm-up", id: "ecs-svc/1", fails: true}
	if err := b.control.Call(ctx, http.MethodPost, "/events", d.event(b.world.Account, b.world.Region, failed, time.Now().UTC()), nil); err != nil {
		return fmt.Errorf("putting an event: %w", err)
	}
	return b.wait(ctx)
}

func (b *burst) direct() aws.Config {
	config := b.world.Config()
	config.BaseEndpoint = aws.String(b.world.Engine)
	return config
}

// wait waits until no execution runs.
func (b *burst) wait(ctx context.Context) error {
	client := sfn.NewFromConfig(b.direct())
	said := time.Now()
	for {
		out, err := client.ListExecutions(ctx, &sfn.ListExecutionsInput{
			StateMachineArn: aws.String(b.world.Outputs["StateMachineArn"]), StatusFilter: sfntypes.ExecutionStatusRunning, MaxResults: 1000})
		if err != nil {
			return fmt.Errorf("listing executions: %w", err)
		}
		if len(out.Executions) == 0 {
			return nil
		}
		if time.Since(said) > 15*time.Second {
			said = time.Now()
			b.say(fmt.Sprintf("  %d executions are under way", len(out.Executions)))
		}
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// report reads what the vendors received, and the ledger's attempts.
func (b *burst) report(ctx context.Context) (Report, error) {
	var requests []standin.Request
	if err := b.control.Call(ctx, http.MethodGet, "/requests", nil, &requests); err != nil {
		return Report{}, fmt.Errorf("asking the vendors what they received: %w", err)
	}
	var messages []standin.SlackMessage
	if err := b.control.Call(ctx, http.MethodGet, "/slack/messages", nil, &messages); err != nil {
		return Report{}, fmt.Errorf("asking Slack what it shows: %w", err)
	}
	var incidents []standin.Incident
	if err := b.control.Call(ctx, http.MethodGet, "/pagerduty/incidents", nil, &incidents); err != nil {
		return Report{}, fmt.Errorf("asking PagerDuty for incidents: %w", err)
	}
	r := measure(b.all, requests, b.began, b.ended)
	r.check(b.all, messages, incidents)
	r.Put = b.put2.Sub(b.began)
	attempts, arrived, err := b.deliveries(ctx)
	r.Attempts = attempts
	r.reach(requests, arrived, b.began, b.ended)
	return r, err
}

// deliveries reads the ledger: how often each channel's function was called for a message,
// on average, and when each message reached it first, by [arrival].
func (b *burst) deliveries(ctx context.Context) (attempts map[string]float64, arrived map[string]time.Time, err error) {
	attempts, arrived = map[string]float64{}, map[string]time.Time{}
	count := map[string]float64{}
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(b.direct()), &dynamodb.ScanInput{TableName: aws.String(b.world.Outputs["LedgerTable"])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("reading the ledger: %w", err)
		}
		for _, item := range page.Items {
			n, ok := item["attempts"].(*types.AttributeValueMemberN)
			if !ok {
				continue
			}
			calls, err := strconv.ParseFloat(n.Value, 64)
			if err != nil {
				return nil, nil, fmt.Errorf("reading the ledger: attempts: %w", err)
			}
			key, event := textOf(item[ledger.SortKey]), textOf(item[ledger.PartitionKey])
			attempts[key] += calls
			count[key]++
			event, _, _ = strings.Cut(strings.TrimPrefix(event, "event#"), "|")
			if at, err := time.Parse(time.RFC3339Nano, textOf(item[ledger.BegunAt])); err == nil {
				arrived[arrival(event, strings.TrimPrefix(key, "delivery#"))] = at
			}
		}
	}
	for key := range attempts {
		attempts[key] /= count[key]
	}
	return attempts, arrived, nil
}

// arrival names an event on its way to a channel.
func arrival(event, channel string) string { return channel + " " + event }

func textOf(value types.AttributeValue) string {
	text, _ := value.(*types.AttributeValueMemberS)
	if text == nil {
		return ""
	}
	return text.Value
}
