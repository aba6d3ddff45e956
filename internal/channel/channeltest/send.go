package channeltest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/failure"
	"fanfare/internal/outbound"
)

// execution is the one that sends, in all checks.
const execution = "arn:aws:states:eu-west-1:123456789012:execution:fanfare:contract"

// patience is after how long a check gives up on a sender that does not return.
const patience = 10 * time.Second

// sendCheck is one thing that a sender is held to.
type sendCheck struct {
	name string
	run  func(channel.Channel, Options) error
}

// sendChecks lists them all.
func sendChecks(opts Options) []sendCheck {
	checks := []sendCheck{
		{"every document is taken", everyDocument},
		{"a message that is none", strangeMessages},
		{"no secret to read", withoutSecret},
		{"context ended before", endedBefore},
		{"context ended while waiting", endedWhileWaiting},
		{"deadline", deadline},
		{"connection refused", refused},
		{"connection cut", cut},
		{"not HTTP", notHTTP},
	}
	for _, body := range bodies {
		statuses := []int{opts.SuccessStatus, 200, 202, 204, 302, 307, 400, 401, 403, 404, 408, 413, 425, 429, 500, 502, 503}
		if body.name == "echo in JSON" {
			statuses = nil
			for status := 200; status < 600; status++ {
				statuses = append(statuses, status)
			}
		}
		checks = append(checks, sendCheck{"answers/" + body.name, func(c channel.Channel, opts Options) error {
			var problems []error
			for _, status := range statuses {
				problems = append(problems, answered(c, opts, body, status))
			}
			return errors.Join(problems...)
		}})
	}
	return append(checks, sendCheck{"rate limit", rateLimit})
}

// send formats opts.Document, sends it to the vendor at the URL, and checks what every
// end of a Send must keep to. It returns what Send returned.
func send(ctx context.Context, c channel.Channel, opts Options, url string) (channel.Receipt, error, error) {
	message, err := formatted(c, opts, opts.Document)
	if err != nil {
		return channel.Receipt{}, nil, fmt.Errorf("formatting opts.Document: %w", err)
	}
	return dispatch(ctx, c, opts, url, opts.Document, message)
}

func dispatch(ctx context.Context, c channel.Channel, opts Options, url string, doc deployment.Document, message json.RawMessage) (receipt channel.Receipt, sent, broken error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := outbound.NewClient(patience)
	defer client.CloseIdleConnections()
	sender := c.NewSender(channel.Deps{
		Account: opts.Account(url),
		Secrets: opts.Secrets(url),
		HTTP:    client,
		Threads: &Threads{},
		Now:     time.Now,
	})
	started := time.Now()
	broken = guard("Send", func() error {
		receipt, sent = sender.Send(ctx, channel.Dispatch{Document: doc, Message: message, Execution: execution})
		return nil
	})
	if broken == nil && time.Since(started) >= patience {
		broken = errors.New("no return from Send: not in time")
	}
	return receipt, sent, errors.Join(broken, wellBehaved(opts, receipt, sent))
}

// wellBehaved tells what is wrong with any end of a Send.
func wellBehaved(opts Options, receipt channel.Receipt, sent error) error {
	if sent != nil {
		if class(sent) == unclassified {
			return fmt.Errorf("the error is not of package failure: %w", sent)
		}
		shown := fmt.Sprintf("%v\n%+v\n%v", sent, sent, failure.Classify(sent))
		if len(sent.Error()) > 4000 {
			return fmt.Errorf("the error is %d bytes long: %.200s", len(sent.Error()), sent)
		}
		return hides(opts.Hidden, "the error", shown)
	}
	switch receipt.Outcome {
	case deployment.Sent, deployment.Repeated, deployment.Absorbed, deployment.None:
	default:
		return fmt.Errorf("the receipt's outcome is %q", receipt.Outcome)
	}
	shown, err := json.Marshal(receipt)
	if err != nil {
		return fmt.Errorf("marshalling the receipt: %w", err)
	}
	return hides(opts.Hidden, "the receipt", string(shown))
}

// expect tells when what became of the Send is not what should have.
func expect(what string, sent error, want Class) error {
	got := class(sent)
	if got == want || want == AnyFailure && got != Taken {
		return nil
	}
	return fmt.Errorf("%s became %s, want %s: %w", what, got, want, sent)
}

// classOf is what an answer with the status and a body that is not the vendor's becomes.
func classOf(opts Options, status int) Class {
	if status == opts.SuccessStatus {
		return opts.Junk
	}
	if want, ok := opts.Classes[status]; ok {
		return want
	}
	if status < 300 {
		return Transient
	}
	return class(failure.FromStatus(status, nil, time.Second, errors.New("refused")))
}

func answered(c channel.Channel, opts Options, body body, status int) error {
	v := newVendor(func(w http.ResponseWriter, _ *http.Request, dump string) {
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", fmt.Sprint(int(retryAfter.Seconds())))
		}
		body.write(w, status, dump)
	})
	defer v.Close()
	_, sent, broken := send(context.Background(), c, opts, v.URL)
	want := classOf(opts, status)
	if body.name == "truncated" && class(sent) == Transient {
		want = Transient // whatever the status was going to mean
	}
	var followed error
	if slices.Contains(v.paths(), "/elsewhere") {
		followed = errors.New("a redirect was followed")
	}
	return at(fmt.Sprintf("status %d with body %s", status, body.name), broken, followed,
		expect("it", sent, want))
}

