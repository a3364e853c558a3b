package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how long a waiter for a lock sleeps between two looks.
const lockPoll = 25 * time.Millisecond

// Lock implements Store. A lock is held twice: inside the process by a slot, which hands it from goroutine to
// goroutine without delay, and against other processes by flock. The file stays when the lock is released:
// unlinking it would let two holders in.
func (s *SQLite) Lock(ctx context.Context, name string) (unlock func(), err error) {
	slot, file, err := s.lock(name)
	if err != nil {
		return nil, err
	}
	select {
	case slot <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("lock %s: %w: %w", name, ErrLocked, ctx.Err())
	}
	// flock has no wait that a context could end, so it is tried again and again.
	if ok, err := file.TryLockContext(ctx, lockPoll); !ok {
		<-slot
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrLocked, ctx.Err())
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return unlocker(slot, file), nil
}

// TryLock implements Store.
func (s *SQLite) TryLock(name string) (unlock func(), err error) {
	slot, file, err := s.lock(name)
	if err != nil {
		return nil, err
	}
	select {
	case slot <- struct{}{}:
	default:
		return nil, fmt.Errorf("lock %s: %w", name, ErrLocked)
	}
	if ok, err := file.TryLock(); !ok {
		<-slot
		if err == nil {
			err = ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return unlocker(slot, file), nil
}

// lock returns the two halves of a lock, neither of them held.
func (s *SQLite) lock(name string) (chan struct{}, *flock.Flock, error) {
	strange := func(r rune) bool {
		// No dot and no slash: the name becomes that of a file.
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if name == "" || len(name) > 200 || strings.ContainsFunc(name, strange) {
		return nil, nil, fmt.Errorf("lock %q: a lock's name consists of letters, digits and dashes", name)
	}
	slot, _ := s.slots.LoadOrStore(name, make(chan struct{}, 1))
	file := flock.New(filepath.Join(s.dir, locksDir, name+".lock"), flock.SetPermissions(0o600))
	return slot.(chan struct{}), file, nil //nolint:errcheck // nothing else is ever stored there
}

// unlocker releases both halves, once.
func unlocker(slot chan struct{}, file *flock.Flock) func() {
	var once sync.Once
	return func() {
		once.Do(func() {
			_ = file.Unlock() // unlocking a flock that is held does not fail
			<-slot
		})
	}
}

// Locks implements LockKeeper.
func (s *SQLite) Locks(prefix string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, locksDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := []string{}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".lock"); ok && strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names, nil
}

// RemoveLock implements LockKeeper. The file goes while it is locked, so nobody can hold it; who opened it a moment ago
// locks a file without a name, which is why the contract asks for a name that means nothing any more.
func (s *SQLite) RemoveLock(name string) error {
	unlock, err := s.TryLock(name)
	if errors.Is(err, ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return os.Remove(filepath.Join(s.dir, locksDir, name+".lock"))
}
