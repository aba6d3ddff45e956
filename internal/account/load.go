package account

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Defaults of the account file.
const (
	DefaultLastTag = "/ecs/deployments/{cluster}/{service}/last-tag"
	// DefaultLastRevision has no part in common with DefaultLastTag, whose second part may
	// be any cluster's name.
	DefaultLastRevision = "/codepipeline/deployments/{pipeline}/last-revision"
	DefaultPrefix       = "/fanfare"
	DefaultRetention    = 30
	DefaultGitLab       = "https://gitlab.com"
	DefaultSlack        = "https://slack.com/api/"
	DefaultPagerDuty    = "https://events.pagerduty.com"
	DefaultDigestAfter  = 20
	DefaultStuckAfter   = 30 * time.Minute
)

// Load reads the account as the CDK app wrote it for the Lambdas (JSON).
func Load(file string) (Account, error) {
	var a Account
	text, err := os.ReadFile(file)
	if err != nil {
		return a, fmt.Errorf("reading the account beside the program: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("reading the account beside the program: %w", err)
	}
	return a, nil
}
