package edge

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// protocol is how a call and its answer are written.
type protocol int

const (
	restJSON     protocol = iota // Lambda and whatever is not recognised
	restXML                      // S3
	jsonProtocol                 // AWS JSON 1.0 and 1.1: X-Amz-Target
	queryXML                     // AWS Query: Action=
	rpcCBOR                      // Smithy RPC v2 CBOR: /service/X/operation/Y
)

// maxPeek is how much of a body is held back to look into it; ample for the first
// fields of a form and for a whole UpdateService.
const maxPeek = 256 << 10

// callOf tells what operation a request asks for, as "service:Operation". A call of a
// REST protocol does not name its operation: there it is "service:METHOD /path".
func callOf(r *http.Request) *call {
	service := signedService(r)
	if prefix, operation := cutLast(r.Header.Get("X-Amz-Target"), '.'); operation != "" {
		return &call{protocol: jsonProtocol, operation: named(service, prefix, operation)}
	}
	if parts := strings.Split(r.URL.Path, "/"); len(parts) == 5 && parts[1] == "service" && parts[3] == "operation" && parts[4] != "" {
		return &call{protocol: rpcCBOR, operation: named(service, parts[2], parts[4])}
	}
	if action := action(r); action != "" {
		return &call{protocol: queryXML, operation: named(service, "", action)}
	}
	c := &call{protocol: restJSON, operation: r.Method + " " + r.URL.Path}
	if service == "s3" {
		c.protocol = restXML
	}
	if service != "" {
		c.operation = service + ":" + c.operation
	}
	return c
}

// names gives the name under which IAM knows a service, by the name that its requests
// carry when that is another one.
var names = map[string]string{
	"monitoring":                         "cloudwatch",
	"amazonec2containerservicev20141113": "ecs",
	"amazonssm":                          "ssm",
	"amazonsqs":                          "sqs",
	"codepipeline_20150709":              "codepipeline",
	"awsevents":                          "events",
	"awsstepfunctions":                   "states",
	"dynamodb_20120810":                  "dynamodb",
	"graniteserviceversion20100801":      "cloudwatch",
	"logs_20140328":                      "logs",
	"trentservice":                       "kms",
}

// named joins service and operation. An unsigned call has no service; the name that
// the protocol gives stands in.
func named(service, fallback, operation string) string {
	if service == "" {
		service = strings.ToLower(fallback)
	}
	if name, ok := names[service]; ok {
		service = name
	}
	if service == "" {
		return operation
	}
	return service + ":" + operation
}

// signedService is the service in the credential scope of the signature, in the header
// or in a presigned URL; empty for an unsigned request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
func signedService(r *http.Request) string {
	_, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !ok {
		scope = r.URL.Query().Get("X-Amz-Credential")
	}
	scope, _, _ = strings.Cut(scope, ",")
	if parts := strings.Split(scope, "/"); len(parts) == 5 {
		return parts[3]
	}
	return ""
}

// action is the Action of a query protocol's call, from the URL or the form.
func action(r *http.Request) string {
	if a := r.URL.Query().Get("Action"); a != "" {
		return a
	}
	if r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return ""
	}
	// A form cut at maxPeek ends in a pair that may not parse; the others are kept.
	form, _ := url.ParseQuery(string(peek(r)))
	return form.Get("Action")
}

// peek returns the first maxPeek bytes of the body and puts them back. An error of the
// client comes again when the rest is read.
func peek(r *http.Request) []byte {
	if r.Body == nil {
		return nil
	}
	head, _ := io.ReadAll(io.LimitReader(r.Body, maxPeek))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	return head
}

// cutLast cuts s at the last sep; without one, all of it comes after.
func cutLast(s string, sep byte) (before, after string) {
	i := strings.LastIndexByte(s, sep)
	return s[:max(i, 0)], s[i+1:]
}
