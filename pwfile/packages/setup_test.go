package packages_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
	"fettle/pwfile/packages"
)

// TestMain gives the SDK credentials for the servers of these tests, and lets the test binary be a sync or a fetch that
// is killed.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "canary-secret-key", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	if work := os.Getenv("PACKAGES_TEST_CHILD"); work != "" {
		os.Exit(child(work))
	}
	os.Exit(m.Run())
}

// book is a book of accounts in memory: what it says about them is what the test put there.
type book struct {
	pwfile.Book // what these tests never ask it for

	mu       sync.Mutex
	accounts []accounts.Account
	tokens   map[string]accounts.Exported
	key      ed25519.PrivateKey
	id       string
	locked   error
}

// newBook is a book with one healthy account, ana. Each has the same key, so that a child process is the same book.
func newBook() *book {
	return &book{
		id: "book-1", key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)),
		accounts: []accounts.Account{{
			Account: store.Account{ID: "id-ana", Name: "ana", Provider: "acme", Generation: 1, Holder: store.HolderBook, HasRefresh: true, Rotation: provider.RotationNone},
			Health:  accounts.Health{Finding: accounts.Finding{State: accounts.Healthy, Title: "healthy"}},
		}},
		tokens: map[string]accounts.Exported{"id-ana": {AccountID: "id-ana", Name: "ana", Provider: "acme", Identity: oauthflow.Identity{Issuer: "https://acme.example", Subject: "1"},
			ClientID: "client-1", Auth: provider.AuthPost, TokenEndpoint: "https://acme.example/token", Refresh: secret.New("canary-refresh"), Generation: 1,
			Rotation: provider.RotationNone, Holder: store.HolderBook}},
	}
}

func (b *book) Snapshot(context.Context) (accounts.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return accounts.Snapshot{Accounts: slices.Clone(b.accounts)}, nil
}

func (b *book) Account(_ context.Context, name string) (accounts.Account, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.accounts {
		if a.Name == name {
			return a, nil
		}
	}
	return accounts.Account{}, &accounts.UnknownAccountError{Name: name}
}

func (b *book) Export(_ context.Context, id string) (accounts.Exported, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tokens[id], nil
}

func (b *book) SigningKey(context.Context) (ed25519.PrivateKey, error) { return b.key, b.locked }
func (b *book) BookID(context.Context) (string, error)                 { return b.id, nil }

// bench is a book, a store and the keepers over them.
type bench struct {
	testing.TB
	*packages.Keeper
	book  *book
	store store.Store
	files *pwfile.Keeper
	data  string
	home  string // where canvases lie
	ssh   string // ssh's configuration, for SFTP
	clock *clock
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{TB: t, data: filepath.Join(t.TempDir(), "data"), home: t.TempDir(), clock: &clock{now: time.Now()}, book: newBook()}
	s, err := store.Open(t.Context(), b.data)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	b.store = s
	b.files = pwfile.New(pwfile.Config{Book: b.book, Store: s, Dir: b.data, Actor: "tester", Now: b.clock.Now})
	b.Keeper = b.keeper("")
	return b
}

func (b *bench) keeper(sshConfig string) *packages.Keeper {
	return packages.New(packages.Config{Book: b.book, Store: b.store, Canvases: b.files, Actor: "tester", Now: b.clock.Now,
		Connection: packages.Connection{SSHConfig: sshConfig}})
}

// canvas adds a canvas file, a canvas, and its password file.
func (b *bench) canvas(name string) pwfile.Canvas {
	b.Helper()
	path := filepath.Join(b.home, name+".acc")
	b.write(path, "canvas "+name)
	c, err := b.files.Add(b.Context(), pwfile.NewCanvas{Name: name, Path: path, AccountNames: []string{"ana"}})
	must(b, err)
	b.generate(false)
	return c
}

func (b *bench) generate(force bool) {
	b.Helper()
	p, err := b.files.Plan(b.Context(), pwfile.Selection{Force: force})
	must(b, err)
	_, err = b.files.Generate(b.Context(), p, pwfile.GenerateOptions{}, nil)
	must(b, err)
}

func (b *bench) write(path, content string) {
	b.Helper()
	must(b, os.MkdirAll(filepath.Dir(path), 0o700))
	must(b, os.WriteFile(path, []byte(content), 0o600))
}

// file writes a reference file and returns its path.
func (b *bench) file(name, content string) string {
	b.Helper()
	path := filepath.Join(b.home, name)
	b.write(path, content)
	return path
}

// pack adds a package of canvases that exist.
func (b *bench) pack(to string, edit func(*packages.NewPackage), canvases ...string) packages.Package {
	b.Helper()
	n := packages.NewPackage{Name: "nightly", Target: to}
	for _, c := range canvases {
		n.Canvases = append(n.Canvases, packages.Member{Name: c})
	}
	if edit != nil {
		edit(&n)
	}
	p, err := b.Add(b.Context(), n)
	must(b, err)
	return p
}

func (b *bench) sync(p packages.Package) packages.Result {
	b.Helper()
	r, err := b.Sync(b.Context(), p.ID, packages.Options{}, watch(b).report)
	must(b, err)
	return r
}

// fetch brings a package into a folder.
func (b *bench) fetch(from, to string) packages.Fetched {
	b.Helper()
	f, err := packages.Fetch(b.Context(), packages.FetchOptions{From: from, To: to, Dir: filepath.Join(b.data, "none"), Connection: packages.Connection{SSHConfig: b.ssh}}, watch(b).report)
	must(b, err)
	return f
}

// tree is what lies in a folder, the reader's own folder left out: path → content.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".fettle" {
			return map[bool]error{true: fs.SkipDir}[d.IsDir()]
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if d.Type() == fs.ModeSymlink {
			to, err := os.Readlink(path)
			found[filepath.ToSlash(name)] = "→ " + to
			return err
		}
		content, err := os.ReadFile(path) //nolint:gosec // a folder of this test
		found[filepath.ToSlash(name)] = string(content)
		return err
	}))
	return found
}

// states spells a plan as path=state.
func states(items []packages.Item) string {
	var all []string
	for _, i := range items {
		all = append(all, i.Path+"="+string(i.State))
	}
	return strings.Join(all, " ")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode checks the code of an error, and that it says what it is about.
func wantCode(t testing.TB, err error, code packages.Code, words ...string) {
	t.Helper()
	e, ok := errors.AsType[*packages.Error](err)
	if !ok || e.Code != code {
		t.Fatalf("error %v, want code %s", err, code)
	}
	for _, w := range words {
		if !strings.Contains(e.Error(), w) {
			t.Errorf("error %q does not say %q", e, w)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Errorf("a secret is in the error: %v", err)
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return string(content)
}

func remove(t testing.TB, path string) {
	t.Helper()
	must(t, os.Remove(path))
}

// signed makes a manifest of its first line, with none of the package's own code.
func signed(t testing.TB, object string, key ed25519.PrivateKey) string {
	t.Helper()
	sig, err := json.Marshal(map[string]any{"key": []byte(key.Public().(ed25519.PublicKey)), "sig": ed25519.Sign(key, []byte("fettle.package/1\n"+object))})
	must(t, err)
	return strings.TrimSuffix(object, "}") + ",\n\"signature\":" + string(sig) + "}\n"
}
