package fault

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const callVariable = "FANFARE_TEST_CALL"

// TestMain runs the tests, or makes of a copy of this program somebody who calls.
func TestMain(m *testing.M) {
	url := os.Getenv(callVariable)
	if url == "" {
		os.Exit(m.Run())
	}
	response, err := http.Post(url, "text/plain", strings.NewReader("hello"))
	if err != nil {
		os.Exit(3)
	}
	_, _ = io.Copy(os.Stdout, response.Body)
	os.Exit(0)
}

// call has a program of this name call the server.
func call(t *testing.T, name, url string) (answer string, state *os.ProcessState) {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), name)
	if err := os.Link(own, program); err != nil {
		copied, err := os.ReadFile(own)
		if err == nil {
			err = os.WriteFile(program, copied, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), program)
	command.Env = []string{callVariable + "=" + url}
	out, err := command.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), command.ProcessState
}

func TestKill(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		program, problem string
		killed           bool
	}{
		"a worker":        {"bootstrap", "", true},
		"another program": {"engine", "runs engine, which is no Lambda worker", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := add(t, Fault{Target: "slack", Kind: Kill, Key: "hello", Times: 1})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				f, ok := s.Take("slack", "x", func() string { return Text(r, body) })
				if !ok {
					t.Error("no fault is taken")
					return
				}
				f.Play(w, r, "text/plain", "sorry")
			}))
			defer server.Close()
			answer, state := call(t, test.program, server.URL)
			status, _ := state.Sys().(syscall.WaitStatus)
			if killed := status.Signaled() && status.Signal() == syscall.SIGKILL; killed != test.killed {
				t.Errorf("it ended with %v: %s", state, answer)
			}
			problem := s.Played("")[0].Problem
			if !strings.Contains(answer, test.problem) || !strings.Contains(problem, test.problem) || (problem == "") != test.killed {
				t.Errorf("answer %q, problem %q, want %q", answer, problem, test.problem)
			}
		})
	}
}

func TestOurselvesAreNotKilled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Fault{Kind: Kill}.Play(w, r, "text/plain", "sorry")
	}))
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); response.StatusCode != 500 || !strings.Contains(string(body), "no Lambda worker") {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
	if err := killWorker(os.Getpid()); err == nil || !strings.Contains(err.Error(), "our own") {
		t.Errorf("got %v", err)
	}
	if w := played(Fault{Kind: Kill}); w.Code != 500 || !strings.Contains(w.Body.String(), "no address on this machine") {
		t.Errorf("without a connection: %d %s", w.Code, w.Body)
	}
}

// Both ways to find who holds a connection find us at both its ends.
func TestHolders(t *testing.T) {
	t.Parallel()
	finders := map[string]func(theirs, ours netip.AddrPort) ([]int, error){}
	if runtime.GOOS == "linux" {
		finders["proc"] = holdersByProc
	}
	if _, err := exec.LookPath("lsof"); err == nil {
		finders["lsof"] = holdersByLsof
	}
	for name, find := range finders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				theirs := netip.MustParseAddrPort(r.RemoteAddr)
				ours := netip.MustParseAddrPort(r.Context().Value(http.LocalAddrContextKey).(net.Addr).String())
				if pids, err := find(theirs, ours); err != nil || len(pids) != 1 || pids[0] != os.Getpid() {
					t.Errorf("got %v, %v; %d expected", pids, err, os.Getpid())
				}
				elsewhere := netip.AddrPortFrom(ours.Addr(), ours.Port()^1)
				if pids, err := find(theirs, elsewhere); err == nil && len(pids) != 0 {
					t.Errorf("of a connection that there is not: %v", pids)
				}
			}))
			defer server.Close()
			response, err := http.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
		})
	}
}

func TestSocketOf(t *testing.T) {
	t.Parallel()
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 22 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 33 1 0000000000000000 20 4 30 10 -1
   3: 0100007F:C001 0200007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 44 1 0000000000000000 20 4 30 10 -1
   4: 0000000000000000FFFF00000100007F:C002 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000 0 0 55 1
   5: 00000000000000000000000001000000:C003 00000000000000000000000001000000:1F90 01 00000000:00000000 00:00000000 00000000 0 0 66 1
   6: nonsense:zz 0100007F:1F90 01 x x x x x 77
`
	for _, test := range []struct{ theirs, ours, want string }{
		{"127.0.0.1:49153", "127.0.0.1:8080", "33"},
		{"[::ffff:127.0.0.1]:49153", "127.0.0.1:8080", "33"},
		{"127.0.0.1:49153", "127.0.0.2:8080", "44"},
		{"127.0.0.1:49154", "127.0.0.1:8080", "55"},
		{"[::1]:49155", "[::1]:8080", "66"},
		{"127.0.0.1:49156", "127.0.0.1:8080", ""},
	} {
		if got := socketOf([]byte(table), netip.MustParseAddrPort(test.theirs), netip.MustParseAddrPort(test.ours)); got != test.want {
			t.Errorf("%s to %s: socket %q, want %q", test.theirs, test.ours, got, test.want)
		}
	}
}

func TestListed(t *testing.T) {
	t.Parallel()
	const answer = "p12\nf7\nn127.0.0.1:49153->127.0.0.1:8080\nf8\nn127.0.0.1:49153->127.0.0.1:8080\n" +
		"p34\nf3\nn127.0.0.1:8080->127.0.0.1:49153\np56\nf9\nn127.0.0.1:49153->10.0.0.1:443\npx\nn127.0.0.1:49153->127.0.0.1:8080\n"
	got := listed([]byte(answer), netip.MustParseAddrPort("127.0.0.1:49153"), netip.MustParseAddrPort("127.0.0.1:8080"))
	if len(got) != 1 || got[0] != 12 {
		t.Errorf("got %v, want the one process that holds the caller's end, 12", got)
	}
}

func FuzzHolders(f *testing.F) {
	f.Add("1: 0100007F:C001 0100007F:1F90 01 0 0 0 0 0 33", "p1\nn127.0.0.1:49153->127.0.0.1:8080")
	f.Add("1: 01:C001 :", "p-1\nn")
	theirs, ours := netip.MustParseAddrPort("127.0.0.1:49153"), netip.MustParseAddrPort("127.0.0.1:8080")
	f.Fuzz(func(t *testing.T, table, answer string) {
		socketOf([]byte(table), theirs, ours)
		for _, pid := range listed([]byte(answer), theirs, ours) {
			if pid <= 0 {
				t.Fatalf("%d of %q is no process", pid, answer)
			}
		}
	})
}
