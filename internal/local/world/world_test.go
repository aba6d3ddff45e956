package world

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fanfare/internal/account"
)

func TestAddressIsSavedWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "make up") {
		t.Errorf("without a world: %v", err)
	}
	a := Address{PID: 7, Account: "123456789012", Region: "eu-west-1", Endpoint: "http://127.0.0.1:1", Control: "http://127.0.0.1:2",
		Outputs: map[string]string{"StateMachineArn": "arn:it's"}}
	if err := a.Save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Load(dir)
	if err != nil || got.PID != 7 || got.Outputs["StateMachineArn"] != "arn:it's" {
		t.Errorf("got %+v, %v", got, err)
	}
	shell := exec.Command("sh", "-c", `. "$1"; printf '%s %s %s' "$AWS_ENDPOINT_URL" "$AWS_ACCESS_KEY_ID" "$FANFARE_STATE_MACHINE"`, "sh", filepath.Join(dir, "env"))
	out, err := shell.Output()
	if want := "http://127.0.0.1:1 123456789012 arn:it's"; err != nil || string(out) != want {
		t.Errorf("a shell that sourced it has %q, want %q (%v)", out, want, err)
	}
	if Remove(dir); exists(filepath.Join(dir, "env")) || exists(addressFile(dir)) {
		t.Error("something is left after Remove")
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// TestPortsStayTheSame tries a few times: any other program may take a port that is let
// go of here.
func TestPortsStayTheSame(t *testing.T) {
	t.Parallel()
	var problem error
	for range 10 {
		if problem = portsStay(t.TempDir()); problem == nil {
			return
		}
	}
	t.Error(problem)
}

// portsStay reserves ports, takes one of them away, and reserves them again.
func portsStay(dir string) error {
	first, err := reserve(dir, []string{"edge", "slack"})
	if err != nil {
		return err
	}
	slack, edge := first.url("slack"), first["edge"].Addr().String()
	first.close()
	taken, err := net.Listen("tcp", edge)
	if err != nil {
		return err
	}
	defer taken.Close()
	second, err := reserve(dir, []string{"edge", "slack"})
	if err != nil {
		return err
	}
	defer second.close()
	if second.url("slack") != slack {
		return fmt.Errorf("Slack moved from %s to %s", slack, second.url("slack"))
	}
	if second["edge"].Addr().String() == edge {
		return errors.New("the edge has a port that somebody else has")
	}
	return nil
}

func TestRefs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if refs, err := refsOf(t.Context(), dir); err != nil || len(refs) != 0 {
		t.Errorf("without a history: %v, %v", refs, err)
	}
	git := func(args ...string) string {
		command := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=n", "-c", "user.email=e@example.com"}, args...)...)
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	for commits := 1; commits <= 12; commits++ {
		git("commit", "-q", "--allow-empty", "-m", "change")
		refs, err := refsOf(t.Context(), dir)
		if err != nil || len(refs) != len(Versions) || refs["v1.44.0"] != git("rev-parse", "HEAD") {
			t.Fatalf("%d commits: %v, %v", commits, refs, err)
		}
	}
	refs, _ := refsOf(t.Context(), dir)
	if n := git("rev-list", "--count", refs["v1.41.0"]+".."+refs["v1.42.0"]); n != "3" {
		t.Errorf("%s commits lie between the first two versions", n)
	}
}

func TestAccountPath(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"local": "/p/infra/accounts/local.yaml", "/tmp/second.yaml": "/tmp/second.yaml", "internal/second.yaml": "/p/internal/second.yaml",
	} {
		if got := (Options{Root: "/p", AccountFile: file}).accountPath(); got != want {
			t.Errorf("%s is %s, want %s", file, got, want)
		}
	}
}

func TestSlackChannels(t *testing.T) {
	t.Parallel()
	a := &account.Account{
		Slack:        &account.Slack{Channel: "C2"},
		Environments: []account.Environment{{Told: account.Told{SlackChannel: "C1"}}, {}},
		Services:     []account.Service{{Told: account.Told{SlackChannel: "C2"}}},
		Pipelines:    []account.Pipeline{{Told: account.Told{SlackChannel: "C3"}}},
	}
	if got := strings.Join(slackChannels(a), " "); got != "C1 C2 C3" {
		t.Errorf("got %s", got)
	}
	if got := slackChannels(&account.Account{}); len(got) != 0 {
		t.Errorf("without Slack: %q", got)
	}
}

func TestCommit(t *testing.T) {
	t.Parallel()
	a := Address{Refs: map[string]string{"v1.41.0": "abc"}}
	if a.Commit("1.41.0") != "abc" || len(a.Commit("1.42.0")) != 40 || a.Commit("1.42.0") == a.Commit("1.43.0") {
		t.Errorf("got %s, %s", a.Commit("1.41.0"), a.Commit("1.42.0"))
	}
}
