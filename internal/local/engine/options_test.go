package engine

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	good := Options{Python: "/venv/bin/python", Account: "111122223333", Region: "us-gov-west-1", Dir: "x"}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	scale := math.Inf(1)
	for name, c := range map[string]struct {
		spoil func(*Options)
		want  string
	}{
		"python":   {func(o *Options) { o.Python = "python3" }, `Python is "python3"`},
		"port":     {func(o *Options) { o.Port = 70000 }, "Port is 70000"},
		"negative": {func(o *Options) { o.Port = -1 }, "Port is -1"},
		"account":  {func(o *Options) { o.Account = "test" }, `Account is "test"`},
		"region":   {func(o *Options) { o.Region = "Ireland" }, `Region is "Ireland"`},
		"scale":    {func(o *Options) { o.WaitScale = &scale }, "wait scale is +Inf"},
		"dir":      {func(o *Options) { o.Dir = "" }, "Dir is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := good
			c.spoil(&options)
			if err := options.check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := Start(t.Context(), options); err == nil {
				t.Error("it starts")
			}
		})
	}
}

// TestEnvironment sees that nothing of the owner's gets through.
func TestEnvironment(t *testing.T) {
	t.Setenv("AWS_PROFILE", "somebody")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "somebody's")
	t.Setenv("SLACK_TOKEN", "somebody's")
	t.Setenv("PATH", "/bin")
	scale := 0.01
	options := Options{Port: 4577, Account: "111122223333", Region: "eu-west-1", Auth: true, Dir: "/d",
		WaitScale: &scale, Env: []string{"LOG_LEVEL=DEBUG"}}
	got := options.environment("http://127.0.0.1:4577", "n0nce")
	want := []string{
		"PATH=/bin", "HOME=/d/home", "TMPDIR=/d/tmp", "TZ=UTC",
		"GATEWAY_PORT=4577", "BIND_HOST=127.0.0.1", "MINISTACK_HOST=127.0.0.1",
		"MINISTACK_ACCOUNT_ID=111122223333", "MINISTACK_REGION=eu-west-1", "MINISTACK_EDITION=n0nce", "AUTH=true",
		"STATE_DIR=/d/state", "S3_DATA_DIR=/d/s3", "IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0", "LOG_LEVEL=WARNING",
		"AWS_ENDPOINT_URL=http://127.0.0.1:4577", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_EC2_METADATA_DISABLED=true",
		"SFN_WAIT_SCALE=0.01", "LOG_LEVEL=DEBUG",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	options.EndpointURL, options.Auth, options.WaitScale = "http://127.0.0.1:9000", false, nil
	got = options.environment("http://127.0.0.1:4577", "n0nce")
	if !slices.Contains(got, "AWS_ENDPOINT_URL=http://127.0.0.1:9000") || !slices.Contains(got, "AUTH=false") ||
		slices.ContainsFunc(got, func(pair string) bool { return strings.HasPrefix(pair, "SFN_WAIT_SCALE") }) {
		t.Errorf("got %q", got)
	}
}

func TestLogTail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		log, want string
	}{
		"empty": {"\n", "(it logged nothing)"},
		"short": {"one\ntwo\n", "one\ntwo"},
		"long":  {strings.Repeat("noise\n", 100_000) + strings.Repeat("x\n", tailLines), strings.TrimSpace(strings.Repeat("x\n", tailLines))},
		"cut":   {strings.Repeat("é", tailBytes), strings.Repeat("é", tailBytes/2)},
		"bytes": {"a\xffb", "a?b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &Engine{options: Options{Dir: t.TempDir()}}
			if err := os.WriteFile(filepath.Join(e.options.Dir, "engine.log"), []byte(c.log), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := e.logTail(); got != c.want {
				t.Errorf("got %.200q, want %.200q", got, c.want)
			}
		})
	}
	e := &Engine{options: Options{Dir: t.TempDir()}}
	if got := e.logTail(); !strings.Contains(got, "no such file") {
		t.Errorf("got %q", got)
	}
}
