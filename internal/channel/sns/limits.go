package sns

// maxText is how many characters the text has at most: one part of an SMS, which is
// all that is shown at a glance, and all that is paid for.
// https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
const maxText = 140

// maxValue is how many characters an attribute has at most. SNS counts attributes into
// the 256 KB of a message (https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html);
// a filter policy has no use for longer ones.
const maxValue = 256

// How much of each name a text shows, in characters: with the longest words around
// them they fit into one text, so that what happened, and where, is never cut off.
const (
	maxSubject     = 44
	maxVersion     = 28
	maxEnvironment = 24
)
