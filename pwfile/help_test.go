package pwfile_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// canary begins every secret of these tests, so that a leak is found by searching for it.
const canary = "canary-secret-"

// book is a book of accounts in memory: what it says about them is what the test put there.
type book struct {
	mu       sync.Mutex
	accounts []accounts.Account
	tokens   map[string]accounts.Exported
	key      ed25519.PrivateKey
	id       string
	locked   error
	exports  int
	onExport func(id string) error
}

func newBook(t testing.TB) *book {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &book{key: key, id: "book-1", tokens: map[string]accounts.Exported{}}
}

// add puts a healthy account into the book.
func (b *book) add(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := "id-" + name
	b.accounts = append(b.accounts, accounts.Account{
		Account: store.Account{ID: id, Name: name, Provider: "acme", Generation: 1, Holder: store.HolderBook, HasRefresh: true, Rotation: provider.RotationNone},
		Health:  accounts.Health{Finding: accounts.Finding{State: accounts.Healthy, Title: "healthy"}},
	})
	b.tokens[id] = accounts.Exported{
		AccountID: id, Name: name, Provider: "acme", Identity: oauthflow.Identity{Issuer: "https://acme.example", Subject: "1", Email: name + "@example.org"},
		ClientID: "client-1", ClientSecret: secret.New(canary + "client"), Auth: provider.AuthPost, TokenEndpoint: "https://acme.example/token",
		Scopes: []string{"read", "write"}, Refresh: secret.New(canary + "refresh-" + name), Access: secret.New(canary + "access-" + name),
		Generation: 1, Rotation: provider.RotationNone, Holder: store.HolderBook,
	}
	return id
}

// change edits an account and its credential.
func (b *book) change(id string, edit func(*accounts.Account, *accounts.Exported)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.accounts {
		if b.accounts[i].ID == id {
			e := b.tokens[id]
			edit(&b.accounts[i], &e)
			b.tokens[id] = e
		}
	}
}

// renew is what authorizing an account again does.
func (b *book) renew(id string) {
	b.change(id, func(a *accounts.Account, e *accounts.Exported) {
		a.Generation++
		e.Generation++
		e.Refresh = secret.New(fmt.Sprintf("%srenewed-%d", canary, e.Generation))
	})
}

func (b *book) remove(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := []accounts.Account{}
	for _, a := range b.accounts {
		if a.ID != id {
			kept = append(kept, a)
		}
	}
	b.accounts = kept
}

func (b *book) Snapshot(context.Context) (accounts.Snapshot, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return accounts.Snapshot{Accounts: append([]accounts.Account{}, b.accounts...)}, nil
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
	b.exports++
	if b.onExport != nil {
		if err := b.onExport(id); err != nil {
			return accounts.Exported{}, err
		}
	}
	return b.tokens[id], nil
}

func (b *book) Lend(ctx context.Context, id, _ string) (accounts.Exported, error) {
	return b.Export(ctx, id)
}

func (b *book) HandOver(context.Context, string, string, int64, string) error { return nil }

func (b *book) SigningKey(context.Context) (ed25519.PrivateKey, error) { return b.key, b.locked }
func (b *book) BookID(context.Context) (string, error)                 { return b.id, nil }

// bench is a book, a store and a keeper over them, in folders of their own.
type bench struct {
	testing.TB
	*pwfile.Keeper
	book  *book
	store store.Store
	data  string // the data folder
	home  string // where canvases lie
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
	return newBenchIn(t, t.TempDir(), t.TempDir())
}

// newBenchIn is newBench in the folders named.
func newBenchIn(t testing.TB, data, home string) *bench {
	t.Helper()
	b := &bench{TB: t, book: newBook(t), data: filepath.Join(data, "data"), home: home, clock: &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}}
	s, err := store.Open(t.Context(), b.data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	b.store = s
	b.Keeper = b.keeper(s)
	return b
}

func (b *bench) keeper(s store.Store) *pwfile.Keeper {
	return pwfile.New(pwfile.Config{
		Book: b.book, Store: s, Dir: b.data, Actor: "tester", Now: b.clock.Now,
		IdleTerm: func(string) time.Duration { return 90 * 24 * time.Hour },
	})
}

// canvas adds a canvas file and a canvas that uses the named accounts.
func (b *bench) canvas(name string, edit func(*pwfile.NewCanvas), accountNames ...string) pwfile.Canvas {
	b.Helper()
	path := filepath.Join(b.home, name+".acc")
	if err := os.WriteFile(path, []byte("canvas"), 0o600); err != nil {
		b.Fatal(err)
	}
	n := pwfile.NewCanvas{Name: name, Path: path, AccountNames: accountNames}
	if edit != nil {
		edit(&n)
	}
	c, err := b.Add(b.Context(), n)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *bench) plan(sel pwfile.Selection) pwfile.Plan {
	b.Helper()
	p, err := b.Plan(b.Context(), sel)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// generate carries out a plan of everything selected and expects no error of the run as a whole.
func (b *bench) generate(sel pwfile.Selection) store.Run {
	b.Helper()
	run, err := b.Generate(b.Context(), b.plan(sel), pwfile.GenerateOptions{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	return run
}

// now returns the canvas as the keeper sees it after looking at the places.
func (b *bench) now(name string) pwfile.Canvas {
	b.Helper()
	if err := b.Check(b.Context(), true); err != nil {
		b.Fatal(err)
	}
	c, err := b.ByName(b.Context(), name)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (b *bench) open(path string) *pwfile.File {
	b.Helper()
	f, err := pwfile.Open(b.Context(), path, pwfile.ReaderOptions{Dir: b.data})
	if err != nil {
		b.Fatal(err)
	}
	return f
}

func states(run store.Run) string {
	var all []string
	for _, l := range run.Lines {
		all = append(all, string(l.State))
	}
	return strings.Join(all, " ")
}

func codes(c pwfile.Canvas) string {
	var all []string
	for _, r := range c.Stale {
		all = append(all, string(r.Code))
	}
	return strings.Join(all, " ")
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// craft writes a password file by the letter of the format, with none of the package's own code.
func craft(t testing.TB, payload map[string]any, key ed25519.PrivateKey, to ...age.Recipient) []byte {
	t.Helper()
	line1, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return encrypt(t, signed(t, line1, key), to...)
}

func signed(t testing.TB, line1 []byte, key ed25519.PrivateKey) []byte {
	t.Helper()
	line2, err := json.Marshal(map[string]any{"signature": map[string]any{
		"key": []byte(key.Public().(ed25519.PublicKey)), "sig": ed25519.Sign(key, append([]byte("fettle.pwfile/1\n"), line1...)),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return append(append(append([]byte{}, line1...), '\n'), append(line2, '\n')...)
}

func encrypt(t testing.TB, plaintext []byte, to ...age.Recipient) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err == nil {
		_, err = w.Write(plaintext)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func decrypt(t testing.TB, file []byte, id age.Identity) []byte {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(file), id)
	if err != nil {
		t.Fatal(err)
	}
	plaintext, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plaintext
}

func compactAny(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func identities(t testing.TB, dir string) []age.Identity {
	t.Helper()
	id, err := pwfile.ServerIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	return []age.Identity{id}
}

// errorsOf returns the first error.
func errorsOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
