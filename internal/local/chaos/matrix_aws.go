package chaos

import (
	"fanfare/internal/channel"
	"fanfare/internal/local/fault"
	"fanfare/statemachine"
)

// call is one that functions make to AWS.
type call struct {
	operation string
	source    Source
	story     Story
	// holder is true when it names the execution that told the event before.
	holder bool
}

var calls = []call{
	{"ssm:GetParameter", ecsSource, fails, false},
	{"ssm:PutParameter", ecsSource, succeeds, false},
	{"dynamodb:GetItem", ecsSource, fails, false},
	{"dynamodb:UpdateItem", ecsSource, fails, false},
	{"ecs:DescribeServices", ecsSource, fails, false},
	{"ecs:DescribeTaskDefinition", ecsSource, fails, false},
	{"codepipeline:GetPipelineExecution", pipelineSource, fails, false},
	{"codepipeline:ListActionExecutions", pipelineSource, fails, false},
	{"states:DescribeExecution", ecsSource, fails, true},
	{"scheduler:", ecsSource, fails, false},
}

// ways are those in which such a call goes wrong.
var ways = []struct {
	name  string
	fault func(d dice) fault.Fault
}{
	{"throttled", func(dice) fault.Fault { return fault.Fault{Kind: fault.Status, Status: 400} }},
	{"delayed", func(d dice) fault.Fault { return fault.Fault{Kind: fault.Delay, DelayMS: 500 * d.upTo(8)} }},
	{"broken", func(d dice) fault.Fault {
		return []fault.Fault{{Kind: fault.Status}, {Kind: fault.Drop}, {Kind: fault.Drop, After: true}, {Kind: fault.Garbage}, {Kind: fault.Truncate}}[d.IntN(5)]
	}},
	{"its caller killed", func(d dice) fault.Fault { return fault.Fault{Kind: fault.Kill, After: d.IntN(2) == 0} }},
}

func awsRows() []row {
	var all []row
	for _, call := range calls {
		for _, way := range ways {
			all = append(all, row{call.operation + " " + way.name, 1, func(d dice, _ int) Play {
				f := way.fault(d)
				f.Target, f.Match, f.Times = "aws", call.operation, d.upTo(3)
				p := Play{Source: call.source, Story: call.story, Real: true}
				if call.holder {
					p.Holder, p.Copies = []fault.Fault{f}, 2
				} else {
					p.Faults = []fault.Fault{f}
				}
				return p
			}})
		}
	}
	return all
}

// functionRows: every function of the workflow dies once with the event in its hands.
func functionRows() []row {
	var all []row
	for _, step := range statemachine.Steps {
		all = append(all, row{step.Name() + " is killed", 1, func(d dice, _ int) Play {
			p := Play{Source: ecsSource, Story: fails, Kill: step.Name(), Real: true}
			switch step.Program {
			case "remembertag":
				p.Story = succeeds
			case "watch": // which is called when a deployment begins
				p.KillFirst = true
			case "escalate": // which is called when a channel cannot be told
				p.Faults = []fault.Fault{{Target: channel.Slack, Kind: fault.Status, Status: 400}}
			}
			return p
		}})
	}
	return append(all, row{"redrive is killed", 2, func(d dice, number int) Play {
		return Play{
			Source: ecsSource, Story: fails, Faults: []fault.Fault{{Target: channel.PagerDuty, Kind: fault.Status, Status: 400}},
			Operator: []fault.Fault{{Target: "aws", Match: "states:StartExecution", Kind: fault.Kill, After: number == 0, Times: 1}},
		}
	}})
}

// manyUnderWay is how many plays are under way when the engine stops.
const manyUnderWay = 8

func engineRows() []row {
	return []row{{"the engine stops and starts again", manyUnderWay, func(d dice, _ int) Play {
		return Play{Source: ecsSource, Story: d.oneOf(fails, succeeds), Together: d.IntN(2) == 0, Restart: true}
	}}}
}
