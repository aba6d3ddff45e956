//go:build e2e

package engine

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// report is what the Lambda under test says of itself.
type report struct {
	PID int
	Env []string
}

// The program of these tests is its own Lambda: deployed as bootstrap, it comes here.
func init() {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		return
	}
	awslambda.Start(func(context.Context) (report, error) {
		fmt.Println("a line, for which the engine waits")
		return report{os.Getpid(), os.Environ()}, nil
	})
}

// TestRealLambda sees what a Lambda on the engine gets to see, how fast it is, and that
// it does not outlive the engine.
func TestRealLambda(t *testing.T) {
	t.Setenv("AWS_PROFILE", "somebody")
	t.Setenv("SLACK_TOKEN", "somebody's")
	ctx := t.Context()
	edge := httptest.NewServer(http.NotFoundHandler())
	defer edge.Close()
	options := realOptions(t)
	options.Auth = false // which would ask for the role
	options.EndpointURL = edge.URL
	e := startReal(t, options)

	client := lambda.NewFromConfig(e.Config())
	_, err := client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: aws.String("self"), Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::111122223333:role/any"), Code: &lambdatypes.FunctionCode{ZipFile: zipSelf(t)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got report
	fastest := time.Hour
	for range 10 {
		began := time.Now()
		answer, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("self"), Payload: []byte("{}")})
		if err != nil || answer.FunctionError != nil {
			t.Fatalf("%v %+v", err, answer)
		}
		fastest = min(fastest, time.Since(began))
		if err := json.Unmarshal(answer.Payload, &got); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("fastest invocation: %v", fastest.Round(time.Millisecond))
	if fastest > 40*time.Millisecond {
		t.Errorf("the fastest invocation took %v: Nagle's algorithm is at work", fastest)
	}
	env := "\n" + strings.Join(got.Env, "\n") + "\n"
	for _, want := range []string{"AWS_ENDPOINT_URL=" + edge.URL, "AWS_REGION=eu-west-1", "TZ=UTC"} {
		if !strings.Contains(env, "\n"+want+"\n") {
			t.Errorf("the Lambda lacks %s", want)
		}
	}
	for _, other := range []string{"AWS_PROFILE", "SLACK_TOKEN", "HOME=" + os.Getenv("HOME") + "\n"} {
		if strings.Contains(env, "\n"+other) {
			t.Errorf("the Lambda sees its owner's %s", other)
		}
	}

	began := time.Now()
	e.Stop()
	t.Logf("stopped with a Lambda after %v", time.Since(began).Round(time.Millisecond))
	within(t, 5*time.Second, func() bool { return syscall.Kill(got.PID, 0) == syscall.ESRCH })
}

func zipSelf(t *testing.T) []byte {
	t.Helper()
	self, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	header.SetMode(0o755)
	file, err := w.CreateHeader(header)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(self); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}
