package tools

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

func TestTail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ output, want string }{
		"nothing":           {"\n \n", "(it printed nothing)"},
		"short":             {"a\n\nb", "a\nb"},
		"long":              {strings.Repeat("noise\n", 50) + "1\n2\n3\n", "1\n2\n3"},
		"user and password": {"GET https://me:pa%40ss@host.example/x failed", "GET https://***@host.example/x failed"},
		"a bare token":      {"git+https://ghp_abc@host.example/x", "git+https://***@host.example/x"},
		"a scoped package":  {"https://host.example/@scope/pkg", "https://host.example/@scope/pkg"},
		"npm's setting":     {"//host.example/:_authToken=npm_abc rest", "//host.example/:_authToken=*** rest"},
		"a header":          {`Authorization: Bearer abc.def`, `Authorization: ***`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tail(c.output, 3); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCommand(t *testing.T) {
	t.Setenv("PYTHONHOME", "/elsewhere")
	t.Setenv("HTTPS_PROXY", "kept")
	err := command{dir: t.TempDir()}.run(t.Context(), "/bin/sh", "-c", `echo "$PYTHONHOME|$HTTPS_PROXY"; echo twice >&2; exit 7`)
	if err == nil || !strings.Contains(err.Error(), "exit status 7") || !strings.HasSuffix(err.Error(), "|kept\ntwice") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "/elsewhere") {
		t.Errorf("the other Python got through: %v", err)
	}
	if err := (command{}).run(t.Context(), "/bin/sh", "-c", "exit 0"); err != nil {
		t.Error(err)
	}
}

// TestCommandIsKilledWithItsChildren would hang if only the shell were killed, since
// its child holds the other end of the pipe.
func TestCommandIsKilledWithItsChildren(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	pipe, held, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- command{lock: held}.run(ctx, "/bin/sh", "-c", "(echo up >&3; exec sleep 600) & wait")
		held.Close()
	}()
	if _, err := pipe.Read(make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := io.ReadAll(pipe); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, seed := range []string{"3.10.0", "22.1", "3", "", ".", "-1.2", "3.x", "99999999999.1", "3.10.0rc1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, ok := parseVersion(text)
		if !ok {
			return
		}
		if again, ok := parseVersion(v.String()); !ok || again != v {
			t.Errorf("%q is %v, which reads as %v", text, v, again)
		}
	})
}

func FuzzTail(f *testing.F) {
	f.Add("a\nb https://u:p@h/x\n", 1)
	f.Fuzz(func(t *testing.T, output string, n int) {
		if n < 1 || n > 100 {
			return
		}
		if got := strings.Count(tail(output, n), "\n"); got >= n {
			t.Errorf("%d lines, asked for %d", got+1, n)
		}
	})
}

func TestVersionOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b version
		want bool
	}{
		{version{3, 9}, version{3, 10}, true},
		{version{3, 10}, version{3, 10}, false},
		{version{4, 0}, version{3, 10}, false},
		{version{2, 99}, version{3, 10}, true},
	} {
		if got := c.a.less(c.b); got != c.want {
			t.Errorf("%v less than %v: %v", c.a, c.b, got)
		}
	}
}
