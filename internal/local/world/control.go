package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Control is the address of a world's control API, through which events are put,
// rollouts and faults played, and the stand-ins asked what they received.
type Control string

var controlClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{Proxy: nil}}

// Call calls the API: in is sent and the answer read into out, both as JSON, where they
// are not nil. What the API refuses is an error with its sentence.
func (c Control) Call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, string(c)+path, &body)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	response, err := controlClient.Do(request)
	if err != nil {
		return fmt.Errorf("the local world does not answer: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		var told struct {
			Error string `json:"error"`
		}
		_ = json.NewDecoder(response.Body).Decode(&told) // the status is told in any case
		return errors.New(strings.TrimSpace(told.Error + " (" + response.Status + ")"))
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return nil
}
