package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"fanfare/internal/deployment"
	"fanfare/internal/record"
)

// dashboard shows how Fanfare is doing: what it was woken for, whom it told, how soon,
// and what waits. Its name has the region, as an account's dashboards are those of all
// regions together.
func (s stack) dashboard(workflow awsstepfunctions.StateMachine, queues queues) {
	events, deliveries := queues.events, queues.deliveries
	sum := &awscloudwatch.MetricOptions{Statistic: jsii.String("Sum")}
	most := &awscloudwatch.MetricOptions{Statistic: jsii.String("Maximum")}
	awscloudwatch.NewDashboard(s.Stack, jsii.String("Dashboard"), &awscloudwatch.DashboardProps{
		DashboardName:   jsii.String(s.dashboardName()),
		DefaultInterval: awscdk.Duration_Days(jsii.Number(7)),
		Widgets: &[]*[]awscloudwatch.IWidget{
			{
				graph("Executions", "",
					workflow.MetricStarted(sum), workflow.MetricSucceeded(sum), workflow.MetricFailed(sum), workflow.MetricTimedOut(sum), workflow.MetricAborted(sum)),
				graph("Deliveries by channel and outcome", "", s.deliveryMetrics()...),
			},
			{
				graph("Time from event to receipt", "ms", s.latencyMetrics()...),
				graph("Messages that wait", "",
					events.MetricApproximateNumberOfMessagesVisible(named(most, events)), deliveries.MetricApproximateNumberOfMessagesVisible(named(most, deliveries))),
				graph("Age of the oldest message", "s",
					events.MetricApproximateAgeOfOldestMessage(named(most, events)), deliveries.MetricApproximateAgeOfOldestMessage(named(most, deliveries))),
			},
		},
	})
}

func (s stack) dashboardName() string { return StackName + "-" + s.account.Region }

// graph is one of the two or three of a row. Nothing it shows is ever below zero.
func graph(title, unit string, metrics ...awscloudwatch.Metric) awscloudwatch.IWidget {
	var left []awscloudwatch.IMetric
	for _, metric := range metrics {
		left = append(left, metric)
	}
	axis := &awscloudwatch.YAxisProps{Min: jsii.Number(0), ShowUnits: jsii.Bool(false)}
	if unit != "" {
		axis.Label = jsii.String(unit)
	}
	return awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
		Title: jsii.String(title), Left: &left, LeftYAxis: axis, Width: jsii.Number(8), Height: jsii.Number(6)})
}

// named has the queue's name beside its line.
func named(options *awscloudwatch.MetricOptions, queue awssqs.Queue) *awscloudwatch.MetricOptions {
	with := *options
	with.Label = queue.QueueName()
	return &with
}

// deliveryMetrics count what became of the deliveries, as the step Record measures them.
func (s stack) deliveryMetrics() []awscloudwatch.Metric {
	var metrics []awscloudwatch.Metric
	for _, name := range s.account.Configured() {
		for _, outcome := range []deployment.Outcome{deployment.Sent, deployment.Repeated, deployment.Absorbed, deployment.DeadLettered, deployment.Stranded} {
			metrics = append(metrics, measured("Deliveries", name, outcome, "Sum", name+" "+string(outcome)))
		}
	}
	return metrics
}

// latencyMetrics are how long it takes for one delivery of two, and for nineteen of twenty.
func (s stack) latencyMetrics() []awscloudwatch.Metric {
	var metrics []awscloudwatch.Metric
	for _, name := range s.account.Configured() {
		for _, percentile := range []string{"p50", "p95"} {
			metrics = append(metrics, measured("Latency", name, deployment.Sent, percentile, name+" "+percentile))
		}
	}
	return metrics
}

func measured(metric, channel string, outcome deployment.Outcome, statistic, label string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:     jsii.String(record.Namespace),
		MetricName:    jsii.String(metric),
		DimensionsMap: &map[string]*string{"Channel": jsii.String(channel), "Outcome": jsii.String(string(outcome))},
		Statistic:     jsii.String(statistic),
		Label:         jsii.String(label),
	})
}
