package standin

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slack-go/slack"
	gitlab "gitlab.com/gitlab-org/api/client-go"
)

// The clients that are used against the vendors must not notice the difference.

func TestSlackGoTalksToTheStandIn(t *testing.T) {
	t.Parallel()
	s := NewSlack(SlackOptions{Token: testToken, Channels: []string{"C1"}, Webhooks: map[string]string{testWebhook: "C1"}, Burst: 2, Now: newClock().now}, nil, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	ctx := context.Background()
	api := slack.New(testToken, slack.OptionAPIURL(server.URL+"/api/"))

	if who, err := api.AuthTestContext(ctx); err != nil || who.TeamID == "" {
		t.Fatalf("auth.test: %+v, %v", who, err)
	}
	text := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.MarkdownType, s, false, false)
	}
	plain := func(s string) *slack.TextBlockObject {
		return slack.NewTextBlockObject(slack.PlainTextType, s, true, false)
	}
	blocks := slack.MsgOptionBlocks(
		slack.NewHeaderBlock(plain("shop failed")),
		slack.NewSectionBlock(text("*v1.42.0* <https://example.com|details>"), []*slack.TextBlockObject{text("eu")}, nil),
		slack.NewActionBlock("ack", slack.NewButtonBlockElement("silence", "1h", plain("Silence")).WithStyle(slack.StyleDanger)),
		slack.NewContextBlock("", text("account 1")),
		slack.NewDividerBlock(),
	)
	channel, ts, err := api.PostMessageContext(ctx, "C1", slack.MsgOptionText("shop failed", true), blocks)
	if err != nil || channel != "C1" || ts == "" {
		t.Fatalf("post: %s %s %v", channel, ts, err)
	}
	if _, _, shown, err := api.UpdateMessageContext(ctx, channel, ts, slack.MsgOptionText("shop recovered", true), blocks); err != nil || shown != "shop recovered" {
		t.Errorf("update: %s %v", shown, err)
	}
	if _, _, err := api.PostMessageContext(ctx, "C1", slack.MsgOptionText("why", true), slack.MsgOptionTS(ts), slack.MsgOptionBroadcast()); err != nil {
		t.Errorf("reply: %v", err)
	}
	var limited *slack.RateLimitedError
	if _, _, err := api.PostMessageContext(ctx, "C1", slack.MsgOptionText("more", true)); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("beyond the burst: %v", err)
	}
	var refused slack.SlackErrorResponse
	_, _, _, err = api.UpdateMessageContext(ctx, channel, ts, slack.MsgOptionBlocks(slack.NewHeaderBlock(text("not plain"))))
	if !errors.As(err, &refused) || refused.Err != "invalid_blocks" || len(refused.ResponseMetadata.Messages) != 1 {
		t.Errorf("invalid blocks: %v", err)
	}
	got := s.Messages("C1")
	if len(got) != 2 || got[0].Text != "shop recovered" || got[0].Edited != 1 || got[1].ThreadTS != ts || !got[1].Broadcast {
		t.Errorf("the channel shows %+v", got)
	}
}

func TestSlackGoReadsTheStandIn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newAccessSlack())
	defer server.Close()
	ctx := context.Background()
	api := slack.New(testToken, slack.OptionAPIURL(server.URL+"/api/"))
	marked := slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "delivery", EventPayload: map[string]any{"key": "k1"}})
	_, ts, err := api.PostMessageContext(ctx, "C1", slack.MsgOptionText("shop failed", true), marked)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := api.PostMessageContext(ctx, "C1", slack.MsgOptionText("why", true), marked, slack.MsgOptionTS(ts)); err != nil {
		t.Fatal(err)
	}
	history, err := api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: "C1", Oldest: "1600000000.000000", Limit: 1, IncludeAllMetadata: true})
	if err != nil || history.HasMore || len(history.Messages) != 1 || history.Messages[0].Timestamp != ts || history.Messages[0].Metadata.EventPayload["key"] != "k1" {
		t.Errorf("history: %+v, %v", history, err)
	}
	replies, more, _, err := api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: "C1", Timestamp: ts, IncludeAllMetadata: true})
	if err != nil || more || len(replies) != 2 || replies[1].Text != "why" || replies[1].Metadata.EventPayload["key"] != "k1" {
		t.Errorf("replies: %+v, %v", replies, err)
	}
	channel, err := api.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: "C1"})
	if err != nil || channel.Name != "deployments" || channel.IsArchived || !channel.IsMember || channel.IsPrivate {
		t.Errorf("info: %+v, %v", channel, err)
	}
}

func TestGitLabClientTalksToTheStandIn(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(newTestGitLab(t, newClock(), nil, nil, testRepository(t)))
	defer server.Close()
	client, err := gitlab.NewClient(gitLabToken, gitlab.WithBaseURL(server.URL), gitlab.WithoutRetries())
	if err != nil {
		t.Fatal(err)
	}
	compared, _, err := client.Repositories.Compare("group/sub/cart.api", &gitlab.CompareOptions{From: gitlab.Ptr("v1.0.0"), To: gitlab.Ptr("v1.1.0")})
	if err != nil {
		t.Fatal(err)
	}
	if len(compared.Commits) != 3 || len(compared.Commits[2].ParentIDs) != 2 || compared.Commits[0].CreatedAt == nil || compared.Commit.ID != compared.Commits[2].ID {
		t.Errorf("got %+v", compared)
	}
	_, _, err = client.Repositories.Compare(1, &gitlab.CompareOptions{From: gitlab.Ptr("v9"), To: gitlab.Ptr("main")})
	if !errors.Is(err, gitlab.ErrNotFound) {
		t.Errorf("unknown ref: %v", err)
	}
}
