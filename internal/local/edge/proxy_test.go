package edge

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"fanfare/internal/local/fault"
)

func readAll(r *http.Request) ([]byte, error) { return io.ReadAll(r.Body) }

func TestPassThrough(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Message=abc&", maxPeek/8) // more than is held back
	tests := map[string]struct {
		method, uri, body string
		header            http.Header
	}{
		"json":          {"POST", "/", `{"cluster" : "prod","services":["shop"]}`, http.Header{"X-Amz-Target": {"AmazonSSM.GetParameter"}, "Content-Type": {"application/x-amz-json-1.1"}}},
		"UpdateService": {"POST", "/", `{ "cluster":"nope", "service":"x" }`, http.Header{"X-Amz-Target": {"AmazonEC2ContainerServiceV20141113.UpdateService"}}},
		"long form":     {"POST", "/", "Action=Publish&" + long, http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}},
		"broken form":   {"POST", "/", "Action=%zz&;;", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}},
		"odd path":      {"PUT", "/bucket//a%20b/%C3%BC+%2F%25.bin?partNumber=1&x-id=Put%20Object&uploads", "\x00\xff", http.Header{"Content-Encoding": {"aws-chunked"}, "X-Amz-Decoded-Content-Length": {"1"}}},
		"odd query":     {"GET", "/?a;b&c=%zz", "", nil},
		"forwarded":     {"POST", "/x", "b", http.Header{"X-Forwarded-For": {"10.0.0.1"}, "Accept-Encoding": {"identity"}, "User-Agent": {"aws-cli/2"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, &fakeEngine{})
			header := http.Header{"Authorization": {"AWS4-HMAC-SHA256 Credential=ASIAX/20261121/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=ab"}, "X-Amz-Meta": {"one", "two"}}
			for k, v := range tt.header {
				header[k] = v
			}
			resp := sendRaw(t, w.url, tt.method, tt.uri, "signed.example:4566", header, tt.body)
			if resp.Header.Get("X-Engine") != "kept" {
				t.Errorf("the engine's headers did not come back: %v", resp.Header)
			}
			got := w.engine.last()
			if got.host != "signed.example:4566" || got.uri != tt.uri {
				t.Errorf("the engine got %s %s, want %s", got.host, got.uri, tt.uri)
			}
			if string(got.body) != tt.body {
				t.Errorf("the engine got a body of %d bytes, want %d", len(got.body), len(tt.body))
			}
			got.header.Del("Content-Length")
			if !reflect.DeepEqual(got.header, header) {
				t.Errorf("the engine got headers\n%v\nwant\n%v", got.header, header)
			}
		})
	}
}

// sendRaw writes the request itself, for a client would tidy it.
func sendRaw(t *testing.T, to, method, uri, host string, header http.Header, body string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(to, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var b bytes.Buffer
	b.WriteString(method + " " + uri + " HTTP/1.1\r\nHost: " + host + "\r\n")
	_ = header.Write(&b)
	if body != "" {
		b.WriteString("Content-Length: " + itoa(len(body)) + "\r\n")
	}
	b.WriteString("\r\n" + body)
	if _, err := conn.Write(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// A body that is not looked into reaches the engine while the client still writes it.
func TestStreams(t *testing.T) {
	t.Parallel()
	first := make(chan string, 1)
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 5)
		_, _ = io.ReadFull(r.Body, b)
		first <- string(b)
		_, _ = io.Copy(w, r.Body)
	}))
	defer engine.Close()
	u, _ := url.Parse(engine.URL)
	front := httptest.NewServer(New(Options{Engine: u, Account: "123456789012", Region: "eu-west-1"}))
	defer front.Close()

	body, write := io.Pipe()
	go func() {
		_, _ = io.WriteString(write, "first")
		if got := <-first; got != "first" {
			_ = write.CloseWithError(errors.New("the engine got " + got))
			return
		}
		_, _ = io.WriteString(write, "second")
		_ = write.Close()
	}()
	resp, err := http.Post(front.URL, "application/octet-stream", body)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "second" {
		t.Errorf("got back %q", b)
	}
}

