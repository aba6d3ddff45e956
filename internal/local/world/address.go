package world

import (
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"fanfare/internal/local/engine"
)

// Address is all that somebody needs to use a world that is running.
type Address struct {
	// Dir is the world's folder.
	Dir string `json:"dir"`
	// Commits is true when the project's history is long enough for some to lie between
	// one version and the next.
	Commits bool `json:"commits"`
	// Refs are the commits of the versions, by their Git tag; empty without a history.
	Refs map[string]string `json:"refs,omitempty"`
	// PID is the process that holds the world.
	PID     int    `json:"pid"`
	Account string `json:"account"`
	Region  string `json:"region"`
	// Endpoint is the edge in front of the engine; Engine is the engine itself.
	Endpoint  string `json:"endpoint"`
	Engine    string `json:"engine"`
	Slack     string `json:"slack"`
	PagerDuty string `json:"pagerduty"`
	GitLab    string `json:"gitlab"`
	Phone     string `json:"phone"`
	Control   string `json:"control"`
	// Outputs are those of the deployed stack; empty before it is deployed.
	Outputs map[string]string `json:"outputs,omitempty"`
}

// Commit is the commit of a version, as a pipeline's source gives it; made up where there
// is no history.
func (a Address) Commit(version string) string {
	if commit, ok := a.Refs["v"+version]; ok {
		return commit
	}
	return fmt.Sprintf("%x", sha1.Sum([]byte(version)))
}

// ErrDown says that no world is running.
var ErrDown = errors.New("no local world is running: start one with `make up`")

func addressFile(dir string) string { return filepath.Join(dir, "world.json") }

// Load reads where the world of this folder is.
func Load(dir string) (Address, error) {
	var a Address
	text, err := os.ReadFile(addressFile(dir))
	if errors.Is(err, os.ErrNotExist) {
		return a, ErrDown
	}
	if err != nil {
		return a, fmt.Errorf("reading where the local world is: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("reading where the local world is: %w", err)
	}
	return a, nil
}

// Save writes where the world is, for people (env, to be sourced) and programs.
func (a Address) Save(dir string) error {
	text, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return fmt.Errorf("writing where the local world is: %w", err)
	}
	if err := writeWhole(addressFile(dir), append(text, '\n')); err != nil {
		return err
	}
	return writeWhole(filepath.Join(dir, "env"), []byte(a.Env()))
}

// Remove forgets the world of this folder.
func Remove(dir string) {
	_ = os.Remove(addressFile(dir))
	_ = os.Remove(filepath.Join(dir, "env"))
}

// Env is what a shell sources to use the world.
func (a Address) Env() string {
	variables := map[string]string{
		"AWS_ENDPOINT_URL":      a.Endpoint,
		"AWS_ACCESS_KEY_ID":     a.Account, // the engine takes an account's number for its root's key
		"AWS_SECRET_ACCESS_KEY": engine.SecretKey,
		"AWS_REGION":            a.Region,
		"AWS_DEFAULT_REGION":    a.Region,
		"FANFARE_SLACK_URL":     a.Slack,
		"FANFARE_PAGERDUTY_URL": a.PagerDuty,
		"FANFARE_GITLAB_URL":    a.GitLab,
		"FANFARE_PHONE_URL":     a.Phone,
		"FANFARE_CONTROL_URL":   a.Control,
		"FANFARE_STATE_MACHINE": a.Outputs["StateMachineArn"],
		"FANFARE_EVENT_QUEUE":   a.Outputs["EventQueueUrl"],
		"FANFARE_DELIVERIES":    a.Outputs["DeliveryQueueUrl"],
		"FANFARE_TABLE":         a.Outputs["LedgerTable"],
	}
	var lines []string
	for name, value := range variables {
		lines = append(lines, fmt.Sprintf("export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`)))
	}
	sort.Strings(lines)
	return "# The local world of Fanfare; source this file to use it.\n" + strings.Join(lines, "")
}

// Config is the configuration of AWS clients for the account's owner, through the edge.
func (a Address) Config() aws.Config {
	return aws.Config{
		Region: a.Region, BaseEndpoint: aws.String(a.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(a.Account, engine.SecretKey, ""),
	}
}

// writeWhole writes a file so that a reader sees all of it or none.
func writeWhole(file string, text []byte) error {
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}
