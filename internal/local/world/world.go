// Package world runs the local world: the engine, the edge in front of it, the vendors'
// stand-ins, and in it the very stack that is deployed to AWS.
package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/accountfile"
	"fanfare/internal/local/edge"
	"fanfare/internal/local/engine"
	"fanfare/internal/local/fault"
	"fanfare/internal/local/standin"
)

// What the stand-ins know. None of it opens anything anywhere.
const (
	slackToken  = "xoxb-local-0000000000-stand-in"
	gitlabToken = "glpat-local-stand-in"
	routingKey  = "0123456789abcdef0123456789abcdef"
)

// Options say which world to run.
type Options struct {
	// Root is the project's folder: its sources are built, its history is what GitLab shows.
	Root string
	// Dir holds what belongs to this world alone: ports, logs, the synthesised stack.
	Dir string
	// AccountFile is the name of an account file, local, or the path of one.
	AccountFile string
	// Python runs the engine.
	Python string
	// SlackBurst is how many messages the Slack stand-in takes at once before it limits;
	// as many as Slack does when 0. For tests that are not about the limit.
	SlackBurst int
	// PagerDutyRate is how many events a minute the PagerDuty stand-in takes; as many as
	// PagerDuty does when 0.
	PagerDutyRate int
	// SlackReads is how many reads of a method a minute the Slack stand-in takes; as many as
	// Slack does when 0.
	SlackReads int
	// Keeps lets the engine be restarted; see World.RestartEngine.
	Keeps bool
}

// World is a running world.
type World struct {
	Options
	Address
	engine *engine.Engine
	// joined is true when the engine and the edge are another world's.
	joined  bool
	front   *edge.Edge
	account *account.Account
	servers []*http.Server
	closing sync.Once
}

// Start runs the engine, the edge and the stand-ins on loopback ports that are free,
// the same as the last time where possible. Nothing is deployed yet.
func Start(ctx context.Context, o Options) (*World, error) {
	w, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	ports, err := reserve(o.Dir, append([]string{"edge"}, standins...))
	if err != nil {
		return nil, err
	}
	w.Endpoint = ports.url("edge")
	if err := w.startEngine(ctx); err != nil {
		ports.close()
		return nil, err
	}
	engineURL, err := url.Parse(w.Engine)
	if err != nil {
		ports.close()
		w.Close()
		return nil, fmt.Errorf("the engine's address: %w", err)
	}
	faults := &fault.Set{}
	w.front = edge.New(edge.Options{
		Engine: engineURL, Account: w.Account, Region: w.Region, Pipelines: pipelinesOf(w.account), Faults: faults, RolloutTime: 3 * time.Second,
	})
	w.serve(ports, faults)
	return w, nil
}

// Join runs a second account in the world's engine, behind its edge: with an account file
// and a folder of its own, and stand-ins and a control API of its own. Faults of AWS are
// the first world's to play. Close it before that one.
func (w *World) Join(ctx context.Context, o Options) (*World, error) {
	v, err := prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	if v.Account == w.Account || v.Region != w.Region {
		return nil, fmt.Errorf("joining a world: another account in %s expected, found %s in %s", w.Region, v.Account, v.Region)
	}
	ports, err := reserve(o.Dir, standins)
	if err != nil {
		return nil, err
	}
	v.engine, v.joined, v.Engine, v.Endpoint = w.engine, true, w.Engine, w.Endpoint
	v.front = w.front.With(v.Account, pipelinesOf(v.account))
	v.serve(ports, &fault.Set{})
	return v, nil
}

// prepare reads what a world is made of.
func prepare(ctx context.Context, o Options) (*World, error) {
	a, err := accountfile.Read(o.accountPath())
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the world's folder: %w", err)
	}
	refs, err := refsOf(ctx, o.Root)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(filepath.Join(o.Dir, "played")); err != nil {
		return nil, fmt.Errorf("removing what the last world left: %w", err)
	}
	return &World{Options: o, account: a, Address: Address{
		Dir: o.Dir, PID: os.Getpid(), Account: a.ID, Region: a.Region, Refs: refs,
		Commits: len(refs) > 0 && refs["v"+Versions[0]] != refs["v"+Versions[1]],
	}}, nil
}

// accountPath is the account file: a name below infra/accounts, or the path of a file.
func (o Options) accountPath() string {
	if filepath.Ext(o.AccountFile) == "" {
		return filepath.Join(o.Root, "infra", "accounts", o.AccountFile+".yaml")
	}
	if filepath.IsAbs(o.AccountFile) {
		return o.AccountFile
	}
	return filepath.Join(o.Root, o.AccountFile)
}

func pipelinesOf(a *account.Account) []string {
	var names []string
	for _, p := range a.Pipelines {
		names = append(names, p.Name)
	}
	return names
}

func (w *World) startEngine(ctx context.Context) (err error) {
	w.engine, err = engine.Start(ctx, engine.Options{
		Python: w.Python, Account: w.Account, Region: w.Region, EndpointURL: w.Endpoint, Auth: true, Keeps: w.Keeps, Dir: filepath.Join(w.Options.Dir, "engine"),
	})
	if err == nil {
		w.Engine = w.engine.URL()
	}
	return err
}

