// Package step is what every function of the workflow has in common: it reads its
// configuration once, logs one line an invocation, and returns errors by their class.
package step

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"fanfare/internal/account"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// Input is what the workflow gives to a function.
type Input struct {
	// Event is the raw event; only Normalise gets it.
	Event json.RawMessage `json:"event,omitempty"`
	// Document is what the steps before have written.
	Document Document `json:"document,omitzero"`
	// Execution is the ARN of the execution.
	Execution string `json:"execution,omitempty"`
	// StartedAt is when the execution started; only the steps that may be hurried get it.
	StartedAt time.Time `json:"startedAt,omitzero"`
}

// What may be left out of a message is looked up in Patience after the execution has
// started, by all steps together: a page waits no longer. Each gets Least all the same,
// which is enough where nothing is out of order.
const (
	Patience = 5 * time.Second
	Least    = time.Second
)

// Hurry returns a context that ends when the step's share of the patience does. Where it
// is not known when the execution started, it has all of it.
func (in Input) Hurry(ctx context.Context) (context.Context, context.CancelFunc) {
	left := Patience
	if !in.StartedAt.IsZero() {
		left = min(Patience, max(Least, Patience-time.Since(in.StartedAt)))
	}
	return context.WithTimeout(ctx, left)
}

// Document is the workflow's document, with what a branch of Notify has added to it.
type Document struct {
	deployment.Document
	// Message is what Format made.
	Message json.RawMessage `json:"message,omitempty"`
	// Delivery is what the attempt before this one ended in.
	Delivery *deployment.Delivery `json:"delivery,omitempty"`
	// Published is what SNS answered when the workflow itself published the message.
	Published *Published `json:"published,omitempty"`
}

// Published is what SNS answers:
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
type Published struct {
	MessageID string `json:"MessageId"`
}

// Handle is what a step does with its input.
type Handle[Out any] func(context.Context, Input) (Out, error)

// AccountFile is where a function finds its account: beside its program.
func AccountFile() string {
	root := os.Getenv("LAMBDA_TASK_ROOT")
	if program, err := os.Executable(); err == nil {
		root = filepath.Dir(program)
	}
	return filepath.Join(root, "account.json")
}

// Main serves a step of the workflow; see [Serve].
func Main[Out any](name string, build func(account.Account) (Handle[Out], error)) {
	Serve(name, func(a account.Account) (func(context.Context, json.RawMessage) (Out, error), error) {
		handle, err := build(a)
		return Handler(handle), err
	})
}

// Serve sets up the log, reads the account, builds the handler, and serves the Lambda
// runtime. What is wrong with the configuration ends the process before the first
// invocation.
func Serve[In, Out any](name string, build func(account.Account) (func(context.Context, In) (Out, error), error)) {
	slog.SetDefault(newLog(os.Stderr, name))
	a, err := account.Load(AccountFile())
	if err != nil {
		fatal(err)
	}
	handle, err := build(a)
	if err != nil {
		fatal(err)
	}
	lambda.Start(handle)
}

func fatal(err error) {
	slog.Error("the function cannot start", "error", err.Error())
	os.Exit(1)
}

// Handler decodes the input, calls handle and returns its error by class, outermost,
// as Step Functions must see it. It logs one line: what was handled, how long it took
// and how it ended, never what was in it. That line, and all that handle logs with its
// context, says which deployment it is about.
func Handler[Out any](handle Handle[Out]) func(context.Context, json.RawMessage) (Out, error) {
	return func(ctx context.Context, raw json.RawMessage) (Out, error) {
		began := time.Now()
		var in Input
		var out Out
		var err error
		if err = json.Unmarshal(raw, &in); err != nil {
			err = failure.Permanentf("reading the step's input: %w", err)
		} else {
			d := in.Document.Deployment
			ctx = about(ctx, d.Event, d)
			out, err = handle(ctx, in)
			if made, ok := any(out).(deployment.Deployment); ok && err == nil { // only now is it known
				ctx = about(ctx, made.Event, made)
			} else if in.Event != nil {
				ctx = about(ctx, idOf(in.Event), d)
			}
		}
		ms := time.Since(began).Milliseconds()
		if err = failure.Classify(err); err != nil {
			slog.ErrorContext(ctx, "failed", "ms", ms, "error", err.Error())
			return out, err
		}
		slog.InfoContext(ctx, "done", "ms", ms)
		return out, nil
	}
}

// idOf is the id of a raw event, if it can be told.
func idOf(raw json.RawMessage) string {
	var event struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(raw, &event) // what is no event is told by Normalise
	return text.Cut(text.Line(event.ID), maxID)
}

// maxID is how many characters of an event's id are logged.
const maxID = 100
