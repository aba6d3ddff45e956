package doctor

import (
	"strings"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"scopes":["read_api"],"expires_at":null,"active":true}`: "",
		`{"scopes":["api"]}`: "",
		`{"scopes":["read_api"],"expires_at":"2026-03-29"}`:                "",
		`{"scopes":["read_api"],"expires_at":"2026-03-28"}`:                "the token expires on 2026-03-28, in 14 days",
		`{"scopes":["read_api"],"expires_at":"2026-03-15"}`:                "the token expires on 2026-03-15, in 1 day",
		`{"scopes":["read_api"],"expires_at":"2026-03-14","active":false}`: "the token has expired on 2026-03-14, and messages show no commits",
		`{"scopes":["read_api"],"active":false}`:                           "the token is not active, and messages show no commits",
		`{"scopes":["read_api"],"revoked":true}`:                           "the token is revoked, and messages show no commits",
		`{"scopes":["read_repository"]}`:                                   "the token lacks the scope read_api, and messages show no commits",
		`{"scopes":[]}`:                                                    "the token lacks the scope read_api, and messages show no commits",
		`{"scopes":["api"],"expires_at":"soon"}`:                           "GitLab's answer about the token's end makes no sense",
		`{"message":"something else"}`:                                     "GitLab's answer about the token makes no sense",
		`<html>Sign in</html>`:                                             "GitLab's answer about the token makes no sense",
		``:                                                                 "GitLab's answer about the token makes no sense",
	} {
		if got := judge([]byte(body), now); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

// FuzzJudge has answers as anybody may give them: a token without a scope is never taken
// for a good one, and nothing of the answer is shown but a date.
func FuzzJudge(f *testing.F) {
	for _, seed := range []string{
		`{"scopes":["read_api"],"expires_at":"2026-03-20"}`, `{"scopes":["api"],"expires_at":"0000-00-00"}`, `{"scopes":null}`, `[]`, `null`, `{`,
		`{"scopes":["api"],"expires_at":"9999-12-31"}`, `{"scopes":["api"],"expires_at":7}`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		problem := judge(body, now)
		if problem == "" && !strings.Contains(string(body), "api") && !strings.Contains(string(body), `\u`) {
			t.Errorf("%q was taken for a good token", body)
		}
		if len(problem) > 100 {
			t.Errorf("%q: %q", body, problem)
		}
	})
}

func FuzzCount(f *testing.F) {
	f.Add("0", "0")
	f.Add("1", "")
	f.Add("-1", "1")
	f.Add("99999999999999999999", "1")
	f.Fuzz(func(t *testing.T, visible, hidden string) {
		n, err := count(map[string]string{"ApproximateNumberOfMessages": visible, "ApproximateNumberOfMessagesNotVisible": hidden})
		if n < 0 || err != nil && n != 0 || err == nil && (visible == "" || hidden == "") {
			t.Errorf("%q, %q: got %d, %v", visible, hidden, n, err)
		}
	})
}

// FuzzSubscription has whatever SNS may have in the place of a subscription's ARN.
func FuzzSubscription(f *testing.F) {
	for _, seed := range []string{"arn:aws:sns:eu-west-1:123456789012:fanfare-texts:1", "PendingConfirmation", "pending confirmation", "Deleted", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arn string) {
		var s subscribers
		s.count(arn)
		if s.confirmed > 0 && !strings.HasPrefix(arn, "arn:") || s.confirmed+s.pending > 1 {
			t.Errorf("%q: got %+v", arn, s)
		}
	})
}

func TestDays(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{time.Hour: "1 day", 24 * time.Hour: "1 day", 25 * time.Hour: "2 days"} {
		if got := days(left); got != want {
			t.Errorf("%s: got %q, want %q", left, got, want)
		}
	}
}
