package pwfile_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// realBook is a book on real parts: a provider on loopback, SQLite, a vault with its key in a file.
type realBook struct {
	*accounts.Book
	*pwfile.Keeper
	server    *sandbox.Server
	catalogue *provider.Catalogue
	data      string
}

func newRealBook(t *testing.T, opts sandbox.Options) *realBook {
	t.Helper()
	r := &realBook{data: filepath.Join(t.TempDir(), "data")}
	var err error
	if r.server, err = sandbox.Start(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.server.Close)
	s, err := store.Open(t.Context(), r.data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	v, err := vault.Init(t.Context(), vault.Settings{Dir: r.data, Holder: vault.HolderFile}, vault.InitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if r.catalogue, err = builtin.With("config.toml", []byte(r.server.ProviderTOML("demo"))); err != nil {
		t.Fatal(err)
	}
	r.Book = accounts.New(accounts.Config{Store: s, Vault: v, Catalogue: r.catalogue, Actor: "tester"})
	r.Keeper = pwfile.New(pwfile.Config{Book: r.Book, Store: s, Dir: r.data, Actor: "tester"})
	return r
}

// authorize goes through the browser flow as a person who pastes the address that the browser ends on.
func (r *realBook) authorize(t *testing.T, name string) string {
	t.Helper()
	flow, err := r.StartFlow(t.Context(), accounts.AuthorizeRequest{Name: name, Provider: "demo", Services: []string{"reports"}, Kind: provider.Browser})
	if err != nil {
		t.Fatal(err)
	}
	paste := make(chan string, 1)
	result, err := r.DriveFlow(t.Context(), flow.FlowID, accounts.FlowIO{Pasted: paste, Report: func(e accounts.FlowEvent) {
		if e.Kind != accounts.FlowPrompt {
			return
		}
		back, err := r.server.Approve(e.Prompt.AuthorizationURL, sandbox.Consent{All: true})
		if err != nil {
			t.Error(err)
		}
		paste <- back
	}})
	if err != nil || result.End != accounts.EndAuthorized {
		t.Fatalf("%+v, %v", result, err)
	}
	return result.AccountID
}

func (r *realBook) generate(t *testing.T, sel pwfile.Selection) store.Run {
	t.Helper()
	plan, err := r.Plan(t.Context(), sel)
	if err != nil {
		t.Fatal(err)
	}
	run, err := r.Generate(t.Context(), plan, pwfile.GenerateOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestFromConsentToAJobsToken is the whole way: a person consents, the file is written, the credential in it works at
// the provider, it is revoked, repaired, and the file follows.
func TestFromConsentToAJobsToken(t *testing.T) {
	t.Parallel()
	r := newRealBook(t, sandbox.Options{})
	id := r.authorize(t, "sales")
	home := t.TempDir()
	writeFile(t, filepath.Join(home, "nightly.acc"), []byte("canvas"))
	if _, err := r.Add(t.Context(), pwfile.NewCanvas{Name: "nightly", Path: filepath.Join(home, "nightly.acc"), AccountNames: []string{"sales"}}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, "nightly.pwfile.age")
	if got := states(r.generate(t, pwfile.Selection{Stale: true})); got != "done" {
		t.Fatal(got)
	}
	if err := r.job(t, path); err != nil {
		t.Errorf("the credential in the file does not work: %v", err)
	}

	r.server.RevokeEverything("")
	if err := r.job(t, path); err == nil {
		t.Error("the provider did not revoke")
	}
	if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); err == nil {
		t.Fatal("a revoked grant was refreshed")
	}
	plan, err := r.Plan(t.Context(), pwfile.Selection{AccountID: id})
	if err != nil || len(plan.Items) != 1 || plan.Items[0].Refused == nil || plan.Items[0].Refused.Account != "sales" {
		t.Fatalf("a dead account is not refused: %+v, %v", plan, err)
	}

	r.authorize(t, "sales")
	blast, err := r.BlastRadius(t.Context(), id)
	if err != nil || blast.StaleFiles != 1 {
		t.Errorf("%+v, %v", blast, err)
	}
	if got := states(r.generate(t, pwfile.Selection{Stale: true})); got != "done" {
		t.Fatal(got)
	}
	if err := r.job(t, path); err != nil {
		t.Errorf("after the repair: %v", err)
	}
}

// job does what an unattended job does: it opens the file and asks the provider for an access token.
func (r *realBook) job(t *testing.T, path string) error {
	t.Helper()
	f, err := pwfile.Open(t.Context(), path, pwfile.ReaderOptions{Dir: r.data})
	if err != nil {
		t.Fatal(err)
	}
	c, ok := f.Account("sales")
	if !ok {
		t.Fatal("the account is not in the file")
	}
	p, ok := r.catalogue.Get(c.Provider)
	if !ok {
		t.Fatal("no provider")
	}
	_, err = oauthflow.Refresh(t.Context(), oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), oauthflow.RefreshRequest{
		Provider: p, Server: oauthflow.Server{Endpoints: provider.Endpoints{Token: c.TokenEndpoint}},
		Client: oauthflow.Client{ID: c.ClientID, Secret: c.ClientSecret, Auth: c.Auth}, Refresh: c.Refresh,
	})
	return err
}

func TestTheRealBookRefusesToShareASingleUseGrant(t *testing.T) {
	t.Parallel()
	r := newRealBook(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	id := r.authorize(t, "strict")
	_, exportErr := r.Export(t.Context(), id)
	if !errors.As(exportErr, new(*accounts.HeldError)) {
		t.Errorf("%v", exportErr)
	}
	if _, err := r.Add(t.Context(), pwfile.NewCanvas{Name: "nightly", Path: filepath.Join(t.TempDir(), "x.acc"), AccountNames: []string{"strict"}}); err != nil {
		t.Fatal(err)
	}
	plan, err := r.Plan(t.Context(), pwfile.Selection{})
	if err != nil || plan.Items[0].Refused == nil || !strings.Contains(plan.Items[0].Refused.Remedy, "fettle exec --canvas nightly") {
		t.Errorf("%+v, %v", plan.Items, err)
	}
}
