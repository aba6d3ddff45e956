// Package doctor looks whether all that Fanfare needs is in order, before a page depends on
// it: secrets, tokens, channels, keys, topics, queues and the ledger. It changes nothing
// that anybody could see.
package doctor

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/failure"
	"fanfare/internal/ledger"
	"fanfare/internal/parameter"
	"fanfare/internal/text"
)

const (
	// Patience is how long any one request may take.
	Patience = 5 * time.Second
	// All is how long all checks together may take; what has not been looked at by then is
	// a problem.
	All = 40 * time.Second
	// atOnce is how many checks are made at the same time: few enough for Slack's rate of
	// 50 a minute. https://docs.slack.dev/reference/methods/conversations.info
	atOnce = 8
	// maxShown is how many characters are shown of an error.
	maxShown = 300
)

// Input is what the function is called with.
type Input struct {
	// Report has problems told to those who look after Fanfare, and nothing when there are
	// none.
	Report bool `json:"report"`
}

// Result is what was found. The checks come in the same order each time.
type Result struct {
	// Account is the account's id.
	Account string  `json:"account"`
	Checks  []Check `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Problem is what is wrong, and Mend what to do; both empty when all is well.
	Problem string `json:"problem,omitempty"`
	Mend    string `json:"mend,omitempty"`

	// follows is true when the check could not be made for a problem that another check tells.
	follows bool
}

// Ledger is what is asked of the ledger.
type Ledger interface {
	Ping(context.Context) error
	EndOutage(context.Context, ledger.Outage) error
}

// Doctor looks.
type Doctor struct {
	Account account.Account
	SSM     parameter.GetAPI
	SNS     SubscriptionsAPI
	SQS     QueueAPI
	Ledger  Ledger
	HTTP    *http.Client
	Teller  Teller
	Now     func() time.Time
	// EventQueue and DeliveryQueue are the queues' URLs.
	EventQueue, DeliveryQueue string
	// OperationsTopic and TextsTopic are the topics' ARNs.
	OperationsTopic, TextsTopic string
}

// trouble is what a check has found; nil when all is well.
type trouble struct {
	problem, mend string
	follows       bool
}

// check is one thing to look at.
type check struct {
	name string
	look func(context.Context) *trouble
	// over is the outage that is over when all is well; zero when none is.
	over ledger.Outage
}

// Look makes all checks. One that cannot be made is a problem, and stops no other.
func (d *Doctor) Look(ctx context.Context) Result {
	ctx, cancel := context.WithTimeout(ctx, All)
	defer cancel()
	checks := d.checks(ctx)
	result := Result{Account: d.Account.ID, Checks: make([]Check, len(checks))}
	turns := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			result.Checks[i] = d.examine(ctx, c)
		})
	}
	all.Wait()
	return result
}

// checks are all that the account needs, in the order in which they are told.
func (d *Doctor) checks(ctx context.Context) []check {
	var all []check
	for _, of := range []func(context.Context) []check{d.slack, d.pagerDuty, d.gitLab, d.topics, d.queues} {
		all = append(all, of(ctx)...)
	}
	return append(all, check{name: "ledger", look: d.lookAtLedger})
}

func (d *Doctor) examine(ctx context.Context, c check) Check {
	if found := c.look(ctx); found != nil {
		return Check{Name: c.name, Problem: found.problem, Mend: found.mend, follows: found.follows}
	}
	if c.over != (ledger.Outage{}) {
		ctx, cancel := context.WithTimeout(ctx, Patience)
		defer cancel()
		if err := d.Ledger.EndOutage(ctx, c.over); err != nil {
			slog.WarnContext(ctx, "the ledger still has an outage that is over", "outage", c.over.String(), "error", shown(err))
		}
	}
	return Check{Name: c.name, OK: true}
}

func (d *Doctor) lookAtLedger(ctx context.Context) *trouble {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	if err := d.Ledger.Ping(ctx); err != nil {
		return unseen("the ledger's table", err)
	}
	return nil
}

// unseen is the trouble that something could not be looked at.
func unseen(what string, err error) *trouble {
	return &trouble{
		problem: what + " could not be looked at: " + shown(err),
		mend:    "look again: " + again + "; if it stays so, the service is down, or the function may not ask it, which " + notice.Make("deploy") + " mends",
	}
}

// shown is an error fit to be shown: on one line, without addresses, cut.
func shown(err error) string { return text.Cut(text.Line(failure.Classify(err).Error()), maxShown) }
