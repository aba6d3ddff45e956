package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
	"fanfare/internal/secret"
)

// Neither secret is anybody's.
const (
	token       = "xoxb-t0k3n-0f-n0b0dy-4t-411"
	webhookPath = "/services/T0N0B0DY/B0N0B0DY/s3cr3tp4th0fn0b0dy"
	execution   = "arn:aws:states:eu-west-1:123456789012:execution:fanfare:5f0c8a1e"
	posted      = `{"ok":true,"channel":"C0123456789","ts":"1773454030.000100","message":{"blocks":[{"type":7}]}}`
)

// vendor is a Slack that gives the answers in their order, the last one for ever, and
// remembers the calls.
type vendor struct {
	*httptest.Server
	mu      sync.Mutex
	answers []answerOf
	// looks are the answers to who looks for a message; nothing is found when there are none.
	looks []answerOf
	calls []url.Values
	given int
	asked int
}

type answerOf struct {
	status int
	header http.Header
	body   string
}

func newVendor(t *testing.T, answers ...answerOf) *vendor {
	t.Helper()
	v := &vendor{answers: answers}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := url.Values{}
	if strings.HasPrefix(r.URL.Path, "/services/") {
		body, _ := io.ReadAll(r.Body)
		call.Set("body", string(body))
	} else if r.ParseForm() == nil {
		call = r.PostForm
	}
	call.Set("method", strings.TrimPrefix(r.URL.Path, "/api/"))
	call.Set("event", r.Header.Get(outbound.EventHeader))
	v.mu.Lock()
	v.calls = append(v.calls, call)
	answer := answerOf{body: `{"ok":true,"messages":[],"has_more":false}`}
	switch looking := strings.HasPrefix(call.Get("method"), "conversations."); {
	case !looking:
		v.given++
		answer = v.answers[min(v.given, len(v.answers))-1]
	case len(v.looks) > 0:
		v.asked++
		answer = v.looks[min(v.asked, len(v.looks))-1]
	}
	v.mu.Unlock()
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.WriteHeader(max(answer.status, http.StatusOK))
	io.WriteString(w, answer.body)
}

// methods are the calls that were made, in one line.
func (v *vendor) methods() string {
	var names []string
	for _, call := range v.calls {
		name := call.Get("method")
		if call.Get("thread_ts") != "" {
			name += " in " + call.Get("thread_ts")
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func accountAt(via string) func(string) account.Account {
	return func(url string) account.Account {
		return account.Account{Slack: &account.Slack{Channel: "C0123456789", Via: via, URL: url + "/api"}}
	}
}

func secretsAt(url string) channeltest.Secrets {
	return channeltest.Secrets{secret.SlackBotToken: token + "\n", secret.SlackWebhookURL: url + webhookPath + "\n"}
}

func depsAt(via, url string, threads channel.Threads) channel.Deps {
	return channel.Deps{
		Account: accountAt(via)(url),
		Secrets: secretsAt(url),
		HTTP:    outbound.NewClient(5 * time.Second),
		Threads: threads,
		Now:     time.Now,
	}
}

func dispatchOf(t testing.TB, doc deployment.Document, via string) channel.Dispatch {
	t.Helper()
	message, err := json.Marshal(format(t, doc, accountAt(via)("http://127.0.0.1")))
	if err != nil {
		t.Fatal(err)
	}
	return channel.Dispatch{Document: doc, Message: message, Execution: execution}
}

func classOf(err error) string {
	var limited *failure.RateLimited
	if errors.As(err, &limited) {
		return "RateLimited " + limited.After.String()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "*failure.")
}

// after calls done when a whole answer has arrived.
type after struct {
	http.RoundTripper
	done func()
}

func (a after) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := a.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	a.done()
	return response, err
}
