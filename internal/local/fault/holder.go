package fault

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// holdersByProc finds the processes that hold the caller's end, by the number of its socket.
// https://www.kernel.org/doc/html/latest/networking/proc_net_tcp.html
func holdersByProc(theirs, ours netip.AddrPort) ([]int, error) {
	inode := ""
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		list, err := os.ReadFile(table)
		if err != nil {
			continue // a machine without IPv6 has no second table
		}
		if inode = socketOf(list, theirs, ours); inode != "" {
			break
		}
	}
	if inode == "" {
		return nil, errors.New("the kernel knows no such connection")
	}
	files, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, file := range files {
		if to, err := os.Readlink(file); err != nil || to != "socket:["+inode+"]" {
			continue // most are another's, and some are gone by now
		}
		if pid, err := strconv.Atoi(strings.Split(file, "/")[2]); err == nil && !slices.Contains(pids, pid) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// socketOf is the number of the socket, in the kernel's table, whose own end is theirs and
// whose other end is ours; empty when there is none.
func socketOf(table []byte, theirs, ours netip.AddrPort) string {
	for line := range bytes.Lines(table) {
		fields := strings.Fields(string(line))
		if len(fields) < 10 {
			continue
		}
		from, ok := kernelAddress(fields[1])
		to, ok2 := kernelAddress(fields[2])
		if ok && ok2 && from == unmapped(theirs) && to == unmapped(ours) {
			return fields[9]
		}
	}
	return ""
}

// kernelAddress reads an address as the kernel writes it: words of four bytes in the
// machine's order, which is little-endian wherever this runs, and the port in hexadecimal.
func kernelAddress(text string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(text, ":")
	raw, err := hex.DecodeString(host)
	if !ok || err != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	address, ok := netip.AddrFromSlice(raw)
	number, err := strconv.ParseUint(port, 16, 16)
	return unmapped(netip.AddrPortFrom(address, uint16(number))), ok && err == nil
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// holdersByLsof finds the processes that hold the caller's end, as lsof names it. Another
// connection of this machine may have the same port and lead elsewhere.
func holdersByLsof(theirs, ours netip.AddrPort) ([]int, error) {
	port := strconv.Itoa(int(theirs.Port()))
	out, err := exec.Command("lsof", "-nP", "-iTCP:"+port, "-Fpn").Output()
	if err != nil {
		return nil, fmt.Errorf("lsof -nP -iTCP:%s: %w", port, err)
	}
	return listed(out, theirs, ours), nil
}

// listed reads lsof's answer: a line p and a number for each process, and below it a line n
// for each of its connections.
func listed(answer []byte, theirs, ours netip.AddrPort) []int {
	var pids []int
	pid, connection := 0, "n"+theirs.String()+"->"+ours.String()
	for line := range strings.Lines(string(answer)) {
		line = strings.TrimSpace(line)
		if number, ok := strings.CutPrefix(line, "p"); ok {
			pid, _ = strconv.Atoi(number)
		} else if line == connection && pid > 0 && !slices.Contains(pids, pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}
