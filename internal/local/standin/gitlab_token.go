package standin

import (
	"crypto/subtle"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// GitLabToken is what GitLab says of an access token.
type GitLabToken struct {
	Name    string   `json:"name"`
	Scopes  []string `json:"scopes"`
	Revoked bool     `json:"revoked"`
	// ExpiresAt is the day at whose beginning, in UTC, the token expires, such as
	// 2027-01-31; never when empty.
	ExpiresAt string `json:"expiresAt"`
}

// DefaultGitLabToken may read, and never expires.
var DefaultGitLabToken = GitLabToken{Name: "fanfare", Scopes: []string{"read_api"}}

// GitLabTokenChange changes the token; what is nil stays as it is.
type GitLabTokenChange struct {
	Scopes    []string `json:"scopes"`
	Revoked   *bool    `json:"revoked"`
	ExpiresAt *string  `json:"expiresAt"`
}

// Token returns the token's state; it has no name when there is no GitLab.
func (g *GitLab) Token() GitLabToken {
	if g == nil {
		return GitLabToken{Scopes: []string{}}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.token
}

// ChangeToken revokes the token, has it expire, gives it other scopes, or undoes any of it.
func (g *GitLab) ChangeToken(change GitLabTokenChange) error {
	if change.ExpiresAt != nil && *change.ExpiresAt != "" {
		if _, err := time.Parse(time.DateOnly, *change.ExpiresAt); err != nil {
			return fmt.Errorf("expiresAt: %q is no day such as 2027-01-31", *change.ExpiresAt)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	set(&g.token.Revoked, change.Revoked)
	if change.ExpiresAt != nil {
		g.token.ExpiresAt = *change.ExpiresAt
	}
	if change.Scopes != nil {
		g.token.Scopes = change.Scopes
	}
	return nil
}

// RestoreToken undoes every change of the token.
func (g *GitLab) RestoreToken() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.token = g.opts.TokenState
	if g.token.Name == "" {
		g.token = DefaultGitLabToken
	}
}

// refusal is the answer to a call whose token is not taken, or has none of the scopes; nil
// when it is fine. A CI job token (JOB-TOKEN) is not taken: the compare endpoint is not
// among those that allow it.
// https://docs.gitlab.com/api/rest/authentication/
func (g *GitLab) refusal(c *call, scopes ...string) *reply {
	token := c.Header.Get("PRIVATE-TOKEN")
	if token == "" {
		token, _ = strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	}
	state := g.Token()
	var done reply
	switch {
	case g.opts.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(g.opts.Token)) != 1:
		done = gitLabMessage(http.StatusUnauthorized, "Unauthorized")
	case state.Revoked:
		done = asJSON(http.StatusUnauthorized, gitLabError{Error: "invalid_token", Description: "Token was revoked. You have to re-authorize from the user."})
	case state.expired(g.now()):
		done = asJSON(http.StatusUnauthorized, gitLabError{Error: "invalid_token", Description: "Token is expired. You can either do re-authorization or token refresh."})
	case len(scopes) > 0 && !slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(state.Scopes, s) }):
		done = asJSON(http.StatusForbidden, gitLabError{Error: "insufficient_scope", Scope: strings.Join(scopes, " "),
			Description: "The request requires higher privileges than provided by the access token."})
	default:
		return nil
	}
	return &done
}

func (t GitLabToken) expired(now time.Time) bool {
	return t.ExpiresAt != "" && now.UTC().Format(time.DateOnly) >= t.ExpiresAt
}

// self tells a token of itself:
// https://docs.gitlab.com/api/personal_access_tokens/#get-details-on-a-personal-access-token
func (g *GitLab) self(c *call, _ string) reply {
	if refused := g.refusal(c); refused != nil {
		return *refused
	}
	state := g.Token()
	var expires *string
	if state.ExpiresAt != "" {
		expires = &state.ExpiresAt
	}
	done := asJSON(http.StatusOK, struct {
		ID         int       `json:"id"`
		Name       string    `json:"name"`
		Revoked    bool      `json:"revoked"`
		CreatedAt  time.Time `json:"created_at"`
		Scopes     []string  `json:"scopes"`
		UserID     int       `json:"user_id"`
		LastUsedAt time.Time `json:"last_used_at"`
		Active     bool      `json:"active"`
		ExpiresAt  *string   `json:"expires_at"`
	}{ID: 42, Name: state.Name, CreatedAt: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC), Scopes: state.Scopes,
		UserID: 7, LastUsedAt: g.now().UTC(), Active: true, ExpiresAt: expires})
	done.accepted = true
	return done
}
