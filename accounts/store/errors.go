package store

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrBusy says that other processes kept the store busy longer than the busy timeout; nothing was written.
var ErrBusy = errors.New("other fettle processes keep the book busy; try again")

// ErrNoSpace says that a write failed for lack of space, also after the reserve was released; nothing was written.
var ErrNoSpace = errors.New("no space left, or a quota or file size limit is reached; make room and repeat")

// CorruptError says that the file is there and is not a readable store. Nothing was changed.
type CorruptError struct {
	Path   string
	Copies []string // made before migrations, newest schema last
	Err    error
}

// Error implements error with the ways back.
func (e *CorruptError) Error() string {
	ways := "restore it from a backup"
	if len(e.Copies) > 0 {
		ways += " or from " + strings.Join(e.Copies, ", ")
	}
	return fmt.Sprintf("%s is damaged (%v): move it away, then %s", e.Path, e.Err, ways)
}

// Unwrap returns what the database said.
func (e *CorruptError) Unwrap() error { return e.Err }

// explain turns what SQLite says into what a person can act on; other errors pass as they are.
func (s *SQLite) explain(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		if isNoSpace(err) {
			return fmt.Errorf("%s: %w: %w", s.dir, ErrNoSpace, err)
		}
		return err
	}
	if isNoSpace(err) {
		return fmt.Errorf("%s: %w: %w", s.path(), ErrNoSpace, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%s: %w: %w", s.path(), ErrBusy, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return s.corrupt(err)
	}
	if e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY {
		return fmt.Errorf("the account or canvas that a record belongs to: %w: %w", ErrNotFound, err)
	}
	return fmt.Errorf("%s: %w", s.path(), err)
}

// corrupt describes a damaged file, naming the copies there are.
func (s *SQLite) corrupt(err error) error {
	copies, listErr := s.beside(".before-")
	if listErr != nil { // the copies are only a hint
		copies = nil
	}
	return &CorruptError{Path: s.path(), Copies: copies, Err: err}
}

// isNoSpace reports an error that more room could mend. SQLite says FULL for ENOSPC only; a quota or a file size
// limit reaches us as an I/O error of a write.
func isNoSpace(err error) bool {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_SHMSIZE,
			sqlite3.SQLITE_IOERR_TRUNCATE:
			return true
		}
		return false
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, errQuota) || errors.Is(err, syscall.EFBIG)
}
