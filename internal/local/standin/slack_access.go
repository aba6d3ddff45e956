package standin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// DefaultScopes are those of a Slack app that is installed as Fanfare asks for it.
var DefaultScopes = []string{"chat:write", "channels:history", "groups:history", "channels:read", "groups:read"}

// SlackAccess is what the bot token opens.
type SlackAccess struct {
	Revoked bool     `json:"revoked"`
	Scopes  []string `json:"scopes"`
}

// SlackChannel is a channel as the bot finds it.
type SlackChannel struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Archived bool   `json:"archived"`
	Removed  bool   `json:"removed"` // it is no more
	Private  bool   `json:"private"`
	Member   bool   `json:"member"` // whether the bot is in it
}

// SlackState is what can be changed on command.
type SlackState struct {
	Token    SlackAccess    `json:"token"`
	Channels []SlackChannel `json:"channels"`
}

// SlackTokenChange changes the token; what is nil stays as it is.
type SlackTokenChange struct {
	Revoked *bool    `json:"revoked"`
	Scopes  []string `json:"scopes"`
}

// SlackChannelChange changes the channel with this id; what is nil stays as it is.
type SlackChannelChange struct {
	ID       string `json:"id"`
	Archived *bool  `json:"archived"`
	Removed  *bool  `json:"removed"`
	Member   *bool  `json:"member"`
}

// State returns the token's and the channels' state.
func (s *Slack) State() SlackState {
	state := SlackState{Token: SlackAccess{Scopes: []string{}}, Channels: []SlackChannel{}}
	if s == nil {
		return state
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	state.Token.Revoked = s.access.Revoked
	state.Token.Scopes = append(state.Token.Scopes, s.access.Scopes...)
	for _, id := range s.order {
		state.Channels = append(state.Channels, s.channels[id].SlackChannel)
	}
	return state
}

// ChangeToken revokes the token, gives it other scopes, or undoes either.
func (s *Slack) ChangeToken(change SlackTokenChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set(&s.access.Revoked, change.Revoked)
	if change.Scopes != nil {
		s.access.Scopes = change.Scopes
	}
}

// ChangeChannel archives a channel, removes it, takes the bot out of it, or undoes any of
// that. Its messages stay. The error names an id that no channel has.
func (s *Slack) ChangeChannel(change SlackChannelChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.channels[change.ID]
	if c == nil {
		return fmt.Errorf("id: %q is none of %s", change.ID, strings.Join(s.order, ", "))
	}
	set(&c.Archived, change.Archived)
	set(&c.Removed, change.Removed)
	set(&c.Member, change.Member)
	return nil
}

// Restore undoes every change of the token and the channels.
func (s *Slack) Restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.access = s.began
	for _, c := range s.channels {
		c.SlackChannel = c.began
	}
}

func set(value *bool, to *bool) {
	if to != nil {
		*value = *to
	}
}

// scopesOf are the scopes of which a method needs one: that for a public channel comes
// first, that for a private one last.
// https://docs.slack.dev/reference/scopes
var scopesOf = map[string][]string{
	"chat.postMessage":      {"chat:write"},
	"chat.update":           {"chat:write"},
	"conversations.history": {"channels:history", "groups:history"},
	"conversations.replies": {"channels:history", "groups:history"},
	"conversations.info":    {"channels:read", "groups:read"},
}

// authenticate tells what is wrong with the token; s is locked.
func (s *Slack) authenticate(token string) *refusal {
	switch {
	case token == "":
		return refuse("not_authed")
	case token != s.token:
		return refuse("invalid_auth")
	case s.access.Revoked:
		return refuse("token_revoked")
	}
	return nil
}

// open finds the channel that a method is about, if the token may do that there; s is locked.
func (s *Slack) open(method, id string) (*channel, *refusal) {
	scopes := scopesOf[method]
	if !slices.ContainsFunc(scopes, s.may) {
		return nil, s.missing(scopes...)
	}
	c := s.channels[id]
	if c == nil || c.Removed || c.Private && !c.Member {
		return nil, refuse("channel_not_found")
	}
	needed := scopes[0]
	if c.Private {
		needed = scopes[len(scopes)-1]
	}
	if !s.may(needed) {
		return nil, s.missing(needed)
	}
	posting := method == "chat.postMessage" && s.may("chat:write.public")
	if !c.Member && !posting && method != "conversations.info" {
		return nil, refuse("not_in_channel")
	}
	return c, nil
}

func (s *Slack) may(scope string) bool { return slices.Contains(s.access.Scopes, scope) }

func (s *Slack) missing(scopes ...string) *refusal {
	return &refusal{word: "missing_scope", needed: strings.Join(scopes, ","), provided: strings.Join(s.access.Scopes, ",")}
}

// scopeHeader tells the token's scopes, as every answer to a valid one does:
// https://docs.slack.dev/authentication/installing-with-oauth#inspecting
func (s *Slack) scopeHeader() http.Header {
	header := http.Header{}
	header.Set("X-Oauth-Scopes", strings.Join(s.access.Scopes, ","))
	return header
}
