package pagerduty

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
	"fanfare/internal/secret"
)

// reply is what the fake PagerDuty answers on a path; 202 with nothing unless set.
type reply struct {
	status int
	header http.Header
	body   string
}

// sendTo sends the named document to a PagerDuty that answers so, and returns also
// the actions that arrived, in order.
func sendTo(t *testing.T, name string, key string, replies map[string]reply) (receipt channel.Receipt, arrived []string, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		var sent struct {
			RoutingKey string `json:"routing_key"`
			Action     string `json:"event_action"`
		}
		if json.Unmarshal(content, &sent) != nil || sent.RoutingKey != routingKey {
			t.Errorf("arrived: %s", content)
		}
		if r.Header.Get(outbound.EventHeader) == "" {
			t.Error("the request does not name the event")
		}
		arrived = append(arrived, strings.TrimSpace(r.URL.Path+" "+sent.Action))
		answer := replies[r.URL.Path]
		maps.Copy(w.Header(), answer.header)
		w.WriteHeader(max(answer.status, http.StatusAccepted))
		io.WriteString(w, answer.body)
	}))
	defer server.Close()
	doc := channeltest.Documents()[name]
	message, err := json.Marshal(format(t, doc))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err = senderTo(server.URL+"/", key).Send(context.Background(), channel.Dispatch{Document: doc, Message: message})
	return receipt, arrived, err
}

func senderTo(url, key string) channel.Sender {
	return NewSender(channel.Deps{
		Account: accountAt(url),
		Secrets: channeltest.Secrets{secret.PagerDutyRoutingKey: key},
		HTTP:    outbound.NewClient(5 * time.Second),
		Threads: &channeltest.Threads{},
		Now:     time.Now,
	})
}

func TestSend(t *testing.T) {
	t.Parallel()
	const alerts, changes = "/v2/enqueue", "/v2/change/enqueue"
	tooFast := http.Header{"Retry-After": {"42"}}
	for name, test := range map[string]struct {
		document string
		replies  map[string]reply
		arrived  []string
		// want is the class, and what the error says or else the receipt holds.
		class string
		says  string
	}{
		"trigger": {"failed", map[string]reply{alerts: {body: `{"status":"success","message":"Event processed","dedup_key":"theirs"}`}},
			[]string{alerts + " trigger"}, "", "dedup_key:theirs message:Event processed"},
		"trigger, empty answer": {"failed", nil,
			[]string{alerts + " trigger"}, "", "dedup_key:123456789012/eu-west-1/shop/checkout"},
		"resolve, then change": {"succeeded", map[string]reply{changes: {body: `{"message":"Change event processed","status":"success"}`}},
			[]string{alerts + " resolve", changes}, "", "dedup_key:123456789012/eu-west-1/shop/checkout"},
		"resolve fails": {"succeeded", map[string]reply{alerts: {status: 503}},
			[]string{alerts + " resolve"}, "*failure.Transient", "sending the resolve event to PagerDuty: status 503"},
		"change is limited": {"succeeded", map[string]reply{changes: {status: 429, header: tooFast}},
			[]string{alerts + " resolve", changes}, "*failure.RateLimited", "42s"},
		"change is refused": {"succeeded", map[string]reply{changes: {status: 400, body: `{"message":"no","errors":["not to a ruleset"]}`}},
			[]string{alerts + " resolve", changes}, "*failure.Permanent", "sending the change event to PagerDuty: status 400: no: not to a ruleset"},
		"refused": {"failed", map[string]reply{alerts: {status: 400, body: `{"status":"invalid event","message":"Event object is invalid","errors":["'source' is missing","'severity' is wrong"]}`}},
			[]string{alerts + " trigger"}, "*failure.Permanent", "sending the trigger event to PagerDuty: status 400: Event object is invalid: 'source' is missing: 'severity' is wrong"},
		"refused with an echo": {"failed", map[string]reply{alerts: {status: 400, body: `{"message":"bad","errors":["key ` + routingKey + ` is unknown"]}`}},
			[]string{alerts + " trigger"}, "*failure.Permanent", "status 400: bad: key *** is unknown"},
		"a key of another length": {"failed", map[string]reply{alerts: {status: 400, body: `{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)","'payload.summary' is missing or blank"]}`}},
			[]string{alerts + " trigger"}, "*failure.Unreachable", "status 400: Event object is invalid: Length of 'routing_key' is incorrect"},
		"a key of strange letters": {"failed", map[string]reply{alerts: {status: 400, body: `{"errors":["'routing_key' cannot contain non-alphanumeric characters."]}`}},
			[]string{alerts + " trigger"}, "*failure.Unreachable", "non-alphanumeric"},
		"a key that nobody knows": {"failed", map[string]reply{alerts: {status: 400, body: `{"message":"Invalid routing key"}`}},
			[]string{alerts + " trigger"}, "*failure.Unreachable", "status 400: Invalid routing key"},
		"a key that nobody knows any more, in a mere text": {"failed", map[string]reply{alerts: {status: 400, body: "Invalid routing key"}},
			[]string{alerts + " trigger"}, "*failure.Unreachable", "status 400: Invalid routing key"},
		"a mere text that tells the key": {"failed", map[string]reply{alerts: {status: 400, body: "routing key " + routingKey + " is unknown"}},
			[]string{alerts + " trigger"}, "*failure.Unreachable", "status 400: routing key *** is unknown"},
		"a refusal that only echoes the key's name": {"failed", map[string]reply{alerts: {status: 400, body: `{"errors":["no: {\"routing_key\":1}"]}`}},
			[]string{alerts + " trigger"}, "*failure.Permanent", "status 400"},
		"forbidden": {"failed", map[string]reply{alerts: {status: 403}},
			[]string{alerts + " trigger"}, "*failure.Unreachable", "status 403"},
		"limited": {"failed", map[string]reply{alerts: {status: 429, header: tooFast, body: `{"message":"slow down"}`}},
			[]string{alerts + " trigger"}, "*failure.RateLimited", "42s"},
		"limited, not said how long": {"failed", map[string]reply{alerts: {status: 429}},
			[]string{alerts + " trigger"}, "*failure.RateLimited", "30s"},
		"timeout of theirs": {"failed", map[string]reply{alerts: {status: 408}},
			[]string{alerts + " trigger"}, "*failure.Transient", "status 408"},
		"not found": {"failed", map[string]reply{alerts: {status: 404, body: "<html>"}},
			[]string{alerts + " trigger"}, "*failure.Unreachable", "status 404"},
		"somebody in between": {"failed", map[string]reply{alerts: {status: 203}},
			[]string{alerts + " trigger"}, "*failure.Transient", "status 202 expected, found 203"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			receipt, arrived, err := sendTo(t, test.document, routingKey, test.replies)
			if !slices.Equal(arrived, test.arrived) {
				t.Errorf("arrived %q, want %q", arrived, test.arrived)
			}
			says := fmt.Sprint(receipt.Values)
			if err != nil {
				classified := failure.Classify(err)
				if got := fmt.Sprintf("%T", classified); got != test.class {
					t.Errorf("class %s, want %s", got, test.class)
				}
				says = err.Error()
				if limited, ok := classified.(*failure.RateLimited); ok {
					says = limited.After.String()
				}
			} else if test.class != "" || receipt.Outcome != deployment.Sent {
				t.Errorf("receipt %+v, want an error of class %s", receipt, test.class)
			}
			if !strings.Contains(says, test.says) {
				t.Errorf("it says %q, want %q", says, test.says)
			}
		})
	}
}

