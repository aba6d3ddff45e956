package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"
)

// scheduleGroup is the name of the group of all schedules: the daily one, and one for each
// deployment that is under way.
const scheduleGroup = StackName

// schedules are the group, the role that a schedule takes on, and the daily look at all
// that must be in order. The functions are named, not referred to: they know the role.
func (s stack) schedules() awsiam.Role {
	group := awsscheduler.NewCfnScheduleGroup(s.Stack, jsii.String("Schedules"), &awsscheduler.CfnScheduleGroupProps{Name: jsii.String(scheduleGroup)})
	role := awsiam.NewRole(s.Stack, jsii.String("SchedulerRole"), &awsiam.RoleProps{
		// Nobody else's schedules may take it on:
		// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("scheduler.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{
				"aws:SourceAccount": s.account.ID, "aws:SourceArn": s.arn("scheduler", "schedule-group/"+scheduleGroup)}},
		}),
		Description: jsii.String("What Fanfare's schedules may do."),
	})
	role.AddToPolicy(allow([]*string{s.functionARN("watchdog"), s.functionARN("doctor")}, "lambda:InvokeFunction"))
	awsscheduler.NewCfnSchedule(s.Stack, jsii.String("Daily"), &awsscheduler.CfnScheduleProps{
		Name:                       jsii.String("daily-check"),
		GroupName:                  group.Ref(),
		Description:                jsii.String("Looks once a day whether Fanfare can reach everything, and tells only what is wrong."),
		ScheduleExpression:         jsii.String("cron(0 7 * * ? *)"),
		ScheduleExpressionTimezone: jsii.String("UTC"),
		FlexibleTimeWindow:         &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
		Target: &awsscheduler.CfnSchedule_TargetProperty{
			Arn: s.functionARN("doctor"), RoleArn: role.RoleArn(), Input: jsii.String(`{"report":true}`),
			RetryPolicy: &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumEventAgeInSeconds: jsii.Number(3600), MaximumRetryAttempts: jsii.Number(5)},
		},
	})
	return role
}

// functionARN names a function that the stack makes, without making it come first.
func (s stack) functionARN(name string) *string {
	return s.FormatArn(&awscdk.ArnComponents{Service: jsii.String("lambda"), Resource: jsii.String("function"),
		ResourceName: jsii.String(StackName + "-" + name), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME})
}

// workflowARN names the workflow, without making it come first.
func (s stack) workflowARN() *string {
	return s.FormatArn(&awscdk.ArnComponents{Service: jsii.String("states"), Resource: jsii.String("stateMachine"),
		ResourceName: jsii.String(workflowName), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME})
}
