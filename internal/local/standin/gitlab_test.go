package standin

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanfare/internal/local/fault"
)

const gitLabToken = "glpat-secretpart"

// testRepository has main (five commits, one of them a merge), the branch feature/cart, and the
// tags v1.0.0 (annotated) and v1.1.0.
func testRepository(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	at := 1_700_000_000
	git := func(args ...string) {
		t.Helper()
		at += 60
		date := fmt.Sprintf("%d +0200", at)
		cmd := exec.Command("git", append([]string{"-C", folder, "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false", "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null"}, args...)...)
		cmd.Env = []string{
			"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=Ada <A>", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_AUTHOR_DATE=" + date,
			"GIT_COMMITTER_NAME=Grace", "GIT_COMMITTER_EMAIL=grace@example.com", "GIT_COMMITTER_DATE=" + date,
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
	}
	commit := func(message string) {
		git("commit", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m", message)
	}
	git("init", "--quiet", "--initial-branch=main")
	commit("Open the shop")
	git("tag", "-a", "v1.0.0", "-m", "the first release")
	git("checkout", "--quiet", "-b", "feature/cart")
	commit("feat: add the cart <!channel>\n\nIt holds \"things\" & more.\n\nRefs: SHOP-1\n")
	git("checkout", "--quiet", "main")
	commit("fix: carriage return in the title\r\n\r\nbody")
	git("merge", "--quiet", "--no-ff", "-m", "Merge branch 'feature/cart' into 'main'", "feature/cart")
	git("tag", "v1.1.0")
	commit("")
	return folder
}

func newTestGitLab(t *testing.T, c *clock, log *Log, faults *fault.Set, repository string) *GitLab {
	t.Helper()
	return NewGitLab(GitLabOptions{
		Repository: repository, Token: gitLabToken, Projects: []string{"group/shop", "group/sub/cart.api"},
		Refs:   map[string]string{"1.42.0": "v1.0.0", "1.43.0": "main", "v1.1.0": "v1.0.0", "1.44.0": "nowhere"},
		WebURL: "https://gitlab.example.com", Now: c.now,
	}, log, faults)
}

func get(t *testing.T, g *GitLab, path string) answer {
	t.Helper()
	return send(t, g, "GET", "/api/v4/projects/"+path, map[string]string{"PRIVATE-TOKEN": gitLabToken}, "")
}

func TestGitLabCompare(t *testing.T) {
	t.Parallel()
	g := newTestGitLab(t, newClock(), nil, nil, testRepository(t))
	got := get(t, g, "group%2Fshop/repository/compare?from=v1.0.0&to=main")
	if got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	golden(t, "gitlab_compare.json", fromJSON[any](t, got.body))

	full := fromJSON[gitLabCompare](t, got.body)
	if n := len(full.Commits); n != 4 || full.Commit == nil || full.Commit.ID != full.Commits[3].ID {
		t.Fatalf("%d commits, and the last %+v", n, full.Commit)
	}
	first, head := full.Commits[0].ID, full.Commit.ID
	for _, tt := range []struct {
		name, from, to string
		commits        int
		same           bool
	}{
		{"branch with a slash", "v1.0.0", "feature/cart", 1, false},
		{"tag to tag", "v1.0.0", "v1.1.0", 3, false},
		{"ids", first, head, 3, false},
		{"short ids", first[:8], head[:7], 3, false},
		{"reversed", "main", "v1.0.0", 0, false},
		{"the same", "main", head, 0, true},
		{"tags of images", "1.42.0", "1.43.0", 4, false},
		{"an alias does not hide a tag", "1.42.0", "v1.1.0", 3, false},
	} {
		got := get(t, g, "1/repository/compare?from="+tt.from+"&to="+tt.to)
		a := fromJSON[gitLabCompare](t, got.body)
		if got.status != 200 || len(a.Commits) != tt.commits || a.SameRef != tt.same || (a.Commit == nil) != (tt.commits == 0) {
			t.Errorf("%s: %d %s", tt.name, got.status, got.body)
		}
		if tt.commits == 0 && !strings.Contains(got.body, `"commit":null,"commits":[],"diffs":[]`) {
			t.Errorf("%s: %s", tt.name, got.body)
		}
	}
}

func TestGitLabRefuses(t *testing.T) {
	t.Parallel()
	repository := testRepository(t)
	outside := filepath.Join(t.TempDir(), "written")
	const compare = "/api/v4/projects/group%2Fshop/repository/compare"
	private := map[string]string{"PRIVATE-TOKEN": gitLabToken}
	for _, tt := range []struct {
		name, path string
		header     map[string]string
		status     int
		want       string
	}{
		{"no token", compare + "?from=main&to=main", nil, 401, `{"message":"401 Unauthorized"}`},
		{"wrong token", compare + "?from=main&to=main", map[string]string{"PRIVATE-TOKEN": "x"}, 401, `{"message":"401 Unauthorized"}`},
		{"job token", compare + "?from=main&to=main", map[string]string{"JOB-TOKEN": gitLabToken}, 401, `{"message":"401 Unauthorized"}`},
		{"project without a token", "/api/v4/projects/1", nil, 401, `{"message":"401 Unauthorized"}`},
		{"unknown project", "/api/v4/projects/group%2Fother/repository/compare?from=main&to=main", private, 404, `{"message":"404 Project Not Found"}`},
		{"unknown id", "/api/v4/projects/3", private, 404, `{"message":"404 Project Not Found"}`},
		{"unescaped path", "/api/v4/projects/group/shop/repository/compare?from=main&to=main", private, 404, `{"error":"404 Not Found"}`},
		{"another call", "/api/v4/projects/1/repository/tags", private, 404, `{"error":"404 Not Found"}`},
		{"another path", "/users/sign_in", private, 404, `{"error":"404 Not Found"}`},
		{"no refs", compare, private, 400, `{"error":"from is missing, to is missing"}`},
		{"no to", compare + "?from=main", private, 400, `{"error":"to is missing"}`},
		{"unknown ref", compare + "?from=v9&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
		{"unknown id of a commit", compare + "?from=" + strings.Repeat("0", 40) + "&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
		{"unknown short id", compare + "?from=main&to=0000000", private, 404, `{"message":"404 Ref Not Found"}`},
		{"alias of nothing", compare + "?from=1.44.0&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
		{"an option", compare + "?from=--output=" + outside + "&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
		{"an option as to", compare + "?from=main&to=--all", private, 404, `{"message":"404 Ref Not Found"}`},
		{"an expression", compare + "?from=main~1&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
		{"a range", compare + "?from=v1.0.0..main&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
		{"a reflog", compare + "?from=main@%7B1%7D&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
		{"a NUL", compare + "?from=main%00&to=main", private, 404, `{"message":"404 Ref Not Found"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := send(t, newTestGitLab(t, newClock(), nil, nil, repository), "GET", tt.path, tt.header, "")
			if got.status != tt.status || got.body != tt.want {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if got.header.Get("RateLimit-Remaining") != "1999" {
				t.Errorf("headers %v", got.header)
			}
			if _, err := os.Stat(outside); err == nil {
				t.Error("git took a ref as an option")
			}
		})
	}
}

func TestGitLabWithoutARepository(t *testing.T) {
	t.Parallel()
	got := get(t, newTestGitLab(t, newClock(), nil, nil, t.TempDir()), "1/repository/compare?from=main&to=main")
	if got.status != 500 || !strings.Contains(got.body, "not a git repository") {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestGitLabProject(t *testing.T) {
	t.Parallel()
	c := newClock()
	want := `{"id":2,"name":"cart.api","path":"cart.api","path_with_namespace":"group/sub/cart.api","default_branch":"main","web_url":"https://gitlab.example.com/group/sub/cart.api"}`
	for _, id := range []string{"2", "group%2Fsub%2Fcart.api", "group%2Fsub%2Fcart%2Eapi"} {
		if got := get(t, newTestGitLab(t, c, nil, nil, ""), id); got.status != 200 || got.body != want {
			t.Errorf("%s: %d %s", id, got.status, got.body)
		}
	}
	g := NewGitLab(GitLabOptions{Token: gitLabToken, Projects: []string{"a/b"}}, nil, nil)
	got := send(t, g, "GET", "/api/v4/projects/1", map[string]string{"Authorization": "Bearer " + gitLabToken}, "")
	if p := fromJSON[gitLabProject](t, got.body); !strings.HasPrefix(p.WebURL, "http://127.0.0.1:") || !strings.HasSuffix(p.WebURL, "/a/b") {
		t.Errorf("without a web URL: %s", got.body)
	}
	if got := send(t, NewGitLab(GitLabOptions{Projects: []string{"a/b"}}, nil, nil), "GET", "/api/v4/projects/1", nil, ""); got.status != 401 {
		t.Errorf("a stand-in without a token lets everyone in: %d", got.status)
	}
}

func TestGitLabLimitsTheRate(t *testing.T) {
	t.Parallel()
	c := newClock() // 20 seconds into a minute
	g := NewGitLab(GitLabOptions{Token: gitLabToken, Projects: []string{"a/b"}, PerMinute: 2, Now: c.now}, nil, nil)
	for i, want := range []string{"1", "0"} {
		got := get(t, g, "1")
		if got.status != 200 || got.header.Get("RateLimit-Remaining") != want || got.header.Get("RateLimit-Limit") != "2" || got.header.Get("RateLimit-Reset") != "1700000040" {
			t.Errorf("call %d: %d %v", i, got.status, got.header)
		}
	}
	got := get(t, g, "1")
	if got.status != 429 || got.body != "Retry later\n" || got.header.Get("Retry-After") != "40" || got.header.Get("Content-Type") != "text/plain" {
		t.Errorf("beyond the limit: %d %v %s", got.status, got.header, got.body)
	}
	c.add(40 * time.Second)
	if got := get(t, g, "1"); got.status != 200 {
		t.Errorf("in the next minute: %d", got.status)
	}
}

func TestGitLabFaultOfTheRate(t *testing.T) {
	t.Parallel()
	faults := withFault(t, fault.Fault{Target: "gitlab", Match: "compare", Kind: fault.Status, Status: http.StatusTooManyRequests, RetryAfter: 7, Times: 1})
	g := newTestGitLab(t, newClock(), nil, faults, "")
	if got := get(t, g, "1"); got.status != 200 {
		t.Fatalf("the fault is for compare only: %d", got.status)
	}
	got := get(t, g, "1/repository/compare?from=a&to=b")
	want := map[string]string{"Retry-After": "7", "RateLimit-Reset": "1700000007", "RateLimit-Remaining": "0", "RateLimit-Name": "throttle_authenticated_api", "Content-Type": "text/plain"}
	for name, value := range want {
		if got.header.Get(name) != value {
			t.Errorf("%s: %q instead of %q", name, got.header.Get(name), value)
		}
	}
	if got.status != 429 || got.body != "Retry later\n" {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func FuzzGitLabPath(f *testing.F) {
	f.Add("/api/v4/projects/group%2Fshop/repository/compare")
	f.Add("/api/v4/projects/%zz")
	f.Fuzz(func(t *testing.T, path string) {
		id, rest, ok := splitProject(path)
		if ok && len(id)+len(rest) > len(path) {
			t.Fatalf("%q and %q from %q", id, rest, path)
		}
	})
}
