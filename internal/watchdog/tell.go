package watchdog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"fanfare/internal/deployment"
	"fanfare/internal/watchdog/order"
)

// event is one of ECS in all but its source:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
type event struct {
	Version    string    `json:"version"`
	ID         string    `json:"id"`
	DetailType string    `json:"detail-type"`
	Source     string    `json:"source"`
	Account    string    `json:"account"`
	Time       time.Time `json:"time"`
	Region     string    `json:"region"`
	Resources  []string  `json:"resources"`
	Detail     detail    `json:"detail"`
}

type detail struct {
	EventType    string    `json:"eventType"`
	EventName    string    `json:"eventName"`
	ClusterARN   string    `json:"clusterArn,omitempty"`
	DeploymentID string    `json:"deploymentId"`
	UpdatedAt    time.Time `json:"updatedAt,omitzero"`
	Reason       string    `json:"reason,omitempty"`
}

// tell starts the workflow with what was found, and returns the event's id. That, and the
// execution's name, are the same each time, so that nothing is told twice.
func (w Watchdog) tell(ctx context.Context, o order.Order, f finding) (id string, err error) {
	ctx, cancel := context.WithTimeout(ctx, workflowLimit)
	defer cancel()
	e := w.eventOf(o, f)
	input, err := json.Marshal(e)
	if err != nil {
		return "", fmt.Errorf("writing the event: %w", err)
	}
	_, err = w.Workflow.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: aws.String(w.StateMachine), Name: aws.String(e.ID), Input: aws.String(string(input)),
	})
	// That one told it, at an earlier time and so with another input.
	var there *types.ExecutionAlreadyExists
	if err != nil && !errors.As(err, &there) {
		return "", err
	}
	return e.ID, nil
}

func (w Watchdog) eventOf(o order.Order, f finding) event {
	d := o.Deployment
	severity := "INFO"
	if f.name == failed || f.name == stuck {
		severity = "ERROR"
	}
	e := event{
		Version: "0", ID: o.Name("watch-", f.name), DetailType: "ECS Deployment State Change", Source: "fanfare.watch",
		Account: d.Account, Region: d.Region, Time: w.Now().UTC().Truncate(time.Second),
		Resources: []string{arn(d, "service/"+d.Service)},
		Detail: detail{
			EventType: severity, EventName: f.name, DeploymentID: d.ID, UpdatedAt: f.updatedAt.UTC(), Reason: f.reason,
		},
	}
	if d.Cluster != "" {
		e.Resources = []string{arn(d, "service/"+d.Cluster+"/"+d.Service)}
		e.Detail.ClusterARN = arn(d, "cluster/"+d.Cluster)
	}
	return e
}

func arn(d deployment.Deployment, resource string) string {
	return "arn:" + d.Partition + ":ecs:" + d.Region + ":" + d.Account + ":" + resource
}
