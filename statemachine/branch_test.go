package statemachine

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// mayStop are the tasks whose failure ends the execution, which the alarm on failed
// executions tells. Whatever else fails is to be caught: it shortens the message, or
// ends in the dead-letter queue.
var mayStop = map[string]string{
	"Normalise":   "without a deployment there is nothing to tell",
	"Route":       "without a plan nobody can be told",
	"Record":      "everybody has been told",
	"RememberTag": "everybody has been told",
}

// checkBranches finds what could stop one channel's branch because of another's, end a
// branch without an outcome being possible, or tell the wrong channel.
func checkBranches(_ string, m *Machine) problems {
	var found problems
	for _, s := range m.States {
		switch {
		case s.Type == "Task" && !catchesAll(s) && mayStop[s.Name] == "":
			found.add("%s.Catch: nothing catches States.ALL, and it may not stop the execution", s.Name)
		case s.Type == "Parallel":
			if len(s.Catch) > 0 {
				found.add("%s.Catch: what is caught here has stopped every branch", s.Name)
			}
			if len(s.Retry) > 0 {
				found.add("%s.Retry: whoever has been told would be told again", s.Name)
			}
			for i, branch := range s.Branches {
				found = append(found, checkBranch(fmt.Sprintf("%s.Branches[%d]", s.Name, i), &branch)...)
				found = append(found, checkChannel(s, i, &branch)...)
			}
		}
	}
	return found
}

// checkBranch makes sure that a branch cannot fail.
func checkBranch(owner string, branch *Machine) problems {
	var found problems
	var deadLetters []string
	for _, s := range branch.States {
		if isDeadLetter(s) {
			deadLetters = append(deadLetters, s.Name)
		}
	}
	if len(deadLetters) != 1 {
		found.add("%s: has the dead-letter states %q, want one", owner, deadLetters)
	}
	for _, s := range branch.States {
		if s.Type == "Fail" || s.Type == "Parallel" {
			found.add("%s.Type: a %s in a branch could stop the others", s.Name, s.Type)
		}
		if s.Type == "Task" && !catchesAll(s) {
			found.add("%s.Catch: nothing catches States.ALL, which would stop the other branches", s.Name)
		}
		for i, c := range s.Catch {
			switch target := branch.State(c.Next); {
			case target == nil: // checkGraph tells it
			case isAfterSending(branch, s): // it is out: a redelivery would send it again
				if target.Type != "Pass" || !target.End {
					found.add("%s.Catch[%d].Next: %s is not the end of the branch", s.Name, i, c.Next)
				}
			case isDeadLetter(s) && (target.Type != "Pass" || !target.End):
				found.add("%s.Catch[%d].Next: %s is not the end of the branch", s.Name, i, c.Next)
			case !isDeadLetter(s) && !slices.Contains(deadLetters, c.Next):
				found.add("%s.Catch[%d].Next: %s is not the branch's dead-letter state", s.Name, i, c.Next)
			}
		}
	}
	return found
}

// isAfterSending tells whether a state comes after the one in which the workflow itself
// has sent.
func isAfterSending(branch *Machine, s *State) bool {
	return slices.ContainsFunc(branch.States, func(before *State) bool {
		return before.Next == s.Name && integrationName(before.Resource) == "sns:publish"
	})
}

var planned = regexp.MustCompile(`\$\.plan\.(\w+)`)

// checkChannel makes sure that a branch speaks of one channel only: the one under whose
// name its outcome is written.
func checkChannel(parallel *State, i int, branch *Machine) problems {
	var found problems
	channel := ""
	selector, _ := parallel.ResultSelector.(map[string]any)
	for key, path := range selector {
		if path == "$"+index(i) {
			channel += key[:max(0, len(key)-len(".$"))]
		}
	}
	if channel == "" {
		found.add("%s.ResultSelector: the outcome of branch %d is dropped", parallel.Name, i)
		return found
	}
	for _, s := range branch.States {
		raw, _ := json.Marshal(s) // what JSON was decoded to can be encoded again
		for _, match := range planned.FindAllSubmatch(raw, -1) {
			if string(match[1]) != channel {
				found.add("%s: reads %s, in the branch of %s", s.Name, match[0], channel)
			}
		}
		if step := slices.IndexFunc(Steps, func(step Step) bool { return step.State == stateOf(s.Name) }); step >= 0 && Steps[step].Channel != channel {
			found.add("%s.Resource: runs for the channel %q, in the branch of %s", s.Name, Steps[step].Channel, channel)
		}
		if body := messageBody(s); isDeadLetter(s) && body["channel"] != channel {
			found.add("%s.Parameters.MessageBody.channel: is %v, in the branch of %s", s.Name, body["channel"], channel)
		}
	}
	return found
}

// isDeadLetter tells whether a state puts a delivery into the queue.
func isDeadLetter(s *State) bool {
	parameters, _ := s.Parameters.(map[string]any)
	return integrationName(s.Resource) == "sqs:sendMessage" && parameters["QueueUrl"] == "${"+DeliveryQueueUrl+"}"
}

func messageBody(s *State) map[string]any {
	parameters, _ := s.Parameters.(map[string]any)
	body, _ := parameters["MessageBody"].(map[string]any)
	return body
}

func catchesAll(s *State) bool {
	return slices.ContainsFunc(s.Catch, func(c Catcher) bool { return slices.Contains(c.ErrorEquals, "States.ALL") })
}
