package standin

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

const testMetadata = `{"event_type":"delivery","event_payload":{"key":"k1"}}`

// listed are the texts of the messages that a method answers with, in its order.
func (s *Slack) listed(t *testing.T, method string, pairs ...string) (texts []string, a slackAnswer) {
	t.Helper()
	a = s.testCall(t, method, pairs...)
	if !a.OK || a.HasMore == nil {
		t.Fatalf("%s: %+v", method, a)
	}
	for _, m := range fromJSON[[]slackPosted](t, string(a.Messages)) {
		texts = append(texts, m.Text)
	}
	return texts, a
}

// filled is a workspace with a thread among the messages of C1, a second apart.
func filledSlack(t *testing.T) (s *Slack, ts map[string]string) {
	t.Helper()
	c := newClock()
	s, ts = newTestSlack(c, nil), map[string]string{}
	post := func(text string, pairs ...string) {
		t.Helper()
		a := s.testCall(t, "chat.postMessage", append([]string{"channel", "C1", "text", text, "metadata", testMetadata}, pairs...)...)
		if !a.OK {
			t.Fatalf("%s: %+v", text, a)
		}
		ts[text] = a.TS
		c.add(time.Second)
	}
	post("first")
	post("parent")
	post("quiet", "thread_ts", ts["parent"])
	post("loud", "thread_ts", ts["parent"], "reply_broadcast", "true")
	post("last")
	return s, ts
}

