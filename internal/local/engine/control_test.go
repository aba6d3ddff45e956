package engine

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

const fakeQueue = "http://any/111122223333/events?&"

func TestControl(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	e, err := Start(ctx, withFixtures(t, fakeOptions(t, "good")))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()

	if err := e.Reset(ctx); err != nil {
		t.Error(err)
	}
	if err := e.SetWaitScale(ctx, 0.25); err != nil {
		t.Error(err)
	}
	if err := e.SetWaitScale(ctx, -1); err == nil {
		t.Error("no error for a negative scale")
	}
	if err := e.AllowPlainHTTPAssets(ctx, "111122223333", "assets"); err != nil {
		t.Error(err)
	}
	if err := e.AllowPlainHTTPAssets(ctx, "111122223333", "other"); err == nil || !strings.Contains(err.Error(), "the assets bucket other") {
		t.Errorf("got %v", err)
	}

	messages, err := e.QueueMessages(ctx, fakeQueue)
	want := []Message{
		{
			MessageID: "5f0c8f8a-0000-4000-8000-000000000001", Body: `{"channel":"pagerduty"}`,
			SentAt: time.Unix(1790000000, 0).UTC(), VisibleAt: time.Unix(1790000030, 0).UTC(), ReceiveCount: 1,
			Attributes: map[string]Attribute{
				"Reason": {DataType: "String", StringValue: "refused"},
				"Raw":    {DataType: "Binary", BinaryValue: []byte("ab")},
			},
		},
		{
			MessageID: "5f0c8f8a-0000-4000-8000-000000000002", Body: "two",
			SentAt: time.Unix(1790000001, 0).UTC(), VisibleAt: time.Unix(1790000001, 0).UTC(), Visible: true,
			Attributes: map[string]Attribute{},
		},
	}
	if err != nil || !reflect.DeepEqual(messages, want) {
		t.Errorf("got %+v, %v", messages, err)
	}
	if _, err := e.QueueMessages(ctx, "other"); err == nil || !strings.Contains(err.Error(), "reading the queue other: status 400: which queue?") {
		t.Errorf("got %v", err)
	}

	sms, err := e.SMS(ctx)
	wantSMS := []SMS{
		{"m3", "+15550099", "hello", ""},
		{"m1", "+15550100", "web is down", "s"},
		{"m2", "+15550100", "web is up", ""},
	}
	if err != nil || !reflect.DeepEqual(sms, wantSMS) {
		t.Errorf("got %+v, %v", sms, err)
	}
}

func TestControlFails(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	e := startFake(t, "broken")
	if err := e.Reset(ctx); err == nil || err.Error() != "resetting the local engine: status 500: something is wrong" {
		t.Errorf("got %v", err)
	}
	if err := e.SetWaitScale(ctx, 1); err == nil || !strings.Contains(err.Error(), "did not apply it") {
		t.Errorf("got %v", err)
	}
}

func TestConfigTakesNothingFromTheEnvironment(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "somebody")
	e := &Engine{Control: At("http://127.0.0.1:1", "eu-west-1"), options: Options{Region: "eu-west-1"}}
	config := e.Config()
	credentials, err := config.Credentials.Retrieve(t.Context())
	if err != nil || credentials.AccessKeyID != AccessKey || *config.BaseEndpoint != e.url || config.Region != "eu-west-1" {
		t.Errorf("got %+v, %v, %+v", credentials, err, config)
	}
}

func TestNoSuchQueue(t *testing.T) {
	t.Parallel()
	if _, err := parseMessages([]byte(`{"messages": {}}`)); err == nil || !strings.Contains(err.Error(), "0 queues answer") {
		t.Errorf("got %v", err)
	}
	if messages, err := parseMessages([]byte(`{"messages": {"1": {"r": {"q": []}}}}`)); err != nil || len(messages) != 0 {
		t.Errorf("an empty queue: %v, %v", messages, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"testdata/messages.json", "testdata/sms.json"} {
		seed, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Add([]byte(`{"messages":null,"sms_messages":{"":[null]}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if messages, err := parseMessages(answer); err != nil && messages != nil {
			t.Error("messages and an error")
		}
		if messages, err := parseSMS(answer); err != nil && messages != nil {
			t.Error("text messages and an error")
		}
	})
}
