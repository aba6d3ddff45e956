package statemachine

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// clients are those of the services that the workflow may call by itself, by their name
// in a Resource of the form aws-sdk:service:action.
var clients = map[string]reflect.Type{
	"dynamodb":    reflect.TypeFor[*dynamodb.Client](),
	"ecs":         reflect.TypeFor[*ecs.Client](),
	"eventbridge": reflect.TypeFor[*eventbridge.Client](),
	"lambda":      reflect.TypeFor[*lambda.Client](),
	"sfn":         reflect.TypeFor[*sfn.Client](),
	"sns":         reflect.TypeFor[*sns.Client](),
	"sqs":         reflect.TypeFor[*sqs.Client](),
	"ssm":         reflect.TypeFor[*ssm.Client](),
}

// optimized are the integrations that Step Functions has made itself, as far as they are
// of services that Fanfare has to do with, and the client whose action each is:
// https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
var optimized = map[string]string{
	"dynamodb:deleteItem":   "dynamodb",
	"dynamodb:getItem":      "dynamodb",
	"dynamodb:putItem":      "dynamodb",
	"dynamodb:updateItem":   "dynamodb",
	"ecs:runTask":           "ecs",
	"events:putEvents":      "eventbridge",
	"lambda:invoke":         "lambda",
	"sns:publish":           "sns",
	"sqs:sendMessage":       "sqs",
	"states:startExecution": "sfn",
}

var integration = regexp.MustCompile(`^arn:\$\{Partition\}:states:::(aws-sdk:)?([a-z0-9]+):([a-z][A-Za-z0-9]*)$`)

// integrationName is the service and action that a task calls, such as sns:publish.
func integrationName(resource string) string {
	match := integration.FindStringSubmatch(resource)
	if match == nil {
		return ""
	}
	return match[2] + ":" + match[3]
}

// checkIntegrations finds calls of actions that do not exist, and parameters that the
// action does not take.
func checkIntegrations(_ string, m *Machine) problems {
	var found problems
	for _, s := range m.All() {
		if s.Type != "Task" || isLambda(s) {
			continue
		}
		input, problem := inputOf(s.Resource)
		if problem != "" {
			found.add("%s.Resource: %s", s.Name, problem)
			continue
		}
		parameters, _ := s.Parameters.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(parameters)) {
			name := strings.TrimSuffix(key, ".$")
			if _, ok := input.FieldByName(name); !ok {
				found.add("%s.Parameters.%s: a %s has no %s", s.Name, key, input.Name(), name)
			}
		}
	}
	return found
}

// inputOf returns what the action of a Resource takes, or says why there is none.
func inputOf(resource string) (input reflect.Type, problem string) {
	match := integration.FindStringSubmatch(resource)
	if match == nil {
		return nil, fmt.Sprintf("%q is not of the form arn:${Partition}:states:::service:action or …:::aws-sdk:service:action", resource)
	}
	service, action := match[2], match[3]
	if match[1] == "" {
		known, ok := optimized[service+":"+action]
		if !ok {
			return nil, fmt.Sprintf("%s:%s is no optimised integration that is known here", service, action)
		}
		service = known
	}
	client, ok := clients[service]
	if !ok {
		return nil, fmt.Sprintf("the service %s is not known here", service)
	}
	method, ok := client.MethodByName(strings.ToUpper(action[:1]) + action[1:])
	if !ok || method.Type.NumIn() != 4 || method.Type.In(1) != reflect.TypeFor[context.Context]() {
		return nil, fmt.Sprintf("%s has no action %s", service, action)
	}
	return method.Type.In(2).Elem(), ""
}

func TestInputOf(t *testing.T) {
	t.Parallel()
	for resource, want := range map[string]string{
		"arn:${Partition}:states:::sqs:sendMessage":              "SendMessageInput",
		"arn:${Partition}:states:::events:putEvents":             "PutEventsInput",
		"arn:${Partition}:states:::aws-sdk:ssm:getParameter":     "GetParameterInput",
		"arn:${Partition}:states:::aws-sdk:dynamodb:updateItem":  "UpdateItemInput",
		"arn:${Partition}:states:::sqs:send":                     "no optimised integration",
		"arn:${Partition}:states:::sqs:receiveMessage":           "no optimised integration",
		"arn:${Partition}:states:::aws-sdk:ssm:readParameter":    "has no action readParameter",
		"arn:${Partition}:states:::aws-sdk:ssm:options":          "has no action options",
		"arn:${Partition}:states:::aws-sdk:ssm:GetParameter":     "not of the form",
		"arn:${Partition}:states:::aws-sdk:parameters:get":       "not known here",
		"arn:aws:states:::sqs:sendMessage":                       "not of the form",
		"arn:${Partition}:states:::sqs:sendMessage.sync":         "not of the form",
		"arn:${Partition}:states:eu-west-1::sqs:sendMessage":     "not of the form",
		"arn:${Partition}:lambda:eu-west-1:1:function:normalise": "not of the form",
	} {
		input, problem := inputOf(resource)
		if input != nil {
			problem += input.Name()
		}
		if !strings.Contains(problem, want) {
			t.Errorf("inputOf(%s) = %s, want %s", resource, problem, want)
		}
	}
}

// TestOptimized keeps the tables of integrations in step with the clients.
func TestOptimized(t *testing.T) {
	t.Parallel()
	for name := range optimized {
		if _, problem := inputOf("arn:${Partition}:states:::" + name); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
	}
	for name := range integrationResults {
		if _, ok := optimized[name]; !ok {
			t.Errorf("integrationResults knows %s, and optimized does not", name)
		}
	}
}
