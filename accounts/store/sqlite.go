package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fettle/internal/atomicfile"
)

// SQLite keeps the store in one folder: fettle.db with its log, the lock files and the ballast.
type SQLite struct {
	dir        string
	busy       time.Duration
	migrations []string

	writing *sql.DB // one connection
	reading *sql.DB

	slots sync.Map // lock name → chan struct{} that holds one value while a goroutine holds the lock

	closing sync.Once
	closed  error
}

var _ Store = (*SQLite)(nil)

// Option changes how a store is opened.
type Option func(*options)

type options struct {
	busy       time.Duration
	migrations fs.FS
}

// BusyTimeout sets how long a transaction waits for those of other processes; the default is 10 s.
func BusyTimeout(d time.Duration) Option { return func(o *options) { o.busy = d } }

// Open opens the store in dir, making or migrating it where needed. Any number of processes may do so at once.
// It fails with *OwnerError for another user's store, *SchemaError for a newer one, *CorruptError for a damaged one.
func Open(ctx context.Context, dir string, opts ...Option) (*SQLite, error) {
	o := options{busy: busyTimeout}
	for _, opt := range opts {
		opt(&o)
	}
	if o.migrations == nil {
		sub, err := fs.Sub(shipped, "migrations")
		if err != nil {
			return nil, err
		}
		o.migrations = sub
	}
	migrations, err := loadMigrations(o.migrations)
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &SQLite{dir: dir, busy: o.busy, migrations: migrations}
	if err := s.prepareFolder(); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		return nil, s.explain(errors.Join(err, s.disconnect()))
	}
	s.keepBallast()
	return s, nil
}

// prepareFolder makes the folder, once it is certain that it may be this user's.
func (s *SQLite) prepareFolder() error {
	if err := checkOwner(s.dir); err != nil {
		return err
	}
	// The folder may not be there yet; the file system it will lie on is that of the nearest one above.
	above, _, err := existing(s.dir)
	if err != nil {
		return err
	}
	network, err := networkName(above)
	if err != nil {
		return err
	}
	if network != "" {
		return fmt.Errorf("%s lies on %s, where locks and durable writes cannot be relied on: choose a local folder with --data", s.dir, network)
	}
	if err := atomicfile.EnsureDir(s.dir); err != nil {
		return err
	}
	return atomicfile.EnsureDir(filepath.Join(s.dir, locksDir))
}

// open connects to the database. Only if it is not simply there and up to date, one process at a time does
// what is needed: jobs that start by the dozen must not wait for each other.
func (s *SQLite) open(ctx context.Context) error {
	// Errors here are not told: the path under the lock meets them again and explains them.
	if s.checkFiles() == nil && s.connect() == nil {
		if has, err := schemaOf(ctx, s.writing); err == nil && has == len(s.migrations) {
			return nil
		}
	}
	unlock, err := s.Lock(ctx, "opening")
	if err != nil {
		return fmt.Errorf("open the store in %s: %w", s.dir, err)
	}
	defer unlock()
	return s.openLocked(ctx)
}

// openLocked makes the database if there is none, connects to it and migrates it.
func (s *SQLite) openLocked(ctx context.Context) error {
	err := s.checkFiles()
	if errors.Is(err, fs.ErrNotExist) {
		err = s.create(ctx)
	}
	if err != nil {
		return err
	}
	if err := s.connect(); err != nil {
		return err
	}
	err = s.migrate(ctx)
	if isNoSpace(err) { // even a reader needs the log's index beside the database
		_ = os.Remove(filepath.Join(s.dir, ballastFile))
		err = s.migrate(ctx)
	}
	return err
}

// connect makes the pools, in place of those there are. A connection is only opened when one is used.
func (s *SQLite) connect() (err error) {
	if err := s.disconnect(); err != nil {
		return err
	}
	if s.writing, err = connectWriter(s.path(), s.busy); err != nil {
		return err
	}
	s.reading, err = connectReaders(s.path(), s.busy)
	return err
}

