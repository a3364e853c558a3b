package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
)

// read returns every file below dir by its path there.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS(dir)
	must(t, fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(root, path)
		files[path] = string(b)
		return err
	}))
	return files
}

func TestForeignStoreIsNotTouched(t *testing.T) {
	t.Parallel()
	dir, where := "/usr", "/usr" // root's, for anybody else
	if os.Geteuid() == 0 {
		dir = t.TempDir()
		must(t, os.Chown(dir, 4711, 4711))
		where = dir
	}
	for _, path := range []string{dir, filepath.Join(dir, "not", "there")} {
		if path != dir && os.Geteuid() != 0 {
			continue
		}
		_, err := store.Open(t.Context(), path)
		owner, ok := errors.AsType[*store.OwnerError](err)
		if !ok || owner.Path != where || !strings.HasPrefix(owner.Command(), "sudo -u ") {
			t.Errorf("%s: %v", path, err)
		}
	}
	if os.Geteuid() == 0 {
		expect(t, "what was made there", map[string]string{})(read(t, dir), nil)
	}
}

func TestForeignFileInOwnFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("giving a file away takes root")
	}
	dir := t.TempDir()
	must(t, open(t, dir).Close())
	must(t, os.Chown(filepath.Join(dir, "fettle.db"), 4711, 4711))
	if _, err := store.Open(t.Context(), dir); !isOwner(err) {
		t.Error(err)
	}
}

func isOwner(err error) bool {
	_, ok := errors.AsType[*store.OwnerError](err)
	return ok
}

func TestOddFolderNames(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b?c=%41#d&mode=memory[x")
	update(t, open(t, dir), func(w store.Writer) error { return w.SetMeta("k", "v") })
	view(t, open(t, dir), func(r store.Reader) error {
		expect(t, "meta", "v")(r.Meta("k"))
		return nil
	})
	if _, err := os.Stat(filepath.Join(dir, "fettle.db")); err != nil {
		t.Error(err)
	}
}

// TestDamage shows that whatever is wrong with the file, nobody is told that there are no accounts, and nothing is changed.
func TestDamage(t *testing.T) {
	t.Parallel()
	spoil := map[string]func(path string) error{
		"emptied":      func(path string) error { return os.Truncate(path, 0) },
		"another file": func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("no database", 1000)), 0o600) },
		"cut short":    func(path string) error { return os.Truncate(path, 4096) },
		"lost, log left": func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path+"-wal", []byte("log"), 0o600))
		},
		"pages overwritten": func(path string) error {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			info, err := f.Stat()
			if err != nil {
				return err
			}
			_, err = f.WriteAt(bytes.Repeat([]byte("garbage!"), int(info.Size()-4096)/8), 4096)
			return errors.Join(err, f.Close())
		},
	}
	for name, how := range spoil {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "fettle.db")
			s, err := store.Open(t.Context(), dir)
			must(t, err)
			for n := range 50 {
				a := sampleAccount(n)
				update(t, s, func(w store.Writer) error { return w.PutAccount(&a) })
			}
			must(t, s.Close())
			must(t, os.WriteFile(path+".before-1", []byte("a copy"), 0o600))
			must(t, how(path))
			before := read(t, dir)

			var list []store.Account
			s, err = store.Open(t.Context(), dir)
			if err == nil {
				err = s.View(t.Context(), func(r store.Reader) (err error) { list, err = r.Accounts(); return err })
				_ = s.Close() // it is damaged
			}
			damage, ok := errors.AsType[*store.CorruptError](err)
			if !ok || damage.Path != path || len(damage.Copies) != 1 || errors.Is(err, store.ErrNotFound) || list != nil {
				t.Errorf("%d accounts, %v", len(list), err)
			}
			expect(t, "files afterwards", before["fettle.db"])(read(t, dir)["fettle.db"], nil)
		})
	}
}

func TestFileLostWhileOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir)
	must(t, err)
	path := filepath.Join(dir, "fettle.db")
	must(t, os.Remove(path))
	var list []store.Account
	err = s.View(t.Context(), func(r store.Reader) (err error) { list, err = r.Accounts(); return err })
	if err == nil || errors.Is(err, store.ErrNotFound) || list != nil {
		t.Errorf("read %v, %v", list, err)
	}
	_ = s.Close() // there is nothing to close properly
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another one was made in its place: %v", err)
	}
}

