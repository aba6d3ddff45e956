// Package secret holds what must never be seen: a type that refuses to print, and the
// names under which the secrets lie in SSM Parameter Store.
package secret

import "context"

// Value is a secret. However it is printed, logged or marshalled, it shows as ***.
type Value struct{ text string }

// New makes a Value of the secret's text.
func New(text string) Value { return Value{text} }

// Reveal gives the text, for the one place that sends it to its owner.
func (v Value) Reveal() string { return v.text }

// String hides the secret.
func (v Value) String() string { return "***" }

// GoString hides the secret from %#v.
func (v Value) GoString() string { return "***" }

// MarshalText hides the secret from encoders.
func (v Value) MarshalText() ([]byte, error) { return []byte("***"), nil }

// Store gives secrets by the name below the channel's prefix, such as bot-token.
type Store interface {
	// Secret returns the secret; the error is classified, and names the parameter.
	Secret(ctx context.Context, name string) (Value, error)
}

// Names of the secrets, below <prefix>/<owner>/.
const (
	SlackBotToken       = "bot-token"
	SlackWebhookURL     = "webhook-url"
	PagerDutyRoutingKey = "routing-key"
	GitLabToken         = "token"
)
