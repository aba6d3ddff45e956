// Package play puts an event on the local world's bus, and finds out what came of it.
package play

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"fanfare/internal/local/edge"
)

// ErrNotAnEvent says that EventBridge could not carry it: no rule ever sees it.
var ErrNotAnEvent = errors.New("not an event")

// Parse reads an EventBridge event as it stands in a file. What the bus would give to
// an event that lacks it (id, time, account, region) may be missing; source,
// detail-type and detail may not. A number where the envelope has text is read as text.
func Parse(file []byte) (edge.Event, error) {
	var event edge.Event
	fields := map[string]json.RawMessage{}
	decoder := json.NewDecoder(bytes.NewReader(file))
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		return event, fmt.Errorf("%w: a JSON object expected, found %s", ErrNotAnEvent, kindOf(file))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return event, fmt.Errorf("%w: one JSON object expected, found something behind it", ErrNotAnEvent)
	}
	var when string
	for name, target := range map[string]*string{
		"version": &event.Version, "id": &event.ID, "detail-type": &event.DetailType, "source": &event.Source,
		"account": &event.Account, "region": &event.Region, "time": &when,
	} {
		value, err := textOf(fields[name])
		if err != nil {
			return event, fmt.Errorf("%w: %s: text expected, found %s", ErrNotAnEvent, name, kindOf(fields[name]))
		}
		*target = value
	}
	for name, value := range map[string]string{"source": event.Source, "detail-type": event.DetailType} {
		if value == "" {
			return event, fmt.Errorf("%w: %s: text expected, found nothing", ErrNotAnEvent, name)
		}
	}
	if when != "" {
		at, err := time.Parse(time.RFC3339Nano, when)
		if err != nil {
			return event, fmt.Errorf("%w: time: a time such as 2026-11-20T10:31:22Z expected, found %q", ErrNotAnEvent, when)
		}
		event.Time = at
	}
	if raw := fields["resources"]; raw != nil && string(raw) != "null" {
		if err := json.Unmarshal(raw, &event.Resources); err != nil {
			return event, fmt.Errorf("%w: resources: a list of texts expected, found %s", ErrNotAnEvent, kindOf(raw))
		}
	}
	var detail map[string]json.RawMessage
	if err := json.Unmarshal(fields["detail"], &detail); err != nil || detail == nil {
		return event, fmt.Errorf("%w: detail: a JSON object expected, found %s", ErrNotAnEvent, kindOf(fields["detail"]))
	}
	event.Detail = fields["detail"]
	return event, nil
}

// textOf reads text, or a number as the text that it is written as.
func textOf(raw json.RawMessage) (string, error) {
	if raw == nil || string(raw) == "null" {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		return text, nil
	}
	var number json.Number
	if err := json.Unmarshal(raw, &number); err != nil {
		return "", err
	}
	return number.String(), nil
}

// kindOf names what stands there, for an error.
func kindOf(raw []byte) string {
	trimmed := strings.TrimSpace(string(raw))
	switch {
	case trimmed == "":
		return "nothing"
	case !json.Valid([]byte(trimmed)):
		return "something that is not JSON"
	case trimmed[0] == '{':
		return "an object"
	case trimmed[0] == '[':
		return "a list"
	case trimmed[0] == '"':
		return "text"
	case trimmed == "null":
		return "null"
	case trimmed == "true", trimmed == "false":
		return "true or false"
	default:
		return "a number"
	}
}
