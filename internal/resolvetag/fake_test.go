package resolvetag_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codepipeline"
	pipelines "github.com/aws/aws-sdk-go-v2/service/codepipeline/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameter "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/ledger"
	"fanfare/internal/resolvetag"
)

// The real clients are what the step is given in the end.
var (
	_ resolvetag.ECS          = (*ecs.Client)(nil)
	_ resolvetag.CodePipeline = (*codepipeline.Client)(nil)
	_ resolvetag.Parameters   = (*ssm.Client)(nil)
	_ resolvetag.Ledger       = (*ledger.Ledger)(nil)
)

const (
	registry = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop/checkout"
	v1       = "arn:aws:ecs:eu-west-1:210987654321:task-definition/checkout:1"
	v2       = "arn:aws:ecs:eu-west-1:210987654321:task-definition/checkout:2"
	older    = "ecs-svc/1111111111111111111"
	id       = "ecs-svc/2222222222222222222"
	newer    = "ecs-svc/3333333333333333333"
	lastTag  = "/ecs/deployments/shop/checkout/last-tag"
	// The pipeline's name has an @, which a parameter's may not have.
	lastRevision = "/codepipeline/deployments/checkout_eu/last-revision"
)

var shop = account.Account{ID: "210987654321", Region: "eu-west-1", LastTag: account.DefaultLastTag, LastRevision: account.DefaultLastRevision}

// world is all that the step asks, as it answers. A nil service is one that ECS does
// not know.
type world struct {
	service     *types.Service
	definitions map[string]*types.TaskDefinition
	tag         string // empty when there is no such parameter
	ledger      map[string]deployment.Release
	tried       deployment.Image

	execution     *pipelines.PipelineExecution // nil when CodePipeline answers with none
	pages         [][]pipelines.ActionExecutionDetail
	revision      string // empty when there is no such parameter
	triedRevision string

	servicesErr, definitionErr, tagErr, ledgerErr error
	executionErr, actionsErr                      error

	mu    sync.Mutex
	calls []string
	saved []deployment.Release
}

// errHang is an error that a call gives only when its time is over.
var errHang = errors.New("hang")

// enter notes a call, and waits when it is to hang.
func (w *world) enter(ctx context.Context, call string, err error) error {
	w.mu.Lock()
	w.calls = append(w.calls, call)
	w.mu.Unlock()
	if errors.Is(err, errHang) {
		<-ctx.Done()
		return ctx.Err()
	}
	return errors.Join(err, ctx.Err())
}

func (w *world) DescribeServices(ctx context.Context, in *ecs.DescribeServicesInput, _ ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error) {
	if err := w.enter(ctx, "DescribeServices", w.servicesErr); err != nil {
		return nil, err
	}
	asked := aws.ToString(in.Cluster) == "shop" && slices.Equal(in.Services, []string{"checkout"}) &&
		slices.Contains(in.Include, types.ServiceFieldTags)
	if w.service == nil || !asked {
		return &ecs.DescribeServicesOutput{Failures: []types.Failure{{Reason: aws.String("MISSING")}}}, nil
	}
	return &ecs.DescribeServicesOutput{Services: []types.Service{*w.service}}, nil
}

func (w *world) DescribeTaskDefinition(ctx context.Context, in *ecs.DescribeTaskDefinitionInput, _ ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error) {
	if err := w.enter(ctx, "DescribeTaskDefinition", w.definitionErr); err != nil {
		return nil, err
	}
	definition, ok := w.definitions[aws.ToString(in.TaskDefinition)]
	if !ok {
		return nil, refused("ClientException")
	}
	return &ecs.DescribeTaskDefinitionOutput{TaskDefinition: definition}, nil
}

func (w *world) GetParameter(ctx context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	if err := w.enter(ctx, "GetParameter", w.tagErr); err != nil {
		return nil, err
	}
	value := map[string]string{lastTag: w.tag, lastRevision: w.revision}[aws.ToString(in.Name)]
	if value == "" {
		return nil, &smithy.OperationError{ServiceID: "SSM", OperationName: "GetParameter", Err: &parameter.ParameterNotFound{}}
	}
	return &ssm.GetParameterOutput{Parameter: &parameter.Parameter{Value: aws.String(value)}}, nil
}

func (w *world) Release(ctx context.Context, key string) (*deployment.Release, error) {
	if err := w.enter(ctx, "Release", w.ledgerErr); err != nil {
		return nil, err
	}
	if release, ok := w.ledger[key]; ok {
		return &release, nil
	}
	return nil, nil
}

func (w *world) SaveRelease(ctx context.Context, _ deployment.Document, r deployment.Release) error {
	if err := w.enter(ctx, "SaveRelease", w.ledgerErr); err != nil {
		return err
	}
	w.saved = append(w.saved, r)
	return nil
}

