package redrive

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestMalformed(t *testing.T) {
	t.Parallel()
	letter := letterOf("dead", "e1", "slack")
	for name, test := range map[string]struct {
		queue      Queue
		body, want string
	}{
		"no JSON":                     {Deliveries, "hello", "a message of Fanfare's workflow expected: "},
		"nothing":                     {Deliveries, "", "a message of Fanfare's workflow expected: "},
		"no channel":                  {Deliveries, strings.Replace(letter, `"slack"`, `""`, 1), "channel: the name of a channel expected, found nothing"},
		"of another workflow":         {Deliveries, strings.Replace(letter, ":execution:fanfare-notify:", ":execution:other:", 1), `execution: one of Fanfare's workflow expected, found "arn:`},
		"of no execution":             {Deliveries, strings.Replace(letter, ":fanfare-notify:dead", ":fanfare-notify:", 1), "execution: one of Fanfare's workflow expected, found "},
		"without an event":            {Deliveries, strings.Replace(letter, `"event":"e1"`, `"event":""`, 1), "document.deployment.event: an event's id expected, found nothing"},
		"a delivery among the events": {Events, letter, "id: "},
		"an event among deliveries":   {Deliveries, eventOf("e1"), "channel: "},
		"an event of somebody else":   {Events, strings.Replace(eventOf("e1"), "aws.ecs", "aws.s3", 1), "source: aws.ecs, aws.codepipeline"},
		"a long mistake":              {Events, strings.Replace(eventOf("e1"), "aws.ecs", strings.Repeat("long ", 500), 1), "source: "},
	} {
		m := parse(test.queue, types.Message{Body: aws.String(test.body), MessageId: aws.String("m1")}, someone, workflow)
		if !strings.HasPrefix(m.problem, test.want) || m.ID != "m1" || utf8.RuneCountInString(m.problem) > maxWords {
			t.Errorf("%s: got %q, want %q", name, m.problem, test.want)
		}
	}
	if m := parse(Deliveries, types.Message{Body: &letter}, someone, workflow); m.problem != "" || m.execution != execution+"dead" || m.deployment.ClaimKey() != aboutEvent("e1").ClaimKey() {
		t.Errorf("a right one: %+v", m)
	}
	event := eventOf("e1")
	if m := parse(Events, types.Message{Body: &event}, someone, workflow); m.problem != "" || string(m.event) != event || m.deployment.ClaimKey() != aboutEvent("e1").ClaimKey() {
		t.Errorf("a right one: %+v", m)
	}
}

// FuzzParse holds that any message is either understood or has a problem that can be
// shown in one line.
func FuzzParse(f *testing.F) {
	f.Add(true, eventOf("e1"), "THROTTLING", "1773489600000")
	f.Add(false, letterOf("dead", "e1", "slack"), "", "x")
	f.Add(false, `{"channel":"slack","execution":"`+execution+`a","failure":null,"document":{"deployment":{"event":"e"}}}`, "\x00", "-1")
	f.Add(false, `{"channel":1}`, "", "")
	f.Add(true, "[]", "", "9223372036854775807")
	f.Fuzz(func(t *testing.T, isEvent bool, body, attribute, sent string) {
		queue := Deliveries
		if isEvent {
			queue = Events
		}
		m := parse(queue, types.Message{
			Body: &body, Attributes: map[string]string{"SentTimestamp": sent},
			MessageAttributes: map[string]types.MessageAttributeValue{"ERROR_CODE": {StringValue: &attribute}, "ERROR_MESSAGE": {}},
		}, someone, workflow)
		for _, s := range []string{m.problem, m.Why, m.Channel} {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\n\r\x00") || utf8.RuneCountInString(s) > maxWords {
				t.Errorf("cannot be shown: %q", s)
			}
		}
		switch {
		case m.problem != "":
		case m.deployment.Event == "":
			t.Error("of no event, and no problem")
		case isEvent && m.event == nil, !isEvent && !strings.HasPrefix(m.execution, execution):
			t.Errorf("nothing to start: %+v", m)
		}
		name := Redriver{Now: newWorld(nil).redriver().Now}.name(&job{item: about(m.deployment)})
		if len(name) > 80 || notInNames.MatchString(name) {
			t.Errorf("the name of an execution: %q", name)
		}
	})
}
