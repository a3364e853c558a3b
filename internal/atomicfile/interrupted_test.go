//go:build unix

package atomicfile_test

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"fettle/internal/atomicfile"
)

func TestReaderNeverSeesAPartialOrMissingFile(t *testing.T) {
	t.Parallel()
	const replacements = 2000
	path := filepath.Join(t.TempDir(), "f")
	must(t, atomicfile.Write(path, version(0), atomicfile.Options{}))

	var stop atomic.Bool
	reads := make(chan int)
	go func() {
		n := 0
		for ; !stop.Load(); n++ {
			if content, err := os.ReadFile(path); err != nil || !whole(content) {
				t.Errorf("read %d: error %v, %d bytes", n, err, len(content))
				break
			}
		}
		reads <- n
	}()
	for i := range replacements {
		if err := atomicfile.Write(path, version(i), atomicfile.Options{}); err != nil {
			t.Error(err)
			break
		}
	}
	stop.Store(true)
	t.Logf("%d whole reads during %d replacements", <-reads, replacements)
	noLeftovers(t, filepath.Dir(path))
}

func TestKilledWriterLeavesWholeFiles(t *testing.T) {
	const kills = 25
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	must(t, atomicfile.Write(path, version(0), atomicfile.Options{Backup: true}))
	for range kills {
		killed := childCommand(t, "loop", path)
		out, err := killed.StdoutPipe()
		must(t, err)
		must(t, killed.Start())
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || line != "writing\n" {
			t.Fatalf("the child said %q, %v", line, err)
		}
		pause(t, time.Duration(rand.Int64N(int64(8*time.Millisecond))))
		must(t, killed.Process.Kill())
		_ = killed.Wait() // it was killed, and says so

		for _, p := range []string{path, path + atomicfile.BackupSuffix} {
			content, err := os.ReadFile(p)
			if err != nil && p == path || err == nil && !whole(content) {
				t.Fatalf("%s after a kill: error %v, %d bytes", filepath.Base(p), err, len(content))
			}
		}
		// The next writer is not hindered by what the killed one left.
		must(t, atomicfile.Write(path, version(1), atomicfile.Options{Backup: true}))
	}

	left := temps(t, dir)
	t.Logf("%d kills left %d temporary files", kills, len(left))
	young := filepath.Join(dir, ".fettle-young.tmp")
	put(t, young, "a live writer's", 0o600)
	for _, p := range left {
		must(t, os.Chtimes(p, time.Time{}, time.Now().Add(-2*time.Hour)))
	}
	must(t, atomicfile.Sweep(dir))
	if now := temps(t, dir); len(now) != 1 || now[0] != young {
		t.Errorf("after the sweep: %q, want the young one only", now)
	}
	wantContent(t, path, string(version(1)))
}

// pause lets a child run for a random while; there is nothing in it to wait for.
func pause(t *testing.T, d time.Duration) {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	<-ctx.Done()
}

func TestFullDiskLeavesTheFormerFile(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1, 100, versionSize - 1} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "f")
			put(t, path, "old", 0o600)
			out, err := childCommand(t, "starve", path, strconv.Itoa(limit)).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "too large") {
				t.Fatalf("the child said %v %q, want failure", err, out)
			}
			wantContent(t, path, "old")
			noLeftovers(t, filepath.Dir(path))
		})
	}
}

func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "af-readonly")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	path := filepath.Join(dir, "f")
	put(t, path, "old", 0o644)
	writer := childCommand(t, "write", path)
	if os.Geteuid() == 0 { // root may write anywhere
		must(t, os.Chown(path, 65534, 65534))
		writer.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		writer.Path = "/proc/self/exe" // the test binary's folder is closed to others
	}
	must(t, os.Chmod(dir, 0o555))
	out, err := writer.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "permission denied") {
		t.Fatalf("the child said %v %q, want permission denied", err, out)
	}
	wantContent(t, path, "old")
	noLeftovers(t, dir)
}
