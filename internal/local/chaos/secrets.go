package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"fanfare/internal/local/world"
)

// Secrets is what was searched for the vendors' secrets, and where one was found.
type Secrets struct {
	Histories, Events, LogLines, Messages, Items int
	// Found names each place once.
	Found []string
}

func (s *Secrets) add(other Secrets) {
	s.Histories += other.Histories
	s.Events += other.Events
	s.LogLines += other.LogLines
	s.Messages += other.Messages
	s.Items += other.Items
	s.Found = append(s.Found, other.Found...)
}

// look searches a text that was found there.
func (s *Secrets) look(place, text string) {
	for name, secret := range world.Secrets() {
		if strings.Contains(text, secret) {
			if found := name + " in " + place; !slices.Contains(s.Found, found) {
				s.Found = append(s.Found, found)
			}
		}
	}
}

// search looks into the queues, before anything is taken out of them.
func (s *stage) search(ctx context.Context) error {
	for _, queue := range s.queues() {
		messages, err := s.world.QueueMessages(ctx, queue)
		if err != nil {
			return err
		}
		for _, m := range messages {
			if s.read[m.Body] {
				continue
			}
			s.read[m.Body] = true
			s.found.Messages++
			s.found.look("the queue "+queue[strings.LastIndex(queue, "/")+1:], m.Body)
			if names := namesIn(m.Body); len(names) > 0 {
				s.letters[names[0]]++
			}
		}
	}
	return nil
}

// searchAll looks into all that the plays have left behind. It returns how many items of
// each play say that the vendor absorbed what came again.
func (s *stage) searchAll(ctx context.Context) (absorbed map[string]int, err error) {
	if err := s.search(ctx); err != nil {
		return nil, err
	}
	if err := s.searchHistories(ctx); err != nil {
		return nil, err
	}
	if err := s.searchLogs(ctx); err != nil {
		return nil, err
	}
	return s.searchLedger(ctx)
}

func (s *stage) searchHistories(ctx context.Context) error {
	client := sfn.NewFromConfig(s.direct())
	for _, x := range s.follow.of("") {
		s.found.Histories++
		pages := sfn.NewGetExecutionHistoryPaginator(client, &sfn.GetExecutionHistoryInput{ExecutionArn: &x.arn, MaxResults: 1000})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("reading an execution's history: %w", err)
			}
			for _, event := range page.Events {
				text, err := json.Marshal(event)
				if err != nil {
					return fmt.Errorf("reading an execution's history: %w", err)
				}
				s.found.Events++
				s.found.look("an execution's history", string(text))
			}
		}
	}
	return nil
}

func (s *stage) searchLedger(ctx context.Context) (absorbed map[string]int, err error) {
	absorbed = map[string]int{}
	pages := dynamodb.NewScanPaginator(dynamodb.NewFromConfig(s.direct()), &dynamodb.ScanInput{TableName: aws.String(s.world.Outputs["LedgerTable"])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		for _, item := range page.Items {
			text, err := json.Marshal(item)
			if err != nil {
				return nil, fmt.Errorf("reading the ledger: %w", err)
			}
			s.found.Items++
			s.found.look("the ledger", string(text))
			outcome, _ := item["outcome"].(*types.AttributeValueMemberS)
			if names := namesIn(string(text)); len(names) > 0 && outcome != nil && outcome.Value == "absorbed" {
				absorbed[names[0]]++
			}
		}
	}
	return absorbed, nil
}
