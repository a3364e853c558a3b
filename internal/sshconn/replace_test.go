package sshconn_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"fettle/internal/sshconn"
	"fettle/internal/sshtest"
)

// content is one in which a torn or mixed file shows.
func content(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, 6000+i%100) }

func whole(b []byte) bool { return len(b) >= 6000 && bytes.Count(b, b[:1]) == len(b) }

func TestReplaceOnARealServer(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	n.Start("one")
	c, err := connect(t, n, "one", sshconn.Options{})
	must(t, err)
	for name, prepare := range map[string]func(t *testing.T, path string) error{
		"nothing":       func(*testing.T, string) error { return nil },
		"a former file": func(_ *testing.T, path string) error { return os.WriteFile(path, content(0), 0o644) },
		"what was left": func(_ *testing.T, path string) error {
			return os.WriteFile(leftover(path, "tag"), []byte("half"), 0o600)
		},
		"an old leftover": func(_ *testing.T, path string) error { return oldFile(leftover(path, "other")) },
		"a hard link": func(_ *testing.T, path string) error {
			return errors.Join(os.WriteFile(filepath.Join(filepath.Dir(filepath.Dir(path)), "aim"), []byte("precious"), 0o600),
				os.Link(filepath.Join(filepath.Dir(filepath.Dir(path)), "aim"), path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			dir := filepath.Join(base, "place")
			must(t, os.Mkdir(dir, 0o700))
			path := filepath.Join(dir, "f")
			must(t, prepare(t, path))
			must(t, c.Replace(path, sshconn.Replacement{Content: content(1), Tag: "tag"}))
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, content(1)) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
				t.Errorf("left in the folder: %v, %v", all, err)
			}
			if aim, err := os.ReadFile(filepath.Join(base, "aim")); err == nil && string(aim) != "precious" {
				t.Error("it was written through the other name of the file")
			}
		})
	}
}

func leftover(path, tag string) string {
	return filepath.Join(filepath.Dir(path), ".fettle-"+tag+"-ABC.tmp")
}

func oldFile(path string) error {
	return errors.Join(os.WriteFile(path, []byte("half"), 0o600), os.Chtimes(path, time.Time{}, time.Now().Add(-2*time.Hour)))
}

func TestReplaceRefusesWhatItCouldHarm(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	n.Start("one")
	c, err := connect(t, n, "one", sshconn.Options{})
	must(t, err)
	for name, trap := range map[string]struct {
		root  bool
		make  func(path string) error
		cause sshconn.Cause
		words string
	}{
		"link":    {make: func(p string) error { return os.Symlink(p+".aim", p) }, cause: sshconn.Unsafe, words: "symbolic link"},
		"folder":  {make: func(p string) error { return os.Mkdir(p, 0o700) }, cause: sshconn.Unsafe, words: "a folder"},
		"pipe":    {make: mkfifo, cause: sshconn.Unsafe, words: "named pipe"},
		"nowhere": {make: func(p string) error { return os.Remove(filepath.Dir(p)) }, cause: sshconn.NotFound, words: "not there"},
		"another owner": {root: true, make: func(p string) error {
			return errors.Join(os.WriteFile(p, []byte("precious"), 0o600), os.Chown(p, 65534, 65534))
		}, cause: sshconn.Unsafe, words: "belongs to user 65534"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if trap.root && os.Geteuid() != 0 {
				t.Skipf("%s: only root can make it", name)
			}
			dir := filepath.Join(t.TempDir(), "place")
			must(t, os.Mkdir(dir, 0o700))
			path := filepath.Join(dir, "f")
			must(t, os.WriteFile(filepath.Join(dir, "f.aim"), []byte("precious"), 0o600))
			if name == "nowhere" {
				must(t, os.Remove(filepath.Join(dir, "f.aim")))
			}
			must(t, trap.make(path))
			err := c.Replace(path, sshconn.Replacement{Content: content(1), Tag: "tag"})
			wantCause(t, err, trap.cause, trap.words, path)
			left, _ := filepath.Glob(filepath.Join(dir, ".fettle-*"))
			if aim, err := os.ReadFile(filepath.Join(dir, "f.aim")); len(left) > 0 || err == nil && string(aim) != "precious" {
				t.Errorf("left %v, aim %q", left, aim)
			}
		})
	}
	if err := c.Replace(filepath.Join(t.TempDir(), "f"), sshconn.Replacement{Content: content(1), Tag: "t", Group: "no-such-group"}); err == nil || !strings.Contains(err.Error(), "no-such-group") {
		t.Errorf("a group that is not there: %v", err)
	}
}

