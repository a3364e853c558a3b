package store_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"fettle/accounts/store"
)

// migrations is the shipped first migration and what follows it.
func migrations(further string) store.Option {
	files := fstest.MapFS{"0001_begin.sql": {Data: []byte(store.ShippedFirst())}}
	if further != "" {
		files["0002_further.sql"] = &fstest.MapFile{Data: []byte(further)}
	}
	return store.WithMigrations(files)
}

func isSchema(err error, has, knows int) bool {
	e, ok := errors.AsType[*store.SchemaError](err)
	return ok && e.Has == has && e.Knows == knows
}

func TestMigrationCopiesFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	older := open(t, dir, migrations(""))
	a := sampleAccount(1)
	update(t, older, func(w store.Writer) error { return w.PutAccount(&a) })

	newer := open(t, dir, migrations("CREATE TABLE further (x); UPDATE accounts SET email = 'changed';"))
	view(t, newer, func(r store.Reader) error {
		got, err := r.Account(a.ID)
		expect(t, "migrated", "changed")(got.Identity.Email, err)
		return nil
	})

	path := filepath.Join(dir, "fettle.db.before-2")
	info, err := os.Stat(path)
	must(t, err)
	expect(t, "mode of the copy", fs.FileMode(0o600))(info.Mode(), nil)
	db, err := sql.Open("sqlite", path)
	must(t, err)
	var schema int
	var email string
	must(t, db.QueryRowContext(t.Context(), "PRAGMA user_version").Scan(&schema))
	must(t, db.QueryRowContext(t.Context(), "SELECT email FROM accounts").Scan(&email))
	must(t, db.Close())
	if schema != 1 || email != a.Identity.Email {
		t.Errorf("the copy has schema %d and email %q", schema, email)
	}

	// An older fettle that still runs, or is started now, is stopped.
	nothing := func(store.Reader) error { return nil }
	if err := older.View(t.Context(), nothing); !isSchema(err, 2, 1) {
		t.Errorf("older view: %v", err)
	}
	if err := older.Update(t.Context(), func(store.Writer) error { return nil }); !isSchema(err, 2, 1) {
		t.Errorf("older update: %v", err)
	}
	if _, err := store.Open(t.Context(), dir, migrations("")); !isSchema(err, 2, 1) {
		t.Errorf("older open: %v", err)
	}
}

func TestFailedMigrationLeavesTheStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := sampleAccount(1)
	s := open(t, dir, migrations(""))
	update(t, s, func(w store.Writer) error { return w.PutAccount(&a) })
	if _, err := store.Open(t.Context(), dir, migrations("CREATE TABLE half (x); DELETE FROM accounts; NONSENSE;")); err == nil {
		t.Fatal("nonsense was applied")
	}
	view(t, open(t, dir, migrations("")), func(r store.Reader) error {
		expect(t, "account", a)(r.Account(a.ID))
		return nil
	})
}

func TestInterruptedCreationIsRepeated(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "fettle.db.new"), []byte("half"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "fettle.db.new-journal"), []byte("half"), 0o600))
	must(t, os.Chmod(dir, 0o700))
	view(t, open(t, dir), func(r store.Reader) error {
		expect(t, "accounts", []store.Account{})(r.Accounts())
		return nil
	})
}

// A book of the first release keeps its resources and clients: nothing counts as new, and no client has an end.
func TestTheBookOfTheFirstReleaseIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir, migrations(""))
	a := sampleAccount(1)
	update(t, first, func(w store.Writer) error { return w.PutAccount(&a) })
	must(t, first.Close())
	db, err := sql.Open("sqlite", filepath.Join(dir, "fettle.db"))
	must(t, err)
	seen := sampleTime.UnixMicro()
	_, err = db.ExecContext(t.Context(), "INSERT INTO resources VALUES (?, 'sheets', '1', 'One', '', ?, ?)", a.ID, seen, seen)
	must(t, err)
	_, err = db.ExecContext(t.Context(), "INSERT INTO clients VALUES ('c', 1, 'google', 'ours', '1-a', 'post', 'installed', '[]', 1, NULL, ?)", seen)
	must(t, err)
	must(t, db.Close())

	view(t, open(t, dir), func(r store.Reader) error {
		found, err := r.Resources(a.ID)
		if err != nil || len(found) != 1 || found[0].Name != "One" || !found[0].GoneAt.IsZero() {
			t.Errorf("resources %+v, %v", found, err)
		}
		expect(t, "listings", []store.Listing{{AccountID: a.ID, Service: "sheets", At: sampleTime}})(r.Listings(a.ID))
		c, err := r.Client("c")
		if err != nil || c.Label != "ours" || c.Testing || !c.SecretExpiresAt.IsZero() {
			t.Errorf("client %+v, %v", c, err)
		}
		return nil
	})
}
