package packages_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

func TestADestinationOfSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		b.canvas("sales")
		p := b.pack(to, nil, "sales")
		b.sync(p)

		// Another book that is pointed there.
		other := newBench(t).with(b)
		other.book.id = "book-2"
		other.canvas("sales")
		q := other.pack(to, nil, "sales")
		_, err := other.Plan(t.Context(), q.ID, packages.Options{})
		wantCode(t, err, packages.Foreign, "another book", "--replace")
		_, err = other.Sync(t.Context(), q.ID, packages.Options{}, nil)
		wantCode(t, err, packages.Foreign)
		b.sync(p) // nothing happened to it

		// A reader follows no taking over by itself.
		dir := t.TempDir()
		b.fetch(to, dir)
		_, err = other.Sync(t.Context(), q.ID, packages.Options{Replace: true}, nil)
		must(t, err)
		_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: dir, Connection: packages.Connection{SSHConfig: b.ssh}}, nil)
		wantCode(t, err, packages.Stranger, "another package")
		_, err = b.Sync(t.Context(), p.ID, packages.Options{}, nil)
		wantCode(t, err, packages.Foreign, "another book")
	})
}

func TestADestinationThatIsNotEmptyIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.canvas("sales")
	to := t.TempDir()
	p := b.pack(to, nil, "sales")
	for name, content := range map[string]string{"family.jpg": "x", "manifest.json": `{"name":"my web app"}`} {
		b.write(filepath.Join(to, name), content)
		_, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil)
		wantCode(t, err, packages.Foreign, "--replace")
		if got := tree(t, to); len(got) != 1 {
			t.Errorf("something was written: %v", got)
		}
		remove(t, filepath.Join(to, name))
	}
	b.sync(p)
}

// A copy of the book, restored from a backup or run on a second machine, does not undo what the other did.
func TestALaterSyncIsNotUndone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to := filepath.Join(t.TempDir(), "dest")
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	var backup store.Package
	must(t, b.store.View(t.Context(), func(r store.Reader) (err error) { backup, err = r.Package(p.ID); return err }))
	b.edition(1)
	later := b.sync(p)

	must(t, b.store.Update(t.Context(), func(w store.Writer) error {
		now, err := w.Package(p.ID)
		backup.Revision = now.Revision
		return errors.Join(err, w.PutPackage(&backup))
	}))
	b.edition(2)
	_, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil)
	wantCode(t, err, packages.Foreign, "a later sync lies there")
	r, err := b.Sync(t.Context(), p.ID, packages.Options{Replace: true}, nil)
	if err != nil || r.Serial <= later.Serial {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAManifestThatSomebodyChangedIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	first := readFile(t, filepath.Join(to, "manifest.json"))
	b.edition(1)
	b.sync(p)
	b.fetch(to, dir)
	good := readFile(t, filepath.Join(to, "manifest.json"))

	fetch := func() error {
		_, err := packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: dir}, nil)
		return err
	}
	for name, c := range map[string]struct {
		manifest    string
		read, write packages.Code // "" = no error
	}{
		"cut off":                         {good[:len(good)/2], packages.BadWriter, packages.Foreign},
		"a character":                     {strings.Replace(good, `"nightly"`, `"nightlx"`, 1), packages.BadWriter, packages.Foreign},
		"something more in the signature": {strings.Replace(good, `"signature":{`, `"signature":{"x":1,`, 1), packages.BadWriter, packages.Foreign},
		"put back":                        {first, packages.OlderThan, ""},
		"by another key":                  {resign(t, good, ed25519.NewKeyFromSeed(make([]byte, 32))), packages.BadWriter, packages.Foreign},
	} {
		b.write(filepath.Join(to, "manifest.json"), c.manifest)
		wantCode(t, fetch(), c.read)
		if _, err := b.Plan(t.Context(), p.ID, packages.Options{}); c.write != "" {
			wantCode(t, err, c.write)
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	b.write(filepath.Join(to, "manifest.json"), good)
	must(t, fetch())
}

// resign signs a manifest's content by another key, by the letter of the format.
func resign(t testing.TB, manifest string, key ed25519.PrivateKey) string {
	t.Helper()
	line1, _, ok := strings.Cut(manifest, ",\n")
	if !ok {
		t.Fatal("no two lines")
	}
	return signed(t, line1+"}", key)
}

// Two who sync to one place at the same time: one wins, the other is told, and nothing is mixed.
func TestTwoSyncsAtOnce(t *testing.T) {
	t.Parallel()
	b, s := newBench(t), newStorage(t)
	p := b.five(s.target("p"), store.LayoutObjects)
	b.sync(p)
	// Within a book the second waits for the first, and finds nothing to do.
	b.edition(1)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := b.Sync(context.Background(), p.ID, packages.Options{}, nil); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	before := s.reset()
	if before["PUT manifest"] != 3 { // the claim, the first sync, one of these two
		t.Errorf("%v", before)
	}

	// A copy of the book writes the manifest in the moment before ours: the server refuses ours.
	var once sync.Once
	current := ""
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if kind(r) == "PUT manifest" {
			once.Do(func() {
				current = s.object(t, "p/manifest.json")
				s.put(t, "p/manifest.json", strings.Replace(current, "\n", " \n", 1))
			})
		}
		return false
	})
	b.edition(2)
	_, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil)
	wantCode(t, err, packages.Conflict, "sync again")
	s.on(nil)
	s.put(t, "p/manifest.json", current)
	b.sync(p)
}

