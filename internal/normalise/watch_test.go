package normalise_test

import (
	"testing"

	"fanfare/internal/deployment"
	"fanfare/internal/normalise"
)

// TestOnlyTheWatchdogSaysStuck has its names mean something from its own source alone.
func TestOnlyTheWatchdogSaysStuck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source, name string
		want         deployment.Status
	}{
		{"fanfare.watch", "SERVICE_DEPLOYMENT_STUCK", deployment.Stuck},
		{"fanfare.watch", "SERVICE_DEPLOYMENT_SUPERSEDED", deployment.Superseded},
		{"fanfare.watch", "SERVICE_DEPLOYMENT_COMPLETED", deployment.Succeeded},
		{"fanfare.watch", "SERVICE_DEPLOYMENT_FAILED", deployment.Failed},
		{"fanfare.watch", "SERVICE_DEPLOYMENT_LOST", deployment.Unknown},
		{"aws.ecs", "SERVICE_DEPLOYMENT_STUCK", deployment.Unknown},
		{"aws.ecs", "SERVICE_DEPLOYMENT_SUPERSEDED", deployment.Unknown},
		{"fanfare.drill", "SERVICE_DEPLOYMENT_STUCK", deployment.Unknown},
	}
	for _, test := range tests {
		d, err := normalise.Event(changeOf(t, "watch-stuck", fields{"source": test.source, "detail.eventName": test.name}), shop)
		if err != nil || d.Status != test.want || d.Kind != deployment.Ordinary || (d.Drill != nil) != (test.source == "fanfare.drill") {
			t.Errorf("%s from %s: got %+v, %v", test.name, test.source, d, err)
		}
	}
}

func TestWatchRefused(t *testing.T) {
	t.Parallel()
	refused(t, changeOf(t, "watch-stuck", fields{"detail-type": "CodePipeline Pipeline Execution State Change"}), "detail-type")
	refused(t, changeOf(t, "watch-stuck", fields{"resources": nil}), "resources")
}
