package standin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// errNoRef tells that the repository has no such tag, branch or commit.
var errNoRef = errors.New("no such ref")

// repository reads a git repository with the git program.
type repository struct {
	folder  string
	aliases map[string]string
}

// commit is a commit as GitLab shows it: https://docs.gitlab.com/api/commits/
type commit struct {
	ID               string            `json:"id"`
	ShortID          string            `json:"short_id"`
	CreatedAt        string            `json:"created_at"`
	ParentIDs        []string          `json:"parent_ids"`
	Title            string            `json:"title"`
	Message          string            `json:"message"`
	AuthorName       string            `json:"author_name"`
	AuthorEmail      string            `json:"author_email"`
	AuthoredDate     string            `json:"authored_date"`
	CommitterName    string            `json:"committer_name"`
	CommitterEmail   string            `json:"committer_email"`
	CommittedDate    string            `json:"committed_date"`
	Trailers         map[string]string `json:"trailers"`
	ExtendedTrailers map[string]string `json:"extended_trailers"`
	WebURL           string            `json:"web_url"`
}

var (
	hexID = regexp.MustCompile(`^[0-9a-f]{7,40}$`)
	// revisionSyntax holds what no ref's name may contain, and what git would read as more
	// than a name (main~3, v1..v2, HEAD@{1}).
	revisionSyntax = regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{`)
)

// resolve returns the commit of a tag, a branch, a commit's id, or an alias of one.
func (g repository) resolve(ctx context.Context, ref string) (string, error) {
	sha, err := g.lookUp(ctx, ref)
	if target, known := g.aliases[ref]; known && errors.Is(err, errNoRef) {
		return g.lookUp(ctx, target)
	}
	return sha, err
}

// lookUp never gives git a ref as it came: a name follows refs/…, an id is hexadecimal, so
// that neither can be read as an option or a revision expression.
func (g repository) lookUp(ctx context.Context, ref string) (string, error) {
	if ref == "" || revisionSyntax.MatchString(ref) {
		return "", errNoRef
	}
	names := []string{"refs/tags/" + ref, "refs/heads/" + ref}
	if hexID.MatchString(ref) {
		names = append(names, ref)
	}
	for _, name := range names {
		out, err := g.run(ctx, "rev-parse", "--verify", "--quiet", name+"^{commit}")
		if err == nil {
			return strings.TrimSpace(string(out)), nil
		}
		// With --quiet, git ends with 1 and no word when there is no such object.
		var ended *exec.ExitError
		if !errors.As(err, &ended) || ended.ExitCode() != 1 {
			return "", fmt.Errorf("looking up the ref: %w", err)
		}
	}
	return "", errNoRef
}

// commitFields are read with each commit, every one ended by a NUL, which git allows in none.
var commitFields = []string{"%H", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"}

// between returns the commits of head that base does not have, oldest first.
func (g repository) between(ctx context.Context, base, head, projectURL string) ([]commit, error) {
	format := strings.Join(commitFields, "%x00") + "%x00"
	out, err := g.run(ctx, "log", "--reverse", "--no-color", "--no-show-signature", "--encoding=UTF-8", "--format=tformat:"+format, base+".."+head, "--")
	if err != nil {
		return nil, fmt.Errorf("listing the commits: %w", err)
	}
	fields := strings.Split(string(out), "\x00")
	commits := []commit{}
	for n := len(commitFields); len(fields) >= n; fields = fields[n:] {
		commits = append(commits, newCommit(fields[:n], projectURL))
	}
	return commits, nil
}

func newCommit(f []string, projectURL string) commit {
	id := strings.TrimLeft(f[0], "\n") // git ends each commit with a line feed
	c := commit{
		ID: id, ShortID: id[:min(8, len(id))], ParentIDs: strings.Fields(f[1]),
		AuthorName: f[2], AuthorEmail: f[3], AuthoredDate: gitLabTime(f[4]),
		CommitterName: f[5], CommitterEmail: f[6], CommittedDate: gitLabTime(f[7]),
		Message: f[8], Title: title(f[8]),
		Trailers: map[string]string{}, ExtendedTrailers: map[string]string{},
		WebURL: projectURL + "/-/commit/" + id,
	}
	c.CreatedAt = c.CommittedDate
	return c
}

// title is the whole first line; GitLab does not cut it.
func title(message string) string {
	first, _, _ := strings.Cut(message, "\n")
	if first = strings.TrimRight(first, "\r"); first == "" {
		return "No commit message"
	}
	return first
}

// gitLabTime writes git's time as GitLab does, with milliseconds and a numeric offset.
func gitLabTime(value string) string {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return value
	}
	return t.Format("2006-01-02T15:04:05.000-07:00")
}

// run runs git over the repository, without the caller's git variables: they are set when all
// this is started from a hook, and would point to another repository.
func (g repository) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", g.folder, "--no-pager"}, args...)...)
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "GIT_") {
			cmd.Env = append(cmd.Env, variable)
		}
	}
	cmd.Env = append(cmd.Env, "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if words := strings.TrimSpace(stderr.String()); words != "" {
			return nil, fmt.Errorf("git: %s: %w", short(words), err)
		}
		return nil, fmt.Errorf("git: %w", err)
	}
	return stdout.Bytes(), nil
}
