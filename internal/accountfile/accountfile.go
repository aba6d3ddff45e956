// Package accountfile reads the file that a person writes about an AWS account, and tells
// every mistake in it at once, each with its place. It is kept apart from package account,
// so that no function carries along what reads YAML.
package accountfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"fanfare/internal/account"
)

// Find returns the path of the account file that is meant by name: <dir>/<name>.yaml, or
// name itself when it is a path, which has a slash or a dot in it. A file that is not
// there is an error that says which ones are.
func Find(dir, name string) (string, error) {
	file := name
	if !strings.ContainsAny(name, `/\.`) {
		file = filepath.Join(dir, name+".yaml")
	}
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no file %s; copy %s and fill it in (there are: %s)",
			file, filepath.Join(dir, "example.yaml"), strings.Join(Names(dir), ", "))
	}
	return file, nil
}

// Names returns the names that Find knows below dir, sorted.
func Names(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml")) // fails on a broken pattern only
	names := make([]string, len(files))
	for i, file := range files {
		names[i] = strings.TrimSuffix(filepath.Base(file), ".yaml")
	}
	return names
}

// Read reads an account file (YAML), fills in the defaults and checks it. What is wrong
// with the file is returned as Problems, which name it.
func Read(file string) (*account.Account, error) {
	text, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("reading the account file: %w", err)
	}
	a, err := Parse(text)
	var problems Problems
	if errors.As(err, &problems) {
		for i := range problems {
			problems[i].File = file
		}
		return nil, problems
	}
	return a, err
}

// read returns one byte more than Parse takes of a file that is too long.
func read(file string) ([]byte, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	return io.ReadAll(io.LimitReader(opened, maxBytes+1))
}

// Parse reads the text of an account file, fills in the defaults and checks it. What is
// wrong with the text is returned as Problems.
func Parse(text []byte) (*account.Account, error) {
	var a account.Account
	found := decode(text, &a)
	if !found.unread {
		fillIn(&a, found)
		(&checker{report: found, account: &a}).check()
	}
	if len(found.problems) > 0 {
		return nil, found.sorted()
	}
	return &a, nil
}

func fillIn(a *account.Account, file *report) {
	setDefault(&a.LastTag, account.DefaultLastTag)
	setDefault(&a.LastRevision, account.DefaultLastRevision)
	setDefault(&a.Secrets.Prefix, account.DefaultPrefix)
	if a.Logs.RetentionDays == 0 {
		a.Logs.RetentionDays = account.DefaultRetention
	}
	if a.GitLab != nil {
		setDefault(&a.GitLab.URL, account.DefaultGitLab)
		setDefault(&a.GitLab.Ref, "{tag}")
	}
	if a.Slack != nil {
		setDefault(&a.Slack.URL, account.DefaultSlack)
		setDefault(&a.Slack.Via, "bot")
		if _, written := file.places["slack.digestAfter"]; !written {
			a.Slack.DigestAfter = account.DefaultDigestAfter
		}
	}
	if a.PagerDuty != nil {
		setDefault(&a.PagerDuty.URL, account.DefaultPagerDuty)
		if a.PagerDuty.Pipelines == nil {
			a.PagerDuty.Pipelines = []string{"*"}
		}
	}
	if a.SNS != nil && len(a.SNS.Statuses) == 0 {
		a.SNS.Statuses = []string{"failed"}
	}
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}