func TestSlackHistory(t *testing.T) {
	t.Parallel()
	s, ts := filledSlack(t)
	for _, tt := range []struct {
		name  string
		pairs []string
		want  []string
	}{
		{"all", nil, []string{"last", "loud", "parent", "first"}},
		{"since, without", []string{"oldest", ts["parent"]}, []string{"last", "loud"}},
		{"since, with", []string{"oldest", ts["parent"], "inclusive", "true"}, []string{"last", "loud", "parent"}},
		{"since a whole second", []string{"oldest", "1700000001"}, []string{"last", "loud", "parent"}},
		{"until", []string{"latest", ts["loud"]}, []string{"parent", "first"}},
		{"one alone", []string{"latest", ts["parent"], "inclusive", "1", "limit", "1"}, []string{"parent"}},
		{"none", []string{"oldest", ts["last"]}, nil},
	} {
		if got, _ := s.listed(t, "conversations.history", append([]string{"channel", "C1"}, tt.pairs...)...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if a := s.testCall(t, "conversations.history", "channel", "C2"); string(a.Messages) != "[]" || *a.HasMore {
		t.Errorf("an empty channel: %+v", a)
	}
}

func TestSlackPages(t *testing.T) {
	t.Parallel()
	s, ts := filledSlack(t)
	for _, tt := range []struct {
		method string
		pairs  []string
		want   string
	}{
		{"conversations.history", nil, "last, loud; parent, first"},
		{"conversations.replies", []string{"ts", ts["parent"]}, "parent, quiet; parent, loud"},
	} {
		limit := map[string]string{"conversations.history": "2", "conversations.replies": "1"}[tt.method]
		var pages []string
		for cursor := ""; len(pages) < 5; {
			texts, a := s.listed(t, tt.method, append([]string{"channel", "C1", "limit", limit, "cursor", cursor}, tt.pairs...)...)
			pages = append(pages, strings.Join(texts, ", "))
			if !*a.HasMore {
				break
			}
			cursor = a.Metadata.NextCursor
		}
		if got := strings.Join(pages, "; "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.method, got, tt.want)
		}
	}
}

func TestSlackReplies(t *testing.T) {
	t.Parallel()
	s, ts := filledSlack(t)
	for _, tt := range []struct {
		name  string
		pairs []string
		want  []string
	}{
		{"all", []string{"ts", ts["parent"]}, []string{"parent", "quiet", "loud"}},
		{"since", []string{"ts", ts["parent"], "oldest", ts["quiet"]}, []string{"parent", "loud"}},
		{"no thread", []string{"ts", ts["first"]}, []string{"first"}},
		{"of a reply", []string{"ts", ts["quiet"]}, []string{"quiet"}},
	} {
		if got, _ := s.listed(t, "conversations.replies", append([]string{"channel", "C1"}, tt.pairs...)...); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	_, a := s.listed(t, "conversations.replies", "channel", "C1", "ts", ts["parent"])
	all := fromJSON[[]slackPosted](t, string(a.Messages))
	if all[0].ThreadTS != ts["parent"] || all[0].Replies != 2 || all[2].Subtype != "thread_broadcast" || all[1].Subtype != "" || all[1].Replies != 0 {
		t.Errorf("got %+v", all)
	}
}

func TestSlackReadsAreRefused(t *testing.T) {
	t.Parallel()
	s, _ := filledSlack(t)
	for _, tt := range []struct {
		method string
		pairs  []string
		want   string
	}{
		{"conversations.history", []string{"channel", "C5"}, "channel_not_found"},
		{"conversations.history", []string{"oldest", "yesterday"}, "invalid_ts_oldest"},
		{"conversations.history", []string{"oldest", "-1.5"}, "invalid_ts_oldest"},
		{"conversations.history", []string{"latest", "1.1234567"}, "invalid_ts_latest"},
		{"conversations.history", []string{"limit", "1000"}, "invalid_limit"},
		{"conversations.history", []string{"limit", "x"}, "invalid_limit"},
		{"conversations.history", []string{"cursor", "x"}, "invalid_cursor"},
		{"conversations.history", []string{"cursor", "bmV4dF90czp4"}, "invalid_cursor"},
		{"conversations.replies", []string{"ts", "1.000001"}, "thread_not_found"},
		{"conversations.replies", nil, "thread_not_found"},
		{"conversations.info", []string{"channel", "C5"}, "channel_not_found"},
		{"conversations.list", nil, "unknown_method"},
	} {
		if a := s.testCall(t, tt.method, append([]string{"channel", "C1"}, tt.pairs...)...); a.OK || a.Error != tt.want {
			t.Errorf("%s %v: %+v", tt.method, tt.pairs, a)
		}
	}
}

func TestSlackMetadata(t *testing.T) {
	t.Parallel()
	big := `{"event_type":"x","event_payload":{"a":"` + strings.Repeat("x", maxMetadata) + `"}}`
	c := newClock()
	s := newTestSlack(c, nil)
	for name, tt := range map[string]struct{ metadata, want string }{
		"no JSON":           {"{", "invalid_metadata_format"},
		"a list":            {"[]", "invalid_metadata_format"},
		"no type":           {`{"event_payload":{}}`, "invalid_metadata_format"},
		"no payload":        {`{"event_type":"x"}`, "invalid_metadata_format"},
		"a text as payload": {`{"event_type":"x","event_payload":"{}"}`, "invalid_metadata_format"},
		"too large":         {big, "metadata_too_large"},
	} {
		c.add(time.Second)
		if a := s.testCall(t, "chat.postMessage", "channel", "C1", "text", "x", "metadata", tt.metadata); a.Error != tt.want {
			t.Errorf("%s: %+v", name, a)
		}
	}
	if n := len(s.Messages("")); n != 0 {
		t.Fatalf("%d messages were posted", n)
	}
	body := `{"channel":"C1","text":"x","metadata":` + testMetadata + `}`
	header := map[string]string{"Content-Type": "application/json; charset=utf-8", "Authorization": "Bearer " + testToken}
	posted := fromJSON[slackAnswer](t, send(t, s, "POST", "/api/chat.postMessage", header, body).body)
	told := func(include string) string {
		t.Helper()
		a := s.testCall(t, "conversations.history", "channel", "C1", "include_all_metadata", include)
		return string(fromJSON[[]struct{ Metadata json.RawMessage }](t, string(a.Messages))[0].Metadata)
	}
	if all, some := told("true"), told("0"); all != testMetadata || some != `{"event_type":"delivery"}` {
		t.Errorf("all: %s, some: %s", all, some)
	}
	edit := func(pairs ...string) slackAnswer {
		return s.testCall(t, "chat.update", append([]string{"channel", "C1", "ts", posted.TS, "text", "y"}, pairs...)...)
	}
	if a := edit(); !a.OK || told("true") != testMetadata {
		t.Errorf("an edit without: %+v, %s", a, told("true"))
	}
	if a := edit("metadata", "[]"); a.Error != "invalid_metadata_format" {
		t.Errorf("an edit with none: %+v", a)
	}
	const other = `{"event_type":"delivery","event_payload":{"key":"k2"}}`
	if a := edit("metadata", other); !a.OK || told("true") != other {
		t.Errorf("an edit with another: %+v, %s", a, told("true"))
	}
}

func TestSlackLimitsTheReads(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := newTestSlack(c, nil)
	read := func(method string) answer {
		return send(t, s, "POST", "/api/"+method, formHeader, form("channel", "C1"))
	}
	for i := range 50 {
		if got := read("conversations.history"); got.status != 200 {
			t.Fatalf("call %d: %d", i, got.status)
		}
		c.add(500 * time.Millisecond)
	}
	got := read("conversations.history")
	if got.status != 429 || got.header.Get("Retry-After") != "35" || got.body != `{"ok":false,"error":"ratelimited"}` {
		t.Errorf("the 51st: %d %v %s", got.status, got.header, got.body)
	}
	if got := read("conversations.info"); got.status != 200 {
		t.Errorf("another method: %d", got.status)
	}
	c.add(35 * time.Second)
	if got := read("conversations.history"); got.status != 200 {
		t.Errorf("when it was said: %d", got.status)
	}
}

func FuzzMicros(f *testing.F) {
	f.Add("1700000000.000100")
	f.Add(".5")
	f.Add("999999999999.999999")
	f.Fuzz(func(t *testing.T, ts string) {
		if at := micros(ts); at < -1 {
			t.Fatalf("%q is %d", ts, at)
		}
	})
}
