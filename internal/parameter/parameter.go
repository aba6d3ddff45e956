// Package parameter reads and writes SSM parameters: the secrets of one owner, and the
// last good tags.
package parameter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"fanfare/internal/failure"
	"fanfare/internal/secret"
)

// Fresh is how long a secret is used before it is read again, so that a token that was
// replaced is taken up without a deployment.
const Fresh = 5 * time.Minute

// patience is how long SSM is waited for.
const patience = 2 * time.Second

// GetAPI reads a parameter.
type GetAPI interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// Secrets are the SecureStrings below <prefix>/<owner>/.
type Secrets struct {
	API GetAPI
	// Path is <prefix>/<owner>.
	Path string
	Now  func() time.Time

	mu    sync.Mutex
	known map[string]known
}

type known struct {
	value secret.Value
	until time.Time
}

// Secret implements [secret.Store]. While SSM cannot be reached, a secret that was read
// before is used on.
func (s *Secrets) Secret(ctx context.Context, name string) (secret.Value, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.known[name]; ok && s.Now().Before(k.until) {
		return k.value, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	path := s.Path + "/" + name
	out, err := s.API.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(path), WithDecryption: aws.Bool(true)})
	var missing *types.ParameterNotFound
	if errors.As(err, &missing) {
		return secret.Value{}, failure.Permanentf("the secret %s is missing: put it there with `aws ssm put-parameter --type SecureString`", path)
	}
	if err != nil {
		err = fmt.Errorf("reading the secret %s: %w", path, err)
		var passing *failure.Transient
		if k, ok := s.known[name]; ok && errors.As(failure.Classify(err), &passing) {
			// What was good minutes ago is a better guess than that nobody is told.
			slog.WarnContext(ctx, "using a secret read before", "error", failure.Classify(err).Error())
			return k.value, nil
		}
		return secret.Value{}, err
	}
	if out.Parameter == nil || aws.ToString(out.Parameter.Value) == "" {
		return secret.Value{}, failure.Permanentf("the secret %s is empty", path)
	}
	value := secret.New(*out.Parameter.Value)
	if s.known == nil {
		s.known = map[string]known{}
	}
	s.known[name] = known{value, s.Now().Add(Fresh)}
	return value, nil
}
