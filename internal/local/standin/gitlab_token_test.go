package standin

import (
	"strings"
	"testing"
	"time"
)

func TestGitLabToken(t *testing.T) {
	t.Parallel()
	yes, day := true, "2023-11-15" // the day after the clock's
	const self, project = "/api/v4/personal_access_tokens/self", "/api/v4/projects/1"
	for name, tt := range map[string]struct {
		change  GitLabTokenChange
		later   time.Duration
		status  int
		self    string
		project int
	}{
		"fine":      {GitLabTokenChange{}, 0, 200, `"revoked":false,"created_at":"2026-01-01T09:00:00Z","scopes":["read_api"],"user_id":7,"last_used_at":"2023-11-14T22:13:20.0001Z","active":true,"expires_at":null}`, 200},
		"expires":   {GitLabTokenChange{ExpiresAt: &day}, time.Hour, 200, `"active":true,"expires_at":"2023-11-15"}`, 200},
		"expired":   {GitLabTokenChange{ExpiresAt: &day}, 2 * time.Hour, 401, `{"error":"invalid_token","error_description":"Token is expired.`, 401},
		"revoked":   {GitLabTokenChange{Revoked: &yes}, 0, 401, `{"error":"invalid_token","error_description":"Token was revoked.`, 401},
		"no scope":  {GitLabTokenChange{Scopes: []string{"read_user"}}, 0, 200, `"scopes":["read_user"]`, 403},
		"api scope": {GitLabTokenChange{Scopes: []string{"api"}}, 0, 200, `"scopes":["api"]`, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			g := newTestGitLab(t, c, nil, nil, t.TempDir())
			if err := g.ChangeToken(tt.change); err != nil {
				t.Fatal(err)
			}
			c.add(tt.later)
			header := map[string]string{"PRIVATE-TOKEN": gitLabToken}
			if got := send(t, g, "GET", self, header, ""); got.status != tt.status || !strings.Contains(got.body, tt.self) {
				t.Errorf("self: %d %s", got.status, got.body)
			}
			if got := send(t, g, "GET", project, header, ""); got.status != tt.project {
				t.Errorf("project: %d %s", got.status, got.body)
			}
			g.RestoreToken()
			if got := send(t, g, "GET", project, header, ""); got.status != 200 {
				t.Errorf("restored: %d %s", got.status, got.body)
			}
		})
	}
	g := newTestGitLab(t, newClock(), nil, nil, t.TempDir())
	if got := send(t, g, "GET", self, map[string]string{"PRIVATE-TOKEN": "other"}, ""); got.status != 401 || got.body != `{"message":"401 Unauthorized"}` || got.header.Get("RateLimit-Limit") == "" {
		t.Errorf("another token: %d %s", got.status, got.body)
	}
	if got := send(t, g, "POST", self, map[string]string{"PRIVATE-TOKEN": gitLabToken}, ""); got.status != 404 {
		t.Errorf("POST: %d %s", got.status, got.body)
	}
}
