package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// neededBytes is the free space asked for before anything is installed. The tools
// take about a tenth of it; the rest is for the build that follows, which would
// otherwise be the one to fill the disk, half way and with a worse message.
const neededBytes = 1_500_000_000

// fullBytes is the free space below which a failed installation is put down to a full
// disk, since not every installer says so itself.
const fullBytes = 20_000_000

// lockPoll is how often a process that waits for another one looks again.
const lockPoll = 200 * time.Millisecond

// missing is a sentence about something that the machine lacks, with how to get it.
type missing string

// Error is the sentence.
func (m missing) Error() string { return string(m) }

// setup installs parts of the tools below one folder.
type setup struct {
	dir  string
	say  func(string)
	free func(dir string) (uint64, error)
}

// part is one half of the tools, installed and locked on its own.
type part struct {
	name  string // of its folder, stamp and lock
	title string // what people are told is being installed
	// stamp describes what is installed in dir as far as can be seen without running
	// it; empty when something is missing.
	stamp func(dir string) string
	// install fills dir. The lock is for the programs that it runs, see command.
	install func(ctx context.Context, dir string, lock *os.File) error
}

// ensure installs p unless it is there already, and returns its folder.
func (s setup) ensure(ctx context.Context, p part) (string, error) {
	dir := filepath.Join(s.dir, p.name)
	if s.current(p, dir) {
		return dir, nil
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return "", s.explain(p, err)
	}
	lock, err := acquire(ctx, filepath.Join(s.dir, p.name+".lock"), func() {
		s.say("waiting for another process that is installing " + p.title + "…")
	})
	if err != nil {
		return "", s.explain(p, err)
	}
	defer lock.Close()
	if s.current(p, dir) {
		return dir, nil
	}
	if err := s.enoughSpace(); err != nil {
		return "", err
	}
	s.say("installing " + p.title + "…")
	if err := os.RemoveAll(s.stampFile(p)); err != nil {
		return "", s.explain(p, err)
	}
	if err := p.install(ctx, dir, lock); err != nil {
		return "", s.explain(p, err)
	}
	if err := s.writeStamp(p, dir); err != nil {
		return "", s.explain(p, err)
	}
	return dir, nil
}

func (s setup) stampFile(p part) string { return filepath.Join(s.dir, p.name+".stamp") }

func (s setup) current(p part, dir string) bool {
	stamped, err := os.ReadFile(s.stampFile(p))
	return err == nil && len(stamped) > 0 && string(stamped) == p.stamp(dir)
}

// writeStamp declares p installed, in one step that is either done or not.
func (s setup) writeStamp(p part, dir string) error {
	stamp := p.stamp(dir)
	if stamp == "" {
		return errors.New("the installation ended well and yet left nothing in " + dir)
	}
	partial := s.stampFile(p) + ".partial"
	if err := os.WriteFile(partial, []byte(stamp), 0o644); err != nil {
		return err
	}
	return os.Rename(partial, s.stampFile(p))
}

// explain adds what was being done to err, unless err is a sentence of its own, or
// replaces err where the disk is full.
func (s setup) explain(p part, err error) error {
	var lack missing
	if errors.As(err, &lack) {
		return err
	}
	if s.diskIsFull(err) {
		return missing(fmt.Sprintf("the disk filled up while installing %s in %s: free some space (%s counts too) and run this again",
			p.title, s.dir, os.TempDir()))
	}
	return fmt.Errorf("installing %s: %w", p.title, err)
}

func (s setup) diskIsFull(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "ENOSPC") ||
		strings.Contains(err.Error(), "No space left on device") {
		return true
	}
	free, statErr := s.free(s.dir)
	return statErr == nil && free < fullBytes
}

func (s setup) enoughSpace() error {
	free, err := s.free(s.dir)
	if err != nil {
		return fmt.Errorf("reading the free space of %s: %w", s.dir, err)
	}
	if free < neededBytes {
		return missing(fmt.Sprintf("not enough free space in %s: installing the tools and building with them needs %.1f GB, and %.1f GB are free",
			s.dir, gigabytes(neededBytes), gigabytes(free)))
	}
	return nil
}

func gigabytes(bytes uint64) float64 { return float64(bytes) / 1e9 }

func freeBytes(dir string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, err
	}
	return uint64(fs.Bavail) * uint64(fs.Bsize), nil
}

// acquire locks the file at path for this process and whatever it hands the file to.
// Waiting is called once if someone else has it. Closing the file gives it up.
func acquire(ctx context.Context, path string, waiting func()) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(lockPoll)
	defer ticker.Stop()
	for told := false; ; told = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if !told {
			waiting()
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, fmt.Errorf("waiting for the lock %s: %w", path, ctx.Err())
		case <-ticker.C:
		}
	}
}

// digest is a short fingerprint of the embedded files that decide what is installed.
func digest(files ...[]byte) string {
	hash := sha256.New()
	for _, file := range files {
		fmt.Fprintf(hash, "%d\n", len(file))
		hash.Write(file)
	}
	return hex.EncodeToString(hash.Sum(nil))
}
