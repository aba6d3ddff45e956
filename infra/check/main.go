// Command check tells every mistake in account files, without Node and without AWS.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fanfare/internal/account"
	"fanfare/internal/accountfile"
)

const usage = `check tells every mistake in account files.

  check              all files in infra/accounts
  check NAME...      infra/accounts/NAME.yaml
  check PATH...      the file of that path

It ends with 0 when all files are right, 1 when one is not, and 2 when it was called
wrongly. A note tells what may be a mistake all the same: a name that is nearly a listed
service's, a region that is not known here, a window that is over.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command, called in the project's root: what is right goes to out, what is
// wrong to complaints. It returns the exit code.
func run(args []string, out, complaints io.Writer) int {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(complaints)
	flags.Usage = func() {}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage)
		return 0
	case err != nil:
		fmt.Fprint(complaints, usage)
		return 2
	}
	dir := filepath.Join("infra", "accounts")
	names := flags.Args()
	if len(names) == 0 {
		names = accountfile.Names(dir)
	}
	if len(names) == 0 {
		fmt.Fprintf(complaints, "no account files in %s: call check in the project's root\n", dir)
		return 2
	}
	code := 0
	for _, name := range names {
		file, a, err := read(dir, name)
		if err != nil {
			fmt.Fprintln(complaints, err)
			code = 1
			continue
		}
		fmt.Fprintf(out, "%s: right: %s\n", file, summary(a))
		for _, note := range accountfile.Notes(a, time.Now()) {
			fmt.Fprintf(out, "%s: note: %s\n", file, note)
		}
	}
	return code
}

func read(dir, name string) (string, *account.Account, error) {
	file, err := accountfile.Find(dir, name)
	if err != nil {
		return "", nil, err
	}
	a, err := accountfile.Read(file)
	return file, a, err
}

// summary is what a person may compare with what they had in mind.
func summary(a *account.Account) string {
	production := 0
	for _, env := range a.Environments {
		if env.Production {
			production++
		}
	}
	return fmt.Sprintf("account %s in %s, %s (%d production), %s, %s, tells %s", a.ID, a.Region,
		count(len(a.Environments), "environment"), production, count(len(a.Pipelines), "pipeline"), count(len(a.Windows), "window"),
		strings.Join(a.Configured(), ", "))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
