package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"fanfare/internal/channel"
	"fanfare/internal/escalate/notice"
	"fanfare/internal/ledger"
	"fanfare/internal/outbound"
	"fanfare/internal/secret"
)

// nobodysIncident is a dedup key that no incident has.
const nobodysIncident = "fanfare-doctor-looks-whether-the-key-is-taken"

func (d *Doctor) pagerDuty(ctx context.Context) []check {
	if d.Account.PagerDuty == nil {
		return nil
	}
	k := d.secret(ctx, channel.PagerDuty, secret.PagerDutyRoutingKey)
	return []check{k.check(), {
		name: "pagerduty key",
		look: func(ctx context.Context) *trouble {
			key, found := k.use()
			if found != nil {
				return found
			}
			return d.lookAtKey(ctx, key)
		},
		over: ledger.Outage{Channel: channel.PagerDuty, Target: secret.PagerDutyRoutingKey},
	}}
}

// lookAtKey resolves an incident that there is not. PagerDuty takes it, and drops it
// silently: https://developer.pagerduty.com/docs/events-api-v2-overview#event-action.
// What it says besides the status may say back the key, and is not read.
func (d *Doctor) lookAtKey(ctx context.Context, key string) *trouble {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	body, err := json.Marshal(map[string]string{"routing_key": key, "event_action": "resolve", "dedup_key": nobodysIncident})
	if err != nil {
		return unseen("the key", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(d.Account.PagerDuty.URL, "/")+"/v2/enqueue", bytes.NewReader(body))
	if err != nil {
		return &trouble{problem: "pagerduty.url is no address", mend: "correct it in the account file, and " + notice.Make("deploy")}
	}
	request.Header.Set("Content-Type", "application/json")
	status, _, err := ask(d.HTTP, request, outbound.MaxBody)
	switch {
	case err != nil:
		return unseen("the key", err)
	case status == http.StatusAccepted:
		return nil
	case status == http.StatusBadRequest || status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusNotFound:
		return &trouble{
			problem: "PagerDuty refuses the key with status " + strconv.Itoa(status) + ": nobody is paged",
			mend: "copy the integration key of the service's Events API v2 integration (pagerduty.url is to be that of the account's region), and put it here: " +
				notice.PutSecret(d.Account, channel.PagerDuty, secret.PagerDutyRoutingKey),
		}
	default:
		return unseen("the key", statusError(status))
	}
}
