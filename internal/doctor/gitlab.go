package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"fanfare/internal/escalate/notice"
	"fanfare/internal/secret"
)

const (
	// soon is how long before its end a token is told of.
	soon = 14 * 24 * time.Hour
	// maxToken is how much is read of what GitLab says of a token, in bytes.
	maxToken = 64 << 10
)

func (d *Doctor) gitLab(ctx context.Context) []check {
	if d.Account.GitLab == nil {
		return nil
	}
	k := d.secret(ctx, "gitlab", secret.GitLabToken)
	return []check{k.check(), {name: "gitlab token", look: func(ctx context.Context) *trouble {
		token, found := k.use()
		if found != nil {
			return found
		}
		return d.lookAtGitLab(ctx, token)
	}}}
}

// lookAtGitLab asks GitLab about the token itself, which may be a person's, a project's or
// a group's: https://docs.gitlab.com/api/personal_access_tokens/#get-details-on-a-personal-access-token
func (d *Doctor) lookAtGitLab(ctx context.Context, token string) *trouble {
	base := d.Account.GitLab.Base()
	if base == nil {
		return &trouble{problem: "gitlab.url is no address", mend: "correct it in the account file, and " + notice.Make("deploy")}
	}
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("api/v4/personal_access_tokens/self").String(), nil)
	if err != nil {
		return unseen("the token", err)
	}
	request.Header.Set("PRIVATE-TOKEN", token)
	status, body, err := ask(d.HTTP, request, maxToken)
	renew := "make a token with the scope read_api, and put it here: " + notice.PutSecret(d.Account, "gitlab", secret.GitLabToken)
	switch {
	case err != nil:
		return unseen("the token", err)
	case status == http.StatusUnauthorized:
		return &trouble{problem: "GitLab refuses the token: it is wrong, revoked or expired, and messages show no commits", mend: renew}
	case status == http.StatusForbidden:
		return &trouble{problem: "the token may not use the API, and messages show no commits", mend: renew}
	case status == http.StatusNotFound:
		return &trouble{problem: "GitLab does not tell about the token: its version is below 15.5, or gitlab.url leads elsewhere",
			mend: "look at gitlab.url, and at the token's end in GitLab"}
	case status != http.StatusOK:
		return unseen("the token", statusError(status))
	}
	problem := judge(body, d.Now())
	if problem == "" {
		return nil
	}
	return &trouble{problem: problem, mend: renew}
}

// judge says what is wrong with the token that GitLab describes; empty when nothing is.
func judge(body []byte, now time.Time) string {
	var token struct {
		Scopes  []string `json:"scopes"`
		Revoked bool     `json:"revoked"`
		Active  *bool    `json:"active"`
		// Ends is the day on which it no longer works, at midnight UTC; null when it never ends.
		Ends *string `json:"expires_at"`
	}
	if json.Unmarshal(body, &token) != nil || token.Scopes == nil {
		return "GitLab's answer about the token makes no sense"
	}
	if token.Revoked {
		return "the token is revoked, and messages show no commits"
	}
	if !slices.Contains(token.Scopes, "read_api") && !slices.Contains(token.Scopes, "api") {
		return "the token lacks the scope read_api, and messages show no commits"
	}
	if token.Ends != nil {
		end, err := time.Parse(time.DateOnly, *token.Ends)
		switch left := end.Sub(now); {
		case err != nil:
			return "GitLab's answer about the token's end makes no sense"
		case left <= 0:
			return "the token has expired on " + end.Format(time.DateOnly) + ", and messages show no commits"
		case left <= soon:
			return fmt.Sprintf("the token expires on %s, in %s", end.Format(time.DateOnly), days(left))
		}
	}
	if token.Active != nil && !*token.Active {
		return "the token is not active, and messages show no commits"
	}
	return ""
}

// days is how long it is, in whole days, rounded up.
func days(left time.Duration) string {
	n := int((left + 24*time.Hour - 1) / (24 * time.Hour))
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
