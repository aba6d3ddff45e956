package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"fanfare/internal/account"
	"fanfare/internal/program"
)

// Assets is the folder that holds, for each program, a folder with its binary, named
// bootstrap as the Lambda runtime wants it, and the account beside it.
type Assets struct {
	Dir string
	// ARM is true when the binaries are for arm64.
	ARM bool
}

// Program is the folder of one program.
func (a Assets) Program(name string) string { return filepath.Join(a.Dir, name) }

// buildFunctions compiles every program of the workflow: for arm64 on Linux, or, when
// the stack is for the local engine, which runs them as processes of its own, for this
// machine. The same source gives the same bytes, so that an unchanged function is not
// deployed again. They are laid out in dir; in a folder of the account's own below build
// when it is empty.
func buildFunctions(a account.Account, dir string, local bool) (Assets, error) {
	system, arch := "linux", "arm64"
	if local {
		system, arch = runtime.GOOS, runtime.GOARCH
	}
	programs := program.Dir(system, arch)
	if err := os.MkdirAll(programs, 0o755); err != nil {
		return Assets{}, fmt.Errorf("making a folder for the functions: %w", err)
	}
	args, env := program.Build(system, arch)
	compile := exec.Command("go", args...)
	compile.Env = append(os.Environ(), env...)
	compile.Stdout, compile.Stderr = os.Stderr, os.Stderr
	if err := compile.Run(); err != nil {
		return Assets{}, fmt.Errorf("compiling the functions: %w", err)
	}
	if dir == "" {
		dir = filepath.Join("build", "functions", a.ID+"-"+a.Region)
	}
	assets := Assets{Dir: dir, ARM: arch == "arm64"}
	return assets, assets.fill(a, func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(programs, name))
	})
}

// fill lays out the folders, with the binaries that read gives.
func (a Assets) fill(from account.Account, read func(program string) ([]byte, error)) error {
	text, err := json.MarshalIndent(from, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the account for the functions: %w", err)
	}
	for _, step := range deployed() {
		binary, err := read(step.Program)
		if err != nil {
			return fmt.Errorf("reading the program %s: %w", step.Program, err)
		}
		dir := a.Program(step.Program)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("laying out the program %s: %w", step.Program, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "bootstrap"), binary, 0o755); err != nil {
			return fmt.Errorf("laying out the program %s: %w", step.Program, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "account.json"), text, 0o644); err != nil {
			return fmt.Errorf("laying out the program %s: %w", step.Program, err)
		}
		// Lambda runs it as somebody else, whatever the umask here.
		for name, mode := range map[string]os.FileMode{"bootstrap": 0o755, "account.json": 0o644} {
			if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
				return fmt.Errorf("laying out the program %s: %w", step.Program, err)
			}
		}
	}
	return nil
}
