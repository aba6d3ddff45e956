//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanfare/internal/ledger"
	"fanfare/internal/local/standin"
	"fanfare/internal/local/world"
	"fanfare/internal/secret"
)

// operate is what the operator's program said, and the code with which it ended.
type operate struct {
	out, complaints string
	code            int
}

// program compiles the operator's program, once.
var program = sync.OnceValues(func() (string, error) {
	file := filepath.Join(w.Options.Dir, "operate")
	build := exec.Command("go", "build", "-o", file, "./infra/operate")
	build.Dir = w.Root
	out, err := build.CombinedOutput()
	if err != nil {
		err = errors.New(string(out))
	}
	return file, err
})

// operated calls the program as make does: make redrive ACCOUNT=local is
// operated(t, "redrive").
func operated(t *testing.T, do string, rest ...string) operate {
	t.Helper()
	file, err := program()
	if err != nil {
		t.Fatalf("compiling the operator's program: %v", err)
	}
	owner, err := w.Config().Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var flags, names []string
	for _, arg := range rest {
		if strings.HasPrefix(arg, "-") {
			flags = append(flags, arg)
		} else {
			names = append(names, arg)
		}
	}
	var out, complaints bytes.Buffer
	command := exec.CommandContext(t.Context(), file, append(append(append([]string{do}, flags...), "--", "local"), names...)...)
	command.Dir, command.Stdout, command.Stderr = w.Root, &out, &complaints
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+w.Endpoint, "AWS_PROFILE=", "AWS_SESSION_TOKEN=",
		"AWS_ACCESS_KEY_ID="+owner.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+owner.SecretAccessKey)
	var ended *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return operate{out.String(), complaints.String(), command.ProcessState.ExitCode()}
}

// says holds what was printed against lines that must be in it, each as a whole and in this
// order; a line may be a pattern between slashes.
func (o operate) says(t *testing.T, code int, lines ...string) {
	t.Helper()
	if o.code != code || o.complaints != "" {
		t.Errorf("it ended with %d, want %d, and complained %q", o.code, code, o.complaints)
	}
	rest := strings.Split(o.out, "\n")
	for _, line := range lines {
		pattern := "^" + regexp.QuoteMeta(line) + "$"
		if len(line) > 1 && line[0] == '/' && line[len(line)-1] == '/' {
			pattern = "^" + line[1:len(line)-1] + "$"
		}
		is := regexp.MustCompile(pattern)
		for len(rest) > 0 && !is.MatchString(rest[0]) {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.Fatalf("%q is missing, or comes too early, in\n%s", line, o.out)
		}
		rest = rest[1:]
	}
}

// invoke calls a function of the stack.
func invoke(t *testing.T, function string, in, out any) {
	t.Helper()
	payload, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := lambda.NewFromConfig(w.Config()).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fanfare-" + function), Payload: payload})
	if err != nil {
		t.Fatal(err)
	}
	if answer.FunctionError != nil {
		t.Fatalf("%s failed: %s", function, answer.Payload)
	}
	if err := json.Unmarshal(answer.Payload, out); err != nil {
		t.Fatalf("%s answered %s: %v", function, answer.Payload, err)
	}
}

// The two queues, as the operator's program calls them.
func eventQueue() string    { return w.Outputs["EventQueueUrl"] }
func deliveryQueue() string { return w.Outputs["DeliveryQueueUrl"] }

// quiet begins and ends a test with empty queues, unbroken vendors and no outage that is known.
func quiet(t *testing.T) {
	t.Helper()
	now := time.Now()
	l := table(&now)
	clear := func() {
		ctx := context.Background()
		for _, queue := range []string{eventQueue(), deliveryQueue()} {
			if _, err := sqs.NewFromConfig(w.Config()).PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: aws.String(queue)}); err != nil {
				t.Error(err)
			}
		}
		for _, path := range []string{"/slack/state", "/pagerduty/keys", "/gitlab/token"} {
			if err := world.Control(w.Control).Call(ctx, "DELETE", path, nil, nil); err != nil {
				t.Error(err)
			}
		}
		for _, o := range []ledger.Outage{
			{Channel: "slack", Target: channelID}, {Channel: "slack", Target: fallbackID}, {Channel: "slack", Target: secret.SlackBotToken},
			{Channel: "pagerduty", Target: secret.PagerDutyRoutingKey}, {Channel: "sns", Target: ledger.TextsTopic},
		} {
			if err := l.EndOutage(ctx, o); err != nil {
				t.Error(err)
			}
		}
	}
	clear()
	t.Cleanup(clear)
}

