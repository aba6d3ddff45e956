package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// envelopeKey is the key of an event's detail that the launcher looks for.
const envelopeKey = "_envelope"

// envelope is what an event says of itself beside what PutEvents has parameters for.
// Its names are those of the launcher.
type envelope struct {
	EventID string `json:"EventId"`
	Time    string `json:"Time"`
	Account string `json:"Account"`
	Region  string `json:"Region"`
}

// Entry turns an event, as a rule's target gets to see it, into the entry by which
// PutEvents makes a running engine deliver exactly that event: with its own id, time,
// account and region, and from a source that only AWS may use. Any other EventBridge
// would refuse the source, or deliver the event under an id and time of its own.
func Entry(event []byte) (types.PutEventsRequestEntry, error) {
	var e struct {
		ID         string                     `json:"id"`
		DetailType string                     `json:"detail-type"`
		Source     string                     `json:"source"`
		Account    string                     `json:"account"`
		Time       string                     `json:"time"`
		Region     string                     `json:"region"`
		Resources  []string                   `json:"resources"`
		Detail     map[string]json.RawMessage `json:"detail"`
	}
	none := types.PutEventsRequestEntry{}
	if err := json.Unmarshal(event, &e); err != nil {
		return none, fmt.Errorf("reading the event: %w", err)
	}
	for _, field := range []struct{ name, value string }{
		{"id", e.ID}, {"detail-type", e.DetailType}, {"source", e.Source},
		{"account", e.Account}, {"time", e.Time}, {"region", e.Region},
	} {
		if field.value == "" {
			return none, fmt.Errorf("event: %s is missing", field.name)
		}
	}
	if _, err := time.Parse(time.RFC3339, e.Time); err != nil {
		return none, fmt.Errorf("event: time is %q, expected RFC 3339", e.Time)
	}
	if e.Detail == nil {
		return none, errors.New("event: detail is missing, expected an object")
	}
	if _, taken := e.Detail[envelopeKey]; taken {
		return none, fmt.Errorf("event: detail has a key %s, which is for the engine", envelopeKey)
	}
	own, err := json.Marshal(envelope{EventID: e.ID, Time: e.Time, Account: e.Account, Region: e.Region})
	if err != nil {
		return none, fmt.Errorf("writing the event: %w", err)
	}
	e.Detail[envelopeKey] = own
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return none, fmt.Errorf("writing the event: %w", err)
	}
	return types.PutEventsRequestEntry{
		Source:     aws.String(e.Source),
		DetailType: aws.String(e.DetailType),
		Detail:     aws.String(string(detail)),
		Resources:  e.Resources,
	}, nil
}
