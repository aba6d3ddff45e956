// Package edge is the reverse proxy that stands on AWS_ENDPOINT_URL in front of the
// local engine. It passes every call through as the client signed it, and adds what
// the engine lacks: ECS rollouts laid over the engine's own services, CodePipeline's
// executions, the events that both emit, image digests, and faults on command.
package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"fanfare/internal/local/fault"
)

// Options is what an Edge is made of.
type Options struct {
	// Engine is where the engine listens, such as http://127.0.0.1:4566.
	Engine *url.URL
	// Account is the 12-digit account whose services are rolled out; the engine takes
	// it as the access key of the account's root.
	Account string
	// Region is the region whose services are rolled out.
	Region string
	// Pipelines are the CodePipeline pipelines that the account has.
	Pipelines []string
	// Faults are the failures to play, under the target "aws"; none when nil.
	Faults *fault.Set
	// Clock tells the time; time.Now when nil.
	Clock func() time.Time
	// RolloutTime is how long a rollout that a client started with UpdateService takes
	// to finish by itself; with 0 it finishes only through Finish.
	RolloutTime time.Duration
}

// Edge is the proxy and what it lays over the engine, as one account sees it. It is safe
// for concurrent use; make one with New.
type Edge struct {
	account   string
	region    string
	pipelines []string
	ecs       *ecs.Client
	events    *eventbridge.Client
	*shared
}

// shared is what the edges of all accounts in one engine have in common.
type shared struct {
	faults      *fault.Set
	now         func() time.Time
	rolloutTime time.Duration
	after       func(time.Duration, func())
	proxy       *httputil.ReverseProxy
	config      aws.Config

	// changes lets one rollout or execution change at a time. It is held while the engine
	// is asked, so nothing that answers a read may take it.
	changes sync.Mutex

	mu       sync.Mutex // guards the fields below
	accounts map[string]*Edge
	counts   map[string]int
	rollouts map[string]Rollout // by service ARN
	next     map[string]string  // outcome of the next rollout, by service ARN
	// executions are those of all pipelines, oldest first.
	executions []Execution
}

// New returns an Edge in front of the engine that o names.
func New(o Options) *Edge {
	// The client's own Accept-Encoding is signed and must stay as it is, and a proxy
	// named in the environment has no business between us and the loopback. The engine
	// drops idle connections after 75 s: let go of them first.
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}
	s := &shared{
		faults: o.Faults, now: o.Clock, rolloutTime: o.RolloutTime,
		after:    func(d time.Duration, f func()) { time.AfterFunc(d, f) },
		config:   aws.Config{BaseEndpoint: aws.String(o.Engine.String()), HTTPClient: &http.Client{Transport: transport}},
		accounts: map[string]*Edge{}, counts: map[string]int{}, rollouts: map[string]Rollout{}, next: map[string]string{},
	}
	if s.faults == nil {
		s.faults = new(fault.Set)
	}
	if s.now == nil {
		s.now = time.Now
	}
	e := s.add(o.Account, o.Region, o.Pipelines)
	s.proxy = &httputil.ReverseProxy{
		Transport:      transport,
		Rewrite:        func(r *httputil.ProxyRequest) { passThrough(r, o.Engine) },
		ModifyResponse: e.layOver,
		ErrorHandler:   engineDown,
	}
	return e
}

// Counts returns how often each operation was called through the edge since its start,
// failures that it played included.
func (e *Edge) Counts() map[string]int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.counts)
}

// ServeHTTP plays the fault that waits for the call, if any, and otherwise passes the
// call on to the engine. A fault that is late is played when the engine has answered.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := callOf(r)
	e.mu.Lock()
	e.counts[c.operation]++
	e.mu.Unlock()

	f, faulty := e.faults.Take("aws", c.operation, func() string { return fault.Text(r, peek(r)) })
	if !faulty {
		e.pass(w, r, c)
		return
	}
	held := &heldAnswer{header: http.Header{}}
	if f.Late() {
		e.pass(held, r, c)
	}
	var contentType, body string
	if f.Kind != fault.Delay { // whose answer is the engine's
		contentType, body = c.errorBody(w.Header(), f.Status, "")
	}
	switch {
	case f.Play(w, r, contentType, body):
	case f.Late():
		held.release(w)
	default:
		e.pass(w, r, c)
	}
}

// pass has the engine carry out the call.
func (e *Edge) pass(w http.ResponseWriter, r *http.Request, c *call) {
	if isPipelineCall(c) {
		if signedService(r) == "" {
			unsigned(w)
			return
		}
		c.body = peek(r)
	}
	c.caller = e.of(r, c)
	var update updateInput
	if c.operation == updateService && json.Unmarshal(peek(r), &update) == nil {
		e.changes.Lock()
		defer e.changes.Unlock()
		c.before = c.caller.beforeUpdate(r.Context(), update)
	}
	e.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
}

type callKey struct{}

// call is what the edge knows of the call that it passes on.
type call struct {
	protocol  protocol
	operation string
	// caller is the edge of the account that calls, where it matters.
	caller *Edge
	// before is the service as it was before an UpdateService, nil when unknown.
	before *types.Service
	// body is what CodePipeline is asked; nil for calls of other services.
	body []byte
}

// passThrough sends the request to the engine as the client wrote it. ReverseProxy
// drops forwarding headers and queries that it cannot parse; both may be signed.
func passThrough(r *httputil.ProxyRequest, engine *url.URL) {
	r.Out.URL.Scheme, r.Out.URL.Host = engine.Scheme, engine.Host
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = v
		}
	}
}

// layOver changes the few answers in which the engine says less than ECS does. An
// answer that cannot be read is passed on as it is.
func (e *Edge) layOver(resp *http.Response) error {
	c := resp.Request.Context().Value(callKey{}).(*call)
	if isPipelineCall(c) {
		return c.caller.layOverPipeline(c, resp)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != "" {
		return nil
	}
	change, ok := overlays[c.operation]
	if !ok || c.protocol != jsonProtocol {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the engine's answer: %w", err)
	}
	_ = resp.Body.Close()
	if c.before != nil {
		// The engine has made the update, whether or not the client still waits for it.
		c.caller.followUpdate(context.WithoutCancel(resp.Request.Context()), *c.before)
	}
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(body, &answer); err == nil {
		if err = change(e, answer); err == nil {
			body, err = json.Marshal(answer)
		}
		if err != nil {
			return fmt.Errorf("laying over the answer to %s: %w", c.operation, err)
		}
	}
	setBody(resp, body)
	return nil
}

func setBody(resp *http.Response, body []byte) {
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", fmt.Sprint(len(body)))
}

// engineDown answers for an engine that does not.
func engineDown(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	slog.Error("the engine did not answer", "error", err)
	c := r.Context().Value(callKey{}).(*call)
	contentType, body := c.errorBody(w.Header(), http.StatusServiceUnavailable, "the engine did not answer: "+err.Error())
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, body)
}
