package escalate

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"fanfare/internal/account"
	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/ledger"
	"fanfare/internal/secret"
	"fanfare/internal/step"
	"fanfare/internal/text"
)

// How much is shown of others' words, in characters.
const (
	maxWhy     = 400
	maxSubject = 80
)

// meeting is an outage as one delivery has met it.
type meeting struct {
	ledger.Outage
	// what cannot be reached, and why in the words of the failure.
	what, why string
	// document is the one that could not be told, and execution the ARN of its execution.
	document  step.Document
	execution string
	// holder claims the outage: one event is never told by two at once.
	holder string
	// stranded is true when not even the queue has the message.
	stranded bool
}

// meet tells whether the channel's delivery met an outage, and which. Of a failure that is
// of one message alone, or that has lasted too long, the queue's alarm tells.
func meet(name string, in step.Input, a account.Account) (meeting, bool) {
	delivery := in.Document.Deliveries[name]
	undelivered := delivery.Outcome == deployment.DeadLettered || delivery.Outcome == deployment.Stranded
	if !undelivered || !unreachable(name, delivery.Reason) {
		return meeting{}, false
	}
	m := meeting{
		why:       why(string(delivery.Detail)),
		document:  in.Document,
		execution: in.Execution,
		holder:    in.Document.Deployment.ClaimKey(),
		stranded:  delivery.Outcome == deployment.Stranded,
	}
	if claim := in.Document.Claim; m.execution == "" && claim != nil {
		m.execution = claim.Holder
	}
	m.Outage, m.what = outageOf(name, m.why, in.Document.Deployment, a)
	return m, true
}

// terminalSNS are the words by which SNS refuses every message alike, as the workflow's own
// integration names them, without what stands before and after:
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
var terminalSNS = []string{
	"NotFound", "AuthorizationError", "KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound", "KMSOptInRequired",
}

// unreachable tells whether the error of that name is one that no retry mends, of the
// channel and not of the message.
func unreachable(channelName, errorName string) bool {
	if errorName == "Unreachable" {
		return true
	}
	service, word, _ := strings.Cut(errorName, ".")
	return channelName == channel.SNS && strings.EqualFold(service, "sns") &&
		slices.Contains(terminalSNS, strings.TrimSuffix(word, "Exception"))
}

// ofToken finds the words by which Slack refuses the token, and thereby every channel:
// https://docs.slack.dev/reference/methods/chat.postMessage#errors
var ofToken = regexp.MustCompile(`\b(invalid_auth|not_authed|token_revoked|token_expired|account_inactive|missing_scope|` +
	`not_allowed_token_type|team_not_found|team_disabled|team_access_not_granted|enterprise_is_restricted|ekm_access_denied)\b`)

// outageOf says which outage it is, and calls it by a name that people know.
func outageOf(name, why string, d deployment.Deployment, a account.Account) (o ledger.Outage, what string) {
	switch name {
	case channel.Slack:
		if a.Slack != nil && a.Slack.Via == "webhook" {
			return ledger.Outage{Channel: name, Target: secret.SlackWebhookURL}, "the Slack webhook"
		}
		if id := a.ToldOf(d.Service, d.Pipeline, d.Environment).SlackChannel; id != "" && !ofToken.MatchString(why) {
			return ledger.Outage{Channel: name, Target: id}, "the Slack channel " + id
		}
		return ledger.Outage{Channel: name, Target: secret.SlackBotToken}, "Slack"
	case channel.PagerDuty:
		return ledger.Outage{Channel: name, Target: secret.PagerDutyRoutingKey}, "PagerDuty"
	case channel.SNS:
		return ledger.Outage{Channel: name, Target: ledger.TextsTopic}, "the SNS topic of texts"
	default:
		return ledger.Outage{Channel: name, Target: "all"}, "the channel " + name
	}
}

// why makes words of what a failure said: the message of a function's error, which Step
// Functions hands over as JSON, else the text as it is.
func why(detail string) string {
	var failed struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(detail), &failed) == nil && failed.Message != "" {
		detail = failed.Message
	}
	if said := text.Cut(text.Line(detail), maxWhy); said != "" {
		return said
	}
	return "the failure said nothing more"
}

// notice is the outage in words.
func (m meeting) notice(a account.Account) notice.Notice {
	d := m.document.Deployment
	where := ""
	if d.Environment != "" {
		where = " in " + d.Environment
	}
	waits := "Messages wait in the queue " + notice.DeliveryQueue + "."
	resend, command := "Then send what waits:", notice.Make("redrive")
	if m.stranded {
		waits = "Not even the queue " + notice.DeliveryQueue + " took this message."
		resend, command = "Then run this execution once more (New execution, in the Step Functions console):", m.execution
	}
	mend, how := m.mend(a)
	lines := []string{
		fmt.Sprintf("Account %s, %s. Met when telling of %s.", a.ID, a.Region, text.Cut(text.Line(d.Subject()+where), maxSubject)),
		"",
		"Why: " + m.why,
		"Until it is mended: " + m.consequence(),
		waits,
		"",
		"To mend it: " + mend,
		"    " + how,
		resend,
		"    " + command,
		"",
		"While it lasts, this is told once a day, however many messages are affected.",
	}
	return notice.Notice{Subject: "Fanfare cannot reach " + m.what, Text: strings.Join(lines, "\n")}
}

func (m meeting) consequence() string {
	switch m.Channel {
	case channel.PagerDuty:
		return "nobody is paged."
	case channel.SNS:
		return "no texts are sent."
	default:
		return "nothing is told there."
	}
}

// mend says what to do, and by which command.
func (m meeting) mend(a account.Account) (what, command string) {
	switch m.Target {
	case secret.SlackBotToken:
		return "see that the app is installed in the workspace with the scope chat:write, and put its bot token here; it is taken up within 5 minutes:",
			notice.PutSecret(a, channel.Slack, secret.SlackBotToken)
	case secret.SlackWebhookURL:
		return "make a new incoming webhook, and put its address here; it is taken up within 5 minutes:",
			notice.PutSecret(a, channel.Slack, secret.SlackWebhookURL)
	case secret.PagerDutyRoutingKey:
		return "see that the service has an integration of the Events API v2, and put its integration key here; it is taken up within 5 minutes:",
			notice.PutSecret(a, channel.PagerDuty, secret.PagerDutyRoutingKey)
	case ledger.TextsTopic:
		return "bring back the topic and the permission to publish to it:", notice.Make("deploy")
	default:
		return "unarchive the channel and invite the app to it; or name another channel in the account file, and deploy:", notice.Make("deploy")
	}
}
