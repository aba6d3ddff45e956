package resolvetag

import (
	"context"
	"errors"
	"strings"
)

// trouble says in words fit for a message why who, such as ECS, gave no answer.
func trouble(who string, err error) string {
	name := code(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return who + " did not answer in time"
	case strings.Contains(name, "Throttl"), strings.Contains(name, "TooMany"), strings.Contains(name, "LimitExceeded"):
		return who + " was too busy to answer"
	case name == "ClusterNotFoundException":
		return who + " does not know the cluster"
	case name == "PipelineNotFoundException":
		return who + " does not know the pipeline"
	case name == "PipelineExecutionNotFoundException":
		return who + " does not know the execution"
	case name == "InvalidNextTokenException": // the token of a page, not of a session
		return who + " broke off its answer"
	case name == "ValidationException":
		return who + " could not make sense of the question"
	case strings.Contains(name, "AccessDenied"), strings.Contains(name, "Token"), strings.Contains(name, "UnrecognizedClient"):
		return who + " refused access"
	default:
		return who + " was not reachable"
	}
}

// code is the error's name as AWS gives it; empty when AWS gave none.
func code(err error) string {
	var coded interface{ ErrorCode() string }
	if errors.As(err, &coded) {
		return coded.ErrorCode()
	}
	return ""
}