// A server that cannot rename over a file gets new files, and leaves a former one as it is: between a removal and a
// rename a job would find none.
func TestAServerThatCannotReplaceLeavesNoGap(t *testing.T) {
	t.Parallel()
	c, err := sshconn.Connect(t.Context(), sshconn.Host{Name: "h"}, standInOptions(t, behaviour{Plain: true}))
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	path := filepath.Join(t.TempDir(), "f")
	must(t, c.Replace(path, sshconn.Replacement{Content: content(1), Tag: "tag"}))
	wantCause(t, c.Replace(path, sshconn.Replacement{Content: content(2), Tag: "tag"}), sshconn.Unsupported, "posix-rename", path)
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content(1)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("left in the folder: %v, %v", all, err)
	}
}

func TestAGroupIsFoundOnTheOtherSide(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	n.Start("one")
	c, err := connect(t, n, "one", sshconn.Options{})
	must(t, err)
	path := filepath.Join(t.TempDir(), "f")
	group := fmt.Sprint(os.Getegid())
	if os.Geteuid() == 0 {
		group = "nogroup"
	}
	must(t, c.Replace(path, sshconn.Replacement{Content: content(1), Tag: "t", Group: group}))
	info, err := c.Lstat(path)
	must(t, err)
	if misfit, err := c.Misfit(info, group); err != nil || misfit != "" || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %q, %v", info.Mode(), misfit, err)
	}
	if misfit, err := c.Misfit(info, ""); err != nil || !strings.Contains(misfit, "0640") {
		t.Errorf("%q, %v", misfit, err)
	}
}

func TestAReaderNeverSeesHalfAFile(t *testing.T) {
	t.Parallel()
	replaceUnderAReader(t, 250)
}

// BenchmarkReplaceUnderAReader is the same test at any length: -bench UnderAReader -benchtime 10000x.
func BenchmarkReplaceUnderAReader(b *testing.B) { replaceUnderAReader(b, max(b.N, 100)) }

// BenchmarkReplaceInAFullFolder is one file of many in the same folder, in a run: -benchtime 1000x is a thousand of them.
func BenchmarkReplaceInAFullFolder(b *testing.B) {
	n := sshtest.New(b)
	n.Start("one")
	c, err := connect(b, n, "one", sshconn.Options{})
	must(b, err)
	dir := memory(b)
	for i := range 1000 {
		must(b, os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), content(0), 0o600))
	}
	for i := 0; b.Loop(); i++ {
		must(b, c.Replace(filepath.Join(dir, fmt.Sprint(i%1000)), sshconn.Replacement{Content: content(1), Tag: fmt.Sprint("t", i)}))
	}
}

// replaceUnderAReader replaces one file many times, over connections that are cut at random bytes, while a reader polls it.
func replaceUnderAReader(t testing.TB, replacements int) {
	t.Helper()
	path := filepath.Join(memory(t), "f")
	must(t, os.WriteFile(path, content(0), 0o600))
	var (
		stop  atomic.Bool
		reads atomic.Int64
		wg    sync.WaitGroup
	)
	wg.Go(func() {
		for !stop.Load() {
			if b, err := os.ReadFile(path); err != nil || !whole(b) {
				t.Errorf("read %d: %v, %d bytes", reads.Load(), err, len(b))
				return
			}
			reads.Add(1)
		}
	})
	done, cuts := 0, 0
	for done < replacements {
		b := behaviour{CutIn: 1 + rand.Int64N(200_000)}
		if replacements-done < 10 { // the last ones, to see the leftovers go
			b.CutIn = 0
		}
		c, err := sshconn.Connect(t.Context(), sshconn.Host{Name: "h"}, standInOptions(t, b))
		for err == nil && done < replacements {
			if err = c.Replace(path, sshconn.Replacement{Content: content(done), Tag: "t"}); err == nil {
				done++
			}
		}
		if e, ok := errors.AsType[*sshconn.Error](err); err != nil && (!ok || e.Cause != sshconn.Dropped) {
			t.Fatal(err)
		}
		if err != nil {
			cuts++
		}
		if c != nil {
			must(t, c.Close())
		}
	}
	stop.Store(true)
	wg.Wait()
	t.Logf("%d replacements, %d connections cut, %d whole reads", done, cuts, reads.Load())
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 || cuts == 0 || reads.Load() < int64(replacements) {
		t.Errorf("left in the folder: %v, %v; %d cuts, %d reads", all, err, cuts, reads.Load())
	}
}

// memory is a folder whose disk costs no time, where there is one.
func memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "sshconn-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // best effort
	return dir
}
