package slack

import (
	"encoding/json"
	"regexp"

	"fanfare/internal/failure"
	"fanfare/internal/text"
)

// needsOf reads what is needed of a method's answer, by the method; of any other it is
// the place of a message. The error is Transient: what makes no sense now may the next
// time.
var needsOf = map[string]func(body []byte) (any, error){
	"conversations.history": marksIn,
	"conversations.replies": marksIn,
	"conversations.info":    channelIn,
	"auth.test":             teamIn,
}

// senseless is an answer that says ok, and then not what Slack says.
var senseless = failure.Transientf("slack's answer makes no sense")

// place is where a message is.
type place struct {
	OK      bool   `json:"ok"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

func placeIn(body []byte) (any, error) {
	var got place
	if json.Unmarshal(body, &got) != nil || !timestamp.MatchString(got.TS) || !channelID.MatchString(got.Channel) {
		return nil, senseless
	}
	return got, nil
}

// page is one page of a channel's or a thread's messages: those of Fanfare's alone.
type page struct {
	OK       bool            `json:"ok"`
	Messages []markedMessage `json:"messages"`
	HasMore  bool            `json:"has_more"`
	Metadata struct {
		NextCursor string `json:"next_cursor"`
	} `json:"response_metadata"`
}

type markedMessage struct {
	TS       string   `json:"ts"`
	Metadata metadata `json:"metadata"`
}

// metadata is what Fanfare's messages bear: https://docs.slack.dev/messaging/message-metadata
type metadata struct {
	EventType    string `json:"event_type"`
	EventPayload mark   `json:"event_payload"`
}

// marksIn keeps of the messages those that bear a mark of Fanfare's. Those of others may
// look as they like.
func marksIn(body []byte) (any, error) {
	var got struct {
		page
		Messages []json.RawMessage `json:"messages"`
	}
	if json.Unmarshal(body, &got) != nil || got.Messages == nil {
		return nil, senseless
	}
	got.page.Messages = nil
	for _, content := range got.Messages {
		var message markedMessage
		if json.Unmarshal(content, &message) != nil || message.Metadata.EventType != eventType {
			continue
		}
		if !timestamp.MatchString(message.TS) {
			return nil, senseless
		}
		got.page.Messages = append(got.page.Messages, message)
	}
	return got.page, nil
}

// channelLook is what a channel is to the app.
type channelLook struct {
	Name       string `json:"name"`
	IsArchived bool   `json:"is_archived"`
	IsMember   bool   `json:"is_member"`
}

func channelIn(body []byte) (any, error) {
	var got struct {
		OK      bool         `json:"ok"`
		Channel *channelLook `json:"channel"`
	}
	if json.Unmarshal(body, &got) != nil || got.Channel == nil {
		return nil, senseless
	}
	got.Channel.Name = text.Cut(text.Line(got.Channel.Name), maxName)
	return got, nil
}

func teamIn(body []byte) (any, error) {
	var got struct {
		OK   bool   `json:"ok"`
		Team string `json:"team"`
	}
	if json.Unmarshal(body, &got) != nil {
		return nil, senseless
	}
	got.Team = text.Cut(text.Line(got.Team), maxName)
	return got, nil
}

// scopeName is what a scope's name looks like, such as chat:write.public.
var scopeName = regexp.MustCompile(`^[a-z][a-z0-9_.:]{1,60}$`)
