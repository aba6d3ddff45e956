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

	"fanfare/internal/local/engine"
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
	whole, err := json.Marshal(event)
	if err != nil {
		return event, fmt.Errorf("writing event %s: %w", event.ID, err)
	}
	entry, err := engine.Entry(whole)
	if err != nil {
		return event, badInput("%s", err)
	}
	out, err := e.events.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
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
		event.Time = e.now()
	}
	if event.Account == "" {
		event.Account = e.account
	}
	if event.Region == "" {
		event.Region = e.region
	}
	event.Time = event.Time.UTC().Truncate(time.Second) // as EventBridge has it
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