// checkFiles looks at the database's files before SQLite does, which would take what is empty for new. It
// fails with fs.ErrNotExist if there is no store yet.
func (s *SQLite) checkFiles() error {
	for _, name := range []string{s.path(), s.path() + "-wal", s.path() + "-shm"} {
		info, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a plain file; a store cannot live there", name)
		// Restored from a backup or copied by hand; nobody else has any business in it.
		case info.Mode().Perm() != 0o600:
			if err := os.Chmod(name, 0o600); err != nil {
				return err
			}
		}
	}
	info, err := os.Lstat(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		if _, logErr := os.Lstat(s.path() + "-wal"); logErr == nil {
			return s.corrupt(errors.New("it is gone, its log fettle.db-wal is still there"))
		}
		return err
	}
	if err == nil && info.Size() == 0 {
		return s.corrupt(errors.New("it is empty"))
	}
	return err
}

func (s *SQLite) path() string { return filepath.Join(s.dir, dbFile) }

// View implements Store.
func (s *SQLite) View(ctx context.Context, fn func(Reader) error) error {
	tx, err := s.begin(ctx, s.reading)
	if err != nil {
		return s.explain(err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return s.explain(fn(&reader{ctx, tx}))
}

// Update implements Store. Calling Update from within fn waits for ever.
func (s *SQLite) Update(ctx context.Context, fn func(Writer) error) error {
	err := s.update(ctx, fn)
	if isNoSpace(err) {
		s.makeRoom(ctx)
		err = s.update(ctx, fn)
	}
	if err == nil {
		s.keepBallast()
	}
	return s.explain(err)
}

// update is one attempt at a transaction.
func (s *SQLite) update(ctx context.Context, fn func(Writer) error) error {
	tx, err := s.begin(ctx, s.writing)
	if err != nil {
		return err
	}
	w := &writer{reader: reader{ctx, tx}}
	done := false
	defer func() { // also when fn panics
		if !done {
			_ = tx.Rollback() // what is not committed is gone either way
			w.rollBack()
		}
	}()
	if err := fn(w); err != nil {
		// fn may have gone on after a failed statement and fail of something else: the first failure is the reason.
		if w.failed != nil && !errors.Is(err, w.failed) {
			err = fmt.Errorf("%w: %w", err, w.failed)
		}
		return err
	}
	if err := w.finish(); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	done = true
	return nil
}

// begin starts a transaction and makes sure that no newer fettle has migrated the store since it was opened.
func (s *SQLite) begin(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	has, err := schemaOf(ctx, tx)
	switch knows := len(s.migrations); {
	case err != nil:
	case has > knows:
		err = &SchemaError{Path: s.path(), Has: has, Knows: knows}
	// The file was exchanged under an open connection: a backup was put back.
	case has < knows:
		err = fmt.Errorf("%s was replaced by one with schema %d while it was open: start fettle again", s.path(), has)
	}
	if err != nil {
		_ = tx.Rollback() // nothing was written
		return nil, err
	}
	return tx, nil
}

// Revision implements Store.
func (s *SQLite) Revision(ctx context.Context) (n int64, err error) {
	err = s.reading.QueryRowContext(ctx, "SELECT revision FROM state").Scan(&n)
	if err != nil {
		return 0, s.explain(fmt.Errorf("read the revision: %w", err))
	}
	return n, nil
}

// Close implements Store. It empties the write-ahead log, in which deleted blobs live on, unless others use it.
func (s *SQLite) Close() error {
	s.closing.Do(func() {
		logErr := s.truncateLog(context.Background())
		if isNoSpace(logErr) { // the log stays, whole; a later Close empties it
			logErr = nil
		}
		s.closed = s.explain(errors.Join(logErr, s.disconnect()))
	})
	return s.closed
}

// disconnect closes whatever connections there are, readers first.
func (s *SQLite) disconnect() error {
	var err error
	for _, db := range []*sql.DB{s.reading, s.writing} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}
