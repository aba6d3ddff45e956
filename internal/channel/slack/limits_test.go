package slack

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
)

// problemsOf reads the message as Slack does, without any of the code that made it, and
// tells what Slack would refuse or misread.
func problemsOf(m Message) []string {
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	checkNotice := func(text string) {
		if n := utf8.RuneCountInString(text); n == 0 || n > 250 || strings.ContainsAny(text, "<>`\n") {
			problem("the text is empty, too long, or has markup: %q", text)
		}
	}
	checkNotice(m.Text)
	checkBlocks(problem, m.Blocks)
	if m.Alert != nil {
		checkNotice(m.Alert.Text)
		checkBlocks(problem, m.Alert.Blocks)
	}
	return problems
}

type anyText struct {
	Type, Text string
	Verbatim   bool
}

type anyBlock struct {
	Type     string
	BlockID  *string `json:"block_id"`
	Text     json.RawMessage
	Fields   []anyText
	Elements []struct {
		anyText
		Text     json.RawMessage
		URL      string
		ActionID string `json:"action_id"`
	}
}

// checkBlocks returns the characters of all blocks together, addresses included.
func checkBlocks(problem func(string, ...any), made any) (total int) {
	content, err := json.Marshal(made)
	if err != nil {
		problem("marshalling the blocks: %v", err)
		return 0
	}
	var blocks []anyBlock
	if err := json.Unmarshal(content, &blocks); err != nil {
		problem("reading the blocks: %v", err)
		return 0
	}
	if len(blocks) == 0 || len(blocks) > maxBlocks {
		problem("%d blocks", len(blocks))
	}
	actions, ids := map[string]bool{}, map[string]bool{}
	for _, block := range blocks {
		// Slack makes the ids that are left out.
		if id := block.BlockID; id != nil {
			if *id == "" || len(*id) > maxActionID || ids[*id] {
				problem("a block_id twice, empty or too long: %q", *id)
			}
			ids[*id] = true
		}
		switch block.Type {
		case "header":
			total += checkText(problem, block.Type, textOf(block.Text), maxHeader)
		case "section":
			if block.Text == nil && (len(block.Fields) == 0 || len(block.Fields) > maxFields) {
				problem("a section of %d fields", len(block.Fields))
			}
			if block.Text != nil {
				total += checkText(problem, block.Type, textOf(block.Text), maxSection)
			}
			for _, field := range block.Fields {
				total += checkText(problem, "field", field, maxField)
			}
		case "context":
			if n := len(block.Elements); n == 0 || n > maxElements {
				problem("a context of %d elements", n)
			}
			for _, element := range block.Elements {
				var shown string
				if json.Unmarshal(element.Text, &shown) != nil {
					problem("a context element without text")
				}
				total += checkText(problem, "context", anyText{element.Type, shown, element.Verbatim}, maxSection)
			}
		case "actions":
			if n := len(block.Elements); n == 0 || n > maxButtons {
				problem("an actions block of %d elements", n)
			}
			for _, button := range block.Elements {
				total += checkText(problem, "button", textOf(button.Text), maxButton) + len(button.URL)
				address, err := url.Parse(button.URL)
				if err != nil || address.Scheme != "https" && address.Scheme != "http" || len(button.URL) > maxButtonURL {
					problem("a button's address: %q", button.URL)
				}
				if n := len(button.ActionID); n == 0 || n > maxActionID || actions[button.ActionID] {
					problem("an action_id twice, or none: %q", button.ActionID)
				}
				actions[button.ActionID] = true
			}
		default:
			problem("a block of type %q", block.Type)
		}
	}
	if n := utf8.RuneCount(content); total > maxTotal || n > maxJSON {
		problem("%d characters in all, %d of JSON", total, n)
	}
	return total
}

func textOf(raw json.RawMessage) (t anyText) {
	if json.Unmarshal(raw, &t) != nil {
		t = anyText{}
	}
	return t
}

