package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
	"fanfare/internal/secret"
	"fanfare/internal/text"
)

// NewSender makes the sender of what [Format] makes.
func NewSender(deps channel.Deps) channel.Sender { return &sender{deps} }

type sender struct{ deps channel.Deps }

// Send sends the events, and then the changes. A change event has no key by which
// PagerDuty would know it again, so none is sent until all events are taken: whatever
// has to be tried again has then not left a change behind. When a change alone fails,
// the error is its own, and trying again repeats the resolve, which PagerDuty absorbs.
// After an attempt of which nobody knows whether PagerDuty took it, the events are sent
// again and absorbed, and a change that was begun is not sent again.
func (s *sender) Send(ctx context.Context, dispatch channel.Dispatch) (channel.Receipt, error) {
	message, err := parseMessage(dispatch.Message)
	if err != nil {
		return channel.Receipt{}, err
	}
	key, err := s.routingKey(ctx)
	if err != nil {
		return channel.Receipt{}, err
	}
	ctx = outbound.WithEvent(ctx, dispatch.Document.Deployment.Event)

	values := map[string]string{}
	var problems []error
	for _, event := range message.Events {
		answer, err := s.post(ctx, "/v2/enqueue", key, eventRequest{key, event})
		if err != nil {
			problems = append(problems, fmt.Errorf("sending the %.20s event to PagerDuty: %w", event.Action, err))
			continue
		}
		values["dedup_key"] = event.DedupKey
		if answer.DedupKey != "" {
			values["dedup_key"] = answer.DedupKey
		}
		if answer.Message != "" {
			values["message"] = answer.Message
		}
	}
	// Format makes one event a message, so that no two classes of error meet here.
	if err := errors.Join(problems...); err != nil {
		return channel.Receipt{}, err
	}
	outcome := deployment.Sent
	if !dispatch.Unsure.IsZero() {
		outcome = deployment.Absorbed // by the dedup key
	}
	if len(message.Changes) > 0 {
		if said, err := s.leave(ctx, dispatch, key, message.Changes); err != nil {
			return channel.Receipt{}, err
		} else if said != "" {
			values["change"] = said
		}
	}
	return channel.Receipt{Outcome: outcome, Values: values}, nil
}

// leave sends the changes, at most once: that it is begun is noted before, and taken back
// only when PagerDuty has surely not taken them. Beside an incident one change too few is
// better than two. It says so when it leaves none.
func (s *sender) leave(ctx context.Context, dispatch channel.Dispatch, key string, changes []Change) (said string, err error) {
	const begun = "not sent again: an earlier attempt may have left it"
	name := "change/" + dispatch.Document.Deployment.ClaimKey()
	before, err := s.begin(ctx, name, dispatch.Execution)
	var held *failure.RateLimited
	switch {
	case errors.As(err, &held), err == nil && before.Interrupted:
		return begun, nil
	case err != nil && !dispatch.Unsure.IsZero():
		return begun, nil
	case err != nil:
		slog.WarnContext(ctx, "sending a change without the ledger", "error", failure.Classify(err).Error())
	}
	for i, change := range changes {
		if _, err := s.post(ctx, "/v2/change/enqueue", key, changeRequest{key, change}); err != nil {
			if _, unsure := failure.Classify(err).(*failure.Transient); !unsure && i == 0 {
				s.takeBack(ctx, name, dispatch.Execution)
			}
			return "", fmt.Errorf("sending the change event to PagerDuty: %w", err)
		}
	}
	return "", nil
}

func (s *sender) begin(ctx context.Context, name, execution string) (channel.Thread, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return s.deps.Threads.Hold(ctx, name, execution, s.deps.Now().Add(time.Minute))
}

func (s *sender) takeBack(ctx context.Context, name, execution string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.deps.Threads.Release(ctx, name, execution); err != nil {
		slog.WarnContext(ctx, "the change will not be sent again", "error", failure.Classify(err).Error())
	}
}

// eventRequest is an event together with the secret that routes it.
type eventRequest struct {
	RoutingKey string `json:"routing_key"`
	Event
}

// changeRequest is a change together with the secret that routes it.
type changeRequest struct {
	RoutingKey string `json:"routing_key"`
	Change
}

func parseMessage(raw json.RawMessage) (Message, error) {
	var message Message
	if err := json.Unmarshal(raw, &message); err != nil {
		return Message{}, failure.Permanentf("reading the formatted message: %w", err)
	}
	if len(message.Events) == 0 {
		return Message{}, failure.Permanentf("reading the formatted message: at least one event expected, found none")
	}
	return message, nil
}

