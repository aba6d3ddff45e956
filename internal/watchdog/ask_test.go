package watchdog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"fanfare/internal/deployment"
	"fanfare/internal/watchdog/order"
)

func TestLastEvents(t *testing.T) {
	t.Parallel()
	told := func(minutes int, message string) types.ServiceEvent {
		return types.ServiceEvent{CreatedAt: aws.Time(began.Add(time.Duration(minutes) * time.Minute)), Message: aws.String(message)}
	}
	const full = "(service checkout) was unable to place a task because no container instance met all of its requirements. " +
		"For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
	s := service(entry(id, "PRIMARY", going, ""))
	s.Events = []types.ServiceEvent{
		told(-5, "(service checkout) has reached a steady state."),
		told(29, full), told(28, full),
		told(20, "(service checkout) (port 8080) is unhealthy in (target-group arn:aws:x) due to (reason Health checks failed; code 502)."),
		told(21, "\u202e(service checkout) has\nstarted 1 tasks:  (task 0c9a)."),
		told(10, "(service checkout) deregistered 1 targets"),
		{Message: nil}, told(25, " \x00 "),
	}
	w := &world{service: s}
	if _, err := w.handle(t, ordered(deployment.Ordinary), due); err != nil {
		t.Fatal(err)
	}
	const want = "no end after 30 minutes; was unable to place a task because no container instance met all of its requirements" +
		"; has started 1 tasks: (task 0c9a); (port 8080) is unhealthy in (target-group arn:aws:x) due to (reason Health checks failed, code 502)"
	if got := w.told(t).Reason; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for i := range s.Events {
		s.Events[i] = told(i+1, fmt.Sprint(i, strings.Repeat("ü", 200)))
	}
	w.handle(t, ordered(deployment.Ordinary), due)
	if got := w.told(t).Reason; strings.Count(got, separator) != 3 || strings.Count(got, "…") != 3 {
		t.Errorf("long events: %q", got)
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	for minutes, want := range map[int]string{1: "1 minute", 30: "30 minutes", 60: "1 hour", 90: "90 minutes", 1440: "24 hours"} {
		if got := isStuck(order.Order{Minutes: minutes}).reason; got != "no end after "+want {
			t.Errorf("%d: %s", minutes, got)
		}
	}
}
