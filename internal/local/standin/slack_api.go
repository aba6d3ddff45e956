package standin

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// refusal is an error in Slack's words.
type refusal struct {
	word     string
	messages []string // what is wrong with the blocks, with a pointer to the place
	// needed and provided are scopes.
	needed, provided string
	// wait is how many seconds to wait when it is the rate that is too high.
	wait int
}

func refuse(word string) *refusal { return &refusal{word: word} }

type slackAnswer struct {
	OK       bool           `json:"ok"`
	Error    string         `json:"error,omitempty"`
	Errors   []string       `json:"errors,omitempty"`
	Needed   string         `json:"needed,omitempty"`
	Provided string         `json:"provided,omitempty"`
	Channel  any            `json:"channel,omitempty"` // an id, but conversations.info has an object
	TS       string         `json:"ts,omitempty"`
	Text     *string        `json:"text,omitempty"`
	Message  *slackPosted   `json:"message,omitempty"`
	Warning  string         `json:"warning,omitempty"`
	Metadata *slackMetadata `json:"response_metadata,omitempty"`

	URL    string `json:"url,omitempty"`
	Team   string `json:"team,omitempty"`
	User   string `json:"user,omitempty"`
	TeamID string `json:"team_id,omitempty"`
	UserID string `json:"user_id,omitempty"`
	BotID  string `json:"bot_id,omitempty"`

	Messages json.RawMessage `json:"messages,omitempty"`
	HasMore  *bool           `json:"has_more,omitempty"`
}

type slackMetadata struct {
	Messages   []string `json:"messages,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
	NextCursor string   `json:"next_cursor,omitempty"`
}

type slackPosted struct {
	Type     string          `json:"type"`
	Subtype  string          `json:"subtype,omitempty"`
	BotID    string          `json:"bot_id"`
	User     string          `json:"user,omitempty"`
	Text     string          `json:"text"`
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Blocks   json.RawMessage `json:"blocks,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Replies  int             `json:"reply_count,omitempty"`
}

func posted(m *SlackMessage) *slackPosted {
	p := &slackPosted{Type: "message", BotID: "B000FANFARE", User: "U000FANFARE", Text: m.Text, TS: m.TS, ThreadTS: m.ThreadTS, Blocks: m.Blocks, Metadata: m.Metadata}
	switch {
	case m.Broadcast:
		p.Subtype = "thread_broadcast"
	case m.Webhook:
		p.Subtype, p.User = "bot_message", ""
	}
	return p
}

// arguments are those of a Web API method. Slack takes them from a form or from JSON and
// treats both alike: a value that is no string stands for its JSON text.
type arguments map[string]string

// api answers one method of the Web API, with HTTP 200 whatever is wrong, but for the rate.
func (s *Slack) api(c *call, method string) reply {
	if c.Method != http.MethodPost {
		return text(http.StatusMethodNotAllowed, "this stand-in takes POST only")
	}
	args, token, warning, bad := slackArguments(c)
	s.mu.Lock()
	defer s.mu.Unlock()
	var header http.Header
	if bad == nil {
		if bad = s.authenticate(token); bad == nil {
			header = s.scopeHeader()
		}
	}
	var answer slackAnswer
	if bad == nil {
		answer, bad = s.method(c, method, args)
	}
	if bad != nil && bad.wait > 0 {
		return tooMany(asJSON(0, slackAnswer{Error: bad.word}), bad.wait)
	}
	if bad != nil {
		answer = refused(bad)
	}
	if warning != "" {
		answer.Warning = warning
		if answer.Metadata == nil {
			answer.Metadata = &slackMetadata{}
		}
		answer.Metadata.Warnings = []string{warning}
	}
	done := asJSON(http.StatusOK, answer)
	done.header, done.accepted = header, answer.OK
	return done
}

// method carries out one method; s is locked.
func (s *Slack) method(c *call, method string, args arguments) (slackAnswer, *refusal) {
	switch method {
	case "auth.test":
		return slackAnswer{OK: true, URL: "https://fanfare-local.slack.com/", Team: "Fanfare", User: "fanfare", TeamID: "T000FANFARE", UserID: "U000FANFARE", BotID: "B000FANFARE"}, nil
	case "chat.postMessage", "chat.update":
		return s.chat(c, method, args)
	case "conversations.history", "conversations.replies", "conversations.info":
		return s.read(method, args)
	}
	return slackAnswer{}, refuse("unknown_method")
}

// slackArguments reads a form or JSON. A token within JSON is not looked at: Slack takes it
// from the header alone then, https://docs.slack.dev/apis/web-api/#post-bodies
func slackArguments(c *call) (args arguments, token, warning string, bad *refusal) {
	token, _ = strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	switch {
	case len(c.body) == 0:
		return arguments{}, token, "", nil
	case err != nil:
		return nil, "", "", refuse("missing_post_type")
	case kind == "application/json":
		if args, bad = jsonArguments(c.body); bad == nil && params["charset"] == "" {
			warning = "missing_charset"
		}
		return args, token, warning, bad
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil, "", "", refuse("invalid_form_data")
		}
		args = arguments{}
		for name := range form {
			args[name] = form.Get(name)
		}
		if token == "" {
			token = args["token"]
		}
		return args, token, "", nil
	default:
		return nil, "", "", refuse("invalid_post_type")
	}
}

func jsonArguments(body []byte) (arguments, *refusal) {
	if !json.Valid(body) {
		return nil, refuse("invalid_json")
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil || raw == nil {
		return nil, refuse("json_not_object")
	}
	args := arguments{}
	for name, value := range raw {
		var s string
		switch {
		case string(value) == "null":
		case json.Unmarshal(value, &s) == nil:
			args[name] = s
		default:
			args[name] = string(value)
		}
	}
	return args, nil
}

// chat posts or updates a message; s is locked.
func (s *Slack) chat(c *call, method string, args arguments) (slackAnswer, *refusal) {
	ch, bad := s.open(method, args["channel"])
	if bad != nil {
		return slackAnswer{}, bad
	}
	limiter := ch.posts
	if method == "chat.update" {
		limiter = s.updates
	}
	if seconds, limited := s.limited(limiter); limited {
		return slackAnswer{}, &refusal{word: "ratelimited", wait: seconds}
	}
	var m *SlackMessage
	if method == "chat.update" {
		m, bad = s.update(ch, args)
	} else {
		m, bad = s.post(ch, args, c.event)
	}
	if bad != nil {
		return slackAnswer{}, bad
	}
	answer := slackAnswer{OK: true, Channel: ch.ID, TS: m.TS, Message: posted(m)}
	if method == "chat.update" {
		answer.Text = &m.Text
	}
	return answer, nil
}

func refused(bad *refusal) slackAnswer {
	answer := slackAnswer{Error: bad.word, Errors: bad.messages, Needed: bad.needed, Provided: bad.provided}
	if len(bad.messages) > 0 {
		answer.Metadata = &slackMetadata{}
		for _, m := range bad.messages {
			answer.Metadata.Messages = append(answer.Metadata.Messages, "[ERROR] "+m)
		}
	}
	return answer
}
