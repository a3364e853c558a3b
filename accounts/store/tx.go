package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// reader reads inside one transaction; the context is that transaction's.
type reader struct {
	ctx context.Context
	tx  *sql.Tx
}

// writer changes records inside one transaction.
type writer struct {
	reader
	changed bool     // some row was written
	named   bool     // an account or flow was put: names must be checked before commit
	undo    []func() // give records back what they had, should the transaction come to nothing
	failed  error    // SQLite may have given the transaction up by itself: it must not be committed
}

var _ Writer = (*writer)(nil)

// exec runs one statement and returns how many rows it changed.
func (w *writer) exec(what, query string, args ...any) (int64, error) {
	res, err := w.tx.ExecContext(w.ctx, query, args...)
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
		// A constraint undoes its own statement only; after a full disk SQLite may have rolled everything back.
		if !isConstraint(err) && w.failed == nil {
			w.failed = err
		}
		return 0, err
	}
	n, err := res.RowsAffected()
	w.changed = w.changed || n > 0
	return n, err
}

// finish does what a transaction owes before its commit.
func (w *writer) finish() error {
	if w.failed != nil {
		return w.failed
	}
	// Only where it can have changed: the check reads all names.
	if w.named {
		if err := checkNames(&w.reader); err != nil {
			return err
		}
	}
	if !w.changed {
		return nil
	}
	_, err := w.exec("raise the revision", "UPDATE state SET revision = revision + 1")
	return err
}

// rollBack gives back what records had before the transaction.
func (w *writer) rollBack() {
	// Backwards: one record may have been put twice.
	for i := len(w.undo) - 1; i >= 0; i-- {
		w.undo[i]()
	}
}

// isConstraint reports an error that leaves the transaction as it was before the statement.
func isConstraint(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// Revision implements Reader.
func (r *reader) Revision() (n int64, err error) {
	if err := r.tx.QueryRowContext(r.ctx, "SELECT revision FROM state").Scan(&n); err != nil {
		return 0, fmt.Errorf("read the revision: %w", err)
	}
	return n, nil
}

// Meta implements Reader.
func (r *reader) Meta(key string) (string, error) {
	var value string
	err := r.tx.QueryRowContext(r.ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("meta %q: %w", key, err)
	}
	return value, nil
}

// SetMeta implements Writer.
func (w *writer) SetMeta(key, value string) error {
	_, err := w.exec("write meta", "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value)
	return err
}
