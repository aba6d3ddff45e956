// Package statemachine holds what happens, in which order: the workflow's definition,
// and the list of the functions that it calls.
package statemachine

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Definition is the workflow in the Amazon States Language, with placeholders such as
// ${NormaliseArn} in the place of everything that differs between accounts.
//
//go:embed notify.asl.json
var Definition string

// Step is one function of the workflow.
type Step struct {
	// State is the state that calls it.
	State string
	// Program is the folder below lambdas, whose name is also that of its package
	// below internal.
	Program string
	// Channel is the channel that the function is deployed for; empty when it serves all.
	Channel string
	// Again is a further state that calls it; empty when there is none.
	Again string
}

// Placeholder is the name that stands for the function's ARN in the definition.
func (s Step) Placeholder() string { return s.State + "Arn" }

// Title is how the states' names have the channel, such as PagerDuty; empty when the
// function serves all.
func (s Step) Title() string {
	if s.Channel == "" {
		return ""
	}
	return s.State[len(s.Program):]
}

// Name is the function's own name among those of the stack, such as send-slack.
func (s Step) Name() string {
	if s.Channel == "" {
		return s.Program
	}
	return s.Program + "-" + s.Channel
}

// Steps are the workflow's functions, in the order in which it calls them.
var Steps = []Step{
	{State: "Normalise", Program: "normalise"},
	{State: "Claim", Program: "claim"},
	{State: "ResolveTag", Program: "resolvetag"},
	{State: "Commits", Program: "commits"},
	{State: "CheckMaintenance", Program: "checkmaintenance"},
	{State: "Route", Program: "route"},
	{State: "FormatSlack", Program: "format", Channel: "slack"},
	{State: "SendSlack", Program: "send", Channel: "slack"},
	{State: "FormatPagerDuty", Program: "format", Channel: "pagerduty"},
	{State: "SendPagerDuty", Program: "send", Channel: "pagerduty"},
	{State: "FormatSns", Program: "format", Channel: "sns"},
	{State: "SendSns", Program: "send", Channel: "sns", Again: "MarkSns"},
	{State: "Record", Program: "record"},
	{State: "RememberTag", Program: "remembertag"},
	{State: "Watch", Program: "watch"},
	{State: "Escalate", Program: "escalate"},
}

// Beside are the functions that the workflow does not call: people do, or a schedule.
var Beside = []Step{
	{State: "Watchdog", Program: "watchdog"},
	{State: "Redrive", Program: "redrive"},
	{State: "Doctor", Program: "doctor"},
	{State: "Why", Program: "why"},
}

// Placeholders of what is no function.
const (
	Partition        = "Partition"        // aws, aws-cn, aws-us-gov
	TopicArn         = "TopicArn"         // where texts are published
	DeliveryQueueUrl = "DeliveryQueueUrl" // where failed deliveries wait
)

var placeholder = regexp.MustCompile(`\$\{([A-Za-z0-9]+)\}`)

// Placeholders returns every placeholder of the definition once, sorted.
func Placeholders() []string {
	var names []string
	for _, match := range placeholder.FindAllStringSubmatch(Definition, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Fill puts the values in the place of the placeholders, as CloudFormation does. It
// fails when a placeholder has no value or a value has no placeholder.
func Fill(values map[string]string) (string, error) {
	var missing, unused []string
	for _, name := range Placeholders() {
		if _, ok := values[name]; !ok {
			missing = append(missing, name)
		}
	}
	for name := range values {
		if !slices.Contains(Placeholders(), name) {
			unused = append(unused, name)
		}
	}
	if len(missing)+len(unused) > 0 {
		slices.Sort(unused)
		return "", fmt.Errorf("filling the definition: no value for [%s], no placeholder for [%s]",
			strings.Join(missing, " "), strings.Join(unused, " "))
	}
	return placeholder.ReplaceAllStringFunc(Definition, func(p string) string {
		return values[p[2:len(p)-1]]
	}), nil
}
