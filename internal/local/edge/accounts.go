package edge

import (
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// With returns the edge of one more account in the same engine and region, with pipelines
// of its own. The calls of its functions come in where those of the first do: the engine
// gives all functions one address. Its rollouts, executions and events go through it.
func (e *Edge) With(account string, pipelines []string) *Edge {
	return e.shared.add(account, e.region, pipelines)
}

func (s *shared) add(id, region string, pipelines []string) *Edge {
	config := s.config.Copy()
	config.Region = region
	config.Credentials = credentials.NewStaticCredentialsProvider(id, "local", "") // the engine takes an account's number for its root's key
	e := &Edge{
		account: id, region: region, pipelines: pipelines, shared: s,
		ecs: ecs.NewFromConfig(config), events: eventbridge.NewFromConfig(config),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[id] = e
	return e
}

// of is the edge of the account that makes the call. Only for the calls whose answers are
// made here is that asked, and only where there is more than one account.
func (e *Edge) of(r *http.Request, c *call) *Edge {
	e.mu.Lock()
	several := len(e.accounts) > 1
	e.mu.Unlock()
	if !several || !isPipelineCall(c) && c.operation != updateService {
		return e
	}
	id := accessKey(r)
	if !accountNumber.MatchString(id) {
		config := e.config.Copy()
		config.Region, config.Credentials = e.region, credentials.NewStaticCredentialsProvider(e.account, "local", "")
		out, err := sts.NewFromConfig(config).GetAccessKeyInfo(r.Context(), &sts.GetAccessKeyInfoInput{AccessKeyId: &id})
		if err != nil {
			slog.Error("asking whose access key this is", "error", err) // the engine will refuse it
			return e
		}
		id = aws.ToString(out.Account)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if caller, ok := e.accounts[id]; ok {
		return caller
	}
	return &Edge{account: id, region: e.region, ecs: e.ecs, events: e.events, shared: e.shared} // it has no pipelines
}

var accountNumber = regexp.MustCompile(`^\d{12}$`)

// accessKey is the access key in the credential scope of the signature.
func accessKey(r *http.Request) string {
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(scope, "/")
	return key
}
