package page

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fanfare/internal/deployment"
	"fanfare/internal/local/play"
	"fanfare/statemachine"
)

var update = flag.Bool("update", false, "write the golden file anew")

// events are those of the fixture: one of each kind that a demo may play, with the
// bodies as they were sent.
func events(t testing.TB) []Event {
	t.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", "events.json"))
	if err != nil {
		t.Fatal(err)
	}
	var fixtures []struct {
		Title    string
		Result   play.Result
		Document deployment.Document
	}
	if err := json.Unmarshal(file, &fixtures); err != nil {
		t.Fatal(err)
	}
	var all []Event
	for _, fixture := range fixtures {
		fixture.Result.Document = fixture.Document
		all = append(all, Event{fixture.Title, fixture.Result})
	}
	return all
}

// written is the page without what it has from elsewhere: the picture and the style.
func written(t testing.TB, p Page) string {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, p); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), statemachine.Picture) || !strings.Contains(b.String(), style) {
		t.Error("the page lacks the picture or the style")
	}
	return strings.NewReplacer(statemachine.Picture, "[the picture]", style, "[the style]\n", box(), "[the box]").Replace(b.String())
}

func TestWrite(t *testing.T) {
	t.Parallel()
	got := written(t, Page{Commit: "f08dae0", Events: events(t)})
	file := filepath.Join("testdata", "page.golden.html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page is not that of %s: run the test with -update and look at the difference", file)
	}
}

func TestWriteNothing(t *testing.T) {
	t.Parallel()
	if got := written(t, Page{}); !strings.Contains(got, "0 events") {
		t.Errorf("got %s", got)
	}
	if got := written(t, Page{Events: []Event{{}}}); !strings.Contains(got, "1 event,") {
		t.Errorf("an empty event: %s", got)
	}
}

// TestWriteStandsAlone looks for anything that a browser would fetch.
func TestWriteStandsAlone(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := Write(&b, Page{Events: events(t)}); err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|form|base)\b|\bsrc=|@import|url\(|<use[^>]*href="[^#]`).FindString(b.String()); found != "" {
		t.Errorf("the page has %s", found)
	}
	var many []Event
	for len(many) < 20 {
		many = append(many, events(t)...)
	}
	b.Reset()
	if err := Write(&b, Page{Events: many[:20]}); err != nil || b.Len() > 500_000 {
		t.Errorf("20 events are %d bytes (%v)", b.Len(), err)
	}
}

var handler = regexp.MustCompile(`<[a-z0-9]+(\s+[a-z-]+="[^"]*")*\s+on[a-z]+=`)

var tags = regexp.MustCompile(`<[a-zA-Z!/]`)

// TestWriteEscapes puts markup wherever the page has text of others, and counts elements.
func TestWriteEscapes(t *testing.T) {
	t.Parallel()
	page := func(text string) string {
		w := &deployment.Window{Name: text, Reason: text, Owner: text}
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		fill := func(body string) []play.Request {
			return []play.Request{{Path: text, Body: json.RawMessage(strings.ReplaceAll(body, "TEXT", string(encoded)))}}
		}
		r := play.Result{
			Event: text, Result: play.Failed, Error: text, Queues: map[string]int{text: 1},
			Execution: &play.Execution{ARN: text, Status: text, Error: text, States: []string{"Normalise", text}},
			Channels: map[string]play.Channel{
				"slack": {Outcome: "sent", Requests: fill(`{"text":TEXT,"blocks":[{"type":"header","text":{"type":"plain_text","text":TEXT}},
					{"type":"section","text":{"type":"mrkdwn","text":TEXT},"fields":[{"type":"mrkdwn","text":TEXT}]},
					{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":TEXT},"url":TEXT,"style":TEXT}]},
					{"type":"context","elements":[{"type":"mrkdwn","text":TEXT}]}]}`)},
				"pagerduty": {Outcome: "sent", Requests: fill(`{"event_action":"trigger","dedup_key":TEXT,"links":[{"href":"https://x.example","text":TEXT}],
					"payload":{"summary":TEXT,"severity":TEXT,"source":TEXT,"custom_details":{"from":TEXT,"to":TEXT,"reason":TEXT}}}`)},
				"sns": {Reason: text},
			},
		}
		r.Document.Deployment.Environment = text
		r.Document.Plan = deployment.Plan{"sns": {Reason: deployment.Reason(text), Window: w}}
		r.Document.Deliveries = map[string]deployment.Delivery{"sns": {Outcome: deployment.DeadLettered, Reason: text}}
		return written(t, Page{Commit: text, Events: []Event{{text, r}}})
	}
	calm := page("calm")
	for _, hostile := range []string{
		`"><script>alert(1)</script>`, `' onmouseover='alert(1)`, `</style><svg onload=alert(1)>`, `<!-- `, `]]>`, `&lt;img src=x onerror=alert(1)&gt;`,
		`javascript:alert(1)`, `<javascript:alert(1)|x>`, `<https://x.example" onclick="alert(1)|x>`, "\x00<\u2028", `{{.}}`,
	} {
		got := page(hostile)
		links := strings.Count(got, "<a ") - strings.Count(calm, "<a ")
		if n, want := len(tags.FindAllString(got, -1)), len(tags.FindAllString(calm, -1))+2*links; n != want {
			t.Errorf("%q makes %d tags of %d", hostile, n, want)
		}
		if strings.Contains(got, `href="javascript`) || handler.MatchString(got) {
			t.Errorf("%q can do something", hostile)
		}
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestWriteSaysWhatFailed(t *testing.T) {
	t.Parallel()
	if err := Write(broken{}, Page{}); err == nil || !strings.Contains(err.Error(), "writing the page: the disk is full") {
		t.Errorf("got %v", err)
	}
}

var harmful = regexp.MustCompile(`(?i)<(script|img|iframe)|href="\s*javascript`)

// FuzzBodies has the page drawn of whatever a vendor may have received.
func FuzzBodies(f *testing.F) {
	for _, event := range events(f) {
		for _, channel := range event.Result.Channels {
			for _, request := range channel.Requests {
				f.Add(request.Path, []byte(request.Body))
			}
		}
	}
	for _, body := range []string{``, `null`, `{"blocks":"[null]"}`, `{"blocks":[{"type":"header"},{"type":"section"},{"type":"actions"},{"type":"context"},{"type":"divider"}]}`} {
		f.Add("/api/chat.update", []byte(body))
	}
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		r := play.Result{Channels: map[string]play.Channel{}}
		for _, name := range play.Names {
			r.Channels[name] = play.Channel{Outcome: "sent", Requests: []play.Request{{Path: path, Body: body}, {Path: path, Body: body}}}
		}
		if found := harmful.FindString(written(t, Page{Events: []Event{{"x", r}}})); found != "" {
			t.Errorf("%q makes %s", body, found)
		}
	})
}
