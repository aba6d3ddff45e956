package standin

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestGSM7(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		units      int
		bad        rune
	}{
		{"nothing", "", 0, 0},
		{"ascii", "FAILED shop 1.42.0", 18, 0},
		{"letters of Europe", "äöüß ÅåØø éèà ñÑ", 16, 0},
		{"greek capitals", "ΔΦΓΛΩΠΨΣΘΞ", 10, 0},
		{"signs of one unit", "@£$¥¤§¡¿_\n\r", 11, 0},
		{"extension counts two", "[a]{b}^~|\\€", 20, 0},
		{"emoji", "ok 🚀", 3, '🚀'},
		{"small greek", "α", 0, 'α'},
		{"c with cedilla is not its capital", "Çç", 1, 'ç'},
		{"backquote", "a`b", 1, '`'},
		{"curly quote", "it’s", 2, '’'},
		{"dash", "a – b", 2, '–'},
		{"tab", "a\tb", 1, '\t'},
		{"ellipsis", "…", 0, '…'},
		{"no UTF-8", "a\xff", 1, utf8.RuneError},
		{"escape", "\x1b", 0, '\x1b'},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			units, bad, ok := GSM7(tt.text)
			if units != tt.units || bad != tt.bad || ok != (tt.bad == 0) {
				t.Errorf("got %d, %q, %v", units, bad, ok)
			}
		})
	}
	if n := utf8.RuneCountInString(gsm7Basic); n != 127 { // 128 less the escape
		t.Errorf("the alphabet has %d characters", n)
	}
}

func FuzzGSM7(f *testing.F) {
	f.Add("shop [v1.42.0] failed")
	f.Add("é\xff🚀")
	f.Fuzz(func(t *testing.T, text string) {
		units, bad, ok := GSM7(text)
		if n := utf8.RuneCountInString(text); ok && (units < n || units > 2*n || !utf8.ValidString(text)) {
			t.Fatalf("%d units for %d characters", units, n)
		}
		if !ok && !strings.ContainsRune(text, bad) {
			t.Fatalf("%q is not in %q", bad, text)
		}
	})
}

func notification(text string) object {
	return object{
		"Type": "Notification", "MessageId": "m-1", "Subject": "shop", "Message": text,
		"MessageAttributes": object{"event_id": object{"Type": "String", "Value": "evt-1"}, "severity": object{"Type": "String", "Value": "critical"}},
	}
}

func sns(kind string) map[string]string {
	return map[string]string{"x-amz-sns-message-type": kind, "Content-Type": "text/plain; charset=UTF-8"}
}

func TestPhoneReceives(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, kind, body string
		status           int
		want             string
	}{
		{"text", "Notification", toJSON(t, notification("shop failed")), 200, ""},
		{"140 characters", "Notification", toJSON(t, notification(strings.Repeat("x", 140))), 200, ""},
		{"141 characters", "Notification", toJSON(t, notification(strings.Repeat("x", 141))), 400, "the text is 141 characters long, of which an SMS takes 140"},
		{"71 brackets", "Notification", toJSON(t, notification(strings.Repeat("[", 71))), 400, "the text is 142 characters long, of which an SMS takes 140"},
		{"emoji", "Notification", toJSON(t, notification("shop 🚀")), 400, `the text holds '\U0001f680', which is not in the GSM-7 alphabet`},
		{"empty", "Notification", toJSON(t, notification("")), 400, "the text is empty"},
		{"no json", "Notification", "hello", 400, "the body is not an SNS message"},
		{"unsubscribed", "UnsubscribeConfirmation", "{}", 200, ""},
		{"no type", "", toJSON(t, notification("x")), 400, "the header x-amz-sns-message-type is none that SNS sends"},
		{"confirmation elsewhere", "SubscriptionConfirmation", `{"SubscribeURL":"http://192.0.2.1/confirm"}`, 400, "the SubscribeURL does not lead to this machine"},
		{"confirmation by a name", "SubscriptionConfirmation", `{"SubscribeURL":"http://localhost.example.com/"}`, 400, "the SubscribeURL does not lead to this machine"},
		{"confirmation of a file", "SubscriptionConfirmation", `{"SubscribeURL":"file:///localhost/"}`, 400, "the SubscribeURL does not lead to this machine"},
		{"confirmation of nothing", "SubscriptionConfirmation", `{}`, 400, "the SubscribeURL does not lead to this machine"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log := &Log{}
			p := NewPhone(log, nil)
			got := send(t, p, "POST", "/", sns(tt.kind), tt.body)
			if got.status != tt.status || got.body != tt.want {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if kept := len(p.Messages()) == 1; kept != (tt.kind == "Notification" && tt.status == 200) {
				t.Errorf("kept: %v", kept)
			}
			if r := log.Requests(VendorSNS, "")[0]; r.Accepted != (tt.status == 200) {
				t.Errorf("remembered %+v", r)
			}
		})
	}
	if got := send(t, NewPhone(nil, nil), "GET", "/", sns("Notification"), ""); got.status != 404 {
		t.Errorf("GET: %d", got.status)
	}
}

func TestPhoneShowsTheMessage(t *testing.T) {
	t.Parallel()
	log := &Log{}
	p := NewPhone(log, nil)
	p.now = newClock().now
	send(t, p, "POST", "/", sns("Notification"), toJSON(t, notification("shop [v2] failed")))
	golden(t, "phone_messages.json", p.Messages())
	if len(log.Requests("", "evt-1")) != 1 {
		t.Error("the call is not remembered under its event")
	}
}

func TestPhoneConfirmsOnThisMachine(t *testing.T) {
	t.Parallel()
	visited := make(chan string, 2)
	topic := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visited <- r.URL.RawQuery
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer topic.Close()
	log := &Log{}
	p := NewPhone(log, nil)
	body := toJSON(t, object{"Type": "SubscriptionConfirmation", "Token": "t0ken", "SubscribeURL": topic.URL + "/?Token=t0ken"})
	if got := send(t, p, "POST", "/", sns("SubscriptionConfirmation"), body); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	p.visits.Wait()
	if query := <-visited; query != "Token=t0ken" || len(visited) != 0 {
		t.Errorf("visited with %q, and then %d times more", query, len(visited))
	}
	if remembered := toJSON(t, log.Requests("", "")); strings.Contains(remembered, "t0ken") {
		t.Errorf("the token is remembered: %s", remembered)
	}
}

func FuzzPhone(f *testing.F) {
	f.Add("Notification", `{"Message":"x","MessageAttributes":{"event_id":{"Type":"String","Value":"e"}}}`)
	f.Add("SubscriptionConfirmation", `{"SubscribeURL":"http://[::1"}`)
	f.Fuzz(func(t *testing.T, kind, body string) {
		p := NewPhone(nil, nil)
		p.client.Transport = nowhere{}
		defer p.visits.Wait()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header["X-Amz-Sns-Message-Type"] = []string{kind}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if kept := len(p.Messages()); w.Code != 200 && w.Code != 400 || kept > 0 && w.Code != 200 {
			t.Fatalf("status %d with %d messages", w.Code, kept)
		}
	})
}

// nowhere is a network that leads nowhere.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network")
}
