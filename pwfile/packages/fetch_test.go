package packages_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/accounts/store"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// hostile is a destination whose manifest was signed by somebody who means harm.
func hostile(t testing.TB, key ed25519.PrivateKey, edit func(map[string]any)) string {
	t.Helper()
	at := t.TempDir()
	hash := "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73" // of "content"
	m := map[string]any{
		"format": "fettle.package/1", "book": "book-1", "package": "p1", "name": "nightly", "layout": "objects", "serial": 1, "created_at": "2026-11-22T00:00:00Z",
		"entries": []any{map[string]any{"path": "a.txt", "sha256": hash, "size": 7, "kind": "file"}}, "dropped": []any{},
	}
	edit(m)
	text, err := json.Marshal(m)
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(at, "objects"), 0o700))
	must(t, os.WriteFile(filepath.Join(at, "objects", hash), []byte("content"), 0o600))
	must(t, os.WriteFile(filepath.Join(at, "manifest.json"), []byte(signed(t, string(text), key)), 0o600))
	return at
}

func paths(names ...string) func(map[string]any) {
	return func(m map[string]any) {
		entries := []any{}
		for _, n := range names {
			e := map[string]any{"path": n, "sha256": "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73", "size": 7, "kind": "file"}
			entries = append(entries, e)
		}
		m["entries"] = entries
	}
}

func set(key string, value any) func(map[string]any) {
	return func(m map[string]any) { m[key] = value }
}

// A manifest comes from outside: what it names stays inside the folder, and what two file systems would take for one
// is refused on every one.
func TestAManifestCannotLeadAstray(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	outside := t.TempDir()
	good := 0
	for i, edit := range []func(map[string]any){
		paths("../x"), paths("a/../../x"), paths("/etc/x"), paths(outside + "/x"), paths("."), paths(""), paths("a//b"), paths("./a"), paths("a/"), paths("a\\..\\b"),
		paths("c:x"), paths("a\x00b"), paths("a\nb"), paths("a\x1b[31m"), paths(".fettle/lock"), paths(".FETTLE/x"), paths("manifest.json"), paths("a."), paths("a /b"),
		paths("a", "a"), paths("a", "A"), paths("a", "a/b"), paths("a/B", "A/b"), paths("caf\u00e9", "cafe\u0301"), paths(strings.Repeat("x", 300)), paths(strings.Repeat("x/", 600) + "x"),
		set("format", "fettle.package/2"), set("layout", "zip"), set("serial", 0), set("package", ""), set("entries", "none"),
		set("entries", []any{map[string]any{"path": "a", "sha256": "../../etc/passwd", "size": 7}}),
		set("entries", []any{map[string]any{"path": "a", "sha256": strings.Repeat("0", 64), "size": -1}}),
		paths("a.txt", "b/c d-é.txt", "..a", "עברית.acc", "😀"),
	} {
		to := filepath.Join(outside, fmt.Sprint("to", i))
		_, err := packages.Fetch(t.Context(), packages.FetchOptions{From: hostile(t, key, edit), To: to}, nil)
		if err == nil {
			good++
			continue
		}
		wantCode(t, err, packages.BadWriter)
		if strings.ContainsAny(err.Error(), "\x1b\n\x00") {
			t.Errorf("%d: %q reaches the terminal", i, err)
		}
		if got := tree(t, to); len(got) > 0 {
			t.Errorf("%d: written: %v", i, got)
		}
	}
	if good != 1 {
		t.Errorf("%d were fetched, and the last one alone is good", good)
	}
}

// What lies in the folder and was put there by somebody else is neither overwritten nor followed nor removed.
func TestWhatIsNotOursInTheFolderStays(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	secretFile := filepath.Join(t.TempDir(), "precious")
	must(t, os.WriteFile(secretFile, []byte("precious"), 0o600))
	from := hostile(t, key, paths("folder/a.txt"))
	for name, prepare := range map[string]func(dir string) error{
		"a file":                  func(dir string) error { return write(dir, "folder/a.txt", "somebody else's") },
		"a link":                  func(dir string) error { return link(secretFile, dir, "folder/a.txt") },
		"a link to a file inside": func(dir string) error { _ = write(dir, "b", "b"); return link("../b", dir, "folder/a.txt") },
		"a folder":                func(dir string) error { return write(dir, "folder/a.txt/x", "x") },
		"a linked folder":         func(dir string) error { return link(filepath.Dir(secretFile), dir, "folder") },
		"a folder linked inside":  func(dir string) error { _ = write(dir, "real/x", "x"); return link("real", dir, "folder") },
		"a file for a folder":     func(dir string) error { return write(dir, "folder", "x") },
		"the reader's own folder": func(dir string) error { return link(filepath.Dir(secretFile), dir, ".fettle") },
	} {
		dir := t.TempDir()
		must(t, prepare(dir))
		before := tree(t, dir)
		_, err := packages.Fetch(t.Context(), packages.FetchOptions{From: from, To: dir}, nil)
		if err == nil {
			t.Errorf("%s: fetched over it", name)
		} else {
			wantCode(t, err, packages.Stranger)
		}
		if after := tree(t, dir); fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("%s: %v became %v", name, before, after)
		}
	}
	if readFile(t, secretFile) != "precious" {
		t.Error("a link was followed")
	}

	dir := t.TempDir()
	must(t, write(dir, "folder/a.txt", "somebody else's"))
	must(t, write(dir, "folder/mine", "mine"))
	f, err := packages.Fetch(t.Context(), packages.FetchOptions{From: from, To: dir, Replace: true}, nil)
	if got := tree(t, dir); err != nil || got["folder/a.txt"] != "content" || got["folder/mine"] != "mine" || len(f.Changed) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	for _, name := range []string{"folder/a.txt", ".fettle/manifest.json", ".fettle/lock"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func write(dir, name, content string) error {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o600)
}