var (
	markupOfOurs = regexp.MustCompile(`<(https?://[^<>|\s]+|!date\^\d+\^\{date_short_pretty\}, \{time\})\|[^<>|\n]+>`)
	quoteOfOurs  = regexp.MustCompile(`(?m)^> `)
	escape       = regexp.MustCompile(`&(amp|lt|gt);`)
)

func checkText(problem func(string, ...any), where string, t anyText, limit int) int {
	n := utf8.RuneCountInString(t.Text)
	switch {
	case n == 0 || n > limit:
		problem("%s: %d characters", where, n)
	case where == "header" || where == "button":
		if t.Type != "plain_text" || strings.Contains(t.Text, "\n") {
			problem("%s: not plain: %q", where, t.Text)
		}
	case t.Type != "mrkdwn" || !t.Verbatim:
		problem("%s: not verbatim mrkdwn: %q", where, t.Text)
	case strings.ContainsAny(quoteOfOurs.ReplaceAllString(markupOfOurs.ReplaceAllString(t.Text, ""), ""), "<>`"):
		problem("%s: markup that is not ours: %q", where, t.Text)
	case strings.Contains(escape.ReplaceAllString(t.Text, ""), "&"):
		problem("%s: an escape that is none: %q", where, t.Text)
	}
	return n
}

// TestEveryDocument holds the corpus of all channels to Slack's limits.
func TestEveryDocument(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	for _, letter := range []string{"a", "&", "<", "`", "ÿ", "決", "🚀", " a", "*", "\u0301"} {
		documents["maximal "+letter] = maximal(letter)
		documents["maximal pipeline "+letter] = maximalPipeline(letter)
		stuck := maximal(letter)
		stuck.Deployment.Status, stuck.Deployment.Reason = deployment.Stuck, strings.Repeat(letter+"; ", 5000)
		documents["maximal stuck "+letter] = stuck
		stuck.Deployment.Reason = strings.Repeat(strings.Repeat(letter, 3000)+"; ", 5)
		documents["maximal stuck with long events "+letter] = stuck
	}
	short := maximal("a")
	for i := range short.Commits.Items {
		short.Commits.Items[i] = deployment.Commit{Title: strings.Repeat("a", 60)}
	}
	documents["many short commits"] = short
	for name, doc := range documents {
		for _, problem := range problemsOf(format(t, doc, bot)) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// TestRoomForCommits holds the limits of our own to what their comment says.
func TestRoomForCommits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doc  deployment.Document
		link int
	}{
		"linked in the text too":    {maximal("a"), maxLink},
		"linked by the button only": {maximal("a"), maxURL},
		"a pipeline":                {maximalPipeline("a"), maxLink},
	} {
		test.doc.Plan, test.doc.Deployment.Drill = maximalPipeline("a").Plan, &deployment.Drill{Page: true}
		commits := test.doc.Commits
		commits.Items, commits.Total, commits.Filtered, commits.Reason = nil, 0, 0, ""
		commits.CompareURL = "https://gitlab.example.com/?" + strings.Repeat("a", test.link-28)
		rest := checkBlocks(t.Errorf, format(t, test.doc, bot).Blocks)
		if rest < 6000 || rest+maxSection > maxTotal {
			t.Errorf("%s: %d characters without commits, want %d at most", name, rest, maxTotal-maxSection)
		}
	}
}

