package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"fanfare/internal/channel"
)

const (
	// digestWindow is for how long new messages are counted together, from the first on.
	digestWindow = time.Minute
	// digestSize is how many entries one digest has: as many as fit into one message.
	digestSize = 150
)

// Digests gathers what would be too many messages; it implements [channel.Digests].
//
//	pk            sk           what
//	slack#<id>    minute       since when new messages of the channel are counted, and how many there were
//	digest#<id>   digest       how many entries have joined and are shown, the message, who edits it
//	digest#<id>   entry#<key>  one deployment, and the number at which it joined
type Digests struct{ Ledger *Ledger }

// Place implements [channel.Digests]. A digest's name has the channel, the minute's
// beginning and the number of the part.
func (d Digests) Place(ctx context.Context, channel string, limit int) (string, error) {
	for range tries {
		now := d.Ledger.Now()
		lapsed := text(moment(now.Add(-digestWindow)))
		counted, ok, err := d.Ledger.apply(ctx, update{
			pk: "slack#" + channel, sk: "minute", set: "#count = #count + :one", condition: "since > :lapsed",
			names:  map[string]string{"#count": "count"},
			values: item{":one": number(1), ":lapsed": lapsed},
		})
		if err == nil && !ok {
			counted, ok, err = d.Ledger.apply(ctx, update{
				pk: "slack#" + channel, sk: "minute", set: "since = :now, #count = :one",
				condition: "attribute_not_exists(since) OR since <= :lapsed",
				names:     map[string]string{"#count": "count"},
				values:    item{":one": number(1), ":lapsed": lapsed, ":now": text(moment(now))},
			})
		}
		if err != nil {
			return "", err
		}
		if ok {
			return digestOf(channel, getText(counted, "since"), int(getNumber(counted, "count")), limit), nil
		}
	}
	return "", fmt.Errorf("counting the new messages of %s: others did %d times", channel, tries)
}

// digestOf names the digest of a message by its number within the minute.
func digestOf(channel, since string, count, limit int) string {
	if count <= limit {
		return ""
	}
	return channel + "/" + since + "/" + strconv.Itoa((count-limit-1)/digestSize+1)
}

// Join implements [channel.Digests]. The entry is written before it gets its number, so
// that whoever reads the entries after the number sees it.
func (d Digests) Join(ctx context.Context, digest string, entry channel.Entry) (joined int64, late bool, err error) {
	content, err := json.Marshal(entry)
	if err != nil {
		return 0, false, fmt.Errorf("writing the entry of %s: %w", entry.Key, err)
	}
	pk, sk, progress := "digest#"+digest, "entry#"+entry.Key, text(order(entry.Status, entry.At))
	found, ok, err := d.Ledger.apply(ctx, update{
		pk: pk, sk: sk, set: "entry = :entry, progress = :progress", remove: "joined",
		condition: "attribute_not_exists(progress) OR progress < :progress",
		values:    item{":entry": text(string(content)), ":progress": progress},
	})
	if err != nil {
		return 0, false, err
	}
	if !ok && getText(found, "progress") != order(entry.Status, entry.At) {
		return 0, true, nil
	}
	if number := getNumber(found, "joined"); !ok && number > 0 {
		return number, false, nil
	}
	head, _, err := d.Ledger.apply(ctx, update{
		pk: pk, sk: "digest", set: "joined = if_not_exists(joined, :none) + :one", values: item{":none": number(0), ":one": number(1)},
	})
	if err != nil {
		return 0, false, err
	}
	joined = getNumber(head, "joined")
	_, ok, err = d.Ledger.apply(ctx, update{
		pk: pk, sk: sk, set: "joined = :joined", condition: "progress = :progress",
		values: item{":joined": number(joined), ":progress": progress},
	})
	return joined, !ok && err == nil, err
}

// Hold implements [channel.Digests]. That the message is about to be posted is noted with
// the hold, so that whoever holds it next knows of one that died.
func (d Digests) Hold(ctx context.Context, digest, holder string, long time.Duration) (channel.Digest, bool, error) {
	now := d.Ledger.Now()
	found, ok, err := d.Ledger.apply(ctx, update{
		pk: "digest#" + digest, sk: "digest",
		set:       "holder = :me, heldUntil = :until, unsure = if_not_exists(unsure, :now)",
		condition: "attribute_not_exists(holder) OR holder = :me OR heldUntil < :now",
		values:    item{":me": text(holder), ":until": text(moment(now.Add(long))), ":now": text(moment(now))},
		old:       true,
	})
	if err != nil {
		return channel.Digest{}, false, err
	}
	return channel.Digest{
		TS: getText(found, "ts"), Joined: getNumber(found, "joined"), Shown: getNumber(found, "shown"),
		Next: getMoment(found, "next"), Unsure: getMoment(found, "unsure"),
	}, ok, nil
}

// Entries implements [channel.Digests].
func (d Digests) Entries(ctx context.Context, digest string) ([]channel.Entry, error) {
	in := &dynamodb.QueryInput{
		TableName: aws.String(d.Ledger.Table), ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String(PartitionKey + " = :pk AND begins_with(" + SortKey + ", :entry)"),
		ExpressionAttributeValues: item{":pk": text("digest#" + digest), ":entry": text("entry#")},
	}
	var entries []channel.Entry
	for {
		out, err := d.Ledger.API.Query(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("reading the entries of a digest in the ledger: %w", err)
		}
		for _, found := range out.Items {
			var entry channel.Entry
			if err := json.Unmarshal([]byte(getText(found, "entry")), &entry); err != nil {
				return nil, fmt.Errorf("reading %s in the ledger: %w", getText(found, SortKey), err)
			}
			entries = append(entries, entry)
		}
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			return entries, nil
		}
	}
}

// Note implements [channel.Digests].
func (d Digests) Note(ctx context.Context, digest, holder string, to channel.Digest) error {
	u := update{
		pk: "digest#" + digest, sk: "digest",
		set: "ts = :ts, shown = :shown, #next = :next", remove: "holder, heldUntil", condition: "holder = :me",
		names:  map[string]string{"#next": "next"},
		values: item{":me": text(holder), ":ts": text(to.TS), ":shown": number(to.Shown), ":next": text(moment(to.Next))},
	}
	if to.Unsure.IsZero() {
		u.remove += ", unsure"
	}
	_, _, err := d.Ledger.apply(ctx, u)
	return err
}
