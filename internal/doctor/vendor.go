package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"

	"fanfare/internal/outbound"
)

// statusError is an answer that says nothing about what was asked.
type statusError int

func (s statusError) Error() string { return fmt.Sprintf("the answer has status %d", int(s)) }

// ask sends the request, and reads the answer up to the limit.
func ask(client *http.Client, request *http.Request, limit int64) (status int, body []byte, err error) {
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, unanswered(err)
	}
	body, more, err := outbound.ReadBody(response, limit)
	if err != nil || more {
		body = nil // the status says enough, or there is nothing to read
	}
	return response.StatusCode, body, nil
}

// unanswered says why there is no answer, without what net/http adds: the address, and of
// an answer that is not HTTP its first line, which may say back a secret.
func unanswered(err error) error {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &timeout) && timeout.Timeout():
		return errors.New("no answer in time")
	case errors.As(err, &network):
		return network
	case errors.As(err, &certificate):
		return certificate
	default:
		return errors.New("the connection broke")
	}
}
