//go:build e2e

package e2e_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"fanfare/internal/local/edge"
	"fanfare/internal/local/play"
	"fanfare/internal/local/world"
	"fanfare/statemachine"
)

// owners are the functions that may read each secret: the one that uses it, the one that
// tells the fallback channel, and the doctor.
var owners = map[string][]string{
	"/fanfare/slack/bot-token":       {"send-slack", "escalate", "doctor"},
	"/fanfare/pagerduty/routing-key": {"send-pagerduty", "doctor"},
	"/fanfare/gitlab/token":          {"commits", "doctor"},
}

// TestEachReadsItsOwnSecretOnly takes on each function's role: the Slack sender, for
// one, is refused PagerDuty's secret. The engine enforces roles as AWS does.
func TestEachReadsItsOwnSecretOnly(t *testing.T) {
	for _, s := range slices.Concat(statemachine.Steps, statemachine.Beside) {
		t.Run(s.Name(), func(t *testing.T) {
			config := as(t, w, s.Name())
			for name, readers := range owners {
				_, err := ssm.NewFromConfig(config).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(name), WithDecryption: aws.Bool(true)})
				switch {
				case slices.Contains(readers, s.Name()) && err != nil:
					t.Errorf("it is refused its own secret %s: %v", name, err)
				case !slices.Contains(readers, s.Name()) && !denied(err):
					t.Errorf("it is not refused %s: %v", name, err)
				}
			}
			_, err := dynamodb.NewFromConfig(config).DeleteItem(t.Context(), &dynamodb.DeleteItemInput{
				TableName: aws.String(w.Outputs["LedgerTable"]),
				Key:       map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "x"}, "sk": &types.AttributeValueMemberS{Value: "x"}}})
			if !denied(err) {
				t.Errorf("it may delete from the ledger: %v", err)
			}
		})
	}
}

// as is the configuration of somebody who has taken on the role of the account's function.
func as(t *testing.T, in *world.World, name string) aws.Config {
	t.Helper()
	function, err := lambda.NewFromConfig(in.Config()).GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("fanfare-" + name)})
	if err != nil {
		t.Fatal(err)
	}
	role, err := sts.NewFromConfig(in.Config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: function.Role, RoleSessionName: aws.String("test")})
	if err != nil {
		t.Fatal(err)
	}
	config := in.Config()
	config.Credentials = credentials.NewStaticCredentialsProvider(
		aws.ToString(role.Credentials.AccessKeyId), aws.ToString(role.Credentials.SecretAccessKey), aws.ToString(role.Credentials.SessionToken))
	return config
}

func denied(err error) bool {
	var refused smithy.APIError
	return errors.As(err, &refused) && (refused.ErrorCode() == "AccessDenied" || refused.ErrorCode() == "AccessDeniedException")
}

// rolloutFails rolls a production service out to a version that its circuit breaker
// takes back, and returns what came of the failure.
func rolloutFails(t *testing.T, service, version string) play.Result {
	t.Helper()
	definition, err := world.RegisterVersion(t.Context(), ecs.NewFromConfig(w.Config()), w.Address, "production", service, version)
	if err != nil {
		t.Fatal(err)
	}
	target := map[string]string{"cluster": "production", "service": service, "taskDefinition": definition}
	control(t, "POST", "/rollouts", target, nil)
	mark, err := player.Mark(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var finished struct{ Events []edge.Event }
	control(t, "POST", "/rollouts/finish", map[string]string{"cluster": "production", "service": service, "outcome": edge.Fail}, &finished)
	r, err := player.Observe(t.Context(), finished.Events[0].ID, mark)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestContract holds the JSON of a result to what others build on.
func TestContract(t *testing.T) {
	text, err := json.Marshal(send(t, tell("staging", "orders").starts()))
	if err != nil {
		t.Fatal(err)
	}
	var r map[string]any
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"event", "execution", "channels", "queues", "ms", "result"} {
		if _, ok := r[key]; !ok {
			t.Errorf("%s is missing", key)
		}
	}
	for _, key := range []string{"arn", "status", "error", "states"} {
		if _, ok := r["execution"].(map[string]any)[key]; !ok {
			t.Errorf("execution.%s is missing", key)
		}
	}
	for _, name := range []string{"slack", "pagerduty", "sns"} {
		c, _ := r["channels"].(map[string]any)[name].(map[string]any)
		for _, key := range []string{"decision", "reason", "outcome", "requests"} {
			if _, ok := c[key]; !ok {
				t.Errorf("channels.%s.%s is missing", name, key)
			}
		}
	}
	queues := r["queues"].(map[string]any)
	if len(queues) != 2 || queues["fanfare-deliveries-dlq"] != 0.0 || queues["fanfare-events-dlq"] != 0.0 {
		t.Errorf("queues: %v", queues)
	}
}
