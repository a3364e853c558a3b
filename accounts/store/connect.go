package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"modernc.org/sqlite"
)

// Names inside the store's folder.
const (
	dbFile      = "fettle.db"
	ballastFile = "ballast"
	locksDir    = "locks"
)

// busyTimeout is how long a transaction waits for those of other processes, unless BusyTimeout says otherwise.
const busyTimeout = 10 * time.Second

// maxReaders is how many views one process runs at the same time; further ones wait.
const maxReaders = 4

// connect returns a pool of connections to the database at path, which must exist: SQLite would make a missing
// one anew, and an empty book is the worst thing to show for a lost one.
func connect(path string, busy time.Duration, conns int, extra url.Values) (*sql.DB, error) {
	q := url.Values{
		"mode":          {"rw"},
		"_busy_timeout": {strconv.FormatInt(busy.Milliseconds(), 10)},
		"_foreign_keys": {"on"},
		"_synchronous":  {"FULL"},
		"_pragma":       {"secure_delete(on)", "temp_store(memory)"},
		"_error_rc":     {"1"}, // no stale second message in errors
	}
	for k, v := range extra {
		q[k] = v
	}
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + q.Encode()
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db := sql.OpenDB(keeper{connector})
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// connectWriter returns the one connection that writes: its transactions take the write lock when they begin, so
// what they have read stays true until they commit.
func connectWriter(path string, busy time.Duration) (*sql.DB, error) {
	return connect(path, busy, 1, url.Values{"_txlock": {"immediate"}, "_journal_mode": {"WAL"}})
}

// connectReaders returns the connections of views. They cannot write.
func connectReaders(path string, busy time.Duration) (*sql.DB, error) {
	return connect(path, busy, maxReaders, url.Values{"_query_only": {"on"}})
}

// truncateLog moves the write-ahead log into the database and empties it, as far as readers in other processes
// let it: it waits for them only briefly.
func (s *SQLite) truncateLog(ctx context.Context) error {
	conn, err := s.writing.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // gives it back to the pool
	if _, err := conn.ExecContext(ctx, "PRAGMA busy_timeout = 100"); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	if _, resetErr := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", s.busy.Milliseconds())); err == nil {
		err = resetErr
	}
	return err
}
