package edge

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// inputError is an error of the caller's; its message names the field.
type inputError string

func (e inputError) Error() string { return string(e) }

func badInput(format string, args ...any) error { return inputError(fmt.Sprintf(format, args...)) }

// errorBody is an error as the call's service would write it, and its content type. A
// status of 0 counts as 500, as it does for a fault; an empty message gets a usual one. It sets the headers that go with it.
func (c *call) errorBody(h http.Header, status int, message string) (contentType, body string) {
	code := "InternalServerError"
	usual := "The request could not be completed due to an internal error."
	switch status {
	case http.StatusBadRequest, http.StatusTooManyRequests:
		code, usual = "ThrottlingException", "Rate exceeded"
	case http.StatusForbidden:
		code, usual = "AccessDeniedException", "User is not authorized to perform: "+c.operation
	case http.StatusNotFound:
		code, usual = "ResourceNotFoundException", "The resource could not be found."
	case http.StatusServiceUnavailable:
		code, usual = "ServiceUnavailable", "The service is unavailable, try again later."
	}
	if message == "" {
		message = usual
	}
	requestID := newUUID()
	h.Set("X-Amzn-Requestid", requestID)
	switch c.protocol {
	case rpcCBOR:
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
		return "application/cbor", "\xa2" + cborText("__type") + cborText(code) + cborText("message") + cborText(message)
	case queryXML, restXML:
		return "text/xml", xmlError(c.protocol, status, strings.TrimSuffix(code, "Exception"), message, requestID)
	}
	b, _ := json.Marshal(map[string]string{"__type": code, "message": message})
	if c.protocol == jsonProtocol {
		return "application/x-amz-json-1.1", string(b)
	}
	return "application/json", string(b)
}

func xmlError(p protocol, status int, code, message, requestID string) string {
	type detail struct {
		Type    string
		Code    string
		Message string
	}
	var answer any = struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		RequestID string `xml:"RequestId"`
	}{Code: code, Message: message, RequestID: requestID}
	if p == queryXML {
		blame := "Receiver"
		if status >= 400 && status < 500 {
			blame = "Sender"
		}
		answer = struct {
			XMLName   xml.Name `xml:"ErrorResponse"`
			Error     detail
			RequestID string `xml:"RequestId"`
		}{Error: detail{blame, code, message}, RequestID: requestID}
	}
	b, _ := xml.Marshal(answer)
	return xml.Header + string(b)
}

// cborText writes s as a CBOR text string with a 16-bit length.
// https://www.rfc-editor.org/rfc/rfc8949#section-3.1
func cborText(s string) string {
	s = s[:min(len(s), 1<<16-1)]
	return string([]byte{0x79, byte(len(s) >> 8), byte(len(s))}) + s
}