// A server that knows no conditional writes is asked twice instead, and one that ignores them is noticed.
func TestWithoutConditionalWrites(t *testing.T) {
	t.Parallel()
	b, s := newBench(t), newStorage(t)
	p := b.five(s.target("p"), store.LayoutObjects)
	conditional := func(r *http.Request) bool { return r.Header.Get("If-Match")+r.Header.Get("If-None-Match") != "" }
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && conditional(r) {
			return s.says(w, http.StatusNotImplemented, "NotImplemented")
		}
		return false
	})
	b.sync(p)
	b.edition(1)
	b.sync(p)
	b.fetch(s.target("p"), t.TempDir())
}

func TestAFileThatChangesWhileItTravelsIsNotStored(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"folder", "s3"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b, s := newBench(t), newStorage(t)
			to := filepath.Join(t.TempDir(), "dest")
			if kind == "s3" {
				to = s.target("p")
			}
			p := b.five(to, store.LayoutObjects)
			changing := filepath.Join(b.home, "f2.txt")
			report := func(p packages.Progress) {
				if p.Step == packages.StepUpload && p.Done == 0 {
					_ = os.WriteFile(changing, []byte("edition 0 of file X"), 0o600) // of the same length
				}
			}
			_, err := b.Sync(t.Context(), p.ID, packages.Options{}, report)
			wantCode(t, err, packages.Changed, "f2.txt")
			b.sync(p)
			dir := t.TempDir()
			b.fetch(to, dir)
			if got := tree(t, dir)["f2.txt"]; got != "edition 0 of file X" {
				t.Errorf("fetched %q", got)
			}
		})
	}
}

func TestWhatIsNotWholeIsFoundAndMended(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	objects, err := filepath.Glob(filepath.Join(to, "objects", "*"))
	must(t, err)
	content := readFile(t, objects[0])
	b.write(objects[0], strings.Repeat("x", len(content)))
	remove(t, objects[1])
	_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: dir}, nil)
	if e, ok := errors.AsType[*packages.Error](err); !ok || e.Code != packages.Conflict && e.Code != packages.Damaged || !strings.Contains(e.Error(), "--verify") {
		t.Errorf("fetched something else: %v", err)
	}
	if got := tree(t, dir); len(got) != 0 {
		t.Errorf("something was put in place: %v", got)
	}
	r, err := b.Sync(t.Context(), p.ID, packages.Options{Verify: true}, nil)
	if err != nil || r.Uploaded != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	b.fetch(to, dir)
}

func TestASyncCanBeCancelled(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		p := b.five(to, store.LayoutObjects)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := b.Sync(ctx, p.ID, packages.Options{}, func(p packages.Progress) {
			if p.Step == packages.StepUpload && p.Done == 2 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v, want the context's", err)
		}
		if r := b.sync(p); r.Present == 0 {
			t.Errorf("everything travelled again: %+v", r)
		}
	})
}
