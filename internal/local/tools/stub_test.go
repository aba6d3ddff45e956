package tools

import (
	"os"
	"path/filepath"
	"testing"
)

// Stand-ins for the programs on the PATH, as shell scripts that need nothing on it.
const (
	goodPython = `
case "$2" in
venv)
	/bin/mkdir -p "$3/bin"
	/bin/cp "$0" "$3/bin/python"
	;;
pip)
	echo "$@" >>"$0.calls"
	;;
*)
	echo "3.12.4 venv ensurepip"
	;;
esac
`
	goodNode = `echo v22.4.1`
	goodNPM  = `
echo "$@" >>npm.calls
/bin/mkdir -p node_modules/.bin
: >node_modules/.bin/cdk
: >node_modules/.bin/asl-validator
`
)

// onPath makes a PATH of nothing but the given programs, name to shell script.
func onPath(t *testing.T, programs map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

// lines returns how many lines the file has; 0 when there is none.
func lines(t *testing.T, path string) int {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	n := 0
	for _, b := range content {
		if b == '\n' {
			n++
		}
	}
	return n
}
