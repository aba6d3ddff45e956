package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes. It is far above what a queue
// full of messages in a test comes to.
const maxAnswer = 64 << 20

// answerWithin bounds one call to the engine's own paths, which answer in milliseconds.
const answerWithin = 10 * time.Second

// SMS is one text message that was sent to a phone.
type SMS struct {
	MessageID   string `json:"MessageId"`
	PhoneNumber string `json:"PhoneNumber"`
	Message     string `json:"Message"`
	Subject     string `json:"Subject"`
}

// Attribute is one attribute of a message. Its value is in StringValue for the data
// types String and Number, and in BinaryValue for Binary.
type Attribute struct {
	DataType    string `json:"DataType"`
	StringValue string `json:"StringValue"`
	BinaryValue []byte `json:"BinaryValue"`
}

// Message is one message in a queue, seen without receiving it.
type Message struct {
	MessageID string
	Body      string
	// SentAt and VisibleAt are whole seconds.
	SentAt, VisibleAt time.Time
	// Visible is false while a consumer has it, or while it is delayed.
	Visible      bool
	ReceiveCount int
	// Attributes are those that the sender gave it.
	Attributes map[string]Attribute
}

// Control is what a running engine lets itself be asked and told besides AWS's API, by
// whoever knows its address.
type Control struct {
	url    string
	region string
	client *http.Client
}

// At returns the control of the engine that runs at the address, such as
// http://127.0.0.1:4566, for the queues of one region.
func At(url, region string) *Control {
	return &Control{url: url, region: region, client: newClient()}
}

// Reset empties the engine: stacks, functions, queues and all else. A wait scale stays.
func (c *Control) Reset(ctx context.Context) error {
	if _, err := c.call(ctx, http.MethodPost, "/_ministack/reset", nil); err != nil {
		return fmt.Errorf("resetting the local engine: %w", err)
	}
	return nil
}

// SetWaitScale changes Options.WaitScale of a running engine.
func (c *Control) SetWaitScale(ctx context.Context, scale float64) error {
	if err := checkScale(scale); err != nil {
		return err
	}
	const key = "stepfunctions._SFN_WAIT_SCALE"
	body, err := json.Marshal(map[string]float64{key: scale})
	if err != nil {
		return fmt.Errorf("setting the wait scale: %w", err)
	}
	answer, err := c.call(ctx, http.MethodPost, "/_ministack/config", body)
	if err != nil {
		return fmt.Errorf("setting the wait scale: %w", err)
	}
	var result struct {
		Applied map[string]float64 `json:"applied"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return fmt.Errorf("setting the wait scale: reading the answer: %w", err)
	}
	if applied, ok := result.Applied[key]; !ok || applied != scale {
		return errors.New("setting the wait scale: the engine did not apply it")
	}
	return nil
}

// SMS returns the text messages that were sent, by phone number, and for each in the
// order of sending. Those sent through a topic's subscriptions are not among them.
func (c *Control) SMS(ctx context.Context) ([]SMS, error) {
	answer, err := c.call(ctx, http.MethodGet, "/_ministack/sns/sms-messages", nil)
	if err != nil {
		return nil, fmt.Errorf("reading the text messages: %w", err)
	}
	messages, err := parseSMS(answer)
	if err != nil {
		return nil, fmt.Errorf("reading the text messages: %w", err)
	}
	return messages, nil
}

func parseSMS(answer []byte) ([]SMS, error) {
	var result struct {
		ByPhone map[string][]SMS `json:"sms_messages"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, err
	}
	if result.ByPhone == nil {
		return nil, errors.New("no sms_messages in the answer")
	}
	var messages []SMS
	for _, phone := range slices.Sorted(maps.Keys(result.ByPhone)) {
		messages = append(messages, result.ByPhone[phone]...)
	}
	return messages, nil
}

// QueueMessages returns what is in a queue of the engine's region, in order, and
// leaves it there: receive counts and visibility stay as they are. A queue that does
// not exist is an error.
func (c *Control) QueueMessages(ctx context.Context, queueURL string) ([]Message, error) {
	query := url.Values{"QueueUrl": {queueURL}, "region": {c.region}}
	answer, err := c.call(ctx, http.MethodGet, "/_ministack/sqs/messages?"+query.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("reading the queue %s: %w", queueURL, err)
	}
	messages, err := parseMessages(answer)
	if err != nil {
		return nil, fmt.Errorf("reading the queue %s: %w", queueURL, err)
	}
	return messages, nil
}

// queuedMessage is a message as the engine shows it.
type queuedMessage struct {
	MessageID         string               `json:"MessageId"`
	Body              string               `json:"Body"`
	SentTimestamp     int64                `json:"SentTimestamp"`
	VisibleAt         int64                `json:"VisibleAt"`
	IsVisible         bool                 `json:"IsVisible"`
	ReceiveCount      int                  `json:"ReceiveCount"`
	MessageAttributes map[string]Attribute `json:"MessageAttributes"`
}

// parseMessages reads the answer about one queue.
func parseMessages(answer []byte) ([]Message, error) {
	// By account, region and queue.
	var result struct {
		Messages map[string]map[string]map[string][]queuedMessage `json:"messages"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, err
	}
	var queues [][]queuedMessage
	for _, regions := range result.Messages {
		for _, byURL := range regions {
			queues = slices.AppendSeq(queues, maps.Values(byURL))
		}
	}
	if len(queues) != 1 {
		return nil, fmt.Errorf("%d queues answer to this URL, expected 1", len(queues))
	}
	messages := make([]Message, 0, len(queues[0]))
	for _, m := range queues[0] {
		messages = append(messages, Message{
			MessageID:    m.MessageID,
			Body:         m.Body,
			SentAt:       time.Unix(m.SentTimestamp, 0).UTC(),
			VisibleAt:    time.Unix(m.VisibleAt, 0).UTC(),
			Visible:      m.IsVisible,
			ReceiveCount: m.ReceiveCount,
			Attributes:   m.MessageAttributes,
		})
	}
	return messages, nil
}

// newClient returns a client that goes to the engine directly, whatever proxy the
// environment names.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{Proxy: nil}}
}

// call sends a request to the engine itself and returns the answer's body.
func (c *Control) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d: %.200s", response.StatusCode, strings.TrimSpace(string(answer)))
	}
	return answer, nil
}
