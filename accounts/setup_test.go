package accounts_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/oauth2"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// TestMain lets the test binary play fettle's processes, too: see child_test.go.
func TestMain(m *testing.M) {
	if os.Getenv(childMode) != "" {
		os.Exit(child())
	}
	goleak.VerifyTestMain(m)
}

// rig is a book on real parts: a provider on loopback, SQLite, a vault with its key in a file.
type rig struct {
	*accounts.Book
	config accounts.Config
	dir    string
	store  *store.SQLite
	vault  *vault.Vault
	server *sandbox.Server
	clock  *clock
}

// clock is the time of book and provider; tests move it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Second)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// newRig starts everything. extra lines go into the provider's block of the configuration.
func newRig(t testing.TB, opts sandbox.Options, extra ...string) *rig {
	t.Helper()
	r := &rig{dir: filepath.Join(t.TempDir(), "data"), clock: newClock()}
	if opts.Clock == nil {
		opts.Clock = r.clock.now
	}
	var err error
	if r.server, err = sandbox.Start(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.server.Close)
	r.open(t)
	t.Cleanup(func() { r.close(t) })
	if r.vault, err = vault.Init(t.Context(), vault.Settings{Dir: r.dir, Holder: vault.HolderFile}, vault.InitOptions{}); err != nil {
		t.Fatal(err)
	}
	r.config.Vault, r.config.Actor, r.config.Now = r.vault, "tester", r.clock.now
	r.configure(t, r.server.ProviderTOML("demo", extra...))
	return r
}

// open opens the store, and close leaves it to other processes.
func (r *rig) open(t testing.TB) {
	t.Helper()
	var err error
	if r.store, err = store.Open(context.Background(), r.dir); err != nil {
		t.Fatal(err)
	}
	r.config.Store = r.store
	r.Book = accounts.New(r.config)
}

func (r *rig) close(t testing.TB) {
	t.Helper()
	if err := r.store.Close(); err != nil {
		t.Error(err)
	}
}

