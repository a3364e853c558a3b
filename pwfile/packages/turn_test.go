package packages_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

// atSwitch is a fetch in which something happens when all is downloaded and nothing is switched yet.
func atSwitch(t testing.TB, from, to string, happens func()) error {
	t.Helper()
	begun := false
	_, err := packages.Fetch(t.Context(), packages.FetchOptions{From: from, To: to}, func(p packages.Progress) {
		if p.Step == packages.StepSwitch && !begun {
			begun = true
			happens()
		}
	})
	return err
}

// A switch that stops at any of its files is completed by the next fetch, even if that cannot reach the package any more.
func TestASwitchThatIsCutIsCompleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	former := b.edition(0)
	b.sync(p)
	b.fetch(to, dir)
	halves := 0
	for i, name := range slices.Sorted(maps.Keys(former)) {
		if filepath.Ext(name) == ".age" {
			continue // it is of the same edition
		}
		wanted := b.edition(i + 1)
		b.sync(p)
		at := filepath.Join(dir, name)
		err := atSwitch(t, to, dir, func() { // no file can be renamed over a folder that is in use
			remove(t, at)
			must(t, write(dir, name+"/x", "in the way"))
		})
		if err == nil {
			t.Fatalf("%s was switched over a folder", name)
		}
		must(t, os.RemoveAll(at))
		next := filepath.Join(dir, ".fettle", "next.json")
		if _, err := os.Stat(next); err != nil {
			t.Errorf("a job cannot tell that the switch was cut: %v", err)
		}
		for other, content := range tree(t, dir) {
			if content == wanted[other] && content != former[other] {
				halves++
				break
			}
		}
		must(t, os.Rename(to, to+"-away"))
		_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: dir}, nil)
		wantCode(t, err, packages.NoTarget)
		must(t, os.Rename(to+"-away", to))
		if _, err := os.Stat(next); err == nil {
			t.Error("the switch still counts as cut")
		}
		if got := tree(t, dir); !maps.Equal(got, wanted) {
			t.Fatalf("cut at %s it became %v", name, got)
		}
		former = wanted
	}
	if halves < 4 {
		t.Errorf("only %d switches were cut half way", halves)
	}
}

// What somebody puts into the folder during a long download is as little overwritten as what lay there before.
func TestWhatComesDuringADownloadStays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	b.sync(b.five(to, store.LayoutObjects))
	_, err := packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: dir}, func(p packages.Progress) {
		if p.Step == packages.StepDownload && p.Done == p.Total {
			must(t, write(dir, "f2.txt", "mine"))
		}
	})
	wantCode(t, err, packages.Stranger, filepath.Join(dir, "f2.txt"))
	if got := tree(t, dir); len(got) != 1 || got["f2.txt"] != "mine" {
		t.Errorf("it became %v", got)
	}
	remove(t, filepath.Join(dir, "f2.txt"))
	b.fetch(to, dir)
}

// A job that must not start while files are switched holds the lock of the folder, shared with other jobs.
func TestAJobThatHoldsTheLockIsNotDisturbed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	b.fetch(to, dir)
	former := tree(t, dir)
	b.edition(1)
	b.sync(p)
	job := flock.New(filepath.Join(dir, ".fettle", "lock"), flock.SetFlag(os.O_RDONLY))
	must(t, job.RLock())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := packages.Fetch(ctx, packages.FetchOptions{From: to, To: dir}, nil); err == nil {
		t.Error("it was fetched under the job")
	}
	if got := tree(t, dir); !maps.Equal(got, former) {
		t.Errorf("the job finds %v", got)
	}
	must(t, job.Unlock())
	if f := b.fetch(to, dir); len(f.Changed) != 5 {
		t.Errorf("afterwards: %+v", f)
	}
}
