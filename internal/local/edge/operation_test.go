package edge

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

func itoa(n int) string { return strconv.Itoa(n) }

func request(method, uri, service, target, contentType, body string) *http.Request {
	r := httptest.NewRequest(method, "http://edge/", strings.NewReader(body))
	if u, err := url.ParseRequestURI(uri); err == nil {
		r.URL = u
	}
	if service != "" {
		r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-west-1/"+service+"/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
	}
	if target != "" {
		r.Header.Set("X-Amz-Target", target)
	}
	r.Header.Set("Content-Type", contentType)
	return r
}

func TestCallOf(t *testing.T) {
	t.Parallel()
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	tests := map[string]struct {
		r        *http.Request
		want     string
		protocol protocol
	}{
		"json 1.1":           {request("POST", "/", "ecs", "AmazonEC2ContainerServiceV20141113.DescribeServices", "", "{}"), "ecs:DescribeServices", jsonProtocol},
		"json 1.0":           {request("POST", "/", "dynamodb", "DynamoDB_20120810.UpdateItem", "", "{}"), "dynamodb:UpdateItem", jsonProtocol},
		"json unsigned":      {request("POST", "/", "", "AmazonSSM.GetParameter", "", "{}"), "ssm:GetParameter", jsonProtocol},
		"json without a dot": {request("POST", "/", "", "Odd", "", "{}"), "Odd", jsonProtocol},
		"form":               {request("POST", "/", "sns", "", form, "Action=Publish&Message=Action%3DNo"), "sns:Publish", queryXML},
		"form, action last":  {request("POST", "/", "sts", "", form, "Version=2011-06-15&Action=AssumeRole"), "sts:AssumeRole", queryXML},
		"form, not ours":     {request("POST", "/x", "", "", form, "a=b"), "POST /x", restJSON},
		"query in the URL":   {request("GET", "/?Action=ListTopics", "sns", "", "", ""), "sns:ListTopics", queryXML},
		"cbor":               {request("POST", "/service/GraniteServiceVersion20100801/operation/PutMetricData", "monitoring", "", "application/cbor", ""), "cloudwatch:PutMetricData", rpcCBOR},
		"rest json":          {request("POST", "/2015-03-31/functions/f/invocations", "lambda", "", "", "{}"), "lambda:POST /2015-03-31/functions/f/invocations", restJSON},
		"rest xml":           {request("PUT", "/b/k", "s3", "", "", "x"), "s3:PUT /b/k", restXML},
		"presigned":          {request("GET", "/b/k?X-Amz-Credential=AKIA%2F20261121%2Feu-west-1%2Fs3%2Faws4_request", "", "", "", ""), "s3:GET /b/k", restXML},
		"unsigned":           {request("GET", "/_ministack/health", "", "", "", ""), "GET /_ministack/health", restJSON},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c := callOf(tt.r); c.operation != tt.want || c.protocol != tt.protocol {
				t.Errorf("got %q, protocol %d, want %q, %d", c.operation, c.protocol, tt.want, tt.protocol)
			}
		})
	}
}

// Whatever a request says, its operation has a name and its body stays what it was.
func FuzzCallOf(f *testing.F) {
	f.Add("/", "ecs", "AmazonSSM.GetParameter", "application/json", "{}")
	f.Add("/?Action=x;y&%zz", "a/b", "", "application/x-www-form-urlencoded", "Action=Publish&%zz;")
	f.Add("/service//operation/", "", "", "application/cbor", "\xa0")
	f.Fuzz(func(t *testing.T, uri, service, target, contentType, body string) {
		r := request("POST", uri, service, target, contentType, body)
		c := callOf(r)
		if c.operation == "" {
			t.Error("no operation")
		}
		if b, err := io.ReadAll(r.Body); err != nil || string(b) != body {
			t.Errorf("the body became %q, %v", b, err)
		}
		c.errorBody(http.Header{}, 0, "")
	})
}
