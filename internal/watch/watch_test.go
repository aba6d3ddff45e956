package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/watchdog/order"
)

var update = flag.Bool("update", false, "write the golden files anew")

var _ Scheduler = (*scheduler.Client)(nil)

var began = time.Date(2026, 3, 14, 9, 26, 53, 500, time.UTC)

var shop = account.Account{
	ID: "123456789012", Region: "eu-west-1", Clusters: []string{"production"},
	Services: []account.Service{{Name: "search", StuckAfter: "2h"}},
}

// schedules keeps what was made; a name is taken once.
type schedules struct {
	made []*scheduler.CreateScheduleInput
	err  error
}

func (s *schedules) CreateSchedule(_ context.Context, in *scheduler.CreateScheduleInput, _ ...func(*scheduler.Options)) (*scheduler.CreateScheduleOutput, error) {
	if s.err != nil {
		return nil, s.err
	}
	for _, other := range s.made {
		if *other.Name == *in.Name {
			return nil, &types.ConflictException{}
		}
	}
	s.made = append(s.made, in)
	return &scheduler.CreateScheduleOutput{}, nil
}

func stepWith(s *schedules, now time.Time) Step {
	return Step{Scheduler: s, Account: shop, Watchdog: "arn:aws:lambda:eu-west-1:123456789012:function:fanfare-watchdog",
		Role: "arn:aws:iam::123456789012:role/fanfare-scheduler", Group: "fanfare", Now: func() time.Time { return now }}
}

func document() deployment.Document {
	return deployment.Document{
		Deployment: deployment.Deployment{
			Event: "5f0c8a1e-7a34-4a52-9d3a-6f2b8c1d0e11", Source: deployment.ECS, Name: "SERVICE_DEPLOYMENT_IN_PROGRESS",
			Account: "123456789012", Region: "eu-west-1", Partition: "aws", Cluster: "production", Service: "checkout",
			ID: "ecs-svc/1234567890123456789", Status: deployment.InProgress, Kind: deployment.Ordinary,
			Time: began, Environment: "production", Production: true,
		},
		Claim: &deployment.Claim{Outcome: deployment.Claimed, Kind: deployment.Ordinary, StartedAt: began},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	s := &schedules{}
	result, err := stepWith(s, began.Add(5*time.Second)).Arm(t.Context(), document())
	if err != nil || len(s.made) != 1 {
		t.Fatalf("made %d, %v", len(s.made), err)
	}
	made := s.made[0]
	var shown bytes.Buffer
	encoder := json.NewEncoder(&shown)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(map[string]any{
		"result": result, "name": made.Name, "group": made.GroupName, "description": made.Description,
		"expression": made.ScheduleExpression, "timezone": made.ScheduleExpressionTimezone,
		"window": made.FlexibleTimeWindow.Mode, "after": made.ActionAfterCompletion, "target": made.Target.Arn,
		"role": made.Target.RoleArn, "age": made.Target.RetryPolicy.MaximumEventAgeInSeconds,
		"attempts": made.Target.RetryPolicy.MaximumRetryAttempts, "input": json.RawMessage(*made.Target.Input),
	}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "schedule.golden.json")
	if *update {
		if err := os.WriteFile(file, shown.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(shown.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s%v", shown.Bytes(), want, err)
	}
}

func TestWhatIsLookedAfter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*deployment.Document)
		reason string
	}{
		{"a deployment", func(*deployment.Document) {}, ""},
		{"one to staging", func(doc *deployment.Document) { doc.Deployment.Production = false }, ""},
		{"a rollback", func(doc *deployment.Document) { doc.Deployment.Kind = deployment.Rollback }, ""},
		{"without the ledger", func(doc *deployment.Document) { doc.Claim = &deployment.Claim{Outcome: deployment.Unclaimed} }, ""},
		{"without a claim", func(doc *deployment.Document) { doc.Claim = nil }, ""},
		{"without a cluster", func(doc *deployment.Document) { doc.Deployment.Cluster = "" }, ""},
		{"an end", func(doc *deployment.Document) { doc.Deployment.Status = deployment.Succeeded }, "no beginning"},
		{"what is stuck", func(doc *deployment.Document) { doc.Deployment.Status = deployment.Stuck }, "no beginning"},
		{"a pipeline", func(doc *deployment.Document) {
			doc.Deployment.Source, doc.Deployment.Pipeline, doc.Deployment.Service = deployment.CodePipeline, "p", ""
		}, "pipeline"},
		{"a drill", func(doc *deployment.Document) { doc.Deployment.Drill = &deployment.Drill{Page: true} }, "drill"},
		{"a late one", func(doc *deployment.Document) { doc.Claim.Late = true }, "later state"},
		{"one without an id", func(doc *deployment.Document) { doc.Deployment.ID = "" }, "name the deployment"},
		{"another account", func(doc *deployment.Document) { doc.Deployment.Account = "210987654321" }, "another account"},
		{"another region", func(doc *deployment.Document) { doc.Deployment.Region = "eu-north-1" }, "another account or region"},
		{"another cluster", func(doc *deployment.Document) { doc.Deployment.Cluster = "experiments" }, "clusters"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			doc := document()
			test.change(&doc)
			s := &schedules{}
			result, err := stepWith(s, began).Arm(t.Context(), doc)
			if err != nil || (result.Outcome == Armed) != (test.reason == "") || !strings.Contains(result.Reason, test.reason) ||
				(len(s.made) == 1) != (result.Outcome == Armed) || result.At.IsZero() == (result.Outcome == Armed) {
				t.Fatalf("got %+v, %v, %d schedules", result, err, len(s.made))
			}
			if len(s.made) == 0 {
				return
			}
			o, err := order.Parse([]byte(*s.made[0].Target.Input))
			if err != nil || o.Key() != doc.Key() {
				t.Errorf("the watchdog reads %+v, %v", o, err)
			}
		})
	}
}

