package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"

	"fanfare/internal/account"
	"fanfare/internal/failure"
)

// patience is for how long an answer is waited for: longer than a function can run,
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const patience = 16 * time.Minute

// functions calls functions of the stack by their names.
type functions struct {
	api *lambda.Client
	// name is the account file's, for what a person is told to do; place is its account and
	// region.
	name, place string
	account     account.Account
}

// connect finds AWS as the AWS command line does, in the account file's region, and makes
// sure that it is the account file's account.
func connect(ctx context.Context, name string, a account.Account) (caller, error) {
	place := "account " + a.ID + ", region " + a.Region
	// What the SDK notes while it looks for credentials is no help to whoever reads this.
	found, err := config.LoadDefaultConfig(ctx, config.WithRegion(a.Region), config.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w; look at ~/.aws/config, and at AWS_PROFILE", err)
	}
	if _, err := found.Credentials.Retrieve(ctx); err != nil {
		because := " (" + innermost(err).Error() + ")"
		if strings.Contains(because, "EC2 IMDS") { // the last place looked at, which only a machine in EC2 has
			because = ""
		}
		return nil, fmt.Errorf("no AWS credentials are found for %s: sign in (aws sso login) or set AWS_PROFILE%s", place, because)
	}
	who, err := sts.NewFromConfig(found).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var refused smithy.APIError
	switch {
	case errors.As(err, &refused):
		return nil, fmt.Errorf("AWS does not take the credentials: %w; sign in anew (aws sso login), or set AWS_PROFILE", innermost(err))
	case err != nil:
		return nil, fmt.Errorf("AWS could not be reached: %w; look at the network, and at AWS_ENDPOINT_URL if it is set", innermost(err))
	}
	if id := aws.ToString(who.Account); id != a.ID {
		return nil, fmt.Errorf("the AWS credentials are of account %s, and the account file %s is of %s: set AWS_PROFILE to one of that account", id, name, a.ID)
	}
	found.HTTPClient = awshttp.NewBuildableClient().WithTimeout(patience)
	return functions{api: lambda.NewFromConfig(found, func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} }), name: name, place: place, account: a}, nil
}

// Call implements caller. The call is not repeated: what the function has begun goes on.
func (f functions) Call(ctx context.Context, function string, in, out any) error {
	payload, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("writing what %s is called with: %w", function, err)
	}
	answer, err := f.api.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err != nil {
		return f.explain(function, err)
	}
	if answer.FunctionError != nil {
		var failed struct{ ErrorType, ErrorMessage string }
		_ = json.Unmarshal(answer.Payload, &failed) // what is no JSON has no message
		return fmt.Errorf("the function %s failed: %s %s; its log is /aws/lambda/%s", function, failed.ErrorType, failed.ErrorMessage, function)
	}
	if err := json.Unmarshal(answer.Payload, out); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", function, err)
	}
	return nil
}

// explain says what to do about a call that did not come through.
func (f functions) explain(function string, err error) error {
	var gone *types.ResourceNotFoundException
	var busy *types.TooManyRequestsException
	var refused smithy.APIError
	switch {
	case errors.As(err, &gone):
		return fmt.Errorf("there is no function %s in %s: `make deploy ACCOUNT=%s` first", function, f.place, f.name)
	case errors.As(err, &busy):
		return fmt.Errorf("the account runs as many functions at once as it may (%s): try again in a minute", busy.ErrorCode())
	case errors.As(err, &refused) && refused.ErrorCode() == "AccessDeniedException":
		return fmt.Errorf("not allowed in %s: lambda:InvokeFunction on the function %s is needed", f.place, function)
	default:
		return fmt.Errorf("calling %s: %w", function, innermost(err))
	}
}

// innermost is what AWS said, without what the SDK puts around it, and without addresses.
func innermost(err error) error {
	var said smithy.APIError
	var network *net.OpError
	switch {
	case errors.As(err, &said):
		return fmt.Errorf("%s: %s", said.ErrorCode(), said.ErrorMessage())
	case errors.As(err, &network):
		return network
	default:
		return failure.Classify(err)
	}
}
