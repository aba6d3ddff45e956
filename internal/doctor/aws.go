package doctor

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanfare/internal/channel"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/ledger"
)

// maxPages is how many pages of a hundred subscriptions are read.
const maxPages = 20

// SubscriptionsAPI lists the subscriptions of a topic.
type SubscriptionsAPI interface {
	ListSubscriptionsByTopic(context.Context, *sns.ListSubscriptionsByTopicInput, ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error)
}

// QueueAPI tells how many messages a queue has.
type QueueAPI interface {
	GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

func (d *Doctor) topics(context.Context) []check {
	checks := []check{{name: "operations topic", look: d.lookAtOperations}}
	if d.Account.SNS != nil {
		checks = append(checks, check{name: "texts topic", look: d.lookAtTexts, over: ledger.Outage{Channel: channel.SNS, Target: ledger.TextsTopic}})
	}
	return checks
}

func (d *Doctor) lookAtOperations(ctx context.Context) *trouble {
	seen, found := d.subscriptions(ctx, d.OperationsTopic)
	subscribe := "set operations.email in the account file and " + notice.Make("deploy") + ", then follow the link in the mail"
	if email := d.Account.Operations.Email; email != "" {
		subscribe = "follow the link in the mail to " + email + "; when it is lost or older than two days, have another sent: aws sns subscribe --region " +
			d.Account.Region + " --topic-arn " + d.OperationsTopic + " --protocol email --notification-endpoint " + email
	}
	switch {
	case found != nil:
		return found
	case seen.confirmed == 0 && seen.pending == 0:
		return &trouble{problem: "nobody subscribes to it: nobody is told of alarms", mend: subscribe}
	case seen.confirmed == 0:
		return &trouble{problem: "nobody has confirmed the subscription: nobody is told of alarms", mend: subscribe}
	case seen.pending > 0:
		return &trouble{problem: fmt.Sprintf("%s waits to be confirmed", many(seen.pending, "subscription")), mend: subscribe}
	}
	return nil
}

func (d *Doctor) lookAtTexts(ctx context.Context) *trouble {
	seen, found := d.subscriptions(ctx, d.TextsTopic)
	switch {
	case found != nil:
		return found
	case seen.confirmed == 0 && seen.pending == 0:
		return &trouble{problem: "nobody subscribes to it: nobody gets a text", mend: "add the numbers to sns.phones in the account file, and " + notice.Make("deploy")}
	case seen.pending > 0:
		return &trouble{
			problem: fmt.Sprintf("%s waits to be confirmed", many(seen.pending, "subscription")),
			mend: "confirm what was subscribed by hand, or delete it; see aws sns list-subscriptions-by-topic --region " +
				d.Account.Region + " --topic-arn " + d.TextsTopic,
		}
	}
	return nil
}

// subscribers count a topic's subscriptions.
type subscribers struct{ confirmed, pending int }

func (d *Doctor) subscriptions(ctx context.Context, topic string) (subscribers, *trouble) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	var seen subscribers
	in := &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(topic)}
	for range maxPages {
		page, err := d.SNS.ListSubscriptionsByTopic(ctx, in)
		var gone *snstypes.NotFoundException
		switch {
		case errors.As(err, &gone):
			return seen, &trouble{problem: "it does not exist", mend: "bring it back: " + notice.Make("deploy")}
		case err != nil:
			return seen, unseen("it", err)
		}
		for _, s := range page.Subscriptions {
			seen.count(aws.ToString(s.SubscriptionArn))
		}
		if aws.ToString(page.NextToken) == "" {
			break
		}
		in.NextToken = page.NextToken
	}
	return seen, nil
}

// count counts a subscription by its ARN, which is one only once it is confirmed; until
// then it is the word PendingConfirmation, and later Deleted:
// https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
func (s *subscribers) count(arn string) {
	switch {
	case strings.HasPrefix(arn, "arn:"):
		s.confirmed++
	case strings.HasPrefix(strings.ToLower(arn), "pending"):
		s.pending++
	}
}

func (d *Doctor) queues(context.Context) []check {
	var checks []check
	for _, queue := range []struct{ url, holds string }{
		{d.EventQueue, "news of deployments that the workflow never got"},
		{d.DeliveryQueue, "messages that a channel did not take"},
	} {
		checks = append(checks, check{name: "queue " + path.Base(queue.url), look: func(ctx context.Context) *trouble { return d.lookAtQueue(ctx, queue.url, queue.holds) }})
	}
	return checks
}

// waiting are the attributes that together tell how many messages a queue holds.
var waiting = []sqstypes.QueueAttributeName{
	sqstypes.QueueAttributeNameApproximateNumberOfMessages, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
}

func (d *Doctor) lookAtQueue(ctx context.Context, address, holds string) *trouble {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	out, err := d.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(address), AttributeNames: waiting})
	var gone *sqstypes.QueueDoesNotExist
	switch {
	case errors.As(err, &gone):
		return &trouble{problem: "it does not exist", mend: "bring it back: " + notice.Make("deploy")}
	case err != nil:
		return unseen("it", err)
	}
	n, err := count(out.Attributes)
	switch {
	case err != nil:
		return unseen("it", err)
	case n > 0:
		return &trouble{problem: fmt.Sprintf("about %s in it: %s", are(n), holds), mend: "mend what this check finds besides, then have them told: " + notice.Make("redrive")}
	}
	return nil
}

// count is how many messages the attributes tell of.
func count(attributes map[string]string) (int, error) {
	sum := 0
	for _, name := range waiting {
		n, err := strconv.Atoi(attributes[string(name)])
		if err != nil || n < 0 || n > 1e9 {
			return 0, fmt.Errorf("%s: a number of messages expected, found %.20q", name, attributes[string(name)])
		}
		sum += n
	}
	return sum, nil
}

func are(n int) string {
	if n == 1 {
		return "1 message is"
	}
	return strconv.Itoa(n) + " messages are"
}

func many(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
