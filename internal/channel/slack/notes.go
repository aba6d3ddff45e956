package slack

import (
	"fmt"
	"strings"

	"fanfare/internal/channel"
	"fanfare/internal/deployment"
	"fanfare/internal/text"
)

// drillNote says that it is an exercise, and what the exercise may do; it is empty when
// it is none.
func drillNote(drill *deployment.Drill) string {
	switch {
	case drill == nil:
		return ""
	case drill.Page:
		return "*This is an exercise. It pages people as the real thing would.*"
	default:
		return "*This is an exercise. It wakes nobody.*"
	}
}

// stuckNote says what the service told last, a line for each; it is empty unless the
// deployment is stuck and something of that is known.
func stuckNote(d deployment.Deployment) string {
	if d.Status != deployment.Stuck {
		return ""
	}
	const most = 3
	var lines []string
	for _, event := range lastEvents(d) {
		if said := safe(event, maxReason/most); said != "" && len(lines) < most {
			lines = append(lines, "> "+said)
		}
	}
	return strings.Join(lines, "\n")
}

// untold are the channels beside Slack, with the words for what they do, in the order in
// which a sentence has them.
var untold = []struct{ channel, done string }{{channel.PagerDuty, "paged"}, {channel.SNS, "texted"}}

// quietNote says which maintenance windows kept people from being told, a line for each;
// it is empty when none did.
func quietNote(plan deployment.Plan) string {
	var lines []string
	verbs := map[string][]string{}
	for _, u := range untold {
		decision := plan[u.channel]
		if decision.Reason != deployment.MaintenanceWindow {
			continue
		}
		window := windowOf(decision.Window)
		if len(verbs[window]) == 0 {
			lines = append(lines, window)
		}
		verbs[window] = append(verbs[window], u.done)
	}
	for i, window := range lines {
		lines[i] = fmt.Sprintf("🚧 Nobody was %s: %s", strings.Join(verbs[window], " or "), window)
	}
	return strings.Join(lines, "\n")
}

// windowOf names the window, until when it lasts, and who knows more.
func windowOf(w *deployment.Window) string {
	if w == nil {
		return "a maintenance window is in force"
	}
	words := "maintenance window" + text.With(" ", safe(w.Name, maxWindow))
	if w.Until.Unix() > 0 {
		words += " until " + date(w.Until)
	}
	owner, reason := safe(w.Owner, maxWindow), safe(w.Reason, maxNote)
	if details := strings.TrimPrefix(text.With(", ", owner)+text.With(", ", reason), ", "); details != "" {
		words += " (" + details + ")"
	}
	return words
}