func TestSendTrimsTheKey(t *testing.T) {
	t.Parallel()
	if _, arrived, err := sendTo(t, "failed", " "+routingKey+"\n", nil); err != nil || len(arrived) != 1 {
		t.Errorf("Send = %v, %d requests", err, len(arrived))
	}
}

func TestSendWithoutWhatItNeeds(t *testing.T) {
	t.Parallel()
	message := json.RawMessage(`{"events":[{"event_action":"trigger"}]}`)
	unconfigured := NewSender(channel.Deps{Account: account.Account{}, Secrets: channeltest.Secrets{secret.PagerDutyRoutingKey: routingKey}})
	for name, test := range map[string]struct {
		sender  channel.Sender
		message json.RawMessage
		says    string
	}{
		"no account entry": {unconfigured, message, "an entry in the account file expected"},
		"a bad address":    {senderTo("http://user:hushhush@bad host", routingKey), message, "pagerduty.url"},
		"changes alone":    {senderTo("http://127.0.0.1:1", routingKey), json.RawMessage(`{"changes":[{}]}`), "at least one event expected"},
		"too long":         {senderTo("http://127.0.0.1:1", routingKey), json.RawMessage(`{"events":[{"client":"` + strings.Repeat("x", 512_000) + `"}]}`), "512000 bytes at most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.sender.Send(context.Background(), channel.Dispatch{Message: test.message})
			if got := fmt.Sprintf("%T", failure.Classify(err)); got != "*failure.Permanent" {
				t.Errorf("class %s: %v", got, err)
			}
			if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hushhush") {
				t.Errorf("error = %v, want %q in it", err, test.says)
			}
		})
	}
}

func TestSendWithoutAKey(t *testing.T) {
	t.Parallel()
	message := json.RawMessage(`{"events":[{"event_action":"trigger"}]}`)
	missing := NewSender(channel.Deps{Account: accountAt("http://127.0.0.1:1"), Secrets: channeltest.Secrets{}})
	for name, sender := range map[string]channel.Sender{"an empty one": senderTo("http://127.0.0.1:1", " \n"), "none": missing} {
		_, err := sender.Send(context.Background(), channel.Dispatch{Message: message})
		if got := fmt.Sprintf("%T", failure.Classify(err)); got != "*failure.Unreachable" || !strings.Contains(err.Error(), "routing key") {
			t.Errorf("%s: class %s: %v", name, got, err)
		}
	}
}