func TestEngineDown(t *testing.T) {
	t.Parallel()
	engine := httptest.NewServer(http.NotFoundHandler())
	u, _ := url.Parse(engine.URL)
	engine.Close()
	front := httptest.NewServer(New(Options{Engine: u, Account: "123456789012", Region: "eu-west-1"}))
	defer front.Close()
	resp, err := http.Get(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(b), "the engine did not answer") {
		t.Errorf("got %d %s", resp.StatusCode, b)
	}
}

func TestFaultsSpeakTheProtocol(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	creds := credentials.NewStaticCredentialsProvider("123456789012", "x", "")
	calls := map[string]func(url *string) error{
		"ssm:GetParameter": func(url *string) error {
			_, err := ssm.New(ssm.Options{Region: "eu-west-1", BaseEndpoint: url, Credentials: creds, RetryMaxAttempts: 1}).GetParameter(ctx, &ssm.GetParameterInput{Name: new("n")})
			return err
		},
		"sns:Publish": func(url *string) error {
			_, err := sns.New(sns.Options{Region: "eu-west-1", BaseEndpoint: url, Credentials: creds, RetryMaxAttempts: 1}).Publish(ctx, &sns.PublishInput{Message: new("m"), TopicArn: new("arn:aws:sns:eu-west-1:123456789012:t")})
			return err
		},
		"s3:PUT /bucket/key": func(url *string) error {
			_, err := s3.New(s3.Options{Region: "eu-west-1", BaseEndpoint: url, Credentials: creds, RetryMaxAttempts: 1, UsePathStyle: true}).PutObject(ctx, &s3.PutObjectInput{Bucket: new("bucket"), Key: new("key"), Body: strings.NewReader("b")})
			return err
		},
	}
	codes := map[int]string{400: "Throttling", 403: "AccessDenied", 404: "ResourceNotFound", 500: "InternalServerError", 503: "ServiceUnavailable"}
	for operation, call := range calls {
		for status, code := range codes {
			t.Run(operation+" "+itoa(status), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, &fakeEngine{})
				if err := w.faults.Add(fault.Fault{Target: "aws", Match: operation, Kind: fault.Status, Status: status, Times: 1}); err != nil {
					t.Fatal(err)
				}
				var refused smithy.APIError
				if err := call(&w.url); !errors.As(err, &refused) || strings.TrimSuffix(refused.ErrorCode(), "Exception") != code || refused.ErrorMessage() == "" {
					t.Errorf("got %v, want %s", err, code)
				}
				if n := len(w.engine.requests); n != 0 {
					t.Errorf("the engine got %d requests", n)
				}
				if n := w.Counts()[operation]; n != 1 {
					t.Errorf("counts are %v", w.Counts())
				}
			})
		}
	}
}

func TestFaultInCBOR(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	_ = w.faults.Add(fault.Fault{Target: "aws", Match: "cloudwatch:PutMetricData", Kind: fault.Status, Status: 400})
	resp, err := http.Post(w.url+"/service/GraniteServiceVersion20100801/operation/PutMetricData", "application/cbor", strings.NewReader("\xa0"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	want := "\xa2\x79\x00\x06__type\x79\x00\x13ThrottlingException\x79\x00\x07message\x79\x00\x0dRate exceeded"
	if resp.StatusCode != 400 || resp.Header.Get("Smithy-Protocol") != "rpc-v2-cbor" || string(b) != want {
		t.Errorf("got %d %v %q", resp.StatusCode, resp.Header, b)
	}
}

func TestDelayLeavesTheAnswerAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, &fakeEngine{})
	_ = w.faults.Add(fault.Fault{Target: "aws", Kind: fault.Delay, DelayMS: 20})
	start := time.Now()
	resp, err := http.Get(w.url + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if took := time.Since(start); took < 20*time.Millisecond {
		t.Errorf("took %s", took)
	}
	if resp.Header.Get("X-Engine") == "" || resp.Header.Get("X-Amzn-Requestid") != "" {
		t.Errorf("got headers %v", resp.Header)
	}
}
