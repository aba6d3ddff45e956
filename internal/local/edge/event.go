package edge

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// Event is an event with its whole envelope, as a rule's target receives it.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html
type Event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       time.Time       `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// envelope is the part of an event that PutEvents has no field for. The engine's
// launcher takes it out of the detail again, so that the event keeps its own.
type envelope struct {
	EventID string `json:"EventId"`
	Time    string `json:"Time"`
	Account string `json:"Account"`
	Region  string `json:"Region"`
}

// Put puts the event on the engine's default bus with the id, time, account and region
// that it has; where it has none, it gets a new id, the present time and the edge's
// account and region. It fails when the engine refuses the event.
func (e *Edge) Put(ctx context.Context, event Event) error {
	_, err := e.put(ctx, event)
	return err
}

// put is Put, and returns the event as it went out.
func (e *Edge) put(ctx context.Context, event Event) (Event, error) {
	event = e.complete(event)
	if event.Source == "" {
		return event, badInput("source: an event needs one, such as aws.ecs")
	}
	if event.DetailType == "" {
		return event, badInput("detail-type: an event needs one, such as %q", deploymentStateChange)
	}
	var detail map[string]json.RawMessage
	if err := json.Unmarshal(event.Detail, &detail); err != nil || detail == nil {
		return event, badInput("detail: an event needs a JSON object here")
	}
	own, err := json.Marshal(envelope{event.ID, event.Time.UTC().Format(time.RFC3339), event.Account, event.Region})
	if err != nil {
		return event, fmt.Errorf("writing the envelope of event %s: %w", event.ID, err)
	}
	detail["_envelope"] = own
	body, err := json.Marshal(detail)
	if err != nil {
		return event, fmt.Errorf("writing the detail of event %s: %w", event.ID, err)
	}
	out, err := e.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		Source:     aws.String(event.Source),
		DetailType: aws.String(event.DetailType),
		Detail:     aws.String(string(body)),
		Resources:  event.Resources,
		Time:       aws.Time(event.Time),
	}}})
	if err != nil {
		return event, fmt.Errorf("putting event %s: %w", event.ID, err)
	}
	if out.FailedEntryCount > 0 {
		for _, entry := range out.Entries {
			if code := aws.ToString(entry.ErrorCode); code != "" {
				return event, fmt.Errorf("putting event %s: the engine refused it: %s: %s", event.ID, code, aws.ToString(entry.ErrorMessage))
			}
		}
		return event, fmt.Errorf("putting event %s: the engine refused it without a reason", event.ID)
	}
	return event, nil
}

// complete fills in what the envelope lacks.
func (e *Edge) complete(event Event) Event {
	if event.Version == "" {
		event.Version = "0"
	}
	if event.ID == "" {
		event.ID = newUUID()
	}
	if event.Time.IsZero() {
		event.Time = e.now().UTC().Truncate(time.Second)
	}
	if event.Account == "" {
		event.Account = e.account
	}
	if event.Region == "" {
		event.Region = e.region
	}
	if event.Resources == nil {
		event.Resources = []string{}
	}
	return event
}

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