// configure gives the book another configuration, which child processes will see too.
func (r *rig) configure(t testing.TB, toml string) {
	t.Helper()
	if err := os.WriteFile(configFile(r.dir), []byte(toml), 0o600); err != nil {
		t.Fatal(err)
	}
	catalogue, err := loadCatalogue(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	r.config.Catalogue = catalogue
	r.Book = accounts.New(r.config)
}

func configFile(dir string) string { return filepath.Join(dir, "test-config.toml") }

func loadCatalogue(dir string) (*provider.Catalogue, error) {
	builtin, err := provider.Builtin()
	if err != nil {
		return nil, err
	}
	toml, err := os.ReadFile(configFile(dir))
	if err != nil {
		return nil, err
	}
	return builtin.With(configFile(dir), toml)
}

// plant authorizes n accounts at the provider and puts them into the book.
func (r *rig) plant(t testing.TB, n int) []string {
	t.Helper()
	p, ok := r.config.Catalogue.Get("demo")
	if !ok {
		t.Fatal("no provider demo")
	}
	ids, all, tokens := make([]string, n), make([]store.Account, n), make([]*oauthflow.Token, n)
	for i := range ids {
		all[i], tokens[i] = r.accountFor(p, i), r.signIn(t, sandbox.PublicClient, "")
		ids[i] = all[i].ID
	}
	if err := r.Plant(t.Context(), all, tokens); err != nil {
		t.Fatal(err)
	}
	return ids
}

// plantWith plants one account that was authorized through that client.
func (r *rig) plantWith(t testing.TB, clientID, clientSecret string) string {
	t.Helper()
	p, ok := r.config.Catalogue.Get("demo")
	if !ok {
		t.Fatal("no provider demo")
	}
	a := r.accountFor(p, 0)
	if err := r.Plant(t.Context(), []store.Account{a}, []*oauthflow.Token{r.signIn(t, clientID, clientSecret)}); err != nil {
		t.Fatal(err)
	}
	return a.ID
}

func (r *rig) accountFor(p provider.Provider, i int) store.Account {
	now := r.clock.now()
	return store.Account{
		ID: fmt.Sprintf("a%04d", i), Name: fmt.Sprintf("account-%04d", i), Provider: p.ID, Services: []string{"reports"},
		Server: oauthflow.Server{Issuer: r.server.URL(), Endpoints: provider.Endpoints{
			Token: r.server.URL() + "/oauth/token", Revocation: r.server.URL() + "/revoke",
		}},
		OAuthClientID: p.Client.ID, AuthMethod: p.Client.Auth, ClientHash: p.Client.Secret.Hash(),
		Identity: oauthflow.Identity{Issuer: r.server.URL(), Subject: "1001", Email: "ana@example.org"},
		Required: []string{"reports.read"}, Granted: []string{"reports.read"}, Rotation: p.Rotation,
		AuthorizedAt: now, RefreshedAt: now, ProvenAt: now, AccessExpiresAt: now.Add(time.Hour), CreatedAt: now,
	}
}

// signIn is Ana going through the authorization code flow.
func (r *rig) signIn(t testing.TB, clientID, clientSecret string) *oauthflow.Token {
	t.Helper()
	config := oauth2.Config{
		ClientID: clientID, ClientSecret: clientSecret, RedirectURL: sandbox.PasteRedirect, Scopes: []string{"openid", "offline_access", "reports.read"},
		Endpoint: oauth2.Endpoint{AuthURL: r.server.URL() + "/authorize", TokenURL: r.server.URL() + "/oauth/token", AuthStyle: oauth2.AuthStyleInParams},
	}
	verifier := oauth2.GenerateVerifier()
	back, err := r.server.Approve(config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	token, err := config.Exchange(t.Context(), member(t, back, "code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	return &oauthflow.Token{Access: secret.New(token.AccessToken), Refresh: secret.New(token.RefreshToken), Type: "Bearer", ReceivedAt: r.clock.now()}
}

// refreshes is how many refresh requests reached the provider.
func (r *rig) refreshes() int { return r.server.Stats().Tokens["refresh_token"] }

// look is one account as a screen would show it.
func (r *rig) look(t testing.TB, id string) accounts.Account {
	t.Helper()
	s, err := r.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a, ok := s.ByID(id)
	if !ok {
		t.Fatalf("no account %s", id)
	}
	return a
}

// must refreshes and fails the test if that fails.
func (r *rig) must(t testing.TB, id string, want accounts.Want) accounts.Outcome {
	t.Helper()
	o, err := r.Refresh(t.Context(), id, want)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// intents are the traces of refreshes that have not ended.
func (r *rig) intents(t testing.TB) []store.Intent {
	t.Helper()
	var all []store.Intent
	if err := r.store.View(t.Context(), func(s store.Reader) (err error) { all, err = s.Intents(); return err }); err != nil {
		t.Fatal(err)
	}
	return all
}

func (r *rig) secrets(t testing.TB, id string) (oauthflow.Token, int64) {
	t.Helper()
	token, seq, err := r.Secrets(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return token, seq
}

// waitForFlights waits until n refreshes are under way.
func (r *rig) waitForFlights(t testing.TB, n int) {
	t.Helper()
	for start := time.Now(); r.Flying() < n; runtime.Gosched() {
		if time.Since(start) > long {
			t.Fatalf("%d of %d refreshes are under way", r.Flying(), n)
		}
	}
}

// aged puts an account's last refresh an hour back.
func aged(a *store.Account) {
	a.AuthorizedAt, a.RefreshedAt, a.ProvenAt = a.AuthorizedAt.Add(-time.Hour), a.RefreshedAt.Add(-time.Hour), a.ProvenAt.Add(-time.Hour)
	a.AccessExpiresAt = a.AccessExpiresAt.Add(-time.Hour)
}