func link(to, dir, name string) error {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.Symlink(to, path)
}

// A file that went away and was changed here stays, and that is said.
func TestAFileThatWentAwayAndWasChangedHereStays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	b.fetch(to, dir)
	must(t, write(dir, "f1.txt", "changed here"))
	must(t, write(dir, "f2.txt", "changed here"))
	_, err := b.Edit(t.Context(), p.ID, packages.Change{Files: &[]packages.Member{{Name: filepath.Join(b.home, "f2.txt")}}})
	must(t, err)
	b.sync(p)
	f := b.fetch(to, dir)
	got := tree(t, dir)
	if got["f1.txt"] != "changed here" || got["f2.txt"] != "edition 0 of file 2" || len(got) != 4 || len(f.Removed) != 2 || len(f.Notes) != 1 {
		t.Errorf("%+v: %v", f, got)
	}
}

// The first fetch to a folder believes the writer; from then on, and where the server knows writers, nobody else.
func TestOnlyAKnownWriterIsFollowed(t *testing.T) {
	t.Parallel()
	mine, theirs := ed25519.NewKeyFromSeed(make([]byte, 32)), ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))
	nothing := func(map[string]any) {}
	from, false_ := hostile(t, mine, nothing), hostile(t, theirs, set("serial", 2))
	to, data := t.TempDir(), t.TempDir()
	fetch := func(from, to string) (packages.Fetched, error) {
		return packages.Fetch(t.Context(), packages.FetchOptions{From: from, To: to, Dir: data}, nil)
	}
	if f, err := fetch(from, to); err != nil || f.Pinned {
		t.Fatalf("%+v, %v", f, err)
	}
	if f, err := fetch(from, to); err != nil || !f.Pinned {
		t.Errorf("%+v, %v", f, err)
	}
	_, err := fetch(false_, to)
	spelled := base64.StdEncoding.EncodeToString(theirs.Public().(ed25519.PublicKey))
	wantCode(t, err, packages.BadWriter, "fettle server trust "+spelled)

	must(t, pwfile.Trust(data, base64.StdEncoding.EncodeToString(mine.Public().(ed25519.PublicKey))))
	if f, err := fetch(from, t.TempDir()); err != nil || !f.Pinned {
		t.Errorf("%+v, %v", f, err)
	}
	_, err = fetch(false_, t.TempDir())
	wantCode(t, err, packages.BadWriter, spelled)
	must(t, pwfile.Trust(data, spelled))
	if f, err := fetch(false_, to); err != nil || f.Serial != 2 {
		t.Errorf("%+v, %v", f, err)
	}
}

// An object that is larger than announced does not fill the disk.
func TestMoreThanAnnouncedIsNotTaken(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	from := hostile(t, key, func(map[string]any) {})
	objects, err := filepath.Glob(filepath.Join(from, "objects", "*"))
	must(t, err)
	must(t, os.Truncate(objects[0], 1<<40))
	_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: from, To: t.TempDir()}, nil)
	wantCode(t, err, packages.Conflict, "--verify")
}

// FuzzManifest: no manifest crashes the reader, and what it accepts is safe.
func FuzzManifest(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	f.Add(`{"format":"fettle.package/1","book":"b","package":"p","layout":"plain","serial":1,"entries":[{"path":"a/b","sha256":"` + strings.Repeat("0", 64) + `","size":1}]}`)
	f.Add(`{"entries":[{"path":"../a"}]}`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, object string) {
		for _, file := range []string{object, signed(t, object, key)} {
			paths, err := packages.ManifestPaths([]byte(file))
			for _, p := range paths {
				if err == nil && !filepath.IsLocal(p) {
					t.Errorf("%q was accepted", p)
				}
			}
		}
	})
}
