package chaos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// logPage is how many lines the engine gives at once; it knows no next page.
const logPage = 10_000

// searchLogs reads what the functions have logged.
func (s *stage) searchLogs(ctx context.Context) error {
	var groups struct {
		LogGroups []struct {
			LogGroupName string `json:"logGroupName"`
		} `json:"logGroups"`
	}
	if err := s.logs(ctx, "DescribeLogGroups", map[string]any{"logGroupNamePrefix": "/aws/lambda/"}, &groups); err != nil {
		return err
	}
	for _, group := range groups.LogGroups {
		for since := int64(0); ; {
			var lines struct {
				Events []struct {
					Timestamp int64  `json:"timestamp"`
					Message   string `json:"message"`
				} `json:"events"`
			}
			err := s.logs(ctx, "FilterLogEvents", map[string]any{"logGroupName": group.LogGroupName, "startTime": since, "limit": logPage}, &lines)
			if err != nil {
				return err
			}
			for _, line := range lines.Events {
				s.found.LogLines++
				s.found.look("the log "+group.LogGroupName, line.Message)
			}
			if len(lines.Events) < logPage {
				break
			}
			since = max(lines.Events[logPage-1].Timestamp, since+1)
		}
	}
	return nil
}

// logs makes a call to CloudWatch Logs, for which the project needs no client elsewhere.
func (s *stage) logs(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("asking for logs: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.world.Engine+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking for logs: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.1")
	request.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	config := s.direct()
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return fmt.Errorf("asking for logs: %w", err)
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), "logs", config.Region, time.Now()); err != nil {
		return fmt.Errorf("asking for logs: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking for logs: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("asking for logs: %s: status %d", operation, response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(out); err != nil {
		return fmt.Errorf("asking for logs: %w", err)
	}
	return nil
}
