// Package normalise makes a deployment of any event that Fanfare is woken by. It is
// pure: no clock, no network. What flows on from here is clean: names fit for keys and
// links, sentences in one line.
package normalise

import (
	"cmp"
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
	Approval json.RawMessage `json:"approval"`
}

// Event makes a deployment of an event as EventBridge gives it. What the account file
// says of the service's or the pipeline's environment is filled in. Every error is a
// [failure.Permanent] that names the field and what was expected there.
func Event(raw json.RawMessage, a account.Account) (deployment.Deployment, error) {
	e, err := open(raw)
	if err != nil {
		return deployment.Deployment{}, err
	}
	switch strings.ToLower(string(e.Source)) {
	case "aws.ecs":
		return fromECS(e, a)
	case "aws.codepipeline":
		return fromCodePipeline(e, a)
	case "fanfare.drill":
		return fromDrill(e, a)
	case "fanfare.watch":
		return fromWatch(e, a)
	default:
		return deployment.Deployment{}, expected("source", "aws.ecs, aws.codepipeline, fanfare.drill or fanfare.watch", e.Source)
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
	case e.DetailType == "" && f.Approval != nil:
		return e, failure.Permanentf("detail-type: an EventBridge event expected, found CodePipeline's message of an approval (approval)")
	case !isID(string(e.ID)):
		return e, expected("id", anID, e.ID)
	case !isObject(e.Detail):
		return e, expected("detail", "an object", word(e.Detail))
	}
	return e, nil
}

// begin makes a deployment of what the envelope says. What that leaves out, the ARN of
// what is deployed may know.
func begin(e envelope, source string, of arn) deployment.Deployment {
	d := deployment.Deployment{
		Event:     string(e.ID),
		Source:    source,
		Account:   cmp.Or(string(e.Account), of.account),
		Region:    cmp.Or(string(e.Region), of.region),
		Partition: of.partition,
		Status:    deployment.Unknown,
		Kind:      deployment.Ordinary,
		Time:      e.Time.instant(),
	}
	if d.Partition == "" {
		d.Partition = deployment.PartitionOf(d.Region)
	}
	return d
}

// checkPlace refuses a place or a time that must not flow into keys and links.
func checkPlace(d deployment.Deployment, e envelope) error {
	switch {
	case !isRegion(d.Region):
		return expected("region", "a region such as eu-west-1", word(d.Region))
	case !isPart(d.Account):
		return expected("account", "the AWS account's number", word(d.Account))
	case d.Time.IsZero():
		return expected("time", "a time such as 2006-01-02T15:04:05Z", e.Time)
	}
	return nil
}

// fillIn sets what the account file says: where it runs, and the links.
func fillIn(d *deployment.Deployment, a account.Account) {
	if env, ok := environmentOf(*d, a); ok {
		d.Environment, d.Production = env.Name, env.Production
	}
	d.ConsoleURL = consoleURL(*d)
	d.LogsURL = logsURL(*d, a.Logs.Group)
}

// environmentOf finds a service's environment by its patterns, a pipeline's by what the
// file says of the pipeline.
func environmentOf(d deployment.Deployment, a account.Account) (account.Environment, bool) {
	if d.Pipeline == "" {
		return a.EnvironmentOf(d.Cluster, d.Service)
	}
	p, _ := a.PipelineOf(d.Pipeline)
	return a.EnvironmentNamed(p.Environment)
}
