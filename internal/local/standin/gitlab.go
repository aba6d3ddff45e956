package standin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"fanfare/internal/local/fault"
)

// Limits of gitlab.com for one user: https://docs.gitlab.com/user/gitlab_com/#rate-limits-on-gitlabcom
const (
	defaultCallsPerMinute = 2000
	throttleName          = "throttle_authenticated_api"
	throttlePeriod        = time.Minute
)

// gitWithin bounds the git commands of one call.
const gitWithin = 20 * time.Second

// GitLabOptions describes the GitLab that the stand-in plays.
type GitLabOptions struct {
	// Repository is the folder of the git repository that every project shows.
	Repository string
	// Token is the access token that is taken.
	Token string
	// TokenState is what the token is; DefaultGitLabToken when its name is empty.
	TokenState GitLabToken
	// Projects are the full paths of the projects that the token may read, such as
	// "group/shop". A project's id is its place in the list, from 1.
	Projects []string
	// Refs maps a ref that the repository does not have, such as the tag of a container image,
	// to one that it has or to a commit.
	Refs map[string]string
	// WebURL is the address that people would visit, without a slash at the end; the
	// request's own host when empty.
	WebURL string
	// PerMinute is how many calls are taken a minute; 2,000 when 0.
	PerMinute int
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// GitLab plays three calls of GitLab's REST API, two of them over a real repository:
// GET /api/v4/projects/:id, GET /api/v4/projects/:id/repository/compare and
// GET /api/v4/personal_access_tokens/self. It is an http.Handler.
type GitLab struct {
	desk
	opts GitLabOptions
	git  repository

	mu       sync.Mutex
	token    GitLabToken
	minute   time.Time // the start of the minute that is counted
	observed int
}

// NewGitLab returns a GitLab over the repository. That the repository can be read shows with
// the first comparison.
func NewGitLab(opts GitLabOptions, log *Log, faults *fault.Set) *GitLab {
	if opts.PerMinute <= 0 {
		opts.PerMinute = defaultCallsPerMinute
	}
	g := &GitLab{
		desk: newDesk(VendorGitLab, "gitlab", log, faults, opts.Now, opts.Token),
		opts: opts,
		git:  repository{folder: opts.Repository, aliases: opts.Refs},
	}
	g.RestoreToken()
	g.failure = g.fail
	return g
}

// ServeHTTP answers a call. The operation that a fault matches is "compare",
// "project" or "token".
func (g *GitLab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, rest, ok := splitProject(r.URL.EscapedPath())
	operation, answer := "", g.unknown
	switch {
	case ok && r.Method == http.MethodGet && rest == "":
		operation, answer = "project", g.project
	case ok && r.Method == http.MethodGet && rest == "repository/compare":
		operation, answer = "compare", g.compare
	}
	if r.Method == http.MethodGet && r.URL.Path == "/api/v4/personal_access_tokens/self" {
		operation, answer = "token", g.self
	}
	g.serve(w, r, operation, func(c *call) reply { return g.limited(c, id, answer) })
}

// splitProject splits /api/v4/projects/:id/… . An id may be a number or a path whose slashes
// are escaped.
func splitProject(escaped string) (id, rest string, ok bool) {
	after, ok := strings.CutPrefix(escaped, "/api/v4/projects/")
	if !ok {
		return "", "", false
	}
	id, rest, _ = strings.Cut(after, "/")
	id, err := url.PathUnescape(id)
	return id, rest, err == nil
}

// limited answers within the limit, with the headers that GitLab sends on every answer.
func (g *GitLab) limited(c *call, id string, answer func(*call, string) reply) reply {
	header, exceeded := g.count()
	done := tooManyCalls()
	if exceeded {
		header.Set("Retry-After", strconv.Itoa(g.secondsLeft()))
	} else {
		done = answer(c, id)
	}
	done.header = header
	return done
}

func tooManyCalls() reply {
	return reply{status: http.StatusTooManyRequests, contentType: "text/plain", body: "Retry later\n"}
}

// count counts a call of the running minute:
// https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers
func (g *GitLab) count() (header http.Header, exceeded bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if minute := g.now().Truncate(throttlePeriod); !minute.Equal(g.minute) {
		g.minute, g.observed = minute, 0
	}
	g.observed++
	return g.rateHeader(g.observed, g.minute.Add(throttlePeriod)), g.observed > g.opts.PerMinute
}

func (g *GitLab) rateHeader(observed int, reset time.Time) http.Header {
	limit := g.opts.PerMinute
	header := http.Header{}
	// GitLab spells them RateLimit-…; Go's canonical form differs in case, which HTTP ignores.
	header.Set("RateLimit-Limit", strconv.Itoa(limit))
	header.Set("RateLimit-Name", throttleName)
	header.Set("RateLimit-Observed", strconv.Itoa(observed))
	header.Set("RateLimit-Remaining", strconv.Itoa(max(0, limit-observed)))
	header.Set("RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	return header
}

func (g *GitLab) secondsLeft() int {
	now := g.now()
	return max(1, int(math.Ceil(now.Truncate(throttlePeriod).Add(throttlePeriod).Sub(now).Seconds())))
}

// fail is GitLab's answer to a fault. A 429 resets when the fault's Retry-After is over.
func (g *GitLab) fail(_ string, status int, f fault.Fault) reply {
	if status == http.StatusTooManyRequests {
		wait := time.Duration(f.RetryAfter) * time.Second
		if wait == 0 {
			wait = throttlePeriod
		}
		reset := g.now().Add(wait)
		done := tooManyCalls()
		done.header = g.rateHeader(g.opts.PerMinute+1, reset)
		done.header.Set("RateLimit-ResetTime", reset.UTC().Format(http.TimeFormat))
		return done
	}
	return gitLabMessage(status, http.StatusText(status))
}

type gitLabError struct {
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
	// Description and Scope go with what is wrong with a token.
	Description string `json:"error_description,omitempty"`
	Scope       string `json:"scope,omitempty"`
}

func gitLabMessage(status int, what string) reply {
	return asJSON(status, gitLabError{Message: fmt.Sprintf("%d %s", status, what)})
}

func (g *GitLab) unknown(*call, string) reply {
	return asJSON(http.StatusNotFound, gitLabError{Error: "404 Not Found"})
}

// find returns the project of an id or path, or the answer that refuses it.
func (g *GitLab) find(c *call, id string) (p gitLabProject, refused *reply) {
	if refused := g.refusal(c, "api", "read_api"); refused != nil {
		return p, refused
	}
	for i, full := range g.opts.Projects {
		if id == full || id == strconv.Itoa(i+1) {
			return gitLabProject{
				ID: i + 1, Name: path.Base(full), Path: path.Base(full), FullPath: full,
				DefaultBranch: "main", WebURL: g.webURL(c) + "/" + full,
			}, nil
		}
	}
	done := gitLabMessage(http.StatusNotFound, "Project Not Found")
	return p, &done
}

func (g *GitLab) webURL(c *call) string {
	if g.opts.WebURL != "" {
		return strings.TrimSuffix(g.opts.WebURL, "/")
	}
	return "http://" + c.Host
}

type gitLabProject struct {
	ID            int    `json:"id"`
	Name          string `json:"name"`
	Path          string `json:"path"`
	FullPath      string `json:"path_with_namespace"`
	DefaultBranch string `json:"default_branch"`
	WebURL        string `json:"web_url"`
}

func (g *GitLab) project(c *call, id string) reply {
	p, refused := g.find(c, id)
	if refused != nil {
		return *refused
	}
	done := asJSON(http.StatusOK, p)
	done.accepted = true
	return done
}

// gitLabCompare is the answer of https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits
type gitLabCompare struct {
	Commit  *commit  `json:"commit"` // the last of the commits
	Commits []commit `json:"commits"`
	// Diffs stay empty: nothing here reads them, and GitLab empties them at its own limits.
	Diffs   []struct{} `json:"diffs"`
	Timeout bool       `json:"compare_timeout"`
	SameRef bool       `json:"compare_same_ref"`
	WebURL  string     `json:"web_url"`
}

func (g *GitLab) compare(c *call, id string) reply {
	p, refused := g.find(c, id)
	if refused != nil {
		return *refused
	}
	from, to := c.URL.Query().Get("from"), c.URL.Query().Get("to")
	if missing := missingParameters(from, to); missing != "" {
		return asJSON(http.StatusBadRequest, gitLabError{Error: missing})
	}
	ctx, cancel := context.WithTimeout(c.Context(), gitWithin)
	defer cancel()
	base, err := g.git.resolve(ctx, from)
	head := ""
	if err == nil {
		head, err = g.git.resolve(ctx, to)
	}
	if errors.Is(err, errNoRef) {
		return gitLabMessage(http.StatusNotFound, "Ref Not Found")
	}
	var commits []commit
	if err == nil {
		commits, err = g.git.between(ctx, base, head, p.WebURL)
	}
	if err != nil {
		// The message is for whoever runs the local world; GitLab itself would not say it.
		return gitLabMessage(http.StatusInternalServerError, "Internal Server Error: "+err.Error())
	}
	answer := gitLabCompare{Commits: commits, Diffs: []struct{}{}, SameRef: base == head, WebURL: p.WebURL + "/-/compare/" + base + "..." + head}
	if len(commits) > 0 {
		answer.Commit = &commits[len(commits)-1]
	}
	done := asJSON(http.StatusOK, answer)
	done.accepted = true
	return done
}

func missingParameters(from, to string) string {
	var missing []string
	if from == "" {
		missing = append(missing, "from is missing")
	}
	if to == "" {
		missing = append(missing, "to is missing")
	}
	return strings.Join(missing, ", ")
}
