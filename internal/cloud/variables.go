package cloud

import (
	"fmt"
	"os"
)

// The environment variables that tell functions of what the stack has made besides.
const (
	WorkflowVariable        = "FANFARE_WORKFLOW"         // the workflow's ARN
	EventQueueVariable      = "FANFARE_EVENT_QUEUE"      // the URL of the queue of events
	DeliveryQueueVariable   = "FANFARE_DELIVERY_QUEUE"   // the URL of the queue of deliveries
	OperationsTopicVariable = "FANFARE_OPERATIONS_TOPIC" // the ARN of the operations topic
	TextsTopicVariable      = "FANFARE_TEXTS_TOPIC"      // the ARN of the topic of short texts
	WatchdogVariable        = "FANFARE_WATCHDOG"         // the watchdog function's ARN
	SchedulerRoleVariable   = "FANFARE_SCHEDULER_ROLE"   // the ARN of the role that schedules take on
	ScheduleGroupVariable   = "FANFARE_SCHEDULE_GROUP"   // the name of the group of schedules
)

// Variable is the value of an environment variable that must be there.
func Variable(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s: expected in the environment, found nothing", name)
	}
	return value, nil
}
