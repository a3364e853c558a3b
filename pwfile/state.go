package pwfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"fettle/accounts/store"
	"fettle/internal/atomicfile"
)

// What a job learns from a password file, an access token and perhaps a newer refresh token, lies in the folder pwstate
// of the data folder, one age file for each password file, encrypted to this server. The password file itself never
// changes. A stateStore is that memory as the store of a book of one account, so that a refresh here takes the same
// steps as anywhere: lock, read again, intent, one request, one write, read back.

const (
	stateDir    = "pwstate"
	stateSuffix = ".age"
	statePoll   = 10 * time.Millisecond
)

// StateError says why what this server remembers of a password file cannot be used. Nothing of it was changed.
type StateError struct {
	Code   Code
	Path   string
	Text   string
	Remedy string
	Err    error
}

// Error implements error: one sentence with the path and what to do.
func (e *StateError) Error() string {
	return fmt.Sprintf("what this server remembers of a password file, %s, cannot be used: %s; %s", e.Path, e.Text, e.Remedy)
}

// Unwrap returns the cause, if there is one.
func (e *StateError) Unwrap() error { return e.Err }

// stateStore implements store.Store for one account of one password file. It opens no database; its transactions are
// replacements of a small file. The embedded interface stands for what a book of one account never asks for.
type stateStore struct {
	store.Store

	dir     string // the folder pwstate
	server  *age.X25519Identity
	file    *File
	name    string        // as the password file spells it
	account store.Account // as the password file alone makes it
	grant   store.Grant
	base    string // identifies the credential in the password file
}

var _ store.Store = (*stateStore)(nil)

func (s *stateStore) path() string { return filepath.Join(s.dir, s.file.FileID+stateSuffix) }

// View implements store.Store.
func (s *stateStore) View(_ context.Context, fn func(store.Reader) error) error {
	all, err := s.load()
	if err != nil {
		return err
	}
	tx, err := s.begin(all)
	if err != nil {
		return err
	}
	return fn(tx)
}

// Update implements store.Store. The lock is held for as long as a file takes to write, never during a request.
func (s *stateStore) Update(ctx context.Context, fn func(store.Writer) error) error {
	unlock, err := s.Lock(ctx, "write")
	if err != nil {
		return err
	}
	defer unlock()
	all, err := s.load()
	if err != nil {
		return err
	}
	tx, err := s.begin(all)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil || !tx.moved {
		return err
	}
	return s.save(tx.laidInto(all))
}

// Lock implements store.Store. Like everywhere a lock ends with its holder, never by age, and its file stays.
func (s *stateStore) Lock(ctx context.Context, name string) (unlock func(), err error) {
	return s.lock(name, func(l *flock.Flock) (bool, error) {
		ok, err := l.TryLockContext(ctx, statePoll)
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", store.ErrLocked, ctx.Err())
		}
		return ok, err
	})
}

// TryLock implements store.Store.
func (s *stateStore) TryLock(name string) (unlock func(), err error) {
	return s.lock(name, func(l *flock.Flock) (bool, error) { return l.TryLock() })
}

func (s *stateStore) lock(name string, take func(*flock.Flock) (bool, error)) (unlock func(), err error) {
	if err := atomicfile.EnsureDir(s.dir); err != nil {
		return nil, s.unusable("its folder cannot be used", "mend that first", err)
	}
	// Each call opens the file for itself: flock then keeps goroutines apart, too.
	l := flock.New(filepath.Join(s.dir, s.file.FileID+"."+name+".lock"), flock.SetPermissions(0o600))
	ok, err := take(l)
	if !ok {
		if err == nil {
			err = store.ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", l.Path(), err)
	}
	return func() { _ = l.Unlock() }, nil // unlocking a flock that is held does not fail
}

// Revision implements store.Store. No screen watches a job's memory.
func (*stateStore) Revision(context.Context) (int64, error) { return 0, nil }

// Close implements store.Store.
func (*stateStore) Close() error { return nil }

// load reads the memory; one that does not exist yet is empty, one that cannot be read is an error and stays as it is.
func (s *stateStore) load() (wireState, error) {
	content, err := atomicfile.ReadSecret(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return wireState{}, nil
	}
	if err != nil {
		return wireState{}, s.unusable(err.Error(), "mend that first", err)
	}
	plaintext, _, err := unseal(content, []age.Identity{s.server})
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return wireState{}, s.unusable("it was encrypted to another identity than this server has now",
			"put the former server.key back, or move the file away and write the password file again", err)
	}
	var all wireState
	if err == nil {
		all, err = decodeState(plaintext)
	}
	if err == nil && all.FileID != s.file.FileID {
		err = errors.New("it belongs to another password file")
	}
	if err != nil {
		return wireState{}, s.unusable("it is damaged", "move the file away and write the password file again", err)
	}
	if all.Book != s.file.Book {
		return wireState{}, nil // the pin of the writer has admitted another book for this file
	}
	return all, nil
}

// save replaces the memory. It is opened again on the disk before it takes the former one's place.
func (s *stateStore) save(all wireState) error {
	all.Format, all.Book, all.FileID = stateFormat, s.file.Book, s.file.FileID
	plaintext, err := all.encode()
	if err != nil {
		return err
	}
	defer clear(plaintext)
	content, err := encryptTo(plaintext, s.server.Recipient())
	if err != nil {
		return s.unusable("it cannot be encrypted", "mend that first", err)
	}
	if err := atomicfile.Sweep(s.dir); err != nil && !errors.Is(err, os.ErrPermission) {
		return s.unusable("its folder cannot be used", "mend that first", err)
	}
	err = atomicfile.Write(s.path(), content, atomicfile.Options{Verify: func(written []byte) error {
		again, _, err := unseal(written, []age.Identity{s.server})
		if err != nil || !bytes.Equal(again, plaintext) {
			return errors.New("what was read back is not what was written")
		}
		return nil
	}})
	if err != nil {
		return s.unusable(err.Error(), "make room or mend that, and run the job again", err)
	}
	return nil
}

func (s *stateStore) unusable(text, remedy string, err error) *StateError {
	return &StateError{Code: Unreachable, Path: s.path(), Text: text, Remedy: remedy, Err: err}
}
