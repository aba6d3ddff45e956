package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"fanfare/internal/account"
	"fanfare/internal/accountfile"
)

func someAccount(t *testing.T) account.Account {
	t.Helper()
	a, err := accountfile.Read(filepath.Join("accounts", "example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return *a
}

// TestFill lays out a folder for each program, with what its function finds there: the
// program, under the name that Lambda starts, and the account as it was read.
func TestFill(t *testing.T) {
	t.Parallel()
	a := someAccount(t)
	assets := Assets{Dir: filepath.Join(t.TempDir(), "functions")}
	// Twice, as the folders of an earlier deployment are still there.
	for _, version := range []string{"old ", "new "} {
		if err := assets.fill(a, func(program string) ([]byte, error) { return []byte(version + program), nil }); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]bool{}
	err := filepath.WalkDir(assets.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			name, _ := filepath.Rel(assets.Dir, path)
			found[filepath.ToSlash(name)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{}
	for _, step := range deployed() {
		wanted[step.Program+"/bootstrap"], wanted[step.Program+"/account.json"] = true, true
		file := filepath.Join(assets.Program(step.Program), "bootstrap")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != "new "+step.Program {
			t.Errorf("%s holds %q", file, text)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o100 == 0 {
			t.Errorf("%s cannot be started: %v", file, info.Mode())
		}
		beside, err := account.Load(filepath.Join(assets.Program(step.Program), "account.json"))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(beside, a) {
			t.Errorf("the account beside %s:\n%+v\nwanted\n%+v", step.Program, beside, a)
		}
	}
	if !reflect.DeepEqual(found, wanted) {
		t.Errorf("found the files %v, wanted %v", found, wanted)
	}
}

// TestFillFails says which program could not be laid out.
func TestFillFails(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lost := errors.New("lost")
	for name, test := range map[string]struct {
		dir    string
		read   error
		wanted string
	}{
		"a program that is not there":     {t.TempDir(), lost, "reading the program normalise: lost"},
		"a folder that cannot be made":    {file, nil, "laying out the program normalise: "},
		"a folder in a folder's place":    {occupied(t, "bootstrap"), nil, "laying out the program normalise: "},
		"a folder in the account's place": {occupied(t, "account.json"), nil, "laying out the program normalise: "},
	} {
		err := Assets{Dir: test.dir}.fill(someAccount(t), func(string) ([]byte, error) { return nil, test.read })
		if err == nil || !strings.HasPrefix(err.Error(), test.wanted) || test.read != nil && !errors.Is(err, test.read) {
			t.Errorf("%s: got %v, wanted %s…", name, err, test.wanted)
		}
	}
}

// occupied is a folder for programs in which a folder has the name of a file.
func occupied(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "normalise", name), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestConsoleHost(t *testing.T) {
	t.Parallel()
	for region, wanted := range map[string]string{
		"eu-west-1":      "console.aws.amazon.com",
		"us-east-1":      "console.aws.amazon.com",
		"ca-central-1":   "console.aws.amazon.com",
		"cn-north-1":     "console.amazonaws.cn",
		"cn-northwest-1": "console.amazonaws.cn",
		"us-gov-west-1":  "console.amazonaws-us-gov.com",
		"us-gov-east-1":  "console.amazonaws-us-gov.com",
	} {
		if got := consoleHost(region); got != wanted {
			t.Errorf("%s: got %s, wanted %s", region, got, wanted)
		}
	}
}

// TestExamples reads the account files that are in the repository.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("accounts", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("account files expected, found %v, %v", files, err)
	}
	for _, file := range files {
		if _, err := accountfile.Read(file); err != nil {
			t.Error(err)
		}
	}
}

// TestRetentionAgrees has a name for every number of days that an account file may say,
// and for no other. TestRetention has whether they are the right names.
func TestRetentionAgrees(t *testing.T) {
	t.Parallel()
	allowed := 0
	for days := -1; days <= 4000; days++ {
		text := fmt.Sprintf("{account: %q, region: eu-west-1, environments: [{name: all}], slack: {channel: C1}, logs: {retentionDays: %d}}", "123456789012", days)
		if days == 0 {
			continue // as if it were left out
		}
		_, err := accountfile.Parse([]byte(text))
		if err == nil {
			allowed++
		}
		if named := hasName(days); named != (err == nil) {
			t.Errorf("%d days: the CDK app has a name: %t, the account file's check says: %v", days, named, err)
		}
	}
	if allowed < 20 {
		t.Errorf("only %d numbers of days are allowed", allowed)
	}
}

func hasName(days int) (ok bool) {
	defer func() { ok = recover() == nil }()
	return retention(days) != ""
}
