package cloud

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanfare/internal/account"
)

func TestConfig(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "key")
	t.Setenv("AWS_SESSION_TOKEN", "session")
	for endpoint, want := range map[string]*string{"": nil, "http://127.0.0.1:4566": aws.String("http://127.0.0.1:4566")} {
		t.Setenv("AWS_ENDPOINT_URL", endpoint)
		config := Config()
		if config.Region != "eu-west-1" || aws.ToString(config.BaseEndpoint) != endpoint || (config.BaseEndpoint == nil) != (want == nil) {
			t.Errorf("endpoint %q: got %+v", endpoint, config)
		}
		found, err := config.Credentials.Retrieve(t.Context())
		if err != nil || found.AccessKeyID != "AKIDEXAMPLE" || found.SecretAccessKey != "key" || found.SessionToken != "session" {
			t.Errorf("got %+v, %v", found, err)
		}
	}
}

func TestLedger(t *testing.T) {
	t.Setenv(TableVariable, "")
	if l, err := Ledger(); err == nil || l != nil || !strings.HasPrefix(err.Error(), TableVariable+": ") {
		t.Errorf("without a table: got %v, %v", l, err)
	}
	t.Setenv(TableVariable, "fanfare-ledger")
	l, err := Ledger()
	if err != nil || l.Table != "fanfare-ledger" || l.API == nil || l.Now == nil {
		t.Errorf("got %+v, %v", l, err)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	s := Secrets(account.Account{Secrets: account.Secrets{Prefix: "/ops/fanfare"}}, "gitlab")
	if s.Path != "/ops/fanfare/gitlab" || s.API == nil || s.Now == nil {
		t.Errorf("path %q, API %v", s.Path, s.API)
	}
}
