package pwfile_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/pwfile"
)

func TestAReaderNeverSeesHalfAFile(t *testing.T) {
	t.Parallel()
	// On a file system in memory fsync costs nothing, so that there is time for many replacements.
	dir, rounds := t.TempDir(), 20
	if memory, err := os.MkdirTemp("/dev/shm", "pwfile-test-"); err == nil {
		t.Cleanup(func() { _ = os.RemoveAll(memory) }) // best effort
		dir, rounds = memory, 200
	}
	b := newBenchIn(t, dir, dir)
	b.book.add("a")
	paths := []string{filepath.Join(b.home, "nightly.pwfile.age")}
	for i := range 9 {
		paths = append(paths, filepath.Join(b.home, fmt.Sprintf("copy-%d.age", i)))
	}
	b.canvas("nightly", func(n *pwfile.NewCanvas) { n.Copies = paths[1:] }, "a")
	b.generate(pwfile.Selection{})
	var (
		stop  atomic.Bool
		reads atomic.Int64
		wg    sync.WaitGroup
	)
	for half := range 2 {
		dir, ids := fmt.Sprintf("%s-reader-%d", b.data, half), identities(t, b.data)
		wg.Go(func() {
			last := map[string]int64{}
			for i := half; !stop.Load(); i += 2 {
				path := paths[i%len(paths)]
				// Inspect, because the copies are replaced one after the other and Open would mind the older ones.
				info, err := pwfile.Inspect(t.Context(), path, pwfile.ReaderOptions{Dir: dir, Identities: ids})
				if err != nil || info.Problem != nil || info.Serial < last[path] {
					t.Errorf("%v, %v, serial %d after %d", err, info.Problem, info.Serial, last[path])
					return
				}
				last[path] = info.Serial
				reads.Add(1)
			}
		})
	}
	for range rounds {
		b.generate(pwfile.Selection{Force: true})
	}
	stop.Store(true)
	wg.Wait()
	t.Logf("%d reads during %d replacements", reads.Load(), len(paths)*rounds)
	if reads.Load() < int64(rounds) {
		t.Errorf("only %d reads during %d replacements", reads.Load(), rounds)
	}
}

func TestATargetThatMustNotBeWrittenIsRefusedByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		root bool // only root can make it
		make func(t *testing.T, target string) error
		want string
		aim  string // what must survive: the target with this appended; "-" = nothing
	}{
		"symbolic link": {make: func(_ *testing.T, target string) error {
			return errorsOf(os.WriteFile(target+".aim", []byte("precious"), 0o600), os.Symlink(target+".aim", target))
		}, want: "symbolic link", aim: ".aim"},
		"hard link": {make: func(_ *testing.T, target string) error {
			return errorsOf(os.WriteFile(target+".aim", []byte("age-encryption.org/v1\nprecious"), 0o600), os.Link(target+".aim", target))
		}, want: "hard links", aim: ".aim"},
		"pipe":   {make: func(_ *testing.T, target string) error { return mkfifo(target) }, want: "a named pipe", aim: "-"},
		"folder": {make: func(_ *testing.T, target string) error { return os.Mkdir(target, 0o700) }, want: "a folder", aim: "-"},
		"file of something else": {make: func(_ *testing.T, target string) error {
			return os.WriteFile(target, []byte("precious"), 0o600)
		}, want: "not a password file", aim: ""},
		"another owner": {root: true, make: func(_ *testing.T, target string) error {
			return errorsOf(os.WriteFile(target, []byte("age-encryption.org/v1\nprecious"), 0o600), os.Chown(target, 65534, 65534))
		}, want: "belongs to", aim: ""},
		"no folder": {make: func(_ *testing.T, target string) error { return os.Remove(filepath.Dir(target)) }, want: "no such file or directory", aim: "-"},
		"read-only folder": {root: true, make: func(t *testing.T, target string) error {
			return mountMemory(t, filepath.Dir(target), "ro")
		}, want: "read-only file system", aim: "-"},
		"full disk": {root: true, make: func(t *testing.T, target string) error {
			if err := mountMemory(t, filepath.Dir(target), "size=16k"); err != nil {
				return err
			}
			_ = os.WriteFile(filepath.Join(filepath.Dir(target), "filler"), make([]byte, 1<<20), 0o600) // fails when full
			return nil
		}, want: "no space left", aim: "-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.root && os.Geteuid() != 0 {
				t.Skipf("%s: only root can make this place", name)
			}
			b := newBench(t)
			b.book.add("a")
			dir := filepath.Join(b.home, "place")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			target := filepath.Join(dir, "x.age")
			// Added before the trap is set, as when somebody sets it later.
			b.canvas("nightly", func(n *pwfile.NewCanvas) {
				n.PasswordFile = target
				n.Copies = []string{filepath.Join(b.home, "copy.age")}
			}, "a")
			if err := c.make(t, target); err != nil {
				t.Skipf("%s: cannot be made here: %v", name, err)
			}
			run := b.generate(pwfile.Selection{})
			if states(run) != "failed done" || !strings.Contains(run.Lines[0].Cause, c.want) || !strings.Contains(run.Lines[0].Cause, target) {
				t.Errorf("%+v, want %q and the target", run.Lines, c.want)
			}
			if c.aim != "-" && !bytes.HasSuffix(readFile(t, target+c.aim), []byte("precious")) {
				t.Error("what lay there was overwritten")
			}
			now := b.now("nightly")
			if !now.NeedsWriting() || now.Places[0].Problem == "" && now.Places[0].SHA256 != "" {
				t.Errorf("the place counts as good: %+v", now.Stale)
			}
		})
	}
}

