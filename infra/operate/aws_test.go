package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/why"
)

// cloud answers as STS and Lambda do.
type cloud struct {
	account  string // of the credentials; empty when they are refused
	status   int    // of an invocation
	error    string // the type of what Lambda itself refuses it with
	function string // the kind of error of the function; empty when it did not fail
	body     string
	invoked  []string
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/" {
		if c.account == "" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>`)
			return
		}
		fmt.Fprintf(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, c.account)
		return
	}
	c.invoked = append(c.invoked, r.URL.Path+" "+string(body))
	if c.function != "" {
		w.Header().Set("X-Amz-Function-Error", c.function)
	}
	if c.error != "" {
		w.Header().Set("X-Amzn-ErrorType", c.error)
	}
	w.WriteHeader(c.status)
	fmt.Fprint(w, c.body)
}

func TestCalls(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "an example")
	const place = "account 123456789012, region eu-west-1"
	for name, test := range map[string]struct {
		cloud   cloud
		want    string // the error; empty for none
		invoked int
	}{
		"it answers": {cloud{account: "123456789012", status: 200, body: `{"found":true,"text":"told"}`}, "", 1},
		"the credentials are expired": {cloud{}, "AWS does not take the credentials: ExpiredToken: The security token included in the request is expired; " +
			"sign in anew (aws sso login), or set AWS_PROFILE", 0},
		"the credentials are another account's": {cloud{account: "210987654321"}, "the AWS credentials are of account 210987654321, and the account file shop is of 123456789012: " +
			"set AWS_PROFILE to one of that account", 0},
		"nothing is deployed": {cloud{account: "123456789012", status: 404, error: "ResourceNotFoundException", body: `{"Message":"Function not found: arn:x"}`},
			"there is no function fanfare-why in " + place + ": `make deploy ACCOUNT=shop` first", 1},
		"not allowed": {cloud{account: "123456789012", status: 403, error: "AccessDeniedException", body: `{"Message":"User: arn:x is not authorized"}`},
			"not allowed in " + place + ": lambda:InvokeFunction on the function fanfare-why is needed", 1},
		"too many": {cloud{account: "123456789012", status: 429, error: "TooManyRequestsException", body: `{"message":"Rate Exceeded."}`},
			"the account runs as many functions at once as it may (TooManyRequestsException): try again in a minute", 1},
		"Lambda is out of order": {cloud{account: "123456789012", status: 500, error: "ServiceException", body: `{"message":"out of order"}`},
			"calling fanfare-why: ServiceException: out of order", 1},
		"the function fails": {cloud{account: "123456789012", status: 200, function: "Unhandled", body: `{"errorMessage":"looking through the ledger: denied","errorType":"Permanent"}`},
			"the function fanfare-why failed: Permanent looking through the ledger: denied; its log is /aws/lambda/fanfare-why", 1},
		"it answers nonsense": {cloud{account: "123456789012", status: 200, body: "<html>"}, "reading the answer of fanfare-why: invalid character '<' looking for beginning of value", 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(&test.cloud)
			defer server.Close()
			t.Setenv("AWS_ENDPOINT_URL", server.URL)
			var answer why.Answer
			c, err := connect(t.Context(), "shop", account.Account{ID: "123456789012", Region: "eu-west-1"})
			if err == nil {
				err = c.Call(t.Context(), "fanfare-why", why.Input{Deployment: "ecs-svc/1"}, &answer)
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != test.want || len(test.cloud.invoked) != test.invoked || strings.Contains(got, server.URL) {
				t.Errorf("got %s after %d invocations\nwant %s, %d", got, len(test.cloud.invoked), test.want, test.invoked)
			}
			if test.want == "" && (answer.Text != "told" || test.cloud.invoked[0] != `/2015-03-31/functions/fanfare-why/invocations {"deployment":"ecs-svc/1"}`) {
				t.Errorf("answered %+v to %v", answer, test.cloud.invoked)
			}
		})
	}
}

func TestNoCredentials(t *testing.T) {
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, "/dev/null")
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	_, err := connect(t.Context(), "shop", account.Account{ID: "123456789012", Region: "eu-west-1"})
	if err == nil || !strings.HasPrefix(err.Error(), "no AWS credentials are found for account 123456789012, region eu-west-1: sign in (aws sso login) or set AWS_PROFILE") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "IMDS") {
		t.Errorf("it speaks of what only machines in EC2 have: %v", err)
	}
	t.Setenv("AWS_PROFILE", "nowhere")
	if _, err = connect(t.Context(), "shop", account.Account{}); err == nil || !strings.HasPrefix(err.Error(), "reading the AWS configuration: ") {
		t.Errorf("a profile that there is not: %v", err)
	}
}

// TestNotReached: nobody is sent to sign in anew when it is the network.
func TestNotReached(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "an example")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	t.Setenv("AWS_ENDPOINT_URL", server.URL)
	_, err := connect(t.Context(), "shop", account.Account{ID: "123456789012", Region: "eu-west-1"})
	if err == nil || !strings.HasPrefix(err.Error(), "AWS could not be reached: dial tcp 127.0.0.1:") ||
		!strings.HasSuffix(err.Error(), "connection refused; look at the network, and at AWS_ENDPOINT_URL if it is set") {
		t.Errorf("got %v", err)
	}
}
