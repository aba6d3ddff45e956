package claim

import (
	"context"
	"errors"
	"testing"
	"time"

	"fanfare/internal/deployment"
)

const me, other = "execution-of-mine", "execution-of-another"

var (
	noon     = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)
	errAsked = errors.New("the service asked is out of order")
)

// event is one of the deployment ecs-svc/1, emitted so many seconds after noon.
func event(id string, status deployment.Status, seconds int) deployment.Deployment {
	return deployment.Deployment{
		Event: id, Source: "ecs", Name: "SERVICE_DEPLOYMENT", Account: "123456789012", Region: "eu-west-1",
		Cluster: "shop", Service: "checkout", ID: "ecs-svc/1", Kind: deployment.Ordinary,
		Status: status, Time: noon.Add(time.Duration(seconds) * time.Second),
	}
}

func TestWhoTells(t *testing.T) {
	t.Parallel()
	d := event("e1", deployment.InProgress, 0)
	tests := []struct {
		name    string
		holder  string // before
		fate    string // of the holder
		faster  string // who takes over while we ask
		outcome deployment.ClaimOutcome
		then    string // the holder afterwards
	}{
		{"fresh", "", "", "", deployment.Claimed, me},
		{"the same execution again", me, "alive", "", deployment.Claimed, me},
		{"the same execution, redriven", me, "dead", "", deployment.Claimed, me},
		{"another is telling it", other, "alive", "", deployment.Duplicate, other},
		{"another has told it", other, "done", "", deployment.Duplicate, other},
		{"nobody knows what became of the other", other, "broken", "", deployment.Duplicate, other},
		{"another died", other, "dead", "", deployment.TakenOver, me},
		{"another died, and a third was faster", other, "dead", "a-third", deployment.Duplicate, "a-third"},
		{"another died, and our first attempt got no answer", other, "dead", me, deployment.TakenOver, me},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			if test.holder != "" {
				m.holders[d.ClaimKey()] = test.holder
			}
			if test.faster != "" {
				m.before = func() { m.holders[d.ClaimKey()] = test.faster }
			}
			got, err := Claimer{Ledger: m, Executions: fate{test.holder: test.fate}}.Claim(t.Context(), d, me)
			if err != nil {
				t.Fatal(err)
			}
			if got.Outcome != test.outcome || got.Holder != test.then || m.holders[d.ClaimKey()] != test.then {
				t.Errorf("got %+v, held by %s; want %s, %s", got, m.holders[d.ClaimKey()], test.outcome, test.then)
			}
			if got.Outcome != deployment.Duplicate && (got.Kind != deployment.Ordinary || !got.StartedAt.Equal(noon) || got.Late) {
				t.Errorf("what it says of the deployment: %+v", got)
			}
			if want := got.Outcome == deployment.Duplicate; (m.repeats == 1) != want {
				t.Errorf("%d repeats are noted", m.repeats)
			}
			if got.Outcome == deployment.Duplicate && len(m.deployments) > 0 {
				t.Errorf("a duplicate moved the deployment on: %+v", m.deployments)
			}
		})
	}
}