func (w *world) LastTried(ctx context.Context, serviceKey string) (deployment.Image, error) {
	if err := w.enter(ctx, "LastTried", w.ledgerErr); err != nil || serviceKey != "210987654321/eu-west-1/shop/checkout" {
		return deployment.Image{}, err
	}
	return w.tried, nil
}

func (w *world) LastTriedRevision(ctx context.Context, serviceKey string) (string, error) {
	if err := w.enter(ctx, "LastTriedRevision", w.ledgerErr); err != nil || serviceKey != "210987654321/eu-west-1/pipeline:checkout@eu" {
		return "", err
	}
	return w.triedRevision, nil
}

func (w *world) GetPipelineExecution(ctx context.Context, in *codepipeline.GetPipelineExecutionInput, _ ...func(*codepipeline.Options)) (*codepipeline.GetPipelineExecutionOutput, error) {
	if err := w.enter(ctx, "GetPipelineExecution", w.executionErr); err != nil {
		return nil, err
	}
	if aws.ToString(in.PipelineName) != pipeline || aws.ToString(in.PipelineExecutionId) != execution {
		return nil, refused("PipelineExecutionNotFoundException")
	}
	return &codepipeline.GetPipelineExecutionOutput{PipelineExecution: w.execution}, nil
}

// ListActionExecutions gives a page at a time, whose token is the number of the next.
func (w *world) ListActionExecutions(ctx context.Context, in *codepipeline.ListActionExecutionsInput, _ ...func(*codepipeline.Options)) (*codepipeline.ListActionExecutionsOutput, error) {
	if err := w.enter(ctx, "ListActionExecutions", w.actionsErr); err != nil {
		return nil, err
	}
	if aws.ToString(in.PipelineName) != pipeline || in.Filter == nil || aws.ToString(in.Filter.PipelineExecutionId) != execution {
		return nil, refused("PipelineNotFoundException")
	}
	page, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &codepipeline.ListActionExecutionsOutput{}
	if page < len(w.pages) {
		out.ActionExecutionDetails = w.pages[page]
	}
	if page+1 < len(w.pages) {
		out.NextToken = aws.String(strconv.Itoa(page + 1))
	}
	return out, nil
}

// refused is an error as the SDK gives it for AWS's answer of that code.
func refused(code string) error {
	return &smithy.OperationError{ServiceID: "ECS", OperationName: "Describe", Err: &smithy.GenericAPIError{Code: code, Message: "no"}}
}

// usual is a world in which version 2 of checkout follows version 1.
func usual() *world {
	return &world{
		service: rollingOut(),
		definitions: map[string]*types.TaskDefinition{
			v1: defined(container("checkout", registry+":1.0.0")),
			v2: defined(container("checkout", registry+":2.0.0")),
		},
		tag: "1.0.0",
	}
}

func defined(containers ...types.ContainerDefinition) *types.TaskDefinition {
	return &types.TaskDefinition{ContainerDefinitions: containers}
}

func container(name, image string) types.ContainerDefinition {
	return types.ContainerDefinition{Name: aws.String(name), Image: aws.String(image)}
}

// entry is one of a service's deployments.
func entry(id, status, definition string, state types.DeploymentRolloutState, reason string) types.Deployment {
	return types.Deployment{Id: aws.String(id), Status: aws.String(status), TaskDefinition: aws.String(definition),
		RolloutState: state, RolloutStateReason: aws.String(reason)}
}

func service(entries ...types.Deployment) *types.Service {
	return &types.Service{ServiceName: aws.String("checkout"), TaskDefinition: aws.String(v1), Deployments: entries}
}

func rollingOut() *types.Service {
	return service(
		entry(id, "PRIMARY", v2, "IN_PROGRESS", "ECS deployment "+id+" in progress."),
		entry(older, "ACTIVE", v1, "COMPLETED", "ECS deployment "+older+" completed."))
}

const backTo = "ECS deployment circuit breaker: rolling back to deploymentId " + older + "."

func rollingBack() *types.Service {
	return service(
		entry(newer, "PRIMARY", v1, "IN_PROGRESS", backTo),
		entry(id, "ACTIVE", v2, "FAILED", "ECS deployment circuit breaker: tasks failed to start."))
}

func document(status deployment.Status, kind deployment.Kind, id string) deployment.Document {
	return deployment.Document{Deployment: deployment.Deployment{
		Account: shop.ID, Region: shop.Region, Cluster: "shop", Service: "checkout", ID: id, Event: "e1", Status: status, Kind: kind,
	}}
}

func resolve(t testing.TB, w *world, a account.Account, doc deployment.Document) deployment.Release {
	t.Helper()
	return resolveIn(context.Background(), t, w, a, doc)
}

func resolveIn(ctx context.Context, t testing.TB, w *world, a account.Account, doc deployment.Document) deployment.Release {
	t.Helper()
	r := resolvetag.Resolver{ECS: w, CodePipeline: w, Parameters: w, Ledger: w, Account: a, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	release, err := r.Resolve(ctx, doc)
	if err != nil {
		t.Fatal(err)
	}
	return release
}
