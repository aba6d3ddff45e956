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
}

func refuse(word string) *refusal { return &refusal{word: word} }

type slackAnswer struct {
	OK       bool           `json:"ok"`
	Error    string         `json:"error,omitempty"`
	Errors   []string       `json:"errors,omitempty"`
	Channel  string         `json:"channel,omitempty"`
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
}

type slackMetadata struct {
	Messages []string `json:"messages,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

type slackPosted struct {
	Type     string          `json:"type"`
	Subtype  string          `json:"subtype,omitempty"`
	BotID    string          `json:"bot_id"`
	User     string          `json:"user"`
	Text     string          `json:"text"`
	TS       string          `json:"ts"`
	ThreadTS string          `json:"thread_ts,omitempty"`
	Blocks   json.RawMessage `json:"blocks,omitempty"`
}

func posted(m *SlackMessage) *slackPosted {
	p := &slackPosted{Type: "message", BotID: "B000FANFARE", User: "U000FANFARE", Text: m.Text, TS: m.TS, ThreadTS: m.ThreadTS, Blocks: m.Blocks}
	if m.Broadcast {
		p.Subtype = "thread_broadcast"
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
	if bad == nil {
		bad = s.authenticate(token)
	}
	if bad != nil {
		return asJSON(http.StatusOK, slackAnswer{Error: bad.word})
	}
	var answer slackAnswer
	switch method {
	case "auth.test":
		answer = slackAnswer{OK: true, URL: "https://fanfare-local.slack.com/", Team: "Fanfare", User: "fanfare", TeamID: "T000FANFARE", UserID: "U000FANFARE", BotID: "B000FANFARE"}
	case "chat.postMessage", "chat.update":
		var seconds int
		if answer, seconds = s.chat(c, method, args); seconds > 0 {
			return tooMany(asJSON(0, slackAnswer{Error: "ratelimited"}), seconds)
		}
	default:
		answer = slackAnswer{Error: "unknown_method"}
	}
	if warning != "" {
		answer.Warning = warning
		if answer.Metadata == nil {
			answer.Metadata = &slackMetadata{}
		}
		answer.Metadata.Warnings = []string{warning}
	}
	done := asJSON(http.StatusOK, answer)
	done.accepted = answer.OK
	return done
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

func (s *Slack) authenticate(token string) *refusal {
	switch token {
	case "":
		return refuse("not_authed")
	case s.token:
		return nil
	}
	return refuse("invalid_auth")
}

// chat posts or updates a message. It returns the seconds to wait when the caller is too fast.
func (s *Slack) chat(c *call, method string, args arguments) (slackAnswer, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch := s.channels[args["channel"]]
	if ch == nil {
		return slackAnswer{Error: "channel_not_found"}, 0
	}
	limiter := ch.posts
	if method == "chat.update" {
		limiter = s.updates
	}
	if seconds, limited := s.limited(limiter); limited {
		return slackAnswer{}, seconds
	}
	var m *SlackMessage
	var bad *refusal
	if method == "chat.update" {
		m, bad = s.update(ch, args)
	} else {
		m, bad = s.post(ch, args, c.event)
	}
	if bad != nil {
		return refused(bad), 0
	}
	answer := slackAnswer{OK: true, Channel: ch.id, TS: m.TS, Message: posted(m)}
	if method == "chat.update" {
		answer.Text = &m.Text
	}
	return answer, 0
}

func refused(bad *refusal) slackAnswer {
	answer := slackAnswer{Error: bad.word, Errors: bad.messages}
	if len(bad.messages) > 0 {
		answer.Metadata = &slackMetadata{}
		for _, m := range bad.messages {
			answer.Metadata.Messages = append(answer.Metadata.Messages, "[ERROR] "+m)
		}
	}
	return answer
}
