package store

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how long a waiter for a lock sleeps between two looks.
const lockPoll = 25 * time.Millisecond

// Lock implements Store. Each call opens its own file description, so goroutines of one process exclude each
// other just as processes do. The file stays when the lock is released: unlinking it would let two holders in.
func (s *SQLite) Lock(ctx context.Context, name string) (unlock func(), err error) {
	l, err := s.lockFile(name)
	if err != nil {
		return nil, err
	}
	ok, err := l.TryLockContext(ctx, lockPoll)
	switch {
	case ctx.Err() != nil && !ok:
		return nil, fmt.Errorf("lock %s: %w: %w", name, ErrLocked, ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return unlocker(l), nil
}

// TryLock implements Store.
func (s *SQLite) TryLock(name string) (unlock func(), err error) {
	l, err := s.lockFile(name)
	if err != nil {
		return nil, err
	}
	ok, err := l.TryLock()
	if err == nil && !ok {
		err = ErrLocked
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return unlocker(l), nil
}

func (s *SQLite) lockFile(name string) (*flock.Flock, error) {
	strange := func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if name == "" || len(name) > 200 || strings.ContainsFunc(name, strange) {
		return nil, fmt.Errorf("lock %q: a lock's name consists of letters, digits and dashes", name)
	}
	return flock.New(filepath.Join(s.dir, locksDir, name+".lock"), flock.SetPermissions(0o600)), nil
}

func unlocker(l *flock.Flock) func() {
	var once sync.Once
	return func() {
		once.Do(func() { _ = l.Unlock() }) // unlocking a flock that is held does not fail
	}
}