// TestStory plays the events of one service in the order in which they arrive, each in
// an execution of its own.
func TestStory(t *testing.T) {
	t.Parallel()
	type step struct {
		event deployment.Deployment
		kind  deployment.Kind
		late  bool
		start int // seconds after noon
	}
	begin := func(status deployment.Status, seconds int) deployment.Deployment { return event("", status, seconds) }
	back := func(seconds int) deployment.Deployment {
		d := event("", deployment.InProgress, seconds)
		d.Kind = deployment.Rollback
		return d
	}
	unnamed := func(d deployment.Deployment) deployment.Deployment {
		d.ID = ""
		return d
	}
	const ordinary, rollback = deployment.Ordinary, deployment.Rollback
	tests := map[string][]step{
		"a deployment": {
			{begin(deployment.InProgress, 0), ordinary, false, 0},
			{begin(deployment.Succeeded, 60), ordinary, false, 0},
		},
		"an end that comes after all": {
			{begin(deployment.InProgress, 0), ordinary, false, 0},
			{begin(deployment.Stuck, 1800), ordinary, false, 0},
			{begin(deployment.Succeeded, 1900), ordinary, false, 0},
			{begin(deployment.Stuck, 2000), ordinary, true, 0},
		},
		"an end that was on its way when it was given up": {
			{begin(deployment.Stuck, 1800), ordinary, false, 1800},
			{begin(deployment.Failed, 1799), ordinary, false, 1800},
		},
		"a rollback that is stuck, and another to the same deployment": {
			{back(0), rollback, false, 0},
			{begin(deployment.Stuck, 1800), rollback, false, 0},
			{back(3600), rollback, false, 3600},
			{begin(deployment.Succeeded, 3700), rollback, false, 3600},
		},
		"the end arrives before the beginning": {
			{begin(deployment.Succeeded, 60), ordinary, false, 60},
			{begin(deployment.InProgress, 0), ordinary, true, 60},
		},
		"all in one second": {
			{begin(deployment.Failed, 0), ordinary, false, 0},
			{begin(deployment.InProgress, 0), ordinary, true, 0},
		},
		"an older end after a later one": {
			{begin(deployment.Failed, 60), ordinary, false, 60},
			{begin(deployment.Succeeded, 30), ordinary, true, 60},
		},
		"a failure counts for more than a success of the same moment": {
			{begin(deployment.Failed, 60), ordinary, false, 60},
			{begin(deployment.Succeeded, 60), ordinary, true, 60},
		},
		"a rollback with the failed deployment's id": {
			{begin(deployment.InProgress, 0), ordinary, false, 0},
			{begin(deployment.Failed, 60), ordinary, false, 0},
			{back(61), rollback, false, 61},
			{begin(deployment.Succeeded, 120), rollback, false, 61},
		},
		"a rollback with the id of the old deployment, which ended long ago": {
			{begin(deployment.InProgress, 0), ordinary, false, 0},
			{begin(deployment.Succeeded, 60), ordinary, false, 0},
			{back(3600), rollback, false, 3600},
			{begin(deployment.Succeeded, 3660), rollback, false, 3600},
		},
		"the old deployment's success arrives after the rollback to it began": {
			{back(3600), rollback, false, 3600},
			{begin(deployment.Succeeded, 60), ordinary, false, 60},
			{begin(deployment.Succeeded, 3600), rollback, false, 3600},
		},
		"two releases in a row are rolled back to the same deployment": {
			{back(60), rollback, false, 60},
			{begin(deployment.Succeeded, 120), rollback, false, 60},
			{back(3600), rollback, false, 3600},
			{begin(deployment.InProgress, 3610), rollback, false, 3600},
			{begin(deployment.Succeeded, 3660), rollback, false, 3600},
			{back(3600), rollback, true, 3600},
		},
		"the failure of the same moment caused the rollback": {
			{back(60), rollback, false, 60},
			{begin(deployment.Failed, 60), ordinary, false, 60},
		},
		"a failure after it is the rollback's own": {
			{back(60), rollback, false, 60},
			{begin(deployment.Failed, 61), rollback, false, 60},
		},
		"a success of the same moment is the rollback's": {
			{back(60), rollback, false, 60},
			{begin(deployment.Succeeded, 60), rollback, false, 60},
		},
		"the rollback's end arrives before its beginning": {
			{begin(deployment.Succeeded, 120), ordinary, false, 120},
			{back(60), rollback, true, 60},
		},
		"a failure before it does not make a rollback late": {
			{begin(deployment.Failed, 61), ordinary, false, 61},
			{back(60), rollback, false, 60},
		},
		"the rollback's beginning, repeated after its end": {
			{back(60), rollback, false, 60},
			{begin(deployment.Succeeded, 120), rollback, false, 60},
			{back(60), rollback, true, 60},
		},
		"without an id nothing is known of others": {
			{unnamed(back(60)), rollback, false, 60},
			{unnamed(begin(deployment.Succeeded, 120)), ordinary, false, 120},
			{unnamed(begin(deployment.InProgress, 0)), ordinary, false, 0},
		},
		"an event of later days in between": {
			{begin(deployment.InProgress, 0), ordinary, false, 0},
			{begin(deployment.Unknown, 30), ordinary, false, 0},
			{begin(deployment.Succeeded, 60), ordinary, false, 0},
			{begin(deployment.Unknown, 90), ordinary, true, 0},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Claimer{Ledger: newMemory(), Executions: fate{}}
			for i, s := range steps {
				s.event.Event = string(rune('a' + i))
				got, err := c.Claim(t.Context(), s.event, "execution-"+s.event.Event)
				want := deployment.Claim{Outcome: deployment.Claimed, Holder: "execution-" + s.event.Event,
					Kind: s.kind, Late: s.late, StartedAt: noon.Add(time.Duration(s.start) * time.Second)}
				if err != nil || got != want {
					t.Errorf("event %d: got %+v, %v\nwant %+v", i+1, got, err, want)
				}
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	back := event("e1", deployment.InProgress, 0)
	back.Kind = deployment.Rollback
	forward := event("e1", deployment.InProgress, 0)
	tests := []struct {
		name   string
		d      deployment.Deployment
		call   string // of the ledger that fails
		holder string
		fate   string
	}{
		{"taking", forward, "TakeEvent", "", ""},
		{"noting how it ended", event("e1", deployment.Failed, 0), "End", "", ""},
		{"taking over", forward, "TakeOver", other, "dead"},
		{"asking for the rollback", forward, "Progress " + deployment.Key(forward, deployment.Rollback), "", ""},
		{"moving on", forward, "Advance", "", ""},
		{"asking how the rollback before ended", back, "Progress " + deployment.Key(back, deployment.Rollback), "", ""},
		{"asking what the rollback was told as", back, "Progress " + deployment.Key(back, deployment.Ordinary), "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMemory()
			m.fail[test.call] = errAsked
			if test.holder != "" {
				m.holders[test.d.ClaimKey()] = test.holder
			}
			if _, err := (Claimer{Ledger: m, Executions: fate{other: test.fate}}).Claim(t.Context(), test.d, me); !errors.Is(err, errAsked) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWhatNeedsNoAsking holds that an event which no other can belong to does not ask
// for a rollback.
func TestWhatNeedsNoAsking(t *testing.T) {
	t.Parallel()
	unnamed := event("e2", deployment.Succeeded, 0)
	unnamed.ID = ""
	m := newMemory()
	m.fail["Progress "+deployment.Key(unnamed, deployment.Rollback)] = errAsked
	if got, err := (Claimer{Ledger: m, Executions: fate{}}).Claim(t.Context(), unnamed, me); err != nil || got.Kind != unnamed.Kind {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestService plays the ends of two deployments of one service.
func TestService(t *testing.T) {
	t.Parallel()
	end := func(id string, status deployment.Status, seconds int) deployment.Deployment {
		d := event(id, status, seconds)
		d.ID = "ecs-svc/" + id
		return d
	}
	for name, test := range map[string]struct {
		first, second deployment.Deployment
		after         deployment.Status
		newer         bool
	}{
		"a success after a failure":         {end("1", deployment.Failed, 0), end("2", deployment.Succeeded, 60), deployment.Failed, false},
		"a success of before the failure":   {end("1", deployment.Failed, 60), end("2", deployment.Succeeded, 0), deployment.Failed, true},
		"a failure of before the success":   {end("1", deployment.Succeeded, 60), end("2", deployment.Failed, 0), deployment.Succeeded, false},
		"a failure after another":           {end("1", deployment.Failed, 0), end("2", deployment.Failed, 60), deployment.Failed, false},
		"a beginning says nothing about it": {end("1", deployment.Failed, 60), end("2", deployment.InProgress, 0), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Claimer{Ledger: newMemory(), Executions: fate{}}
			if _, err := c.Claim(t.Context(), test.first, other); err != nil {
				t.Fatal(err)
			}
			got, err := c.Claim(t.Context(), test.second, me)
			if err != nil || got.After != test.after || got.NewerFailure != test.newer {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// TestRepeatNotNoted: that a repeat cannot be noted changes nothing.
func TestRepeatNotNoted(t *testing.T) {
	t.Parallel()
	d, m := event("e1", deployment.InProgress, 0), newMemory()
	m.holders[d.ClaimKey()], m.fail["NoteRepeat"] = other, errAsked
	got, err := Claimer{Ledger: m, Executions: fate{other: "alive"}}.Claim(t.Context(), d, me)
	if err != nil || got.Outcome != deployment.Duplicate || got.Holder != other {
		t.Errorf("got %+v, %v", got, err)
	}
}

// hanging is a ledger that does not answer.
type hanging struct{ *memory }

func (hanging) TakeEvent(ctx context.Context, _ deployment.Deployment, _ string) (string, bool, error) {
	deadline, ok := ctx.Deadline()
	if !ok || time.Until(deadline) > Budget {
		return "", false, errors.New("it would be waited for without end")
	}
	return "", false, context.DeadlineExceeded
}

func TestALedgerThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	_, err := Claimer{Ledger: hanging{newMemory()}, Executions: fate{}}.Claim(t.Context(), event("e1", deployment.Failed, 0), me)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestRecovered tells a failure of which it is known that a later deployment has succeeded,
// from one of before a success whose beginning was not seen.
func TestRecovered(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		began bool
		want  bool
	}{"the success's beginning was seen": {true, true}, "it was not": {false, false}} {
		c := Claimer{Ledger: newMemory(), Executions: fate{}}
		begins, succeeds, fails := event("e1", deployment.InProgress, 30), event("e2", deployment.Succeeded, 60), event("e3", deployment.Failed, 0)
		begins.ID, succeeds.ID, fails.ID = "ecs-svc/2", "ecs-svc/2", "ecs-svc/1"
		told := []deployment.Deployment{succeeds}
		if test.began {
			told = []deployment.Deployment{begins, succeeds}
		}
		for _, d := range told {
			if _, err := c.Claim(t.Context(), d, other); err != nil {
				t.Fatal(err)
			}
		}
		got, err := c.Claim(t.Context(), fails, me)
		if err != nil || got.Recovered != test.want || got.After != deployment.Succeeded {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