func TestWhen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		service, want string
		now           time.Duration // after it began
	}{
		"after half an hour":               {"checkout", "at(2026-03-14T09:56:53)", time.Second},
		"after what the account file says": {"search", "at(2026-03-14T11:26:53)", time.Second},
		"just ahead":                       {"checkout", "at(2026-03-14T09:56:53)", 29 * time.Minute},
		"too near":                         {"checkout", "at(2026-03-14T09:57:43)", 29*time.Minute + 50*time.Second},
		"past":                             {"checkout", "at(2026-03-14T19:27:53)", 10 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, doc := &schedules{}, document()
			doc.Deployment.Service = test.service
			result, err := stepWith(s, began.Add(test.now)).Arm(t.Context(), doc)
			if err != nil || *s.made[0].ScheduleExpression != test.want || "at("+result.At.Format("2006-01-02T15:04:05")+")" != test.want {
				t.Errorf("got %s, %+v, %v", *s.made[0].ScheduleExpression, result, err)
			}
		})
	}
}

// TestOnce: one deployment has one schedule, however often its beginning is told; another
// rollback to the same deployment has one of its own.
func TestOnce(t *testing.T) {
	t.Parallel()
	s := &schedules{}
	arm := func(change func(*deployment.Document)) {
		t.Helper()
		doc := document()
		change(&doc)
		if result, err := stepWith(s, began).Arm(t.Context(), doc); err != nil || result.Outcome != Armed {
			t.Errorf("got %+v, %v", result, err)
		}
	}
	arm(func(*deployment.Document) {})
	arm(func(doc *deployment.Document) {
		doc.Deployment.Event, doc.Deployment.Time = "again", began.Add(time.Minute)
	})
	if len(s.made) != 1 {
		t.Errorf("%d schedules of one deployment", len(s.made))
	}
	arm(func(doc *deployment.Document) { doc.Deployment.ID = "ecs-svc/2" })
	arm(func(doc *deployment.Document) { doc.Claim.Kind = deployment.Rollback })
	arm(func(doc *deployment.Document) {
		doc.Claim.Kind, doc.Claim.StartedAt = deployment.Rollback, began.Add(time.Hour)
	})
	if len(s.made) != 4 {
		t.Errorf("%d schedules, want 4", len(s.made))
	}
	for _, made := range s.made {
		if !regexp.MustCompile(`^[0-9a-zA-Z_.-]{1,64}$`).MatchString(*made.Name) {
			t.Errorf("the name %q", *made.Name)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	var transient *failure.Transient
	_, err := stepWith(&schedules{err: &types.ThrottlingException{}}, began).Arm(t.Context(), document())
	if !errors.As(failure.Classify(err), &transient) {
		t.Errorf("throttled: %v", err)
	}
	var permanent *failure.Permanent
	_, err = stepWith(&schedules{err: &types.ResourceNotFoundException{}}, began).Arm(t.Context(), document())
	if !errors.As(failure.Classify(err), &permanent) {
		t.Errorf("no such group: %v", err)
	}
}