// routingKey reads the secret. Without it nothing gets through, so that an error that no
// retry mends is Unreachable. White space around it is what copying leaves behind.
func (s *sender) routingKey(ctx context.Context) (string, error) {
	value, err := s.deps.Secrets.Secret(ctx, secret.PagerDutyRoutingKey)
	if _, missing := failure.Classify(err).(*failure.Permanent); missing {
		err = &failure.Unreachable{Err: err}
	}
	if err != nil {
		return "", fmt.Errorf("reading the routing key: %w", err)
	}
	key := strings.TrimSpace(value.Reveal())
	if key == "" {
		return "", failure.Unreachablef("reading the routing key: 32 characters expected, found none")
	}
	return key, nil
}

// post sends one request. Only 202 means that PagerDuty has it: any other success comes
// from somebody in between, and a page must not get lost there.
func (s *sender) post(ctx context.Context, path, key string, body any) (answer, error) {
	if s.deps.Account.PagerDuty == nil {
		return answer{}, failure.Permanentf("pagerduty: an entry in the account file expected, found none")
	}
	payload, err := json.Marshal(body)
	if err != nil {
		return answer{}, failure.Permanentf("marshalling: %w", err)
	}
	if len(payload) > maxRequest {
		return answer{}, failure.Permanentf("%d bytes at most expected, found %d", maxRequest, len(payload))
	}
	address := strings.TrimRight(s.deps.Account.PagerDuty.URL, "/") + path
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(payload))
	if err != nil {
		return answer{}, failure.Classify(failure.Permanentf("pagerduty.url: an address expected: %w", err))
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := s.deps.HTTP.Do(r)
	if err != nil {
		return answer{}, &failure.Transient{Err: withoutKey(failure.Classify(err), key)}
	}
	// An answer that breaks off says what its status says.
	content, _, _ := outbound.ReadBody(response, maxAnswer)
	got := parseAnswer(content, key)
	switch status := response.StatusCode; {
	case status == http.StatusAccepted:
		return got, nil
	case status < 300:
		return answer{}, failure.Transientf("status 202 expected, found %d", status)
	case refusesAll[status], status == http.StatusBadRequest && got.refusesKey():
		return answer{}, &failure.Unreachable{Err: got.err(status)}
	default:
		return answer{}, failure.FromStatus(status, response.Header, defaultWait, got.err(status))
	}
}

// refusesAll are the answers that no other message would get either: the Events API knows
// none of them, so that the address is wrong, or somebody in between lets nothing through.
var refusesAll = map[int]bool{
	http.StatusUnauthorized: true, http.StatusForbidden: true, http.StatusNotFound: true, http.StatusMethodNotAllowed: true, http.StatusGone: true,
}

// badKey is a complaint about the routing key and not about the event, such as
// "Length of 'routing_key' is incorrect (should be 32 characters)" or "Invalid routing
// key". An echo of the request, which names the key too, has quotation marks or braces.
var badKey = regexp.MustCompile(`(?i)^[^"{}]*\b(routing|integration|service)[_ ]key\b[^"{}]*$`)

// refusesKey tells whether PagerDuty does not know the routing key.
func (a answer) refusesKey() bool {
	return badKey.MatchString(a.Message) || slices.ContainsFunc(a.Errors, badKey.MatchString)
}

// withoutKey gives up the error's chain when its text shows the routing key, as when
// somebody answers with an echo of the request in place of HTTP.
func withoutKey(err error, key string) error {
	if shown := err.Error(); strings.Contains(shown, key) {
		return errors.New(show(shown, key, maxProblem))
	}
	return err
}

// answer is what PagerDuty says, fit to be shown. It may all be missing.
type answer struct {
	Message  string   `json:"message"`
	DedupKey string   `json:"dedup_key"`
	Errors   []string `json:"errors"`
}

// parseAnswer reads as much of the answer as can be read. PagerDuty may say back what
// it was sent, so the key is taken out.
func parseAnswer(content []byte, key string) answer {
	var got answer
	// The body is a comment on the status: where its shape is another, there is none. But a
	// key that it does not know PagerDuty refuses with a mere text.
	if json.Unmarshal(content, &got) != nil && !bytes.ContainsAny(content, `<>{}"`) {
		got.Message = string(content)
	}
	got.Message = show(got.Message, key, maxProblem)
	got.DedupKey = show(got.DedupKey, key, maxDedupKey)
	got.Errors = got.Errors[:min(len(got.Errors), maxListed)]
	for i, problem := range got.Errors {
		got.Errors[i] = show(problem, key, maxProblem)
	}
	return got
}

// show makes a text fit to be shown. It is cleaned first and cut last, for the key may
// hide behind invisible characters, and half a key is no longer found.
func show(s, key string, limit int) string {
	return text.Cut(strings.ReplaceAll(text.Line(s), key, "***"), limit)
}

// err is the refusal in words.
func (a answer) err(status int) error {
	words := []string{fmt.Sprintf("status %d", status)}
	for _, word := range append([]string{a.Message}, a.Errors...) {
		if word != "" {
			words = append(words, word)
		}
	}
	return errors.New(strings.Join(words, ": "))
}
