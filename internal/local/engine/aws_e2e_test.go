//go:build e2e

package engine

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestRealEventKeepsItsIdentity(t *testing.T) {
	ctx := t.Context()
	e := startReal(t, realOptions(t))
	queueURL := queueForEvents(t, e, `{"source":["aws.ecs","own"]}`)

	const event = `{"version":"0","id":"ddca6449-b258-46c0-8653-e0e3a6d0468b","detail-type":"ECS Deployment State Change",
		"source":"aws.ecs","account":"444455556666","time":"2020-05-23T12:31:14Z","region":"us-west-2",
		"resources":["arn:aws:ecs:us-west-2:444455556666:service/default/web"],
		"detail":{"eventName":"SERVICE_DEPLOYMENT_COMPLETED","n":12345678901234567890,"text":"caf\u00e9 <b>"}}`
	entry, err := Entry([]byte(event))
	if err != nil {
		t.Fatal(err)
	}
	entries := []ebtypes.PutEventsRequestEntry{
		entry,
		{Source: aws.String("own"), DetailType: aws.String("plain"), Detail: aws.String(`{"_envelope":"no object"}`)},
		{Source: aws.String("own"), DetailType: aws.String("plain"), Detail: aws.String(`"_envelope" and no JSON`)},
	}
	bus := eventbridge.NewFromConfig(e.Config(), func(o *eventbridge.Options) { o.Retryer = aws.NopRetryer{} }) // an event put again would arrive twice
	for _, entry := range entries {
		put, err := bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{entry}})
		if err != nil || put.FailedEntryCount != 0 {
			t.Fatalf("%v: %+v", err, put)
		}
	}
	messages, err := e.QueueMessages(ctx, queueURL)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != len(entries) {
		t.Fatalf("%d events arrived, %d were sent: %+v", len(messages), len(entries), messages)
	}
	if got, want := canonical(t, messages[0].Body), canonical(t, event); got != want {
		t.Errorf("arrived:\n%s\nsent:\n%s", got, want)
	}
	if !strings.Contains(messages[1].Body, "no object") || !strings.Contains(messages[1].Body, "111122223333") {
		t.Errorf("an event of its own became %s", messages[1].Body)
	}
	again, err := e.QueueMessages(ctx, queueURL)
	if err != nil || len(again) != len(messages) || again[0].ReceiveCount != 0 || !again[0].Visible {
		t.Errorf("looking changed the queue: %v %+v", err, again)
	}
	if age := time.Since(messages[0].SentAt); age < -time.Second || age > time.Minute {
		t.Errorf("sent at %v", messages[0].SentAt)
	}

	if err := e.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := e.QueueMessages(ctx, queueURL); err == nil {
		t.Error("the queue is still there after a reset")
	}
	// The launcher's changes outlive a reset.
	queueURL = queueForEvents(t, e, `{"source":["aws.ecs"]}`)
	if _, err := bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: entries[:1]}); err != nil {
		t.Fatal(err)
	}
	messages, err = e.QueueMessages(ctx, queueURL)
	if err != nil || len(messages) != 1 || canonical(t, messages[0].Body) != canonical(t, event) {
		t.Errorf("after a reset: %v %+v", err, messages)
	}
}

// queueForEvents makes a queue that gets the events of a pattern.
func queueForEvents(t *testing.T, e *Engine, pattern string) string {
	t.Helper()
	ctx := t.Context()
	queue, err := sqs.NewFromConfig(e.Config()).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("events")})
	if err != nil {
		t.Fatal(err)
	}
	bus := eventbridge.NewFromConfig(e.Config())
	if _, err := bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("all"), EventPattern: aws.String(pattern)}); err != nil {
		t.Fatal(err)
	}
	if _, err := bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("all"), Targets: []ebtypes.Target{{
		Id: aws.String("1"), Arn: aws.String("arn:aws:sqs:eu-west-1:111122223333:events"),
	}}}); err != nil {
		t.Fatal(err)
	}
	return *queue.QueueUrl
}

func canonical(t *testing.T, text string) string {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}

func TestRealSMS(t *testing.T) {
	ctx := t.Context()
	e := startReal(t, realOptions(t))
	if messages, err := e.SMS(ctx); err != nil || len(messages) != 0 {
		t.Fatalf("a new engine has %v, %v", messages, err)
	}
	client := sns.NewFromConfig(e.Config())
	for _, text := range []string{"one", "two"} {
		if _, err := client.Publish(ctx, &sns.PublishInput{PhoneNumber: aws.String("+4915112345678"), Message: aws.String(text)}); err != nil {
			t.Fatal(err)
		}
	}
	messages, err := e.SMS(ctx)
	if err != nil || len(messages) != 2 || messages[0].Message != "one" || messages[1].PhoneNumber != "+4915112345678" || messages[0].MessageID == "" {
		t.Errorf("got %+v, %v", messages, err)
	}
}

func TestRealQueueMessages(t *testing.T) {
	ctx := t.Context()
	e := startReal(t, realOptions(t))
	client := sqs.NewFromConfig(e.Config())
	queue, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("hello"),
		MessageAttributes: map[string]sqstypes.MessageAttributeValue{"Reason": {DataType: aws.String("String"), StringValue: aws.String("because")}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl}); err != nil {
		t.Fatal(err)
	}
	messages, err := e.QueueMessages(ctx, *queue.QueueUrl)
	if err != nil || len(messages) != 1 {
		t.Fatalf("got %+v, %v", messages, err)
	}
	m := messages[0]
	if m.Body != "hello" || m.Visible || m.ReceiveCount != 1 || m.Attributes["Reason"].StringValue != "because" || !m.VisibleAt.After(m.SentAt) {
		t.Errorf("got %+v", m)
	}
}

func TestRealWaitScale(t *testing.T) {
	ctx := t.Context()
	options := realOptions(t)
	options.WaitScale = new(float64) // no waiting
	options.Auth = false             // which would ask for the role
	e := startReal(t, options)
	client := sfn.NewFromConfig(e.Config())
	machine, err := client.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
		Name: aws.String("sleeper"), RoleArn: aws.String("arn:aws:iam::111122223333:role/any"),
		Definition: aws.String(`{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":600,"End":true}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name    string
		prepare func() error
	}{
		{"none from the start", func() error { return nil }},
		{"a ten thousandth", func() error { return e.SetWaitScale(ctx, 0.0001) }},
	} {
		if err := step.prepare(); err != nil {
			t.Fatal(err)
		}
		run, err := client.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: machine.StateMachineArn})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		within(t, 10*time.Second, func() bool {
			state, err := client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: run.ExecutionArn})
			return err == nil && state.Status == sfntypes.ExecutionStatusSucceeded
		})
		t.Logf("%s: %v", step.name, time.Since(began).Round(time.Millisecond))
	}
}

func TestRealAllowPlainHTTPAssets(t *testing.T) {
	ctx := t.Context()
	e := startReal(t, realOptions(t))
	client := s3.NewFromConfig(e.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	bucket := aws.String("cdk-hnb659fds-assets-111122223333-eu-west-1")
	if err := e.AllowPlainHTTPAssets(ctx, "111122223333", *bucket); err == nil {
		t.Error("no error for a bucket that does not exist")
	}
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket:                    bucket,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"},
	}); err != nil {
		t.Fatal(err)
	}
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`
	if _, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String(policy)}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.AllowPlainHTTPAssets(ctx, "111122223333", *bucket); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: bucket}); err == nil {
		t.Error("the policy is still there")
	}
}