// at puts where it happened before the errors, of which there may be none.
func at(where string, problems ...error) error {
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

// rateLimit looks at how long a rate limit is to be waited for.
func rateLimit(c channel.Channel, opts Options) error {
	for _, header := range []string{fmt.Sprint(int(retryAfter.Seconds())), "", "soon", "-1", "1e99"} {
		v := newVendor(func(w http.ResponseWriter, _ *http.Request, dump string) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, sent, broken := send(context.Background(), c, opts, v.URL)
		v.Close()
		where := fmt.Sprintf("Retry-After %q", header)
		if err := at(where, broken, expect("429", sent, RateLimited)); err != nil {
			return err
		}
		var limited *failure.RateLimited
		errors.As(sent, &limited)
		if exact := header == "7"; exact && limited.After != retryAfter || limited.After < time.Second || limited.After > time.Hour {
			return fmt.Errorf("%s: became a wait of %s", where, limited.After)
		}
	}
	return nil
}

// everyDocument sends whatever the channel formats of the corpus.
func everyDocument(c channel.Channel, opts Options) error {
	v := newVendor(func(w http.ResponseWriter, r *http.Request, _ string) { opts.Success(w, r) })
	defer v.Close()
	for name, doc := range Documents() {
		message, err := formatted(c, opts, doc)
		if err != nil {
			continue
		}
		receipt, sent, broken := dispatch(context.Background(), c, opts, v.URL, doc, message)
		if err := at(name, broken, expect("it", sent, Taken)); err != nil {
			return err
		}
		if receipt.Outcome == deployment.None {
			return fmt.Errorf("%s: was formatted, but not sent: %s", name, receipt.Reason)
		}
	}
	if len(v.paths()) == 0 {
		return errors.New("nothing was ever sent")
	}
	return nil
}

// strangeMessages sends what Format cannot have made.
func strangeMessages(c channel.Channel, opts Options) error {
	v := newVendor(func(w http.ResponseWriter, r *http.Request, _ string) { opts.Success(w, r) })
	defer v.Close()
	for _, message := range []string{"", "null", "{}", "[]", `"text"`, "7", `{"`, "\xff", `{"a":null}`} {
		_, sent, broken := dispatch(context.Background(), c, opts, v.URL, opts.Document, json.RawMessage(message))
		if sent != nil {
			broken = errors.Join(broken, expect("it", sent, Permanent))
		}
		if err := at(fmt.Sprintf("message %q", message), broken); err != nil {
			return err
		}
	}
	return nil
}

func withoutSecret(c channel.Channel, opts Options) error {
	v := newVendor(func(w http.ResponseWriter, r *http.Request, _ string) { opts.Success(w, r) })
	defer v.Close()
	opts.Secrets = func(string) Secrets { return Secrets{} }
	_, sent, broken := send(context.Background(), c, opts, v.URL)
	if n := len(v.paths()); n > 0 {
		broken = errors.Join(broken, fmt.Errorf("%d requests were made without a secret", n))
	}
	return errors.Join(broken, expect("a missing secret", sent, Unreachable))
}

func endedBefore(c channel.Channel, opts Options) error {
	v := newVendor(func(w http.ResponseWriter, r *http.Request, _ string) { opts.Success(w, r) })
	defer v.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, sent, broken := send(ctx, c, opts, v.URL)
	return errors.Join(broken, expect("an ended context", sent, Transient))
}

func endedWhileWaiting(c channel.Channel, opts Options) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	v := newVendor(func(_ http.ResponseWriter, r *http.Request, _ string) {
		cancel()
		<-r.Context().Done()
	})
	defer v.Close()
	_, sent, broken := send(ctx, c, opts, v.URL)
	return errors.Join(broken, expect("a context that ended", sent, Transient))
}

func deadline(c channel.Channel, opts Options) error {
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	v := newVendor(func(_ http.ResponseWriter, r *http.Request, _ string) { <-r.Context().Done() })
	defer v.Close()
	_, sent, broken := send(ctx, c, opts, v.URL)
	return errors.Join(broken, expect("a deadline", sent, Transient))
}

func refused(c channel.Channel, opts Options) error {
	v := newVendor(nil)
	v.Close()
	_, sent, broken := send(context.Background(), c, opts, v.URL)
	return errors.Join(broken, expect("a refused connection", sent, Transient))
}

// cut closes the connection without an answer.
func cut(c channel.Channel, opts Options) error {
	return raw(c, opts, "a cut connection", func(io.Writer, string) {})
}

// notHTTP answers in another protocol, and says back what was sent, which net/http
// shows in its error.
func notHTTP(c channel.Channel, opts Options) error {
	return raw(c, opts, "an answer that is not HTTP", func(w io.Writer, dump string) { io.WriteString(w, dump+"\r\n\r\n") })
}

func raw(c channel.Channel, opts Options, what string, answer func(w io.Writer, dump string)) error {
	v := newVendor(func(w http.ResponseWriter, _ *http.Request, dump string) {
		connection, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		out := bufio.NewWriter(buffered)
		answer(out, dump)
		out.Flush()
		buffered.Flush()
	})
	defer v.Close()
	_, sent, broken := send(context.Background(), c, opts, v.URL)
	return errors.Join(broken, expect(what, sent, Transient))
}
