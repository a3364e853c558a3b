//go:build unix

package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"fettle/accounts/store"
)

func TestLockExcludesProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	together(t, 4, "count", dir)
	text, err := os.ReadFile(filepath.Join(dir, "counter"))
	must(t, err)
	expect(t, "counted under the lock", strconv.Itoa(4*perChild))(string(text), nil)
}

func TestLockEndsWithItsHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	cmd, _, out := child(t, "hold", dir, nil)
	if !out.Scan() {
		t.Fatal("the child did not take the lock")
	}
	if _, err := s.TryLock("account-1"); !errors.Is(err, store.ErrLocked) {
		t.Errorf("TryLock while held: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	if _, err := s.Lock(ctx, "account-1"); !errors.Is(err, store.ErrLocked) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Lock while held: %v", err)
	}
	must(t, cmd.Process.Kill())
	unlock, err := s.Lock(t.Context(), "account-1")
	must(t, err)
	unlock()
	_ = cmd.Wait() // killed
	if _, err := os.Stat(filepath.Join(dir, "locks", "account-1.lock")); err != nil {
		t.Errorf("the lock file must stay: %v", err)
	}
}

func TestLockExcludesGoroutines(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	n := 0 // guarded by the lock alone
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			unlock, err := s.Lock(t.Context(), "flow-1")
			if err != nil {
				t.Error(err)
				return
			}
			n++
			unlock()
		})
	}
	wg.Wait()
	expect(t, "counted", 8)(n, nil)
}

func TestUnlockTwiceDoesNotFreeTheNextHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	first, err := s.TryLock("a")
	must(t, err)
	first()
	second, err := s.TryLock("a")
	must(t, err)
	first()
	if _, err := s.TryLock("a"); !errors.Is(err, store.ErrLocked) {
		t.Errorf("the second holder lost its lock: %v", err)
	}
	if _, err := open(t, dir).TryLock("a"); !errors.Is(err, store.ErrLocked) {
		t.Errorf("another store of this process took the lock: %v", err)
	}
	second()
}

// TestOpenDoesNotWait opens a store that is there while somebody else is held up in opening it.
func TestOpenDoesNotWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	unlock, err := s.TryLock("opening")
	must(t, err)
	defer unlock()
	open(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := store.Open(ctx, dir, migrations("CREATE TABLE further (x);")); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a migration must wait: %v", err)
	}
}

func TestLockNames(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for _, name := range []string{"", ".", "../x", "a/b", "a b", "ä", "a\x00"} {
		if _, err := s.TryLock(name); err == nil || errors.Is(err, store.ErrLocked) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
