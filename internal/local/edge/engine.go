package edge

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// describe asks the engine for the service as it has it.
func (e *Edge) describe(ctx context.Context, cluster, service string) (types.Service, error) {
	if service == "" {
		return types.Service{}, badInput("service: the name or ARN of a service is needed")
	}
	if cluster == "" {
		cluster = "default"
	}
	out, err := e.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: []string{service}})
	if missing := new(types.ClusterNotFoundException); errors.As(err, &missing) {
		return types.Service{}, fmt.Errorf("service %s: %w, for there is no cluster %s", service, ErrNoService, cluster)
	}
	if err != nil {
		return types.Service{}, fmt.Errorf("describing service %s: %w", service, err)
	}
	if len(out.Services) == 0 || aws.ToString(out.Services[0].Status) != "ACTIVE" {
		return types.Service{}, fmt.Errorf("service %s: %w in cluster %s", service, ErrNoService, cluster)
	}
	return out.Services[0], nil
}

// update makes the engine start a deployment of the task definition. The engine takes
// task definitions that it does not have, so they are looked up first.
func (e *Edge) update(ctx context.Context, s types.Service, taskDefinition string) (types.Service, error) {
	found, err := e.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &taskDefinition})
	if refused := new(types.ClientException); errors.As(err, &refused) {
		return types.Service{}, badInput("taskDefinition: the engine does not have %q", taskDefinition)
	}
	if err != nil {
		return types.Service{}, fmt.Errorf("describing task definition %s: %w", taskDefinition, err)
	}
	if found.TaskDefinition != nil {
		taskDefinition = aws.ToString(found.TaskDefinition.TaskDefinitionArn)
	}
	out, err := e.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: s.ClusterArn, Service: s.ServiceArn,
		TaskDefinition: &taskDefinition, ForceNewDeployment: true,
	})
	if err != nil {
		return types.Service{}, fmt.Errorf("updating service %s: %w", aws.ToString(s.ServiceName), err)
	}
	if out.Service == nil {
		return types.Service{}, fmt.Errorf("updating service %s: the answer holds no service", aws.ToString(s.ServiceName))
	}
	return *out.Service, nil
}

func circuitBreaker(s types.Service) types.DeploymentCircuitBreaker {
	if s.DeploymentConfiguration == nil || s.DeploymentConfiguration.DeploymentCircuitBreaker == nil {
		return types.DeploymentCircuitBreaker{}
	}
	return *s.DeploymentConfiguration.DeploymentCircuitBreaker
}