// away is a ledger that cannot be reached.
type away struct{ channel.Threads }

func (away) Hold(context.Context, string, string, time.Time) (channel.Thread, error) {
	return channel.Thread{}, context.DeadlineExceeded
}

// TestSendAgain sends once more what PagerDuty may have: the event always, the change only
// when it has surely not come.
func TestSendAgain(t *testing.T) {
	t.Parallel()
	const alerts, changes = "/v2/enqueue", "/v2/change/enqueue"
	const left = "not sent again: an earlier attempt may have left it"
	for name, test := range map[string]struct {
		document string
		first    map[string]reply
		threads  channel.Threads
		arrived  string
		change   string
	}{
		"a trigger":                 {"failed", map[string]reply{alerts: {status: 500}}, nil, alerts + ", " + alerts, ""},
		"a resolve":                 {"succeeded", map[string]reply{alerts: {status: 500}}, nil, alerts + ", " + alerts + ", " + changes, ""},
		"a change":                  {"succeeded", map[string]reply{changes: {status: 500}}, nil, alerts + ", " + changes + ", " + alerts, left},
		"a change that was refused": {"succeeded", map[string]reply{changes: {status: 429}}, nil, alerts + ", " + changes + ", " + alerts + ", " + changes, ""},
		"a change, no ledger":       {"succeeded", map[string]reply{changes: {status: 500}}, away{}, alerts + ", " + changes + ", " + alerts, left},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived []string
			replies := test.first
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				arrived = append(arrived, r.URL.Path)
				w.WriteHeader(max(replies[r.URL.Path].status, http.StatusAccepted))
			}))
			defer server.Close()
			doc := channeltest.Documents()[test.document]
			message, err := json.Marshal(format(t, doc))
			if err != nil {
				t.Fatal(err)
			}
			deps := channel.Deps{
				Account: accountAt(server.URL), Secrets: channeltest.Secrets{secret.PagerDutyRoutingKey: routingKey},
				HTTP: outbound.NewClient(5 * time.Second), Threads: test.threads, Now: time.Now,
			}
			if test.threads == nil {
				deps.Threads = &channeltest.Threads{}
			}
			dispatch := channel.Dispatch{Document: doc, Message: message, Execution: "me"}
			if _, err := NewSender(deps).Send(context.Background(), dispatch); err == nil {
				t.Fatal("the first attempt is not refused")
			}
			replies, dispatch.Unsure = nil, time.Now()
			receipt, err := NewSender(deps).Send(context.Background(), dispatch)
			if err != nil || receipt.Outcome != deployment.Absorbed || strings.Join(arrived, ", ") != test.arrived || receipt.Values["change"] != test.change {
				t.Errorf("%+v, %v, arrived %q", receipt, err, arrived)
			}
		})
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]channel.Lane{
		"failed":          {Key: "pagerduty", Cost: 600 * time.Millisecond, Burst: 4800 * time.Millisecond, Urgent: true},
		"rollback_failed": {Key: "pagerduty", Cost: 600 * time.Millisecond, Burst: 4800 * time.Millisecond, Urgent: true},
		"succeeded":       {Key: "pagerduty", Cost: 1200 * time.Millisecond, Burst: 4800 * time.Millisecond},
	} {
		if got := Pace(channeltest.Documents()[name], account.Account{}); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// A burst of everything at once keeps to 120 requests a minute.
	if n := 2*(int(burst/requestCost)+2) + int(time.Minute/requestCost); n > 120 {
		t.Errorf("%d requests in a minute", n)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"status":"success","message":"Event processed","dedup_key":"srv/x"}`))
	f.Add([]byte(`{"status":"invalid event","message":"m","errors":["a","b",null,7]}`))
	f.Add([]byte(`{"message":"` + strings.Repeat("x", 195) + routingKey + `"}`))
	f.Add([]byte(`{"errors":["r0ut1ngk3yf0rt3st\u200b50n1yn0b0dysk3y"],"dedup_key":"` + routingKey + `"}`))
	f.Add([]byte(`{"errors":["` + strings.Repeat(strings.Repeat("x", 300)+`","`, 30) + `"]}`))
	f.Add([]byte("<html>"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, content []byte) {
		got := parseAnswer(content, routingKey)
		shown := got.err(400).Error() + got.DedupKey
		if strings.Contains(shown, routingKey) {
			t.Errorf("the key shows: %s", shown)
		}
		if !utf8.ValidString(shown) || strings.ContainsAny(shown, "\n\r\x00\x1b\u202e") {
			t.Errorf("not fit to be shown: %q", shown)
		}
		if n := utf8.RuneCountInString(shown); n > 2000 {
			t.Errorf("%d characters", n)
		}
	})
}
