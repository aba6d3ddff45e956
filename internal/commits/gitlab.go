package commits

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"strings"

	gitlab "gitlab.com/gitlab-org/api/client-go"

	"fanfare/internal/outbound"
	"fanfare/internal/secret"
)

var (
	errNoToken     = errors.New("the token is empty")
	errTokenUnread = errors.New("reading the token")
	errTooLarge    = fmt.Errorf("the answer has more than %d bytes or %d commits", maxAnswer, maxCommits)
	errMalformed   = errors.New("the answer is no comparison")
)

// ask asks GitLab, once, as the caller has no time for a second attempt. See
// https://docs.gitlab.com/api/repositories/#compare-branches-tags-or-commits
func (f *Finder) ask(ctx context.Context, q question) (*answer, error) {
	token, err := f.token(ctx)
	if err != nil {
		return nil, err
	}
	guarded := *f.HTTP
	guarded.Transport = &guard{next: guarded.Transport}
	client, err := gitlab.NewClient(token,
		gitlab.WithBaseURL(q.base.String()),
		gitlab.WithHTTPClient(&guarded),
		// The client would sleep until the time in RateLimit-Reset, perhaps a minute. It
		// would also make a limiter of an answer's headers: no use where one request is made.
		gitlab.WithoutRetries(),
		gitlab.WithCustomLimiter(unlimited{}),
		gitlab.WithURLWarningLogger(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		return nil, fmt.Errorf("making a client for GitLab: %w", err)
	}
	request, err := client.NewRequest(http.MethodGet,
		"projects/"+gitlab.PathEscape(q.project)+"/repository/compare",
		&gitlab.CompareOptions{From: &q.from, To: &q.to},
		[]gitlab.RequestOptionFunc{gitlab.WithContext(ctx)})
	if err != nil {
		return nil, fmt.Errorf("making the request for GitLab: %w", err)
	}
	var a answer
	if _, err := client.Do(request, &a); err != nil {
		return nil, fmt.Errorf("comparing two refs: %w", err)
	}
	return &a, nil
}

func (f *Finder) token(ctx context.Context) (string, error) {
	value, err := f.Token.Secret(ctx, secret.GitLabToken)
	var coded interface{ ErrorCode() string }
	switch {
	case errors.As(err, &coded) && coded.ErrorCode() == "ParameterNotFound":
		return "", fmt.Errorf("%w: %w", errNoToken, err)
	case err != nil:
		return "", fmt.Errorf("%w: %w", errTokenUnread, err)
	}
	token := strings.TrimSpace(value.Reveal())
	if token == "" {
		return "", errNoToken
	}
	return token, nil
}

// unlimited is a limiter that lets everything pass at once.
type unlimited struct{}

// Wait does not wait.
func (unlimited) Wait(context.Context) error { return nil }

const (
	// maxAnswer is how much of an answer is read, in bytes. GitLab neither pages nor
	// limits the commits of a comparison, and puts all the diffs after them.
	maxAnswer = 32 << 20
	// maxRefusal is how much is read of an answer that refuses, in bytes.
	maxRefusal = 64 << 10
)

// guard stands between the client and the network. It bounds what is read, and turns
// every answer but a 200 with data into a refusal: the client itself drops the body of
// a 404, which is what tells an unknown project from an unknown ref.
type guard struct{ next http.RoundTripper }

// RoundTrip sends the request and judges the answer.
func (g *guard) RoundTrip(request *http.Request) (*http.Response, error) {
	next := g.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	page := kind == "text/html"
	if response.StatusCode == http.StatusOK && !page {
		response.Body = &bounded{ReadCloser: response.Body, left: maxAnswer}
		return response, nil
	}
	refused := &refusal{status: response.StatusCode}
	// A body that cannot be read says nothing more than the status alone.
	if body, _, err := outbound.ReadBody(response, maxRefusal); err == nil && !page {
		refused.missing = strings.ToLower(string(missing.Find(body)))
	}
	return nil, refused
}

// missing finds the first thing that a refusal speaks of. Its message may be a text or
// an object, so that the words are looked for, not the shape.
var missing = regexp.MustCompile(`(?i)\b(ref|project)\b`)

// refusal is an answer that holds no commits.
type refusal struct {
	status int
	// missing is ref or project if the answer speaks of one, else empty.
	missing string
}

// Error leaves out GitLab's own words, which may hold anything.
func (r *refusal) Error() string { return fmt.Sprintf("GitLab answered %d", r.status) }

// bounded is a body that fails when more of it is read than is left. It goes on to fail
// with its first error: json.Decoder.More drops one, and the next that the network gives
// would no longer tell that the time was up.
type bounded struct {
	io.ReadCloser
	left int
	err  error
}

// Read reads what is left at most.
func (b *bounded) Read(p []byte) (n int, err error) {
	switch {
	case b.err != nil:
		return 0, b.err
	case b.left <= 0:
		b.err = errTooLarge
		return 0, b.err
	}
	n, b.err = b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, b.err
}
