package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"fanfare/internal/local/fault"
)

// maxSMS is the length of an SMS, in units, that SNS sends in one part whatever its alphabet:
// https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
const maxSMS = 140

// confirmWithin bounds the visit to a SubscribeURL.
const confirmWithin = 5 * time.Second

// PhoneMessage is a text as it stands on the phone.
type PhoneMessage struct {
	At         time.Time         `json:"at"`
	Event      string            `json:"event,omitempty"` // the message attribute event_id
	MessageID  string            `json:"messageId"`
	Subject    string            `json:"subject,omitempty"`
	Text       string            `json:"text"`
	Units      int               `json:"units"` // see GSM7
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Phone plays the phone at the end of an SMS, as an HTTP subscriber of an SNS topic at POST /.
// It is stricter than a phone: a text that would be sent in more than one part, or in UCS-2, is
// refused with 400. It is an http.Handler.
type Phone struct {
	desk
	client *http.Client
	visits sync.WaitGroup

	mu       sync.Mutex
	messages []PhoneMessage
}

// NewPhone returns a phone that has received nothing yet.
func NewPhone(log *Log, faults *fault.Set) *Phone {
	p := &Phone{desk: newDesk(VendorSNS, "phone", log, faults, nil)}
	p.failure = func(_ string, status int, _ fault.Fault) reply { return text(status, http.StatusText(status)) }
	// A redirect could lead off this machine.
	p.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return p
}

// snsMessage is what SNS posts: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type snsMessage struct {
	Type              string
	MessageID         string `json:"MessageId"`
	Subject           string
	Message           string
	SubscribeURL      string
	MessageAttributes map[string]struct{ Type, Value string }
}

// ServeHTTP answers a call. The operation that a fault matches is the SNS message type, such as
// "Notification".
func (p *Phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind := r.Header.Get("X-Amz-Sns-Message-Type")
	p.serve(w, r, kind, func(c *call) reply { return p.receive(c, kind) })
}

func (p *Phone) receive(c *call, kind string) reply {
	if c.Method != http.MethodPost || c.URL.Path != "/" {
		return text(http.StatusNotFound, "SNS posts to /")
	}
	var m snsMessage
	if err := json.Unmarshal(c.body, &m); err != nil {
		return text(http.StatusBadRequest, "the body is not an SNS message")
	}
	if id := m.MessageAttributes["event_id"].Value; id != "" {
		c.event = id
	}
	problem := ""
	switch kind {
	case "SubscriptionConfirmation":
		problem = p.confirm(m.SubscribeURL)
	case "Notification":
		problem = p.keep(m, c.event)
	case "UnsubscribeConfirmation":
	default:
		problem = "the header x-amz-sns-message-type is none that SNS sends"
	}
	if problem != "" {
		return text(http.StatusBadRequest, problem)
	}
	done := text(http.StatusOK, "")
	done.accepted = true
	return done
}

func (p *Phone) keep(m snsMessage, event string) (problem string) {
	units, bad, ok := GSM7(m.Message)
	switch {
	case m.Message == "":
		return "the text is empty"
	case !ok:
		return fmt.Sprintf("the text holds %+q, which is not in the GSM-7 alphabet", bad)
	case units > maxSMS:
		return fmt.Sprintf("the text is %d characters long, of which an SMS takes %d", units, maxSMS)
	}
	attributes := make(map[string]string, len(m.MessageAttributes))
	for name, a := range m.MessageAttributes {
		attributes[name] = a.Value
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.messages = append(p.messages, PhoneMessage{
		At: p.now().UTC(), Event: event, MessageID: m.MessageID, Subject: m.Subject,
		Text: m.Message, Units: units, Attributes: attributes,
	})
	return ""
}

// confirm visits the SubscribeURL after the answer: the topic's owner may serve one call at a
// time. The URL came with a request that anyone could have sent, so it must lead to this machine.
func (p *Phone) confirm(subscribeURL string) (problem string) {
	u, err := url.Parse(subscribeURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !isLoopback(u.Hostname()) {
		return "the SubscribeURL does not lead to this machine"
	}
	p.visits.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), confirmWithin)
		defer cancel()
		visit := Request{At: p.now().UTC(), Vendor: p.vendor, Method: http.MethodGet, Path: "SubscribeURL"}
		defer func() { p.log.Add(visit) }()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return
		}
		answer, err := p.client.Do(request)
		if err != nil {
			visit.Answer = "the topic did not answer"
			return
		}
		_ = answer.Body.Close()
		visit.Status, visit.Accepted = answer.StatusCode, answer.StatusCode == http.StatusOK
	})
	return ""
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// Messages returns the texts on the phone, oldest first. It is never nil.
func (p *Phone) Messages() []PhoneMessage {
	if p == nil {
		return []PhoneMessage{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]PhoneMessage{}, p.messages...)
}