func TestAFailedPlaceIsRetriedWithTheFileThatTheOthersHave(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	main := filepath.Join(b.home, "nightly.pwfile.age")
	b.canvas("nightly", func(n *pwfile.NewCanvas) { n.Copies = []string{filepath.Join(b.home, "copy.age")} }, "a")
	if err := os.Mkdir(main, 0o700); err != nil {
		t.Fatal(err)
	}
	b.generate(pwfile.Selection{})
	if err := os.Remove(main); err != nil {
		t.Fatal(err)
	}
	exports := b.book.exports
	if got := states(b.generate(pwfile.Selection{Stale: true})); got != "done unchanged" || b.book.exports != exports || codes(b.now("nightly")) != "" {
		t.Errorf("%s, stale %q", got, codes(b.now("nightly")))
	}
}

func TestAGroupMayReadTheFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	group := fmt.Sprint(os.Getegid())
	c := b.canvas("nightly", nil, "a")
	path := filepath.Join(b.home, "nightly.pwfile.age")
	b.generate(pwfile.Selection{})
	if _, err := b.Edit(t.Context(), c.ID, pwfile.Change{Group: &group}); err != nil {
		t.Fatal(err)
	}
	if got := codes(b.now("nightly")); got != string(pwfile.StalePlaceDiffers) {
		t.Errorf("after the group was set: %q", got)
	}
	exports := b.book.exports
	if got := states(b.generate(pwfile.Selection{Stale: true})); got != "done" || b.book.exports != exports {
		t.Error(got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := b.now("nightly"); len(got.Stale) != 1 || !strings.Contains(got.Stale[0].Text, "mode 0644") {
		t.Errorf("a file that everybody can read is not noticed: %+v", got.Stale)
	}
	none := "no-such-group-here"
	if _, err := b.Edit(t.Context(), c.ID, pwfile.Change{Group: &none}); err == nil || !strings.Contains(err.Error(), none) {
		t.Errorf("%v", err)
	}
}

func TestAFileNearTheLimitIsRefusedBeforeItIsWritten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.book.add("a")
	e := b.book.tokens[id]
	e.Refresh = secret.New(canary + strings.Repeat("x", 64<<10))
	b.book.tokens[id] = e
	b.canvas("nightly", nil, "a")
	run := b.generate(pwfile.Selection{})
	if states(run) != "failed" || !strings.Contains(run.Lines[0].Cause, "65535") || strings.Contains(run.Lines[0].Cause, canary) {
		t.Errorf("%s", run.Lines[0].Cause[:200])
	}
}

// failing is a store whose updates fail while broken is set.
type failing struct {
	store.Store
	broken atomic.Bool
}

func (f *failing) Update(ctx context.Context, fn func(store.Writer) error) error {
	if f.broken.Load() {
		return syscall.ENOSPC
	}
	return f.Store.Update(ctx, fn)
}

func TestAWriteThatCannotBeRecordedIsRepeated(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("nightly", nil, "a")
	f := &failing{Store: b.store}
	k := b.keeper(f)
	plan := b.plan(pwfile.Selection{})
	b.book.onExport = func(string) error { f.broken.Store(true); return nil }
	run, err := k.Generate(t.Context(), plan, pwfile.GenerateOptions{}, nil)
	if err == nil || !strings.Contains(err.Error(), "could not be recorded") || states(run) != "failed" {
		t.Fatalf("%v, %+v", err, run.Lines)
	}
	b.book.onExport = nil
	path := filepath.Join(b.home, "nightly.pwfile.age")
	before := b.open(path).Serial
	if got := states(b.generate(pwfile.Selection{Stale: true})); got != "done" || b.open(path).Serial <= before || codes(b.now("nightly")) != "" {
		t.Errorf("%s, serial %d after %d", got, b.open(path).Serial, before)
	}
}

// A process that was killed in the middle of a file has left it under another name; it may hold a credential.
func TestWhatAKilledRunHasLeftIsRemoved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	copies := filepath.Join(b.home, "copies")
	if err := os.Mkdir(copies, 0o700); err != nil {
		t.Fatal(err)
	}
	b.canvas("nightly", func(n *pwfile.NewCanvas) { n.Copies = []string{copies} }, "a")
	for _, dir := range []string{b.home, copies} {
		for name, age := range map[string]time.Duration{".fettle-OLD.tmp": 2 * time.Hour, ".fettle-YOUNG.tmp": 0, "other.tmp": 2 * time.Hour} {
			writeFile(t, filepath.Join(dir, name), []byte("half"))
			if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Now().Add(-age)); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.generate(pwfile.Selection{})
	if got := entries(t, copies); got != ".fettle-YOUNG.tmp nightly.pwfile.age other.tmp" {
		t.Errorf("at the copy: %s", got)
	}
	if got := entries(t, b.home); got != ".fettle-YOUNG.tmp copies nightly.acc nightly.pwfile.age other.tmp" {
		t.Errorf("at the canvas: %s", got)
	}
}