// The channels of the local account file.
const (
	channelID  = "C0123456789"
	fallbackID = "C0FALLBACK0"
)

// waiting is how many messages are in the queue.
func waiting(t *testing.T, queue string) int {
	t.Helper()
	messages, err := w.QueueMessages(t.Context(), queue)
	if err != nil {
		t.Fatal(err)
	}
	return len(messages)
}

// ear hears what those are told who look after Fanfare, from now on.
type ear struct {
	queue  string
	before int // messages in the fallback channel
}

// listens subscribes to the operations topic, and looks at the fallback channel.
func listens(t *testing.T) *ear {
	t.Helper()
	queues, topics := sqs.NewFromConfig(w.Config()), sns.NewFromConfig(w.Config())
	made, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("e2e-operations-" + digits(8))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = queues.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
	})
	known, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		t.Fatal(err)
	}
	arn := known.Attributes[string(sqstypes.QueueAttributeNameQueueArn)]
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`
	if _, err := queues.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: made.QueueUrl, Attributes: map[string]string{"Policy": policy}}); err != nil {
		t.Fatal(err)
	}
	subscribed, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: aws.String(w.Outputs["OperationsTopicArn"]), Protocol: aws.String("sqs"), Endpoint: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = topics.Unsubscribe(context.Background(), &sns.UnsubscribeInput{SubscriptionArn: subscribed.SubscriptionArn})
	})
	e := &ear{queue: aws.ToString(made.QueueUrl)}
	e.before = len(e.fallback(t))
	return e
}

func (e *ear) fallback(t *testing.T) []standin.SlackMessage {
	t.Helper()
	var all []standin.SlackMessage
	control(t, "GET", "/slack/messages?channel="+fallbackID, nil, &all)
	return all
}

// hears holds what has been told since the last time against the notices' subjects, and
// returns the texts of those that came by mail.
func (e *ear) hears(t *testing.T, subjects ...string) []string {
	t.Helper()
	posts := e.fallback(t)[e.before:]
	e.before += len(posts)
	if len(posts) != len(subjects) {
		t.Errorf("the fallback channel had %d notices, %d expected: %v", len(posts), len(subjects), posts)
	}
	for i, subject := range subjects[:min(len(subjects), len(posts))] {
		if !strings.HasPrefix(posts[i].Text, subject+"\n") {
			t.Errorf("the fallback channel is told %q, want %q", posts[i].Text, subject)
		}
	}
	return e.mails(t, subjects...)
}

// mails is hears without the fallback channel.
func (e *ear) mails(t *testing.T, subjects ...string) (texts []string) {
	t.Helper()
	mails, err := w.QueueMessages(t.Context(), e.queue)
	if err != nil {
		t.Fatal(err)
	}
	if len(mails) != len(subjects) {
		t.Errorf("the operations topic had %d notices, %d expected: %v", len(mails), len(subjects), mails)
	}
	for i, subject := range subjects[:min(len(subjects), len(mails))] {
		var mail struct{ Subject, Message string }
		if err := json.Unmarshal([]byte(mails[i].Body), &mail); err != nil || mail.Subject != subject {
			t.Errorf("the mail is %q, want %q: %v", mail.Subject, subject, err)
		}
		texts = append(texts, mail.Message)
	}
	if _, err := sqs.NewFromConfig(w.Config()).PurgeQueue(t.Context(), &sqs.PurgeQueueInput{QueueUrl: aws.String(e.queue)}); err != nil {
		t.Fatal(err)
	}
	return texts
}
