package parameter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"fanfare/internal/failure"
	"fanfare/internal/secret"
)

var _ secret.Store = (*Secrets)(nil)

const token = "xoxb-a-token-that-nobody-may-see"

// store is SSM with its SecureStrings, and counts how often each was read.
type store struct {
	mu     sync.Mutex
	values map[string]string
	err    error
	reads  map[string]int
}

func (s *store) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads == nil {
		s.reads = map[string]int{}
	}
	name := aws.ToString(in.Name)
	s.reads[name]++
	if s.err != nil {
		return nil, s.err
	}
	value, ok := s.values[name]
	if !ok {
		return nil, &smithy.OperationError{ServiceID: "SSM", OperationName: "GetParameter", Err: &types.ParameterNotFound{}}
	}
	if !aws.ToBool(in.WithDecryption) {
		value = "ciphertext"
	}
	return &ssm.GetParameterOutput{Parameter: &types.Parameter{Name: in.Name, Value: aws.String(value)}}, nil
}

// clock is a clock that a test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func begin(values map[string]string) (*Secrets, *store, *clock) {
	s, c := &store{values: values}, &clock{time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)}
	return &Secrets{API: s, Path: "/fanfare/slack", Now: c.Now}, s, c
}

func TestSecretIsUsedForFiveMinutes(t *testing.T) {
	t.Parallel()
	const name = "/fanfare/slack/bot-token"
	secrets, s, c := begin(map[string]string{name: token})
	steps := []struct {
		after time.Duration
		value string // what SSM has from now on
		want  string
		reads int
	}{
		{0, token, token, 1},
		{5*time.Minute - time.Nanosecond, "replaced", token, 1},
		{time.Nanosecond, "replaced", "replaced", 2},
		{4 * time.Minute, "replaced again", "replaced", 2},
		{time.Hour, "replaced again", "replaced again", 3},
	}
	for i, step := range steps {
		c.now = c.now.Add(step.after)
		s.values[name] = step.value
		got, err := secrets.Secret(t.Context(), "bot-token")
		if err != nil || got.Reveal() != step.want || s.reads[name] != step.reads {
			t.Errorf("step %d: got %q, %v, read %d times", i, got.Reveal(), err, s.reads[name])
		}
		if text := fmt.Sprintf("%v %+v %#v %s", got, got, got, got); strings.Contains(text, step.want) {
			t.Errorf("the secret prints as %s", text)
		}
	}
}

// TestAnOutageAfterTheFirstRead uses the secret on; what SSM says for good counts.
func TestAnOutageAfterTheFirstRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		kept bool
	}{
		"a timeout": {context.DeadlineExceeded, true},
		"throttled": {&smithy.GenericAPIError{Code: "ThrottlingException"}, true},
		"refused":   {&smithy.GenericAPIError{Code: "AccessDeniedException"}, false},
		"removed":   {&types.ParameterNotFound{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secrets, s, c := begin(map[string]string{"/fanfare/slack/bot-token": token})
			if _, err := secrets.Secret(t.Context(), "bot-token"); err != nil {
				t.Fatal(err)
			}
			c.now, s.err = c.now.Add(time.Hour), test.err
			got, err := secrets.Secret(t.Context(), "bot-token")
			if (err == nil) != test.kept || test.kept && got.Reveal() != token {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSecretsAreKeptApart(t *testing.T) {
	t.Parallel()
	secrets, _, _ := begin(map[string]string{"/fanfare/slack/bot-token": token, "/fanfare/slack/webhook-url": "https://hooks.slack.com/x"})
	for range 2 {
		for name, want := range map[string]string{"bot-token": token, "webhook-url": "https://hooks.slack.com/x"} {
			if got, err := secrets.Secret(t.Context(), name); err != nil || got.Reveal() != want {
				t.Errorf("%s: got %q, %v", name, got.Reveal(), err)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	const path = "/fanfare/slack/bot-token"
	tests := []struct {
		name   string
		values map[string]string
		err    error
		class  string
		said   string
	}{
		{"missing", map[string]string{"/fanfare/slack/webhook-url": token}, nil, "*failure.Permanent",
			"the secret " + path + " is missing: put it there with `aws ssm put-parameter --type SecureString`"},
		{"empty", map[string]string{path: ""}, nil, "*failure.Permanent", "the secret " + path + " is empty"},
		{"throttled", nil, &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}, "*failure.Transient",
			"reading the secret " + path + ": api error ThrottlingException: Rate exceeded"},
		{"refused", nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}, "*failure.Permanent",
			"reading the secret " + path + ": api error AccessDeniedException: no"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			secrets, s, _ := begin(test.values)
			s.err = test.err
			got, err := secrets.Secret(t.Context(), "bot-token")
			classified := failure.Classify(err)
			if class := fmt.Sprintf("%T", classified); class != test.class || err.Error() != test.said {
				t.Errorf("got %s, %v", class, err)
			}
			if got.Reveal() != "" || test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("got %q, %v", got.Reveal(), err)
			}
		})
	}
}

// TestAnErrorIsNotRemembered puts the missing secret there.
func TestAnErrorIsNotRemembered(t *testing.T) {
	t.Parallel()
	secrets, s, _ := begin(map[string]string{})
	if _, err := secrets.Secret(t.Context(), "bot-token"); err == nil {
		t.Fatal("found a secret that is missing")
	}
	s.values["/fanfare/slack/bot-token"] = token
	if got, err := secrets.Secret(t.Context(), "bot-token"); err != nil || got.Reveal() != token {
		t.Errorf("got %q, %v", got.Reveal(), err)
	}
}

// TestManyAtOnce is for the race detector, and holds that SSM is asked once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	secrets, s, _ := begin(map[string]string{"/fanfare/slack/bot-token": token})
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if got, err := secrets.Secret(t.Context(), "bot-token"); err != nil || got.Reveal() != token {
				t.Errorf("got %q, %v", got.Reveal(), err)
			}
		})
	}
	all.Wait()
	if s.reads["/fanfare/slack/bot-token"] != 1 {
		t.Errorf("read %v", s.reads)
	}
}
