package fault

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// workerName is the name of the program that the engine runs for every function: that of
// an executable for the runtime provided.al2023.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-provided.html
const workerName = "bootstrap"

// killCaller kills the Lambda worker at the other end of a connection on this machine: its
// address is caller, and ours is own. It kills nothing that is not a Lambda worker.
func killCaller(caller string, own net.Addr) error {
	theirs, err := netip.ParseAddrPort(caller)
	if err != nil || own == nil {
		return fmt.Errorf("the connection from %q has no address on this machine", caller)
	}
	ours, err := netip.ParseAddrPort(own.String())
	if err != nil {
		return fmt.Errorf("our end of the connection, %q, is no address and port", own)
	}
	find := holdersByLsof
	if runtime.GOOS == "linux" {
		find = holdersByProc
	}
	pids, err := find(theirs, ours)
	if err != nil {
		return fmt.Errorf("finding who holds the connection from %s: %w", caller, err)
	}
	killed := false
	var others []error
	for _, pid := range pids {
		if err := killWorker(pid); err != nil {
			others = append(others, err)
		} else {
			killed = true
		}
	}
	if !killed {
		return fmt.Errorf("no Lambda worker holds the connection from %s: %w", caller, errors.Join(append(others, errNobody)...))
	}
	return nil
}

var errNobody = errors.New("nobody else does")

// killWorker kills the process if it runs a Lambda. The handle is had before the name, so
// that a process that takes over the number is not hit.
func killWorker(pid int) error {
	if pid == os.Getpid() {
		return errors.New("it is our own")
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	defer func() { _ = process.Release() }()
	program, err := programOf(pid)
	if err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	if filepath.Base(program) != workerName {
		return fmt.Errorf("process %d runs %s, which is no Lambda worker", pid, filepath.Base(program))
	}
	return process.Kill()
}

// programOf is the path of the program that the process runs.
func programOf(pid int) (string, error) {
	if runtime.GOOS == "linux" {
		program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
		return strings.TrimSuffix(program, " (deleted)"), err
	}
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return strings.TrimSpace(string(out)), err
}