func TestBusy(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	slow, hasty := open(t, dir), open(t, dir, store.BusyTimeout(time.Millisecond))
	update(t, slow, func(w store.Writer) error {
		if err := hasty.Update(t.Context(), func(store.Writer) error { return nil }); !errors.Is(err, store.ErrBusy) {
			t.Errorf("while another writes: %v", err)
		}
		return hasty.View(t.Context(), func(r store.Reader) error { // readers never wait
			_, err := r.Accounts()
			return err
		})
	})
	update(t, hasty, func(w store.Writer) error { return w.SetMeta("k", "v") })
}

func TestViewIsOneState(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	update(t, s, func(w store.Writer) error { return w.SetMeta("k", "old") })
	view(t, s, func(r store.Reader) error {
		expect(t, "before", "old")(r.Meta("k"))
		update(t, s, func(w store.Writer) error { return w.SetMeta("k", "new") })
		expect(t, "after another's write", "old")(r.Meta("k"))
		return nil
	})
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(w store.Writer) error {
		must(t, w.SetMeta("k", "v"))
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	err = s.View(t.Context(), func(r store.Reader) error { _, err := r.Meta("k"); return err })
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a canceled update left something: %v", err)
	}
}

// TestDeletedSecretsAreGone looks for sealed blobs in the files themselves.
func TestDeletedSecretsAreGone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir)
	must(t, err)
	mark := func(what string, n int) []byte { return bytes.Repeat([]byte("<"+what+">"), n) }
	a := sampleAccount(1)
	flow, client := store.Flow{ID: "f", Blob: mark("FLOW", 10)}, store.Client{ID: "c", Blob: mark("CLIENT", 10)}
	update(t, s, func(w store.Writer) error {
		return all(w.PutAccount(&a), w.PutFlow(&flow), w.PutClient(&client),
			w.PutGrant(&store.Grant{AccountID: a.ID, Role: store.Current, Seq: 1, Blob: mark("FORMER", 2000)}, 0),
			w.PutGrant(&store.Grant{AccountID: a.ID, Role: store.Candidate, Seq: 1, Blob: mark("CANDIDATE", 20)}, 0),
			w.PutResources(a.ID, []store.Resource{{Resource: oauthflow.Resource{ID: "<RESOURCE>"}}}))
	})
	update(t, s, func(w store.Writer) error {
		return all(w.PutGrant(&store.Grant{AccountID: a.ID, Role: store.Current, Seq: 2, Blob: mark("PRESENT", 5)}, 1),
			w.DeleteGrant(a.ID, store.Candidate), w.DeleteFlow("f"), w.DeleteClient("c"), w.PutResources(a.ID, nil))
	})
	must(t, s.Close())
	everything := ""
	for _, text := range read(t, dir) {
		everything += text
	}
	for _, gone := range []string{"FORMER", "CANDIDATE", "FLOW", "CLIENT", "RESOURCE"} {
		if n := strings.Count(everything, gone); n > 0 {
			t.Errorf("%s is still there %d times", gone, n)
		}
	}
	if !strings.Contains(everything, "PRESENT") {
		t.Error("what was kept is not found either: the search proves nothing")
	}
	if _, err := os.Stat(filepath.Join(dir, "fettle.db-wal")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the log is still there: %v", err)
	}
}

func TestWiderModesAreTightened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, open(t, dir).Close())
	path := filepath.Join(dir, "fettle.db")
	must(t, os.Chmod(path, 0o644))
	must(t, open(t, dir).Close())
	info, err := os.Stat(path)
	must(t, err)
	expect(t, "mode", fs.FileMode(0o600))(info.Mode(), nil)
}

func TestLinkIsRefused(t *testing.T) {
	t.Parallel()
	dir, elsewhere := t.TempDir(), t.TempDir()
	must(t, open(t, elsewhere).Close())
	must(t, os.Symlink(filepath.Join(elsewhere, "fettle.db"), filepath.Join(dir, "fettle.db")))
	if _, err := store.Open(t.Context(), dir); err == nil {
		t.Error("opened through a link")
	}
}
