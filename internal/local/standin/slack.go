package standin

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"fanfare/internal/local/fault"

	"golang.org/x/time/rate"
)

// Limits of Slack's Web API: https://docs.slack.dev/apis/web-api/rate-limits
const (
	defaultRate       = 1.0       // messages a second and channel
	defaultBurst      = 10        // messages at once
	defaultUpdateRate = 50.0 / 60 // chat.update a second, tier 3
	defaultReads      = 50        // calls a minute of each method that reads, tier 3
)

// SlackOptions describes the workspace that the stand-in plays.
type SlackOptions struct {
	// Token is the bot token that the Web API takes.
	Token string
	// Scopes are those that the token has; DefaultScopes when nil.
	Scopes []string
	// Channels are the ids of the channels that the bot is in.
	Channels []string
	// Private are the ids of those of the channels that are private.
	Private []string
	// Names are the channels' names, without "#", by id; a channel that has none here is
	// called by its id in lower case.
	Names map[string]string
	// Archived are the ids of channels that take no message any more.
	Archived []string
	// Webhooks maps the path of an incoming webhook (/services/T…/B…/…) to its channel's id.
	Webhooks map[string]string
	// Rate is how many messages a second a channel takes, over time; 1 when 0.
	Rate float64
	// Burst is how many messages a channel, or updates the workspace, takes at once; 10 when 0.
	Burst int
	// UpdateRate is how many chat.update a second the workspace takes; 50 a minute when 0.
	UpdateRate float64
	// ReadsPerMinute is how often within any 60 seconds each method that reads may be
	// called, such as conversations.history; 50 when 0.
	ReadsPerMinute int
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// SlackMessage is a message of a channel as it stands now.
type SlackMessage struct {
	Channel   string `json:"channel"`
	TS        string `json:"ts"`
	ThreadTS  string `json:"thread_ts,omitempty"` // the parent, when it is a reply
	Broadcast bool   `json:"broadcast"`           // a reply that is shown in the channel too
	Text      string `json:"text"`
	// Blocks and Attachments are as they were sent.
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	Metadata    json.RawMessage `json:"metadata,omitempty"` // event_type and event_payload
	Edited      int             `json:"edited"`             // how often it was edited
	Webhook     bool            `json:"webhook,omitempty"`  // came by a webhook, and cannot be edited
	Event       string          `json:"event,omitempty"`    // the event of the post, not of the edits
}

// Slack plays Slack's Web API by POST (chat.postMessage, chat.update, auth.test,
// conversations.history, .replies and .info) and its incoming webhooks. It is an http.Handler.
type Slack struct {
	desk
	token     string
	webhooks  map[string]string
	perMinute int // of a method that reads

	mu       sync.Mutex
	access   SlackAccess
	began    SlackAccess // access as it was at first
	channels map[string]*channel
	order    []string // the channels' ids, as they were given
	updates  *rate.Limiter
	reads    map[string]*window // by method
	lastTS   int64              // microseconds
}

type channel struct {
	SlackChannel
	began    SlackChannel // as it was at first
	posts    *rate.Limiter
	messages []*SlackMessage
}

// NewSlack returns a workspace whose channels are empty.
func NewSlack(opts SlackOptions, log *Log, faults *fault.Set) *Slack {
	secrets := []string{opts.Token}
	for path := range opts.Webhooks {
		secrets = append(secrets, path)
	}
	if opts.Burst <= 0 {
		opts.Burst = defaultBurst
	}
	if opts.ReadsPerMinute <= 0 {
		opts.ReadsPerMinute = defaultReads
	}
	if opts.Scopes == nil {
		opts.Scopes = DefaultScopes
	}
	s := &Slack{
		desk:      newDesk(VendorSlack, "slack", log, faults, opts.Now, secrets...),
		token:     opts.Token,
		webhooks:  opts.Webhooks,
		perMinute: opts.ReadsPerMinute,
		began:     SlackAccess{Scopes: opts.Scopes},
		channels:  map[string]*channel{},
		updates:   rate.NewLimiter(rate.Limit(orDefault(opts.UpdateRate, defaultUpdateRate)), opts.Burst),
		reads:     map[string]*window{},
	}
	s.access = s.began
	s.failure = slackFailure
	for _, id := range opts.Channels {
		s.add(opts, id, false)
	}
	for _, id := range opts.Archived {
		s.add(opts, id, true)
	}
	return s
}

func (s *Slack) add(opts SlackOptions, id string, archived bool) {
	if s.channels[id] == nil {
		s.order = append(s.order, id)
	}
	c := &channel{
		SlackChannel: SlackChannel{ID: id, Name: opts.Names[id], Archived: archived, Private: slices.Contains(opts.Private, id), Member: true},
		posts:        rate.NewLimiter(rate.Limit(orDefault(opts.Rate, defaultRate)), opts.Burst),
	}
	if c.Name == "" {
		c.Name = strings.ToLower(id)
	}
	c.began = c.SlackChannel
	s.channels[id] = c
}

func orDefault(value, otherwise float64) float64 {
	if value <= 0 {
		return otherwise
	}
	return value
}

// ServeHTTP answers a call. The operation that a fault matches is the Web API's method, such
// as "chat.postMessage", or "webhook".
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/services/") {
		s.serve(w, r, "webhook", s.webhook)
		return
	}
	method, ok := strings.CutPrefix(r.URL.Path, "/api/")
	if !ok {
		s.serve(w, r, "", func(*call) reply { return text(http.StatusNotFound, "not found") })
		return
	}
	s.serve(w, r, method, func(c *call) reply { return s.api(c, method) })
}

// Messages returns the messages of all channels, or of the one that is named, as they stand
// now, in the order in which they were posted. The result is never nil.
func (s *Slack) Messages(channelID string) []SlackMessage {
	found := []SlackMessage{}
	if s == nil {
		return found
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		for _, m := range s.channels[id].messages {
			if channelID == "" || channelID == id {
				found = append(found, *m)
			}
		}
	}
	return found
}

// nextTS returns the id of a new message: its time, in the form 1700000000.000100, and never
// the same or an earlier one again.
func (s *Slack) nextTS() string {
	s.lastTS = max(s.now().UnixMicro(), s.lastTS+1)
	return fmt.Sprintf("%d.%06d", s.lastTS/1e6, s.lastTS%1e6)
}

// limited takes one from the limiter, or tells how many seconds are to be waited for one.
func (s *Slack) limited(l *rate.Limiter) (seconds int, limited bool) {
	now := s.now()
	if l.AllowN(now, 1) {
		return 0, false
	}
	missing := 1 - l.TokensAt(now)
	return max(1, int(math.Ceil(missing/float64(l.Limit())))), true
}

func (c *channel) find(ts string) *SlackMessage {
	for _, m := range c.messages {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// tooMany is Slack's answer to a caller who is to wait.
func tooMany(body reply, seconds int) reply {
	body.status = http.StatusTooManyRequests
	body.header = http.Header{"Retry-After": {strconv.Itoa(seconds)}}
	return body
}

func slackFailure(operation string, status int, _ fault.Fault) reply {
	word := "internal_error"
	if status == http.StatusTooManyRequests {
		word = "ratelimited"
	}
	if operation == "webhook" {
		return text(status, word)
	}
	return asJSON(status, slackAnswer{Error: word})
}
