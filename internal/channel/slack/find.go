package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/failure"
)

const (
	// eventType is the type of what Fanfare's messages bear, invisible to people. An edit
	// that says nothing of it leaves it as it is:
	// https://docs.slack.dev/messaging/message-metadata
	eventType = "fanfare_delivery"
	// clockSkew is how far Slack's clock and ours may be apart.
	clockSkew = time.Minute
	// pageSize and maxPages bound how much is looked through: what was posted since an
	// attempt that began minutes ago.
	pageSize = 100
	maxPages = 4
)

// mark tells which of Fanfare's messages it is, so that one is found again of which
// nobody knows whether it was posted.
type mark struct {
	// Key is a hash of the deployment's key, or of the digest's id.
	Key string `json:"key"`
	// Part is what the message is to the deployment: message, alert of a status, or digest.
	Part string `json:"part"`
}

const (
	partMessage = "message"
	partAlert   = "alert of "
	partDigest  = "digest"
)

func markOf(key, part string) mark {
	sum := sha256.Sum256([]byte(key))
	return mark{Key: hex.EncodeToString(sum[:16]), Part: part}
}

// bearing puts the mark on a message that is posted.
func bearing(m mark) slackgo.MsgOption {
	return slackgo.MsgOptionMetadata(slackgo.SlackMetadata{
		EventType: eventType, EventPayload: map[string]any{"key": m.Key, "part": m.Part},
	})
}

// finding is what has become of looking for a message.
type finding struct {
	// ts is the message's; empty when it was not found.
	ts string
	// sure is true when it is certainly there, or certainly not.
	sure bool
}

// find looks for the message with the mark that was posted since: in the channel, or among
// the replies to thread when that is not empty. An app that may not look is no error, but
// makes the finding unsure; it needs the scope channels:history, in private channels
// groups:history, and has to be in the channel.
// https://docs.slack.dev/reference/methods/conversations.history
func find(ctx context.Context, api *slackgo.Client, m mark, channel, thread string, since time.Time) (finding, error) {
	oldest := strconv.FormatInt(since.Add(-clockSkew).Unix(), 10) + ".000000"
	cursor := ""
	for range maxPages {
		messages, more, next, err := pageOf(ctx, api, channel, thread, oldest, cursor)
		switch class := failure.Classify(err).(type) {
		case nil:
		case *failure.Transient, *failure.RateLimited:
			return finding{}, fmt.Errorf("looking whether it was posted: %w", class)
		default:
			slog.WarnContext(ctx, "nobody knows whether it was posted, and the app may not look", "error", class.Error())
			return finding{}, nil
		}
		for _, message := range messages {
			payload := message.Metadata.EventPayload
			if payload["key"] == m.Key && payload["part"] == m.Part {
				return finding{ts: message.Timestamp, sure: true}, nil
			}
		}
		if !more {
			return finding{sure: true}, nil
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return finding{}, nil
}

func pageOf(ctx context.Context, api *slackgo.Client, channel, thread, oldest, cursor string) (messages []slackgo.Message, more bool, next string, err error) {
	if thread != "" {
		return api.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{
			ChannelID: channel, Timestamp: thread, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
	}
	found, err := api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
		ChannelID: channel, Oldest: oldest, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, false, "", err
	}
	return found.Messages, found.HasMore, found.ResponseMetaData.NextCursor, nil
}
