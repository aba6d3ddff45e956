package chaos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanfare/internal/ledger"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/standin"
)

const (
	crowdedChannel  = "C0CHAOS008"
	archivedChannel = "C0CHAOS009"
	// digestAfter is what the account file says.
	digestAfter = 1000
	// manyAway is how many plays are told of in the archived channel.
	manyAway = 5
)

// digestRows: the one call that is made of a digest alone.
func digestRows() []row {
	var all []row
	for _, way := range ways {
		all = append(all, row{"dynamodb:Query " + way.name, 1, func(d dice, _ int) Play {
			f := way.fault(d)
			f.Target, f.Match, f.Times = "aws", "dynamodb:Query", d.upTo(retries)
			return Play{Source: ecsSource, Story: succeeds, Place: inDigest, Faults: []fault.Fault{f}}
		}})
	}
	return all
}

// crowd has the ledger believe that the channel was told so much within this minute that
// the play is gathered in a digest, and has the play's faults hit that digest.
func (s *stage) crowd(ctx context.Context, p *Play) error {
	since := time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z")
	_, err := dynamodb.NewFromConfig(s.direct()).PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String(s.world.Outputs["LedgerTable"]),
		Item: map[string]types.AttributeValue{
			ledger.PartitionKey: &types.AttributeValueMemberS{Value: "slack#" + crowdedChannel}, ledger.SortKey: &types.AttributeValueMemberS{Value: "minute"},
			"since": &types.AttributeValueMemberS{Value: since}, "count": &types.AttributeValueMemberN{Value: strconv.Itoa(digestAfter)},
		},
	})
	if err != nil {
		return fmt.Errorf("crowding a channel: %w", err)
	}
	s.name(since, *p)
	p.Faults = slices.Clone(p.Faults)
	for i := range p.Faults {
		p.Faults[i].Key = since
	}
	return nil
}

func outageRows() []row {
	return []row{{"a channel is archived", manyAway, func(d dice, _ int) Play {
		return Play{Source: ecsSource, Story: d.oneOf(fails, succeeds), Together: d.IntN(2) == 0, Place: inArchive}
	}}}
}

// archived performs the plays while their channel is archived: one fault, and one notice.
func (s *stage) archived(ctx context.Context, plays []Play) error {
	if len(plays) == 0 {
		return nil
	}
	s.say("archiving a channel")
	archive := func(archived bool) error {
		change := standin.SlackChannelChange{ID: archivedChannel, Archived: &archived}
		if err := s.control.Call(ctx, http.MethodPost, "/slack/channels", change, nil); err != nil {
			return fmt.Errorf("archiving a channel: %w", err)
		}
		return nil
	}
	if err := archive(true); err != nil {
		return err
	}
	s.byHand[plays[0].Name]++
	if err := s.sideBySide(ctx, plays, len(plays)); err != nil {
		return err
	}
	return archive(false)
}

// noticesOf says so when the fallback was not told once of the channel that was archived.
func noticesOf(messages []standin.SlackMessage, plays []Play) []string {
	away := slices.IndexFunc(plays, func(p Play) bool { return p.Place == inArchive })
	if away < 0 {
		return nil
	}
	notices := 0
	for _, m := range messages {
		if m.Channel == fallback && strings.Contains(m.Text, archivedChannel) {
			notices++
		}
	}
	if notices == 1 {
		return nil
	}
	return []string{fmt.Sprintf("%s: the fallback was told %d times that the channel is archived, expected once", plays[away].Name, notices)}
}