// serve serves whatever has a port. The faults are those of AWS and of the stand-ins.
func (w *World) serve(ports ports, faults *fault.Set) {
	log := &standin.Log{}
	slack := standin.NewSlack(standin.SlackOptions{Token: slackToken, Channels: slackChannels(w.account), Burst: w.SlackBurst, ReadsPerMinute: w.SlackReads}, log, faults)
	pagerduty := standin.NewPagerDuty(standin.PagerDutyOptions{RoutingKeys: map[string]string{routingKey: "on call"}, PerMinute: w.PagerDutyRate}, log, faults)
	gitlab := standin.NewGitLab(standin.GitLabOptions{
		Repository: w.Root, Token: gitlabToken, Projects: []string{"shop/checkout", "shop/search"}, Refs: w.Refs,
	}, log, faults)
	phone := standin.NewPhone(log, faults)
	control := http.NewServeMux()
	control.Handle("/", standin.Control(log, faults, standin.World{GitLab: gitlab, Slack: slack, PagerDuty: pagerduty, Phone: phone}))
	for _, path := range []string{"/rollouts", "/rollouts/", "/executions", "/executions/", "/events", "/counts"} {
		control.Handle(path, w.front.Control())
	}
	handlers := map[string]http.Handler{
		"edge": w.front, "slack": slack, "pagerduty": pagerduty, "gitlab": gitlab, "phone": phone, "control": control,
	}
	for name, listener := range ports {
		server := &http.Server{Handler: handlers[name], ReadHeaderTimeout: 10 * time.Second}
		w.servers = append(w.servers, server)
		go func() { _ = server.Serve(listener) }()
	}
	w.Slack, w.PagerDuty, w.GitLab = ports.url("slack"), ports.url("pagerduty"), ports.url("gitlab")
	w.Phone, w.Control = ports.url("phone"), ports.url("control")
}

// slackChannels are those that the account file tells.
func slackChannels(a *account.Account) []string {
	channels := []string{}
	if a.Slack != nil {
		channels = append(channels, a.Slack.Channel, a.Slack.Fallback)
	}
	for _, e := range a.Environments {
		channels = append(channels, e.SlackChannel)
	}
	for _, s := range a.Services {
		channels = append(channels, s.SlackChannel)
	}
	for _, p := range a.Pipelines {
		channels = append(channels, p.SlackChannel)
	}
	slices.Sort(channels)
	return slices.DeleteFunc(slices.Compact(channels), func(id string) bool { return id == "" })
}

// Done is closed when the engine has ended, by itself or by Close.
func (w *World) Done() <-chan struct{} { return w.engine.Done() }

// RestartEngine stops the engine and starts it again, with all that it held but its wait
// scale. Nobody else may use the world meanwhile. Options.Keeps must be set.
func (w *World) RestartEngine(ctx context.Context) error {
	next, err := w.engine.Restart(ctx)
	if err != nil {
		return err
	}
	w.engine = next
	return nil
}

// Secrets are those that the vendors' stand-ins want, none of which may be found anywhere
// but in the parameter store.
func Secrets() map[string]string {
	return map[string]string{"Slack's token": slackToken, "PagerDuty's key": routingKey, "GitLab's token": gitlabToken}
}

// SetWaitScale multiplies the workflow's waits and retry delays, for tests that are not
// about them.
func (w *World) SetWaitScale(ctx context.Context, scale float64) error {
	return w.engine.SetWaitScale(ctx, scale)
}

// QueueMessages reads the messages of a queue and leaves them there.
func (w *World) QueueMessages(ctx context.Context, queueURL string) ([]engine.Message, error) {
	return w.engine.QueueMessages(ctx, queueURL)
}

// Close stops everything. It can be called again.
func (w *World) Close() {
	w.closing.Do(func() {
		if w.engine != nil && !w.joined {
			w.engine.Stop()
		}
		for _, server := range w.servers {
			_ = server.Close()
		}
	})
}

// ports are the listeners of a world, by the name of who listens.
type ports map[string]net.Listener

// standins are who listens beside the edge.
var standins = []string{"slack", "pagerduty", "gitlab", "phone", "control"}

// reserve listens on a port for each listener. A stack that was synthesised for the ports of the
// last time need not be synthesised again, so these are tried first.
func reserve(dir string, listeners []string) (ports, error) {
	file := filepath.Join(dir, "ports.json")
	last := map[string]int{}
	if text, err := os.ReadFile(file); err == nil {
		_ = json.Unmarshal(text, &last) // a file that cannot be read is no more than no file
	}
	p := ports{}
	for _, name := range listeners {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", last[name]))
		if err != nil {
			listener, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			p.close()
			return nil, fmt.Errorf("finding a free port for %s: %w", name, err)
		}
		p[name] = listener
		last[name] = listener.Addr().(*net.TCPAddr).Port
	}
	text, err := json.Marshal(last)
	if err == nil {
		err = writeWhole(file, text)
	}
	if err != nil {
		p.close()
	}
	return p, err
}

func (p ports) url(name string) string { return "http://" + p[name].Addr().String() }

func (p ports) close() {
	for _, listener := range p {
		_ = listener.Close()
	}
}

// Running tells whether the world of this folder answers.
func Running(dir string) (Address, bool) {
	a, err := Load(dir)
	if err != nil {
		return a, false
	}
	client := http.Client{Timeout: 2 * time.Second}
	response, err := client.Get(a.Control + "/counts")
	if err != nil {
		return a, false
	}
	_ = response.Body.Close()
	return a, response.StatusCode == http.StatusOK
}

var errNoOutputs = errors.New("the stack is deployed, but gave no outputs")
