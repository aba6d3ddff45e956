// Command local runs the local world: the very stack that is deployed to AWS, on an
// engine on this machine, with stand-ins for Slack, PagerDuty, GitLab and a phone.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const usage = `Usage: local COMMAND

  demo             play deployments through the whole of Fanfare, then stop
  up               start the local world and leave it running
  down             stop it
  send FILE        play one event in it, and print what came of it
                     -json   as one JSON object
  bench            measure the functions: size, start, memory, price
                     -runs N   processes of each (15)
  chaos            break everything, repair it, and show that nothing is lost
                     -seed N    decides what is played
                     -faults N  how many faults there are at least
                     -row TEXT  only the rows whose name holds it
  burst            measure how many deployments at once are told of
                     -n N  how many there are (500)
  tools [checks]   install the pinned tools, and with checks what only the tests and the bench run

Each is a target of the Makefile too: make demo, make up, make send EVENT=FILE.
`

// verbs are the commands, by name. Each returns the exit code.
var verbs = map[string]func(ctx context.Context, place place, args []string) error{
	"demo": playDemo, "up": up, "down": down, "serve": serve, "send": send, "bench": measure,
	"chaos": playChaos, "burst": playBurst, "tools": installTools,
}

// place is where things are: the project's folder, and the folders of the world that
// stays up, of the demo's own world, and of the tools.
type place struct{ root, up, demo, tools string }

// errSaid ends the program with exit code 1 when all has been said.
var errSaid = errors.New("")

func main() {
	args := os.Args[1:]
	if len(args) == 0 || slices.Contains(args, "-h") || slices.Contains(args, "--help") || args[0] == "help" {
		fmt.Print(usage)
		if len(args) == 0 {
			os.Exit(2)
		}
		return
	}
	verb, ok := verbs[args[0]]
	if !ok {
		fmt.Fprintf(os.Stderr, "there is no command %q\n\n%s", args[0], usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	place, err := here()
	if err == nil {
		err = verb(ctx, place, args[1:])
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "stopped")
		os.Exit(130)
	default:
		if text := strings.TrimSpace(err.Error()); text != "" {
			fmt.Fprintln(os.Stderr, text)
		}
		os.Exit(1)
	}
}

// here finds the project's folder from the one that the command was called in.
func here() (place, error) {
	dir, err := os.Getwd()
	if err != nil {
		return place{}, fmt.Errorf("finding the project's folder: %w", err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(text), "module fanfare\n") {
			build := filepath.Join(dir, "build")
			return place{dir, filepath.Join(build, "local"), filepath.Join(build, "demo"), filepath.Join(build, "tools")}, nil
		}
		if dir == filepath.Dir(dir) {
			return place{}, errors.New("this is not a folder of the Fanfare project: call it from the clone")
		}
	}
}
