package slack

// Limits of Slack, in characters unless said otherwise. A message that breaks one is
// refused as a whole, with invalid_blocks.
const (
	// https://docs.slack.dev/reference/block-kit/blocks
	maxBlocks = 50
	// https://docs.slack.dev/reference/block-kit/blocks/header-block
	maxHeader = 150
	// https://docs.slack.dev/reference/block-kit/blocks/section-block
	maxSection = 3000
	maxFields  = 10
	maxField   = 2000
	// https://docs.slack.dev/reference/block-kit/blocks/context-block
	maxElements = 10
	// https://docs.slack.dev/reference/block-kit/blocks/actions-block
	maxButtons = 25
	// https://docs.slack.dev/reference/block-kit/block-elements/button-element
	maxButton    = 75
	maxActionID  = 255
	maxButtonURL = 3000

	// maxTotal is for everything in the blocks together, addresses included, and maxJSON
	// for their JSON. Slack has such a limit but does not say which: blocks with 11,341
	// characters of text, and one of 13,298, were refused with msg_blocks_too_long.
	// https://github.com/slackapi/bolt-js/issues/2509
	// https://github.com/slackapi/bolt-js/issues/2867
	maxTotal = 10_000
	maxJSON  = 11_500
)

// Limits of our own, as the function length counts after escaping. Together they leave of maxTotal a whole section for
// the commits, whatever the rest is; a test holds them to that.
const (
	maxURL  = 1000 // of a button
	maxLink = 600  // of an address inside text
	maxText = 200

	maxReason      = 900
	maxService     = 300
	maxEnvironment = 120
	maxCluster     = 300
	maxVersion     = 160
	maxNote        = 200
	maxDeployment  = 120
	maxWindow      = 60
	maxName        = 80 // of a channel or a workspace, in a report

	maxShortID = 12
	maxTitle   = 120
	maxAuthor  = 50

	// Names in the header are shorter, so that the longest wording around them fits too.
	maxHeadService = 50
	maxHeadVersion = 36
	maxHeadPlace   = 28
	maxHeadEvent   = 60

	// The lines of a digest. Those of 150 deployments fill a message.
	digestRoom = 9000
	maxLine    = 120
	minLine    = 58
	maxLines   = digestRoom / (minLine + 2) // each has an end of two
)
