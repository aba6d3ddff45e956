package engine

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

const drill = `{"version":"0","id":"an-id","detail-type":"ECS Deployment State Change","source":"aws.ecs",
	"account":"444455556666","time":"2026-05-23T12:31:14Z","region":"us-west-2",
	"resources":["arn:aws:ecs:us-west-2:444455556666:service/default/web"],
	"detail":{"n":12345678901234567890,"eventName":"SERVICE_DEPLOYMENT_COMPLETED"}}`

func TestEntry(t *testing.T) {
	t.Parallel()
	entry, err := Entry([]byte(drill))
	if err != nil {
		t.Fatal(err)
	}
	const detail = `{"_envelope":{"EventId":"an-id","Time":"2026-05-23T12:31:14Z","Account":"444455556666","Region":"us-west-2"},` +
		`"eventName":"SERVICE_DEPLOYMENT_COMPLETED","n":12345678901234567890}`
	if *entry.Detail != detail {
		t.Errorf("detail is %s", *entry.Detail)
	}
	if *entry.Source != "aws.ecs" || *entry.DetailType != "ECS Deployment State Change" ||
		!reflect.DeepEqual(entry.Resources, []string{"arn:aws:ecs:us-west-2:444455556666:service/default/web"}) {
		t.Errorf("got %+v", entry)
	}
}

func TestEntryRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new, want string }{
		"no JSON":       {"{", "", "reading the event"},
		"no id":         {`"an-id"`, `""`, "event: id is missing"},
		"no source":     {`"source"`, `"sauce"`, "event: source is missing"},
		"no type":       {`"detail-type"`, `"type"`, "event: detail-type is missing"},
		"no account":    {`"account"`, `"owner"`, "event: account is missing"},
		"no region":     {`"region"`, `"place"`, "event: region is missing"},
		"no time":       {`"time"`, `"when"`, "event: time is missing"},
		"another time":  {"2026-05-23T12:31:14Z", "yesterday", `event: time is "yesterday"`},
		"no detail":     {`"detail":`, `"details":`, "event: detail is missing"},
		"a text detail": {`{"n"`, `"text","x":{"n"`, "reading the event"},
		"our key":       {`"eventName"`, `"_envelope"`, "event: detail has a key _envelope"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Entry([]byte(strings.Replace(drill, c.old, c.new, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestLauncherKnowsTheEnvelope ties the names on this side to those in the launcher.
func TestLauncherKnowsTheEnvelope(t *testing.T) {
	t.Parallel()
	source := string(launcher)
	own := reflect.TypeFor[envelope]()
	for i := range own.NumField() {
		if name := own.Field(i).Tag.Get("json"); !strings.Contains(source, `"`+name+`": str`) {
			t.Errorf("the launcher does not know %s", name)
		}
	}
	if !strings.Contains(source, `"`+envelopeKey+`"`) {
		t.Errorf("the launcher does not know %s", envelopeKey)
	}
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte(drill))
	f.Add([]byte(`{"id":1}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, event []byte) {
		entry, err := Entry(event)
		if err != nil {
			return
		}
		if !json.Valid([]byte(*entry.Detail)) {
			t.Errorf("detail is no JSON: %q", *entry.Detail)
		}
	})
}
