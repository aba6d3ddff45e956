package pagerduty

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
	"unicode/utf8"

	"fanfare/internal/account"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/secret"
)

var update = flag.Bool("update", false, "write the golden files anew")

// routingKey is none of anybody's.
const routingKey = "r0ut1ngk3yf0rt3st50n1yn0b0dysk3y"

func accountAt(url string) account.Account {
	return account.Account{PagerDuty: &account.PagerDuty{Services: []string{"*"}, URL: url}}
}

func TestContract(t *testing.T) {
	channeltest.Run(t, Channel, channeltest.Options{
		Account:       accountAt,
		MaxBytes:      16 << 10,
		Secrets:       func(string) channeltest.Secrets { return channeltest.Secrets{secret.PagerDutyRoutingKey: routingKey} },
		Hidden:        []string{routingKey},
		Document:      channeltest.Documents()["succeeded"],
		Success:       strict,
		SuccessStatus: http.StatusAccepted,
		Junk:          channeltest.Taken,
		Classes: map[int]channeltest.Class{
			401: channeltest.Unreachable, 403: channeltest.Unreachable, 404: channeltest.Unreachable,
			405: channeltest.Unreachable, 410: channeltest.Unreachable,
		},
	})
}

// strict answers as PagerDuty does, and refuses what PagerDuty refuses.
func strict(w http.ResponseWriter, r *http.Request) {
	content, err := io.ReadAll(r.Body)
	if err == nil {
		err = check(r, content)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]any{
			"status": "invalid event", "message": "Event object is invalid", "errors": []string{err.Error()},
		})
		return
	}
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"success","message":"Event processed"}`)
}

func check(r *http.Request, content []byte) error {
	var sent struct {
		RoutingKey string `json:"routing_key"`
		Event
	}
	if err := json.Unmarshal(content, &sent); err != nil {
		return err
	}
	isChange := r.URL.Path == "/v2/change/enqueue"
	switch {
	case !isChange && r.URL.Path != "/v2/enqueue":
		return fmt.Errorf("path %s", r.URL.Path)
	case r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json":
		return fmt.Errorf("%s of %s", r.Method, r.Header.Get("Content-Type"))
	case len(content) > 512_000:
		return fmt.Errorf("%d bytes", len(content))
	case sent.RoutingKey != routingKey:
		return fmt.Errorf("'routing_key' %q", sent.RoutingKey)
	case isChange && (sent.Action != "" || sent.DedupKey != "" || sent.Payload.Severity != ""):
		return fmt.Errorf("a change event with an alert's fields")
	case !isChange && sent.Action != "trigger" && sent.Action != "resolve":
		return fmt.Errorf("'event_action' %q", sent.Action)
	case !isChange && (sent.DedupKey == "" || utf8.RuneCountInString(sent.DedupKey) > 255):
		return fmt.Errorf("'dedup_key' %q", sent.DedupKey)
	case sent.Action == "resolve":
		return nil
	case sent.Payload == nil || sent.Payload.Summary == "" || utf8.RuneCountInString(sent.Payload.Summary) > 1024:
		return fmt.Errorf("'payload.summary' is missing or too long")
	case !isChange && (sent.Payload.Source == "" || sent.Payload.Severity != "critical"):
		return fmt.Errorf("'payload.source' or 'payload.severity' is missing")
	}
	for _, link := range sent.Links {
		if link.Href == "" || link.Text == "" {
			return fmt.Errorf("'links' %+v", sent.Links)
		}
	}
	if at := sent.Payload.Timestamp; at != "" {
		if _, err := time.Parse(time.RFC3339, at); err != nil {
			return err
		}
	}
	return nil
}