func TestSafe(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"":                 "",
		" two\r\n lines\t": "two lines",
		"a <":              "a &lt;",
		"a <b":             "a &lt;b",
		"a <bc":            "a &lt;…",
		"a &lt;":           "a…",
		"a &":              "a &amp;",
		"aa &":             "aa…",
		"a `b`":            "a 'b'",
		"exactly 12!!":     "exactly 12!!",
		"thirteen char":    "thirteen ch…",
		"a blank, then":    "a blank, th…",
		"a blank in it":    "a blank in…",
		"\"quoted text\"":  "\"quoted te…",
		"🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀":  "🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀",
		"🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀": "🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀…",
	} {
		if got := safe(given, 12); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://gitlab.example.com/a?b=1&c=%20": "<https://gitlab.example.com/a?b=1&amp;c=%20|x¦y>",
		"http://127.0.0.1:8080/":                 "<http://127.0.0.1:8080/|x¦y>",
		"":                                       "x|y",
		"gitlab.example.com/a":                   "x|y",
		"javascript:alert(1)":                    "x|y",
		"hTTps://a.example/":                     "x|y",
		"https://":                               "x|y",
		"https://a.example/b c":                  "x|y",
		"https://a.example/b|c":                  "x|y",
		"https://a.example/b>c":                  "x|y",
		"https://a.example/ü":                    "x|y",
		"https://a.example/\n":                   "x|y",
		"https://a.example/%zz":                  "x|y",
		"https://a.example/?" + strings.Repeat("&", maxLink/5): "x|y",
		"https://a.example/" + strings.Repeat("a", maxLink):    "x|y",
	} {
		if got := link(address, "x|y"); got != want {
			t.Errorf("%q became %q, want %q", address, got, want)
		}
	}
}

// FuzzFormat looks for a document whose message Slack would refuse or misread.
func FuzzFormat(f *testing.F) {
	f.Add("checkout", "1.42.0", "tasks failed to start.", "Fix <b> & `c`", "Ada", "https://gitlab.example.com/a?b&c", 3, uint8(2), int64(1773454029))
	f.Add("<!channel>", "\u202e", "```", "&amp;&lt;<@U1|x>", ">>> \r\n", "https://a|b>c", 5000, uint8(7), int64(-1))
	f.Add(strings.Repeat("&", 400), strings.Repeat("🚀", 400), strings.Repeat("<", 4000), strings.Repeat("`", 300), "", "https://a.example/"+strings.Repeat("&", 500), 50, uint8(255), int64(1)<<40)
	statuses := []deployment.Status{deployment.InProgress, deployment.Succeeded, deployment.Failed, deployment.Unknown, deployment.Stopped, deployment.Stuck}
	f.Fuzz(func(t *testing.T, service, version, reason, title, author, address string, n int, choice uint8, unix int64) {
		doc := deployment.Document{
			Deployment: deployment.Deployment{
				Service: service, Cluster: version, Name: reason, ID: author, Account: title, Region: service, Environment: title,
				Status: statuses[int(choice)%len(statuses)], Reason: reason, Time: time.Unix(unix, 0), ConsoleURL: address, LogsURL: address,
			},
			Claim:   &deployment.Claim{StartedAt: time.Unix(0, unix)},
			Release: &deployment.Release{Outcome: deployment.ReleaseOutcome(title), Image: deployment.Image{Tag: version}, Previous: deployment.Image{Tag: author}, Reason: reason},
			Commits: &deployment.Commits{Total: n, Filtered: n, CompareURL: address, Reason: reason, Removed: choice&8 != 0},
		}
		if choice&4 != 0 {
			doc.Deployment.Kind = deployment.Rollback
		}
		if choice&16 != 0 {
			doc.Deployment.Pipeline, doc.Deployment.Attempt, doc.Deployment.Drill = service, n, &deployment.Drill{Page: choice&32 != 0}
			doc.Release.Revision = deployment.Revision{ID: version, Summary: title, URL: address}
			doc.Release.FailedAction = &deployment.Action{Stage: service, Name: author, Summary: reason, URL: address}
			doc.Plan = deployment.Plan{"pagerduty": {Reason: deployment.MaintenanceWindow, Window: &deployment.Window{
				Name: title, Owner: author, Reason: reason, Until: time.Unix(unix, 0),
			}}}
		}
		for range choice / 8 {
			doc.Commits.Items = append(doc.Commits.Items, deployment.Commit{ShortID: version, ID: service, Title: title, Author: author, URL: address})
		}
		message := format(t, doc, bot)
		for _, problem := range problemsOf(message) {
			t.Error(problem)
		}
		Render(message)
	})
}
