package slack

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	slackgo "github.com/slack-go/slack"

	"fanfare/internal/failure"
)

// Client does with a bot token what has nothing to do with a deployment: it tells a plain
// text, and looks whether the token and a channel are good. All its errors are of package
// failure, and none shows the token.
type Client struct{ api *slackgo.Client }

// NewClient returns a client of the Web API at the URL, that of slack.com when it is empty.
// It tries nothing twice.
func NewClient(token, url string, client *http.Client) *Client {
	return &Client{newAPI(token, url, client)}
}

// Post tells the text in the channel of that id. The text is shown as it is, whatever it
// has of markup.
func (c *Client) Post(ctx context.Context, channel, text string) error {
	_, _, err := c.api.PostMessageContext(ctx, channel, slackgo.MsgOptionText(markup.Replace(text), false), slackgo.MsgOptionDisableMarkdown(),
		slackgo.MsgOptionParse(false), slackgo.MsgOptionLinkNames(false), silent)
	return tried("posting the text", err)
}

// Identity is whose the token is, and what it may do.
type Identity struct {
	// Team is the workspace's name.
	Team string
	// Scopes are the token's, as Slack names them, such as chat:write; empty when Slack
	// does not say.
	Scopes []string
}

// Auth asks whose the token is. A token that is no longer good is a failure.Unreachable.
// It needs no scope: https://docs.slack.dev/reference/methods/auth.test
func (c *Client) Auth(ctx context.Context) (Identity, error) {
	response, err := c.api.AuthTestContext(ctx)
	if err != nil {
		return Identity{}, tried("asking whose the token is", err)
	}
	identity := Identity{Team: response.Team}
	for scope := range strings.SplitSeq(response.Header.Get("X-OAuth-Scopes"), ",") {
		if scope = strings.TrimSpace(scope); scopeName.MatchString(scope) {
			identity.Scopes = append(identity.Scopes, scope)
		}
	}
	return identity, nil
}

// ChannelInfo is what a channel is to the app.
type ChannelInfo struct {
	Name     string
	Archived bool
	// Member is true when the app is in the channel.
	Member bool
}

// Channel looks at the channel of that id. One that the app cannot see is a
// failure.Unreachable. It needs the scope channels:read, for private channels groups:read:
// https://docs.slack.dev/reference/methods/conversations.info
func (c *Client) Channel(ctx context.Context, id string) (ChannelInfo, error) {
	found, err := c.api.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		return ChannelInfo{}, tried("looking at the channel", err)
	}
	return ChannelInfo{Name: found.Name, Archived: found.IsArchived, Member: found.IsMember}, nil
}

// tried classifies the error, and says what was being tried; nil stays nil.
func tried(what string, err error) error {
	if err == nil {
		return nil
	}
	return failure.Classify(fmt.Errorf("%s: %w", what, err))
}
