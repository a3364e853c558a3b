package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The migrations are numbered from 1 without gaps; a released one never changes.
//
//go:embed migrations/*.sql
var shipped embed.FS

// loadMigrations returns the statements of every migration; the first is number 1.
func loadMigrations(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]string, 0, len(names))
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration %s: expected number %d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		all = append(all, string(text))
	}
	return all, nil
}

// create makes the database under another name and gives it its name when it is whole: a fettle.db without a
// schema is therefore always a damaged one. The caller holds the opening lock.
func (s *SQLite) create(ctx context.Context) error {
	leftovers, err := s.beside(".new")
	if err != nil {
		return err
	}
	for _, name := range leftovers {
		if err := os.Remove(name); err != nil {
			return err
		}
	}
	fresh := s.path() + ".new"
	if err := touch(fresh); err != nil {
		return err
	}
	db, err := connect(fresh, s.busy, 1, nil)
	if err != nil {
		return err
	}
	err = apply(ctx, db, s.migrations, 0)
	if err == nil { // last and with nothing in the log, so that the one file is the whole database
		_, err = db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("make the store: %w", err)
	}
	if err := os.Rename(fresh, s.path()); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// beside returns the files whose names begin with the database's and the suffix. The folder may have any name, so
// it must not become part of a pattern.
func (s *SQLite) beside(suffix string) ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), dbFile+suffix) {
			found = append(found, filepath.Join(s.dir, e.Name()))
		}
	}
	return found, nil
}

// migrate brings an existing database up to date, keeping a copy of what it was. The caller holds the opening lock.
func (s *SQLite) migrate(ctx context.Context) error {
	has, err := schemaOf(ctx, s.writing)
	if err != nil {
		return err
	}
	switch knows := len(s.migrations); {
	case has == knows:
		return nil
	case has > knows:
		return &SchemaError{Path: s.path(), Has: has, Knows: knows}
	case has == 0:
		return s.corrupt(errors.New("it has no schema"))
	}
	// A migration cannot be taken back, and a former fettle reads the copy.
	if err := s.copyBefore(ctx, len(s.migrations)); err != nil {
		return fmt.Errorf("copy the store before migrating it: %w", err)
	}
	return apply(ctx, s.writing, s.migrations, has)
}

// copyBefore writes fettle.db.before-N whole or not at all.
func (s *SQLite) copyBefore(ctx context.Context, schema int) error {
	path := fmt.Sprintf("%s.before-%d", s.path(), schema)
	fresh := path + ".new"
	// Left by a process that was killed while it copied.
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// VACUUM INTO takes an empty file as it is, and so its mode.
	if err := touch(fresh); err != nil {
		return err
	}
	if _, err := s.writing.ExecContext(ctx, "VACUUM INTO ?", fresh); err != nil {
		return err
	}
	if err := syncFile(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// apply runs the migrations above number from in one transaction.
func apply(ctx context.Context, db *sql.DB, migrations []string, from int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after the commit
	for i, text := range migrations[from:] {
		if _, err := tx.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("migration %d: %w", from+i+1, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(migrations))); err != nil {
		return err
	}
	return tx.Commit()
}

// schemaOf returns the number of the last migration that was applied.
func schemaOf(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}) (n int, err error) {
	err = q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&n)
	return n, err
}

// touch makes an empty private file. SQLite gives the files beside a database the database's mode, whatever the
// umask is; so no umask has to be set, which would be every goroutine's.
func touch(path string) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func syncFile(path string) error {
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
