package play

import (
	"errors"
	"strings"
	"testing"
)

const whole = `{"version":"0","id":"e-1","detail-type":"T","source":"aws.ecs","account":"123456789012",
"time":"2026-11-20T10:31:22Z","region":"eu-west-1","resources":["r"],"detail":{"n":12345678901234567890}}`

func TestParse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ file, want string }{
		"nothing":               {"", "a JSON object expected, found nothing"},
		"not JSON":              {"{oops", "a JSON object expected, found something that is not JSON"},
		"a list":                {"[]", "a JSON object expected, found a list"},
		"null":                  {"null", "a JSON object expected, found null"},
		"two events":            {whole + whole, "one JSON object expected, found something behind it"},
		"no source":             {strings.Replace(whole, "source", "sauce", 1), "source: text expected, found nothing"},
		"no detail type":        {strings.Replace(whole, "detail-type", "detailType", 1), "detail-type: text expected, found nothing"},
		"a source that is none": {strings.Replace(whole, `"aws.ecs"`, `{}`, 1), "source: text expected, found an object"},
		"no detail":             {strings.Replace(whole, `"detail":`, `"details":`, 1), "detail: a JSON object expected, found nothing"},
		"detail is text":        {strings.Replace(whole, `{"n":12345678901234567890}`, `"x"`, 1), "detail: a JSON object expected, found text"},
		"detail is null":        {strings.Replace(whole, `{"n":12345678901234567890}`, `null`, 1), "detail: a JSON object expected, found null"},
		"a time that is none":   {strings.Replace(whole, "2026-11-20T10:31:22Z", "yesterday", 1), `time: a time such as 2026-11-20T10:31:22Z expected, found "yesterday"`},
		"resources are text":    {strings.Replace(whole, `["r"]`, `"r"`, 1), "resources: a list of texts expected, found text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(test.file))
			if !errors.Is(err, ErrNotAnEvent) || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestParseKeepsTheEventsOwn(t *testing.T) {
	t.Parallel()
	event, err := Parse([]byte(strings.Replace(whole, `"123456789012"`, `123456789012`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if event.ID != "e-1" || event.Account != "123456789012" || event.Region != "eu-west-1" || event.Time.Unix() != 1795170682 ||
		!strings.Contains(string(event.Detail), "12345678901234567890") || len(event.Resources) != 1 {
		t.Errorf("got %+v", event)
	}
	bare, err := Parse([]byte(`{"source":"s","detail-type":"t","detail":{}}`))
	if err != nil || bare.ID != "" || !bare.Time.IsZero() {
		t.Errorf("what the bus would give may be missing: %+v, %v", bare, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"source":1,"detail-type":"\u0000","detail":{},"time":0}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		event, err := Parse(file)
		if err == nil && (event.Source == "" || event.DetailType == "" || len(event.Detail) == 0) {
			t.Errorf("%q is taken for %+v", file, event)
		}
		if err != nil && !errors.Is(err, ErrNotAnEvent) {
			t.Errorf("%q: %v", file, err)
		}
	})
}
