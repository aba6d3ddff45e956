// Package cloud makes the AWS clients' configuration inside a Lambda.
//
// The SDK's own config package can find credentials in a dozen places (SSO, profiles,
// instance metadata); a Lambda has one: its environment. Reading it here saves about
// three megabytes and several milliseconds of every cold start.
package cloud

import (
	"errors"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"fanfare/internal/account"
	"fanfare/internal/ledger"
	"fanfare/internal/parameter"
)

// A call is repeated once, soon. Beyond that the workflow retries, in the open, while
// seconds spent here would be taken from a page.
const (
	attempts   = 2
	maxBackoff = 500 * time.Millisecond
)

// TableVariable is the environment variable that names the ledger's table.
const TableVariable = "FANFARE_TABLE"

// Config is the configuration that the Lambda's environment gives: region, role
// credentials, and the endpoint when AWS_ENDPOINT_URL points at an emulator.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func Config() aws.Config {
	config := aws.Config{
		Region: os.Getenv("AWS_REGION"),
		Credentials: credentials.NewStaticCredentialsProvider(
			os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), os.Getenv("AWS_SESSION_TOKEN")),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = attempts, maxBackoff })
		},
	}
	if endpoint := os.Getenv("AWS_ENDPOINT_URL"); endpoint != "" {
		config.BaseEndpoint = aws.String(endpoint)
	}
	return config
}

// Ledger is the table that the environment names.
func Ledger() (*ledger.Ledger, error) {
	table := os.Getenv(TableVariable)
	if table == "" {
		return nil, errors.New(TableVariable + ": the name of the ledger's table expected, found nothing")
	}
	return &ledger.Ledger{API: dynamodb.NewFromConfig(Config()), Table: table, Now: time.Now}, nil
}

// Secrets are those of one owner: a channel, or gitlab.
func Secrets(a account.Account, owner string) *parameter.Secrets {
	return &parameter.Secrets{API: ssm.NewFromConfig(Config()), Path: a.Secrets.Prefix + "/" + owner, Now: time.Now}
}
