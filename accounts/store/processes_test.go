//go:build unix

package store_test

import (
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fettle/accounts/store"
)

// together runs n children of one kind at the same time.
func together(t *testing.T, n int, name, dir string) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		cmd, _, _ := child(t, name, dir, nil)
		wg.Go(func() {
			if err := cmd.Wait(); err != nil {
				t.Errorf("child %s: %v", name, err)
			}
		})
	}
	wg.Wait()
}

func TestEightProcessesMakeAndWriteOneStore(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	together(t, 8, "add", dir)
	s := open(t, dir)
	view(t, s, func(r store.Reader) error {
		expect(t, "counter", strconv.Itoa(8*perChild))(r.Meta("n"))
		events, err := r.Events(store.EventFilter{})
		if len(events) != 8*perChild {
			t.Errorf("%d events", len(events))
		}
		return err
	})
	revision, err := s.Revision(t.Context())
	expect(t, "revision", int64(8*perChild))(revision, err)
}

func TestRevisionMovesAcrossProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	expect(t, "at first", int64(0))(s.Revision(t.Context()))
	together(t, 1, "add", dir)
	expect(t, "after another process wrote", int64(perChild))(s.Revision(t.Context()))
	update(t, s, func(w store.Writer) error {
		_, err := w.Accounts()
		return errors.Join(err, w.DeleteAccount("never was"))
	})
	expect(t, "after an update that changed nothing", int64(perChild))(s.Revision(t.Context()))
}

// TestKillLeavesWholeTransactions kills a writer, 50 times, wherever it happens to be.
func TestKillLeavesWholeTransactions(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 50 {
		if round%5 == 0 { // the making of a store is interrupted too
			dir = filepath.Join(t.TempDir(), strconv.Itoa(round))
		}
		cmd, _, out := child(t, "endless", dir, nil)
		acknowledged := int64(0)
		for range rand.IntN(25) {
			if out.Scan() {
				acknowledged, _ = strconv.ParseInt(out.Text(), 10, 64)
			}
		}
		must(t, cmd.Process.Kill())
		for out.Scan() { // what it said before it died counts
			acknowledged, _ = strconv.ParseInt(out.Text(), 10, 64)
		}
		_ = cmd.Wait() // killed
		checkWhole(t, dir, acknowledged)
		if t.Failed() {
			return
		}
	}
}

// checkWhole opens the store as the next process would and looks at every record of the last transaction.
func checkWhole(t *testing.T, dir string, acknowledged int64) {
	t.Helper()
	s, err := store.Open(t.Context(), dir)
	must(t, err)
	view(t, s, func(r store.Reader) error {
		text, err := r.Meta("n")
		if errors.Is(err, store.ErrNotFound) && acknowledged == 0 {
			return nil
		}
		must(t, err)
		n, err := strconv.ParseInt(text, 10, 64)
		must(t, err)
		a, err := r.Account("a")
		must(t, err)
		g, err := r.Grant("a", store.Current)
		must(t, err)
		i, err := r.Intent("a")
		must(t, err)
		if n < acknowledged || a.Generation != n || g.Seq != n || i.Seq != n || a.Revision != n {
			t.Errorf("acknowledged %d, found %d, account %d/%d, grant %d, intent %d", acknowledged, n, a.Revision, a.Generation, g.Seq, i.Seq)
		}
		return nil
	})
	must(t, s.Close())
	integrity(t, dir)
}

// integrity asks SQLite itself.
func integrity(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "fettle.db"))
	must(t, err)
	var verdict string
	must(t, db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&verdict))
	if verdict != "ok" {
		t.Errorf("integrity_check: %s", verdict)
	}
	must(t, db.Close())
}

func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	got := lines(t, "fill", dir, nil)
	if len(got) == 0 {
		t.Error("the limit was never reached")
	}
	for _, line := range got {
		if line != "again, other ballast: true" {
			t.Error(line)
		}
	}
	view(t, open(t, dir), func(r store.Reader) error {
		expect(t, "writes that arrived", "200")(r.Meta("n"))
		g, err := r.Grant("a", store.Current)
		if g.Seq != 200 || len(g.Blob) != 20_000 {
			t.Errorf("grant %d with %d bytes", g.Seq, len(g.Blob))
		}
		return err
	})
	integrity(t, dir)
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	if ownMounts == nil || os.Geteuid() != 0 {
		t.Skip("a file system of one's own takes Linux and root")
	}
	got := lines(t, "tmpfs", t.TempDir(), ownMounts)
	want := []string{
		"full, ballast: true",
		"write: <nil> ballast: false",
		"huge write is no space: true",
		"read: 2 <nil>",
		"write with room: <nil> ballast: true",
	}
	expect(t, "full disk", want)(got, nil)
}

func TestFilesArePrivateUnderAnyUmask(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"modes000", "modes022"} {
		got := map[string]string{}
		for _, line := range lines(t, name, t.TempDir(), nil) {
			path, mode, _ := strings.Cut(line, " ")
			got[path] = mode
		}
		expect(t, name, map[string]string{
			"":                      "drwx------",
			"/ballast":              "-rw-------",
			"/fettle.db":            "-rw-------",
			"/fettle.db-wal":        "-rw-------",
			"/fettle.db-shm":        "-rw-------",
			"/locks":                "drwx------",
			"/locks/opening.lock":   "-rw-------",
			"/locks/account-1.lock": "-rw-------",
		})(got, nil)
	}
}
