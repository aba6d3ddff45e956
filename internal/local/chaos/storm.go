package chaos

import (
	"slices"

	"fanfare/internal/channel"
	"fanfare/internal/local/fault"
)

// passing are troubles after which a vendor is asked again, soon.
var passing = []fault.Fault{
	{Kind: fault.Drop}, {Kind: fault.Status, Status: 500}, {Kind: fault.Status, Status: 503}, {Kind: fault.HTML, Status: 502},
	{Kind: fault.Garbage}, {Kind: fault.Status, Status: 200, Body: `{"ok":tr`},
}

// storms are how often each source is played with everything at once: there are no more
// than so many pipelines.
var storms = map[Source]int{ecsSource: 20, pipelineSource: 18, drillSource: 10}

// stormRows: much goes wrong at once, as often as the workflow bears it, and every event
// comes three times.
func stormRows() []row {
	var all []row
	for _, source := range []Source{ecsSource, pipelineSource, drillSource} {
		all = append(all, row{string(source) + ": everything at once", storms[source], func(d dice, _ int) Play { return storm(d, source) }})
	}
	return all
}

const (
	waits  = 4 // how often a vendor asks to wait
	deaths = 4 // how often a sender dies before it has sent: the workflow calls it six times
)

func storm(d dice, source Source) Play {
	p := Play{Source: source, Story: fails, Copies: 3, Real: source != drillSource}
	limited := func(vendor, operation string) fault.Fault {
		return fault.Fault{Target: vendor, Match: operation, Kind: fault.Status, Status: 429, RetryAfter: 1, Times: waits}
	}
	// Slack does nothing worse than to ask us to wait, before either event. Whenever it is not
	// known whether it has a message, that is looked for, which it allows 50 times a minute:
	// a few dozen of those would only wait for each other. They are played in its own rows.
	p.Faults = slices.Concat(
		[]fault.Fault{limited(channel.Slack, "chat."), limited(channel.PagerDuty, "")},
		d.trouble(channel.PagerDuty, "", retries), []fault.Fault{{Target: channel.PagerDuty, Kind: fault.Kill, Times: deaths}})
	p.Later = []fault.Fault{limited(channel.Slack, "chat.")}
	broken := func(operation string, times int) {
		f := fault.Fault{Target: "aws", Match: operation, Kind: fault.Status, Times: times}
		if d.IntN(2) == 0 {
			f.Status = 400 // throttled
		}
		p.Faults = append(p.Faults, f)
	}
	switch source {
	case ecsSource:
		broken("ecs:DescribeServices", 2)
		broken("ecs:DescribeTaskDefinition", 2)
		broken("ssm:GetParameter", 2)
		broken("scheduler:", retries)
	case pipelineSource:
		broken("codepipeline:GetPipelineExecution", 2)
		broken("codepipeline:ListActionExecutions", 2)
	}
	// Not more often: the SDK asks once again, and a ledger that cannot be asked at all
	// would have us send without it.
	broken("dynamodb:GetItem", 1)
	broken("dynamodb:UpdateItem", 1)
	return p
}

// trouble are so many of the troubles that pass, each once. Of some the vendor has taken
// what it does not confirm.
func (d dice) trouble(vendor, operation string, times int) []fault.Fault {
	var all []fault.Fault
	for range times {
		f := passing[d.IntN(len(passing))]
		f.Target, f.Match, f.Times, f.After = vendor, operation, 1, d.IntN(3) == 0
		all = append(all, f)
	}
	return all
}
