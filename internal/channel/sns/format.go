package sns

import (
	"strconv"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// Message is what Format makes, in the words in which SNS takes it:
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
type Message struct {
	// Message is the text: one part of an SMS, in the GSM 7-bit alphabet.
	Message string `json:"message"`
	// Attributes are for the subscriptions' filter policies.
	Attributes map[string]Attribute `json:"attributes"`
}

// Attribute is a message attribute:
// https://docs.aws.amazon.com/sns/latest/api/API_MessageAttributeValue.html
type Attribute struct {
	DataType    string `json:"DataType"`
	StringValue string `json:"StringValue"`
}

// Format makes a [Message] of the document. A status that it knows no words for is a
// failure.Permanent.
func Format(doc deployment.Document, _ account.Account) (any, error) {
	d := doc.Deployment
	words, err := wording(doc)
	if err != nil {
		return nil, err
	}
	return Message{
		Message: words,
		Attributes: attributes(map[string]string{
			"event_id":    d.Event,
			"environment": d.Environment,
			"status":      string(d.Status),
			"kind":        string(doc.Kind()),
			"cluster":     d.Cluster,
			"service":     d.Service,
			"pipeline":    d.Pipeline,
			"production":  strconv.FormatBool(d.Production),
			"drill":       strconv.FormatBool(d.Drill != nil),
		}),
	}, nil
}

// attributes leaves out what is empty, for which SNS would refuse the whole message.
func attributes(values map[string]string) map[string]Attribute {
	attributes := map[string]Attribute{}
	for name, value := range values {
		if value = text.Cut(text.Line(value), maxValue); value != "" {
			attributes[name] = Attribute{DataType: "String", StringValue: value}
		}
	}
	return attributes
}

// wording is the text, cut. What matters most comes first: before all else, that it is an
// exercise. The version before is told where there is room for all of it.
func wording(doc deployment.Document) (string, error) {
	subject := name(doc.Deployment.Subject(), maxSubject, "a service")
	version, previous := versions(doc)
	environment := name(doc.Deployment.Environment, maxEnvironment, "")
	in, to, reason := after(" in ", environment), after(" to ", environment), after(": ", toGSM(text.Line(doc.Cause())))
	var said string
	isRollback := doc.Kind() == deployment.Rollback
	switch status := doc.Deployment.Status; {
	case isRollback && status == deployment.InProgress:
		said = "ROLLBACK of " + subject + after(" to ", version) + in
	case isRollback && status == deployment.Succeeded:
		said = "Rolled back " + subject + after(" to ", version) + in
	case isRollback && status == deployment.Failed:
		said = "FAILED rollback of " + subject + after(" to ", version) + in + reason
	case isRollback && status == deployment.Stuck:
		said = "STUCK rollback of " + subject + after(" to ", version) + in + reason
	case status == deployment.InProgress:
		said = "Deploying " + subject + after(" ", version) + to
	case status == deployment.Succeeded:
		said = "Deployed " + subject + after(" ", version) + to
	case status == deployment.Failed:
		said = "FAILED " + subject + after(" ", version) + in + reason
	case status == deployment.Stuck:
		said = "STUCK " + subject + after(" ", version) + in + reason
	default:
		return "", failure.Permanentf("formatting for sns: a status of in_progress, succeeded, failed or stuck expected, found %.40q", status)
	}
	if doc.Deployment.Drill != nil {
		said = "DRILL: " + said
	}
	said = cut(sentence(said), maxText)
	if was := after(" Was ", sentence(previous)); length(said+was) <= maxText {
		said += was
	}
	return said, nil
}

// versions are the release and the one before it, as far as they are known and differ.
func versions(doc deployment.Document) (version, previous string) {
	if doc.Release == nil {
		return "", ""
	}
	version = name(doc.Release.Version(), maxVersion, "")
	previous = name(doc.Release.PreviousVersion(), maxVersion, "")
	if previous == version {
		previous = ""
	}
	return version, previous
}

// name is a name in the alphabet of texts, no longer than the limit; or what stands
// for it when nothing is left of it.
func name(s string, limit int, otherwise string) string {
	if s = cut(toGSM(text.Line(s)), limit); s == "" {
		return otherwise
	}
	return s
}

// sentence ends the text with a full stop, unless it is empty or has one.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// after is the text with what goes before it, or nothing when it is empty.
func after(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}
