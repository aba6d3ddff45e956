package commits

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
	"fanfare/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

const testToken = "hush-hush-token"

// store gives secrets as SSM would.
type store func(ctx context.Context, name string) (secret.Value, error)

func (s store) Secret(ctx context.Context, name string) (secret.Value, error) { return s(ctx, name) }

func tokenStore(_ context.Context, name string) (secret.Value, error) {
	if name != secret.GitLabToken {
		return secret.Value{}, failure.Permanentf("no secret %s", name)
	}
	return secret.New(testToken + "\n"), nil
}

// document is an ordinary deployment of v1.3.0 after v1.2.0.
func document() deployment.Document {
	return deployment.Document{
		Deployment: deployment.Deployment{Event: "event-1", Service: "checkout", Kind: deployment.Ordinary},
		Release: &deployment.Release{
			Outcome:  deployment.NewRelease,
			Image:    deployment.Image{Repository: "r/checkout", Tag: "v1.3.0"},
			Previous: deployment.Image{Repository: "r/checkout", Tag: "v1.2.0"},
		},
	}
}

func rollback() deployment.Document {
	doc := document()
	doc.Release.Outcome = deployment.RollbackRelease
	doc.Release.Image, doc.Release.Previous = doc.Release.Previous, doc.Release.Image
	return doc
}

// newFinder returns a finder whose GitLab is at the address.
func newFinder(address string, log io.Writer) *Finder {
	return &Finder{
		Account: account.Account{GitLab: &account.GitLab{
			URL: address, Project: "shop/{service}", Ref: "{tag}", Noise: []string{`^Bump `},
		}},
		Token: store(tokenStore),
		HTTP:  outbound.NewClient(time.Minute),
		Log:   slog.New(slog.NewJSONHandler(log, nil)),
		// Tests of other things must not fail where the machine is busy.
		budget: time.Minute,
	}
}

// gitLab plays GitLab with a handler for every request.
func gitLab(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func answerWith(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestFindGolden(t *testing.T) {
	t.Parallel()
	fixture, err := os.ReadFile("testdata/compare.json")
	if err != nil {
		t.Fatal(err)
	}
	var address string
	server := gitLab(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, strings.ReplaceAll(string(fixture), "GITLAB", address))
	})
	address = server.URL
	found := newFinder(server.URL, io.Discard).Find(t.Context(), document())
	marshalled, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(string(marshalled), server.URL, "https://gitlab.example") + "\n"
	const golden = "testdata/commits.golden.json"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("commits differ from %s (run with -update after a look):\n%s", golden, got)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	hostile := document()
	hostile.Release.Project = "shop/check.out"
	hostile.Deployment.Event = "event-2"
	for name, test := range map[string]struct {
		doc         deployment.Document
		below       string // the path that GitLab is below
		ref         string
		wantURI     string
		wantRemoved bool
	}{
		"ordinary": {document(), "", "{tag}",
			"/api/v4/projects/shop%2Fcheckout/repository/compare?from=v1.2.0&to=v1.3.0", false},
		"rollback": {rollback(), "", "{tag}",
			"/api/v4/projects/shop%2Fcheckout/repository/compare?from=v1.2.0&to=v1.3.0", true},
		"below a path": {document(), "/tools/gitlab/", "{tag}",
			"/tools/gitlab/api/v4/projects/shop%2Fcheckout/repository/compare?from=v1.2.0&to=v1.3.0", false},
		"escaped": {hostile, "", "release/{tag}+1",
			"/api/v4/projects/shop%2Fcheck%2Eout/repository/compare?from=release%2Fv1.2.0%2B1&to=release%2Fv1.3.0%2B1", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := make(chan *http.Request, 2)
			server := gitLab(t, func(w http.ResponseWriter, r *http.Request) {
				requests <- r
				io.WriteString(w, `{"commits":[{"id":"c0ffee01","title":"A"}]}`)
			})
			finder := newFinder(server.URL+test.below, io.Discard)
			finder.Account.GitLab.Ref = test.ref
			found := finder.Find(t.Context(), test.doc)
			if len(requests) != 1 {
				t.Fatalf("%d requests, want 1", len(requests))
			}
			r := <-requests
			if r.Method != http.MethodGet || r.RequestURI != test.wantURI {
				t.Errorf("%s %s, want GET %s", r.Method, r.RequestURI, test.wantURI)
			}
			if r.Header.Get("PRIVATE-TOKEN") != testToken || r.Header.Get(outbound.EventHeader) != test.doc.Deployment.Event {
				t.Errorf("headers %v", r.Header)
			}
			if found.Removed != test.wantRemoved || found.Total != 1 || found.Reason != "" {
				t.Errorf("found %+v", found)
			}
		})
	}
}

// A store that waits for as long as the context lets it stands for a slow SSM, and a
// handler that does so for a slow GitLab.
func TestBudget(t *testing.T) {
	t.Parallel()
	const first = `{"commits":[{"id":"c0ffee01","title":"A"}`
	stall := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, body)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}
	slowStore := store(func(ctx context.Context, _ string) (secret.Value, error) {
		<-ctx.Done()
		return secret.Value{}, ctx.Err()
	})
	for name, test := range map[string]struct {
		handler    http.HandlerFunc
		token      secret.Store
		wantReason string
		wantTotal  int
	}{
		"no answer":         {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, store(tokenStore), timedOut, 0},
		"within commits":    {stall(first), store(tokenStore), timedOut, 0},
		"after the commits": {stall(first + `],"diffs":[`), store(tokenStore), "", 1},
		"no token":          {stall(""), slowStore, tokenUnread, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := gitLab(t, test.handler)
			finder := newFinder(server.URL, io.Discard)
			finder.Token, finder.budget = test.token, 200*time.Millisecond
			found := finder.Find(t.Context(), document())
			if found.Reason != test.wantReason || found.Total != test.wantTotal {
				t.Errorf("reason %q, total %d, want %q, %d", found.Reason, found.Total, test.wantReason, test.wantTotal)
			}
			if want := server.URL + "/shop/checkout/-/compare/v1.2.0...v1.3.0"; found.CompareURL != want {
				t.Errorf("link %q, want %q", found.CompareURL, want)
			}
		})
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err   error
		value string
		want  string
	}{
		"no parameter": {failure.Permanentf("reading /fanfare/gitlab/token: %w", awsError("ParameterNotFound")), "", noToken},
		"no right":     {failure.Permanentf("reading /fanfare/gitlab/token: %w", awsError("AccessDeniedException")), "", tokenUnread},
		"outage":       {&failure.Transient{Err: errors.New("SSM is down")}, "", tokenUnread},
		"empty":        {nil, " \n", noToken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := gitLab(t, func(http.ResponseWriter, *http.Request) { t.Error("a request without a token") })
			finder := newFinder(server.URL, io.Discard)
			finder.Token = store(func(context.Context, string) (secret.Value, error) { return secret.New(test.value), test.err })
			found := finder.Find(t.Context(), document())
			if found.Reason != test.want || found.CompareURL == "" {
				t.Errorf("found %+v, want the reason %q and a link", found, test.want)
			}
		})
	}
}

// awsError looks like an error of the AWS SDK.
type awsError string

func (e awsError) Error() string     { return string(e) }
func (e awsError) ErrorCode() string { return string(e) }
