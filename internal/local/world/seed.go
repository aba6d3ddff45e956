package world

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// The clusters and services of the local account, and the versions of their images.
var (
	Clusters = []string{"production", "staging"}
	Services = []string{"checkout", "search"}
	// Versions are tags that GitLab knows, oldest first; the services run the first.
	Versions = []string{"1.41.0", "1.42.0", "1.43.0", "1.44.0"}
)

// Seed makes what an account has before Fanfare comes: secrets, services that run their
// first version, and a phone that hears texts.
func (w *World) Seed(ctx context.Context, progress func(string)) error {
	progress("creating ECS services")
	parameters := ssm.NewFromConfig(w.Config())
	put := func(name, value string, kind ssmtypes.ParameterType) error {
		_, err := parameters.PutParameter(ctx, &ssm.PutParameterInput{
			Name: aws.String(name), Value: aws.String(value), Type: kind, Overwrite: aws.Bool(true)})
		if err != nil {
			return fmt.Errorf("putting %s in the parameter store: %w", name, err)
		}
		return nil
	}
	for name, value := range map[string]string{
		"/fanfare/slack/bot-token": slackToken, "/fanfare/pagerduty/routing-key": routingKey, "/fanfare/gitlab/token": gitlabToken,
	} {
		if err := put(name, value, ssmtypes.ParameterTypeSecureString); err != nil {
			return err
		}
	}
	for _, cluster := range Clusters {
		if err := w.seedCluster(ctx, cluster); err != nil {
			return err
		}
		for _, service := range Services {
			if err := put("/ecs/deployments/"+cluster+"/"+service+"/last-tag", Versions[0], ssmtypes.ParameterTypeString); err != nil {
				return err
			}
		}
	}
	for _, pipeline := range w.account.Pipelines {
		if err := put(w.account.LastRevisionParameter(pipeline.Name), w.Commit(Versions[0]), ssmtypes.ParameterTypeString); err != nil {
			return err
		}
	}
	_, err := sns.NewFromConfig(w.Config()).Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: aws.String(w.Outputs["TextsTopicArn"]), Protocol: aws.String("http"), Endpoint: aws.String(w.Phone + "/")})
	if err != nil {
		return fmt.Errorf("subscribing the phone: %w", err)
	}
	return nil
}

func (w *World) seedCluster(ctx context.Context, cluster string) error {
	client := ecs.NewFromConfig(w.Config())
	if _, err := client.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String(cluster)}); err != nil {
		return fmt.Errorf("creating the cluster %s: %w", cluster, err)
	}
	for _, service := range Services {
		var first string
		for i, version := range Versions[:2] {
			arn, err := RegisterVersion(ctx, client, w.Address, cluster, service, version)
			if err != nil {
				return err
			}
			if i == 0 {
				first = arn
			}
		}
		_, err := client.CreateService(ctx, &ecs.CreateServiceInput{
			Cluster: aws.String(cluster), ServiceName: aws.String(service), TaskDefinition: aws.String(first),
			DesiredCount: aws.Int32(2), LaunchType: types.LaunchTypeFargate,
			DeploymentConfiguration: &types.DeploymentConfiguration{
				DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true},
			},
			NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
		})
		if err != nil {
			return fmt.Errorf("creating the service %s/%s: %w", cluster, service, err)
		}
	}
	return nil
}

// RegisterVersion registers a task definition of the service with the version's image,
// and a sidecar beside it, and returns its ARN.
func RegisterVersion(ctx context.Context, client *ecs.Client, a Address, cluster, service, version string) (string, error) {
	out, err := client.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
		Family: aws.String(cluster + "-" + service), NetworkMode: types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, Cpu: aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []types.ContainerDefinition{
			{Name: aws.String("datadog-agent"), Image: aws.String("public.ecr.aws/datadog/agent:7.70.0"), Essential: aws.Bool(true)},
			{Name: aws.String(service), Image: aws.String(fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s:%s", a.Account, a.Region, service, version)), Essential: aws.Bool(true)},
		},
	})
	if err != nil {
		return "", fmt.Errorf("registering %s %s for %s: %w", service, version, cluster, err)
	}
	return aws.ToString(out.TaskDefinition.TaskDefinitionArn), nil
}

// refsOf makes Git refs of the versions: the newest is the project's newest commit, and
// up to three commits lie between one and the next. A project without a Git history has
// none, and messages say so.
func refsOf(ctx context.Context, root string) (map[string]string, error) {
	list, err := exec.CommandContext(ctx, "git", "-C", root, "rev-list", "--topo-order", "-n", "200", "HEAD").Output()
	if err != nil {
		return map[string]string{}, ctx.Err()
	}
	commits := strings.Fields(string(list))
	refs := map[string]string{}
	gap := min(3, (len(commits)-1)/(len(Versions)-1))
	for i, version := range Versions {
		refs["v"+version] = commits[gap*(len(Versions)-1-i)]
	}
	return refs, nil
}
