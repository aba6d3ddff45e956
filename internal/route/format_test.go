package route

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fanfare/internal/channel"
	"fanfare/internal/channel/channeltest"
	"fanfare/internal/channel/registry"
	"fanfare/internal/deployment"
)

// TestWhatIsDeliveredCanBeFormatted ties the plan to the channels: each can say what it
// is asked to, and PagerDuty triggers for what failed or is stuck in production and for nothing else.
func TestWhatIsDeliveredCanBeFormatted(t *testing.T) {
	t.Parallel()
	documents := channeltest.Documents()
	for i, s := range situations() {
		documents[fmt.Sprintf("situation %d", i)] = s.document()
	}
	formatted := 0
	for name, doc := range documents {
		for of, decision := range Decide(doc, everything) {
			if decision.Decision != deployment.Deliver {
				continue
			}
			message, err := registry.Channels[of].Format(doc, everything)
			if err != nil {
				t.Errorf("%s, %s: %v", name, of, err)
				continue
			}
			text, err := json.Marshal(message)
			if err != nil {
				t.Fatal(err)
			}
			formatted++
			triggers := strings.Contains(string(text), `"event_action":"trigger"`)
			if want := of == channel.PagerDuty && (decision.Reason == deployment.ProductionFailure || decision.Reason == deployment.ProductionStuck); triggers != want {
				t.Errorf("%s, %s, %s: %s", name, of, decision.Reason, text)
			}
		}
	}
	if formatted < 100 {
		t.Errorf("only %d messages", formatted)
	}
}
