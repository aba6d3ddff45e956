package statemachine

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"fanfare/internal/failure"
)

// ours are the names that Step Functions sees for the errors of our functions: the Go
// types', which the lambda package makes them of by reflection as well.
var ours = typeNames("", failure.Transient{}, failure.Permanent{}, failure.RateLimited{}, failure.Unreachable{})

func typeNames(prefix string, values ...any) []string {
	var names []string
	for _, value := range values {
		names = append(names, prefix+reflect.TypeOf(value).Name())
	}
	return names
}

// lambdaFailures are what goes wrong around a function, and may be gone the next time:
// https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
// A timeout has a name of its own on newer runtimes:
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
// So has a process that dies, Runtime.ExitError, although we know of no page for it.
var lambdaFailures = []string{
	"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
	"Lambda.ClientExecutionTimeoutException", "Lambda.TooManyRequestsException", "Lambda.Unknown",
	"Sandbox.Timedout", "Runtime.ExitError",
}

// documented are the names of AWS that a Retry or Catch may have, by the service whose
// task it stands on; those under the empty name may stand on any.
var documented = map[string][]string{
	// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
	"": {"States.ALL", "States.TaskFailed", "States.Timeout", "States.HeartbeatTimeout", "States.Permissions",
		"States.ParameterPathFailure", "States.ResultPathMatchFailure", "States.IntrinsicFailure"},
	"lambda": lambdaFailures,
	// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
	"sns": typeNames("SNS.", snstypes.AuthorizationErrorException{}, snstypes.EndpointDisabledException{},
		snstypes.InternalErrorException{}, snstypes.InvalidParameterException{}, snstypes.InvalidParameterValueException{},
		snstypes.InvalidSecurityException{}, snstypes.NotFoundException{}, snstypes.PlatformApplicationDisabledException{},
		snstypes.ThrottledException{}, snstypes.ValidationException{}),
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors
	"sqs": append(typeNames("SQS.", sqstypes.InvalidAddress{}, sqstypes.InvalidMessageContents{},
		sqstypes.InvalidSecurity{}, sqstypes.QueueDoesNotExist{}, sqstypes.RequestThrottled{},
		sqstypes.UnsupportedOperation{}), "SQS.SdkClientException", "SQS.AmazonSQSException"),
}

// useless are names that must not stand in a Retry or Catch. Step Functions never
// retries or catches the first two, so that naming them only looks like a safeguard.
// Trying again never mends a Permanent or an Unreachable error, and a RateLimited one has its own Wait.
var useless = map[string][]string{
	"Catch": {"States.Runtime", "States.DataLimitExceeded"},
	"Retry": {"States.Runtime", "States.DataLimitExceeded", "Permanent", "RateLimited", "Unreachable"},
}

// mostTransient is how often a Transient error is tried again at most, over some minutes:
// what is not gone by then needs a person, who hears of it by the queue or the red execution.
const mostTransient = 8

// checkErrors finds errors that are misnamed, retried in the wrong way, or not at all.
func checkErrors(_ string, m *Machine) problems {
	var found problems
	for _, s := range m.All() {
		if s.Type == "Task" && s.TimeoutSeconds < 1 {
			found.add("%s.TimeoutSeconds: a task without one may hang for a year", s.Name)
		}
		var retries, catches [][]string
		for i, r := range s.Retry {
			retries = append(retries, r.ErrorEquals)
			found.within(s.Name+".Retry"+index(i), checkRetrier(r))
		}
		for i, c := range s.Catch {
			catches = append(catches, c.ErrorEquals)
			if c.ResultPath == nil || *c.ResultPath == "$" {
				found.add("%s.Catch[%d].ResultPath: the error must stand beside the document, not replace it or be lost", s.Name, i)
			}
		}
		found.within(s.Name+".Retry", checkNames(s, "Retry", retries))
		found.within(s.Name+".Catch", checkNames(s, "Catch", catches))
		if isLambda(s) {
			for _, name := range lambdaFailures {
				if !slices.ContainsFunc(s.Retry, func(r Retrier) bool { return r.MaxAttempts > 0 && slices.Contains(r.ErrorEquals, name) }) {
					found.add("%s.Retry: %s is not tried again", s.Name, name)
				}
			}
		}
	}
	return found
}

// checkRetrier looks at the numbers: with backoff, a limit to it, and full jitter, so
// that executions that fail together do not come back together.
func checkRetrier(r Retrier) problems {
	var found problems
	if r.MaxAttempts == 0 {
		return nil
	}
	if r.MaxAttempts < 0 || r.IntervalSeconds < 1 || r.BackoffRate < 1 || r.MaxDelaySeconds <= r.IntervalSeconds {
		found.add(": attempts %d, interval %d, backoff %g, longest delay %d make no sense",
			r.MaxAttempts, r.IntervalSeconds, r.BackoffRate, r.MaxDelaySeconds)
	}
	if r.JitterStrategy != "FULL" {
		found.add(".JitterStrategy: is %q, want FULL", r.JitterStrategy)
	}
	if slices.Contains(r.ErrorEquals, "Transient") && r.MaxAttempts > mostTransient {
		found.add(".MaxAttempts: Transient is tried %d times again, want %d at most", r.MaxAttempts, mostTransient)
	}
	return found
}

// checkNames looks at the names of all the retriers, or all the catchers, of a state.
// The first one that matches decides.
func checkNames(s *State, field string, groups [][]string) problems {
	var found problems
	allowed := slices.Concat(documented[""], documented[service(s)])
	if isLambda(s) {
		allowed = append(allowed, ours...)
	}
	var seen []string
	for i, names := range groups {
		if len(names) == 0 {
			found.add("%s.ErrorEquals: names no error", index(i))
		}
		for _, name := range names {
			switch {
			case slices.Contains(useless[field], name):
				found.add("%s.ErrorEquals: %s must not be named here", index(i), name)
			case !slices.Contains(allowed, name):
				found.add("%s.ErrorEquals: %s is neither an error of ours nor a documented one of such a task", index(i), name)
			case name == "States.ALL" && (len(names) > 1 || i < len(groups)-1):
				found.add("%s.ErrorEquals: States.ALL must stand alone, and last", index(i))
			case slices.Contains(seen, name), slices.Contains(seen, "States.TaskFailed") && !strings.HasPrefix(name, "States."):
				found.add("%s.ErrorEquals: %s is matched before this already", index(i), name)
			}
		}
		seen = append(seen, names...)
	}
	return found
}

// service is the service that a task calls.
func service(s *State) string {
	if isLambda(s) {
		return "lambda"
	}
	name, _, _ := strings.Cut(integrationName(s.Resource), ":")
	return name
}

// TestOurErrors ties the names to the package that every function classifies with.
func TestOurErrors(t *testing.T) {
	t.Parallel()
	if !slices.Equal(ours, failure.Names) {
		t.Errorf("the types are %q, failure.Names %q", ours, failure.Names)
	}
	for _, err := range []error{
		failure.Classify(failure.Transientf("x")), failure.Classify(failure.Permanentf("x")),
		failure.Classify(&failure.RateLimited{Err: failure.Permanentf("x")}), failure.Classify(failure.Unreachablef("x")),
	} {
		if name := reflect.TypeOf(err).Elem().Name(); !slices.Contains(ours, name) {
			t.Errorf("Classify returns a %s, which no Retry or Catch knows", name)
		}
	}
}
