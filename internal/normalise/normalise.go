// Package normalise makes a deployment of any event that Fanfare is woken by. It is
// pure: no clock, no network. What flows on from here is clean: names fit for keys and
// links, sentences in one line.
package normalise

import (
	"encoding/json"
	"errors"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
)

// envelope is what EventBridge puts around every event:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
type envelope struct {
	ID         word            `json:"id"`
	DetailType word            `json:"detail-type"`
	Source     word            `json:"source"`
	Account    word            `json:"account"`
	Region     word            `json:"region"`
	Time       word            `json:"time"`
	Resources  words           `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// foreign are marks of envelopes that are not EventBridge's, but carry similar news.
type foreign struct {
	CodeStar word            `json:"detailType"`
	Records  json.RawMessage `json:"Records"`
	Message  json.RawMessage `json:"Message"`
}

// Event makes a deployment of an event as EventBridge gives it. What the account file
// says of the service's environment is filled in. Every error is a
// [failure.Permanent] that names the field and what was expected there.
func Event(raw json.RawMessage, a account.Account) (deployment.Deployment, error) {
	e, err := open(raw)
	if err != nil {
		return deployment.Deployment{}, err
	}
	switch strings.ToLower(string(e.Source)) {
	case "aws.ecs":
		return fromECS(e, a)
	default:
		return deployment.Deployment{}, expected("source", "aws.ecs", e.Source)
	}
}

// open takes the envelope off and checks what events of every source have.
func open(raw json.RawMessage) (envelope, error) {
	var e envelope
	var f foreign
	if !isObject(raw) {
		return e, expected("event", "a JSON object as EventBridge gives it", word(raw))
	}
	if err := errors.Join(json.Unmarshal(raw, &e), json.Unmarshal(raw, &f)); err != nil {
		return e, failure.Permanentf("event: a JSON object as EventBridge gives it expected: %w", err)
	}
	switch {
	case e.DetailType == "" && f.CodeStar != "":
		return e, failure.Permanentf("detail-type: an EventBridge event expected, found a CodeStar notification (detailType)")
	case e.DetailType == "" && f.Records != nil:
		return e, failure.Permanentf("detail-type: an EventBridge event expected, found one wrapped by a queue or topic (Records)")
	case e.DetailType == "" && f.Message != nil:
		return e, failure.Permanentf("detail-type: an EventBridge event expected, found one wrapped by SNS (Message)")
	case !isID(string(e.ID)):
		return e, expected("id", anID, e.ID)
	case !isObject(e.Detail):
		return e, expected("detail", "an object", word(e.Detail))
	}
	return e, nil
}

// fillIn sets what is the same for all sources: the account file's word on where it
// runs, and the links.
func fillIn(d *deployment.Deployment, a account.Account) {
	if env, ok := a.EnvironmentOf(d.Cluster, d.Service); ok {
		d.Environment, d.Production = env.Name, env.Production
	}
	d.ConsoleURL = consoleURL(*d)
	d.LogsURL = logsURL(*d, a.Logs.Group)
}
