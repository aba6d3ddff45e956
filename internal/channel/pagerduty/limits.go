package pagerduty

import "time"

// What PagerDuty takes, in characters unless another unit is named:
// https://developer.pagerduty.com/docs/events-api-v2-overview,
// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and
// https://developer.pagerduty.com/docs/events-api-v2/send-change-events/
const (
	maxSummary  = 1024
	maxDedupKey = 255 // counted in bytes here, since the vendor does not say
	// maxRequest is 512 KB, of which the vendor does not say whether they have 1,000
	// or 1,024 bytes each.
	maxRequest = 512_000
)

// defaultWait is how long to wait after a 429 that does not say; the vendor suggests it:
// https://github.com/PagerDuty/developer-docs/blob/main/docs/events-API-v2/05-Rate-Limits.md
const defaultWait = 30 * time.Second

// patience is how long the ledger is waited for.
const patience = 2 * time.Second

// What fits a lock screen, a voice on the phone and a glance at the incident. The vendor
// asks for none of these.
const (
	goodSummary = 120
	shortReason = 24 // a reason cut shorter than this tells nothing
	maxName     = 255
	maxVersion  = 128
	maxDetail   = 500
	maxHref     = 2048 // bytes; half a link leads nowhere, so a longer one is left out
)

// How much of PagerDuty's answers is read, in bytes, and shown, in characters.
const (
	maxAnswer  = 64 << 10
	maxProblem = 200
	maxListed  = 5
)
