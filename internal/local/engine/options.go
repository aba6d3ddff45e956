package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// loopback is the only address that the engine listens on.
const loopback = "127.0.0.1"

// AccessKey and SecretKey are the credentials by which the engine knows the owner of
// the account: with them, every call is allowed.
const (
	AccessKey = "test"
	SecretKey = "test"
)

// Options say how an engine is run.
type Options struct {
	// Python is the absolute path of a Python that has MiniStack; see package tools.
	Python string
	// Port is the port on loopback; 0 chooses a free one.
	Port int
	// Account is the AWS account that the engine plays, 12 digits.
	Account string
	// Region is the AWS region that it plays, such as eu-west-1.
	Region string
	// EndpointURL is what Lambdas reach AWS by: the edge in front of the engine. Empty
	// for the engine itself.
	EndpointURL string
	// Auth enforces each Lambda's role, as AWS does.
	Auth bool
	// WaitScale multiplies the seconds of a workflow's waits and retry delays, but not
	// its timeouts; 0 skips them. Nil for 1. See also Engine.SetWaitScale.
	WaitScale *float64
	// Keeps has the engine write down what it holds when it is stopped, for Engine.Restart.
	Keeps bool
	// Dir holds the log, engine.log, and scratch files, some of which a start removes.
	// It belongs to one engine at a time.
	Dir string
	// Env is added to the engine's environment, as NAME=value. Lambdas inherit it.
	Env []string

	// goesOn is true when what an engine before this one has written down is taken over.
	goesOn bool
}

var (
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)
)

// check names every option that cannot be right.
func (o Options) check() error {
	var problems []error
	if !filepath.IsAbs(o.Python) {
		problems = append(problems, fmt.Errorf("options: Python is %q, expected an absolute path", o.Python))
	}
	if o.Port < 0 || o.Port > math.MaxUint16 {
		problems = append(problems, fmt.Errorf("options: Port is %d, expected 0 to %d", o.Port, math.MaxUint16))
	}
	if !accountID.MatchString(o.Account) {
		problems = append(problems, fmt.Errorf("options: Account is %q, expected 12 digits", o.Account))
	}
	if !regionName.MatchString(o.Region) {
		problems = append(problems, fmt.Errorf("options: Region is %q, expected one such as eu-west-1", o.Region))
	}
	if o.WaitScale != nil {
		problems = append(problems, checkScale(*o.WaitScale))
	}
	if o.Dir == "" {
		problems = append(problems, errors.New("options: Dir is empty, expected a folder for the engine's files"))
	}
	return errors.Join(problems...)
}

func checkScale(scale float64) error {
	if math.IsNaN(scale) || math.IsInf(scale, 0) || scale < 0 {
		return fmt.Errorf("wait scale is %v, expected a finite number of 0 or more", scale)
	}
	return nil
}

func (o Options) home() string  { return filepath.Join(o.Dir, "home") }
func (o Options) tmp() string   { return filepath.Join(o.Dir, "tmp") }
func (o Options) state() string { return filepath.Join(o.Dir, "state") }

// makeDirs makes the folders that the engine writes to, without what an earlier engine
// left in them.
func (o Options) makeDirs() error {
	left := []string{o.tmp()}
	if !o.goesOn {
		left = append(left, o.state())
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return errors.Join(os.MkdirAll(o.home(), 0o700), os.MkdirAll(o.tmp(), 0o700))
}

// environment is all that the engine at url gets to see. The nonce is what its health
// will tell it by. The environment is made from nothing, since
// the engine hands its own environment down to the Lambdas: a variable, a profile or a
// credential of the person at the keyboard must not decide how they behave.
func (o Options) environment(url, nonce string) []string {
	endpoint := o.EndpointURL
	if endpoint == "" {
		endpoint = url
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + o.home(),
		"TMPDIR=" + o.tmp(),
		"TZ=UTC", // as in Lambda
		"GATEWAY_PORT=" + strconv.Itoa(o.Port),
		"BIND_HOST=" + loopback, // the engine's own choice is every interface
		"MINISTACK_HOST=" + loopback,
		"MINISTACK_ACCOUNT_ID=" + o.Account,
		"MINISTACK_REGION=" + o.Region,
		"MINISTACK_EDITION=" + nonce,
		"AUTH=" + strconv.FormatBool(o.Auth),
		"STATE_DIR=" + o.state(),
		"S3_DATA_DIR=" + filepath.Join(o.Dir, "s3"),
		"IOT_MTLS_ENABLED=0", // these two would listen on every interface
		"SFTP_ENABLED=0",
		"LOG_LEVEL=WARNING",
		"AWS_ENDPOINT_URL=" + endpoint, // without it, Lambdas would call the real AWS
		"AWS_REGION=" + o.Region,
		"AWS_DEFAULT_REGION=" + o.Region,
		"AWS_ACCESS_KEY_ID=" + AccessKey,
		"AWS_SECRET_ACCESS_KEY=" + SecretKey,
		"AWS_EC2_METADATA_DISABLED=true",
	}
	if o.Keeps {
		env = append(env, "PERSIST_STATE=1")
	}
	if o.WaitScale != nil {
		env = append(env, "SFN_WAIT_SCALE="+formatScale(*o.WaitScale))
	}
	return append(env, o.Env...)
}

func formatScale(scale float64) string { return strconv.FormatFloat(scale, 'g', -1, 64) }

const (
	tailLines = 20
	tailBytes = 16 << 10
)

// logTail returns the end of the engine's log, for an error message.
func (e *Engine) logTail() string {
	log, err := os.Open(e.LogFile())
	if err != nil {
		return "(" + err.Error() + ")"
	}
	defer log.Close()
	if info, err := log.Stat(); err == nil && info.Size() > tailBytes {
		if _, err := log.Seek(-tailBytes, io.SeekEnd); err != nil {
			return "(" + err.Error() + ")"
		}
	}
	content, err := io.ReadAll(io.LimitReader(log, tailBytes))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	content = bytes.TrimSpace(content)
	if len(content) == 0 {
		return "(it logged nothing)"
	}
	lines := strings.Split(strings.ToValidUTF8(string(content), "?"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}
