// Command operate is what a person does with a deployed Fanfare: redrive what waits in its
// queues, look whether it can reach everything, and ask what became of a deployment.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"fanfare/internal/account"
	"fanfare/internal/accountfile"
)

const usage = `operate works with the Fanfare that is deployed to an account.

  operate redrive [-dry] [-json] ACCOUNT     tell what waits in the queues
  operate doctor [-json] ACCOUNT             look whether Fanfare can reach everything
  operate why [-json] ACCOUNT DEPLOYMENT     say who was told what, and why not

ACCOUNT is the name of a file in infra/accounts, or the path of one. DEPLOYMENT is an id
(ecs-svc/1234567890123456789, or that of a pipeline's execution), cluster/service, or a
pipeline's name. AWS is found as the AWS command line finds it: AWS_PROFILE, aws sso login.

It ends with 0 when all is well, with 1 when something is wrong or left over, or nothing
is known, and with 2 when it was called wrongly.
`

// Exit codes.
const (
	fine    = 0
	trouble = 1
	misused = 2
)

// caller calls the functions of one account.
type caller interface {
	// Call gives in to the function, and fills out with its answer.
	Call(ctx context.Context, function string, in, out any) error
}

// command is one call of the program.
type command struct {
	caller caller
	// account is as the person named it, for what they are told to do.
	account string
	json    bool
	out     io.Writer
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr, connect)
	stop()
	os.Exit(code)
}

// run is the program, called in the project's root. It returns the exit code.
func run(ctx context.Context, args []string, out, complaints io.Writer, connect func(context.Context, string, account.Account) (caller, error)) int {
	wrong := func(format string, args ...any) int {
		fmt.Fprintf(complaints, format+"\n\n%s", append(args, usage)...)
		return misused
	}
	if len(args) == 0 {
		return wrong("what is to be done?")
	}
	do := args[0]
	flags := flag.NewFlagSet("operate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	inJSON, dry := flags.Bool("json", false, ""), false
	if do == "redrive" {
		flags.BoolVar(&dry, "dry", false, "")
	}
	err := flags.Parse(args[1:])
	rest := flags.Args()
	switch needed, known := map[string]int{"redrive": 1, "doctor": 1, "why": 2}[do]; {
	case errors.Is(err, flag.ErrHelp), do == "-h", do == "-help", do == "--help":
		fmt.Fprint(out, usage)
		return fine
	case !known:
		return wrong("%s: redrive, doctor or why expected", do)
	case err != nil:
		return wrong("%s: %v", do, err)
	case len(rest) < 1 || rest[0] == "":
		return wrong("which account? Name a file in infra/accounts (there are: %s)", strings.Join(accountfile.Names(accounts), ", "))
	case len(rest) < needed || rest[needed-1] == "":
		return wrong("which deployment? Name its id, or cluster/service; with make, DEPLOYMENT=production/checkout")
	case len(rest) > needed:
		return wrong("%s: nothing more expected after %s, found %s", do, rest[needed-1], rest[needed])
	}
	a, err := read(rest[0])
	if err != nil {
		fmt.Fprintln(complaints, err)
		return misused
	}
	c := command{account: rest[0], json: *inJSON, out: out}
	code := trouble
	if c.caller, err = connect(ctx, rest[0], *a); err == nil {
		switch do {
		case "redrive":
			code, err = c.redrive(ctx, dry)
		case "doctor":
			code, err = c.doctor(ctx)
		default:
			code, err = c.why(ctx, rest[1])
		}
	}
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(complaints, "stopped; what was begun in the account goes on, and nothing is lost")
		return trouble
	case err != nil:
		fmt.Fprintf(complaints, "%s: %v\n", do, err)
		return trouble
	}
	return code
}

var accounts = filepath.Join("infra", "accounts")

func read(name string) (*account.Account, error) {
	file, err := accountfile.Find(accounts, name)
	if err != nil {
		return nil, err
	}
	return accountfile.Read(file)
}

// print writes the value as JSON for programs.
func (c command) print(value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	fmt.Fprintf(c.out, "%s\n", text)
	return nil
}

func (c command) say(format string, args ...any) { fmt.Fprintf(c.out, format+"\n", args...) }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
