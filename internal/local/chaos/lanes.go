package chaos

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanfare/internal/ledger"
)

// lanes are the vendors' rates as the ledger keeps them. Here vendors take everything at
// once, and hundreds of plays are not to wait for each other: make burst is about that.
var lanes = []string{"pagerduty", "slack:edit", "slack:C0CHAOS000", "slack:C0CHAOS001", "slack:C0CHAOS002", "slack:C0CHAOS003",
	"slack:C0CHAOS004", "slack:C0CHAOS005", "slack:C0CHAOS006", "slack:C0CHAOS007", "slack:" + crowdedChannel, "slack:" + archivedChannel}

const emptyEvery = 250 * time.Millisecond

// emptyLanes lets nobody wait for a turn for long, until the context ends.
func (s *stage) emptyLanes(ctx context.Context) {
	var requests []types.WriteRequest
	for _, lane := range lanes {
		requests = append(requests, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: map[string]types.AttributeValue{
			ledger.PartitionKey: &types.AttributeValueMemberS{Value: "pace#" + lane}, ledger.SortKey: &types.AttributeValueMemberS{Value: "lane"},
		}}})
	}
	client := dynamodb.NewFromConfig(s.direct())
	for pause(ctx, emptyEvery) == nil {
		// While the engine is down there is nothing to be emptied.
		_, _ = client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{s.world.Outputs["LedgerTable"]: requests}})
	}
}
