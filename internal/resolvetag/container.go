package resolvetag

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/image"
	"fanfare/internal/text"
)

// sidecars are patterns of containers that are well known to run beside a service. A
// container is one by its own name, by its image's, or by that with the part before it:
// datadog/agent is datadog-agent.
var sidecars = []string{
	"envoy", "*-envoy", "envoy-proxy", "istio-proxy", "proxyv2",
	"xray", "xray-daemon", "*-xray-daemon",
	"datadog", "datadog-agent", "newrelic-*", "nri-ecs",
	"log_router", "log-router", "firelens", "firelens-*", "fluent-bit", "fluentbit", "fluentd", "aws-for-fluent-bit",
	"cloudwatch-agent", "cwagent",
	"otel", "otel-*", "*-otel-collector", "opentelemetry-collector*", "adot", "adot-*",
	"consul", "consul-*", "vault-agent",
	"guardduty-agent", "*-guardduty-agent", "*-guardduty-agent-*",
}

// imageOf reads the image of the service's own container from a task definition. Words
// say what could not be found out; they may come with an image all the same.
func (l *lookup) imageOf(ctx context.Context, definition string, service types.Service) (found deployment.Image, container, words string) {
	ctx, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	answer, err := l.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(definition)})
	if err != nil {
		l.log(ctx, "describing the task definition", err)
		if code(err) == "ClientException" {
			return found, "", "ECS does not know the task definition"
		}
		return found, "", trouble("ECS", err)
	}
	if answer == nil || answer.TaskDefinition == nil || len(answer.TaskDefinition.ContainerDefinitions) == 0 {
		return found, "", "the task definition has no containers"
	}
	containers := answer.TaskDefinition.ContainerDefinitions
	wanted := l.Account.ServiceOf(l.doc.Deployment.Service).Container
	chosen, asWanted := choose(containers, wanted, service.LoadBalancers, l.Account.Sidecars)
	if !asWanted {
		words = fmt.Sprintf("the task definition has no container %s, which the account file names", shown(wanted))
	}
	container = text.Cut(text.Line(aws.ToString(chosen.Name)), 255)
	if found, err = image.Parse(aws.ToString(chosen.Image)); err != nil {
		l.log(ctx, "reading the image of a container", err)
		return found, container, fmt.Sprintf("the image of container %s could not be read", shown(container))
	}
	return found, container, words
}

// choose picks the container that is the service itself: the one that the account file
// names, else the one that the load balancer talks to, else the first essential one
// that is no sidecar, else the first essential one, else the first. There is at least
// one. asWanted is false when the account file names one that is not there.
func choose(containers []types.ContainerDefinition, wanted string, balancers []types.LoadBalancer, more []string) (chosen types.ContainerDefinition, asWanted bool) {
	index := slices.IndexFunc(containers, func(c types.ContainerDefinition) bool {
		return wanted != "" && aws.ToString(c.Name) == wanted
	})
	if index >= 0 {
		return containers[index], true
	}
	balanced := func(c types.ContainerDefinition) bool {
		// A load balancer may talk to a proxy that stands before the service.
		return !isSidecar(c, more) && slices.ContainsFunc(balancers, func(b types.LoadBalancer) bool {
			return b.ContainerName != nil && aws.ToString(c.Name) == *b.ContainerName
		})
	}
	own := func(c types.ContainerDefinition) bool { return isEssential(c) && !isSidecar(c, more) }
	for _, rule := range []func(types.ContainerDefinition) bool{balanced, own, isEssential} {
		if index := slices.IndexFunc(containers, rule); index >= 0 {
			return containers[index], wanted == ""
		}
	}
	return containers[0], wanted == ""
}

// isEssential knows that a container is essential unless it says otherwise:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func isEssential(c types.ContainerDefinition) bool { return c.Essential == nil || *c.Essential }

func isSidecar(c types.ContainerDefinition, more []string) bool {
	name := aws.ToString(c.Name)
	if c.FirelensConfiguration != nil || slices.Contains(more, name) {
		return true
	}
	names := []string{strings.ToLower(name)}
	if parsed, err := image.Parse(aws.ToString(c.Image)); err == nil {
		path := strings.Split(parsed.Repository, "/")
		names = append(names, path[len(path)-1], strings.Join(path[max(0, len(path)-2):], "-"))
	}
	return slices.ContainsFunc(sidecars, func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return account.Match(pattern, name) })
	})
}

// shown is a container's name as a message may show it.
func shown(name string) string {
	if name = text.Cut(text.Line(name), 60); name == "" {
		return "without a name"
	}
	return name
}
