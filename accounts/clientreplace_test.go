package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// keptClient is a client of the store with an account and a canvas whose password file was written.
func (r *rig) keptClient(t *testing.T) (client accounts.ClientInfo, accountID string) {
	t.Helper()
	client, err := r.AddClient(t.Context(), accounts.NewClient{Provider: "demo", Label: "ours", OAuthID: sandbox.PostClient, Secret: secret.New(sandbox.PostSecret)})
	if err != nil {
		t.Fatal(err)
	}
	req := request("sales")
	req.ClientID = client.ID
	accountID = r.authorize(t, req, sandbox.Consent{All: true}).AccountID
	err = r.store.Update(t.Context(), func(w store.Writer) error {
		c := store.Canvas{ID: "v", Name: "nightly", Path: "/srv/n.acc", AccountIDs: []string{accountID}, Written: &store.Written{At: r.clock.now()}}
		return w.PutCanvas(&c)
	})
	if err != nil {
		t.Fatal(err)
	}
	return client, accountID
}

func TestReplacingAClientSaysWhatGoesStaleFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	client, id := r.keptClient(t)
	change := accounts.ClientChange{OAuthID: sandbox.BasicClient, Secret: secret.New(sandbox.BasicSecret), Auth: provider.AuthBasic}
	plan, err := r.PlanClientChange(t.Context(), client.ID, change)
	if err != nil || !slices.Equal(plan.Accounts, []string{"sales"}) || !slices.Equal(plan.SignIn, plan.Accounts) || !slices.Equal(plan.Canvases, []string{"nightly"}) || len(plan.Effects) != 2 {
		t.Fatalf("%+v, %v", plan, err)
	}
	if a := r.look(t, id); a.Generation != 1 || a.OAuthClientID != sandbox.PostClient {
		t.Errorf("a plan changed something: %+v", a.Account)
	}
	if plan, err = r.ReplaceClient(t.Context(), client.ID, change); err != nil || plan.Client.OAuthID != sandbox.BasicClient || plan.Client.Auth != provider.AuthBasic {
		t.Fatalf("%+v, %v", plan, err)
	}
	a := r.look(t, id)
	if a.Generation != 2 || a.OAuthClientID != sandbox.BasicClient || a.ClientHash != secret.New(sandbox.BasicSecret).Hash() || a.AuthMethod != provider.AuthBasic {
		t.Errorf("%+v", a.Account)
	}
	if a.Health.State != accounts.NeedsSignIn || a.Health.Cause != "client_replaced" || a.Health.Remedy != diagnose.Reauthorize {
		t.Errorf("%+v", a.Health.Finding)
	}
	if _, err := r.ReplaceClient(t.Context(), client.ID, change); err != nil || r.look(t, id).Generation != 2 {
		t.Errorf("the same again: generation %d, %v", r.look(t, id).Generation, err)
	}
	r.clock.pass(time.Minute)
	if result := r.authorize(t, accounts.AuthorizeRequest{Name: "sales", Kind: provider.Browser}, sandbox.Consent{All: true}); result.End != accounts.EndAuthorized {
		t.Fatalf("%+v", result)
	}
	if a = r.look(t, id); a.Health.State != accounts.Healthy || a.OAuthClientID != sandbox.BasicClient {
		t.Errorf("%+v", a.Health.Finding)
	}
	r.must(t, id, accounts.Now(true))
}

func TestClientChangesThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	client, id := r.keptClient(t)
	if _, err := r.AddClient(t.Context(), accounts.NewClient{Provider: "demo", Label: "other", OAuthID: "taken"}); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]accounts.ClientChange{
		"nothing":       {},
		"a taken id":    {OAuthID: "taken"},
		"a bad id":      {OAuthID: "two words"},
		"no secret":     {Auth: provider.AuthNone, Secret: secret.New("x")},
		"unknown auth":  {Auth: "magic"},
		"the same kind": {Kind: "\x1b[2J"},
	} {
		if what == "the same kind" {
			continue // the demo provider has no kinds
		}
		if _, err := r.ReplaceClient(t.Context(), client.ID, c); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	if a := r.look(t, id); a.Generation != 1 || a.Health.State != accounts.Healthy {
		t.Errorf("%+v", a.Health.Finding)
	}
	if _, err := r.ReplaceClient(t.Context(), accounts.ClientFromConfig, accounts.ClientChange{OAuthID: "x"}); !errors.Is(err, accounts.ErrFromConfig) {
		t.Errorf("%v", err)
	}
}

// A client can be made public and lose its secret; its accounts are told apart from those of the former one.
func TestMarksAreKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	ends := r.clock.now().Add(5 * oneDay)
	c, err := r.AddClient(t.Context(), accounts.NewClient{Provider: "microsoft", OAuthID: "m-1", Secret: secret.New("s"), Kind: "web", SecretExpiresAt: ends})
	if err != nil || !c.SecretExpiresAt.Equal(ends) || c.KindName != "Web" {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := r.MarkClient(t.Context(), c.ID, accounts.ClientMarks{Kind: "strange"}); err == nil || !strings.Contains(err.Error(), "public, web") {
		t.Errorf("%v", err)
	}
	if c, err = r.MarkClient(t.Context(), c.ID, accounts.ClientMarks{Label: "work", Testing: true}); err != nil || c.Label != "work" || !c.Testing || !c.SecretExpiresAt.IsZero() || c.Kind != "web" {
		t.Errorf("%+v, %v", c, err)
	}
	plan, err := r.ReplaceClient(t.Context(), c.ID, accounts.ClientChange{Auth: provider.AuthNone, Kind: "public"})
	if err != nil || plan.Client.HasSecret || plan.Client.KindID != "public" {
		t.Errorf("%+v, %v", plan.Client, err)
	}
}

func TestAClientIsTestedWithoutStoringAnything(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	before, err := r.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		client  accounts.NewClient
		verdict accounts.ClientVerdict
		device  bool
	}{
		{"a right secret", accounts.NewClient{OAuthID: sandbox.PostClient, Secret: secret.New(sandbox.PostSecret)}, accounts.ClientProven, true},
		{"a wrong secret", accounts.NewClient{OAuthID: sandbox.PostClient, Secret: secret.New("hush")}, accounts.ClientRefuted, false},
		{"an unknown id", accounts.NewClient{OAuthID: "nobody"}, accounts.ClientRefuted, false},
		{"a public client", accounts.NewClient{OAuthID: sandbox.PublicClient}, accounts.ClientProven, true},
	} {
		c.client.Provider = "demo"
		got, err := r.TestNewClient(t.Context(), c.client)
		if err != nil || got.Verdict != c.verdict || got.Title == "" || strings.Contains(got.Title, "hush") {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		if device := slices.ContainsFunc(got.Flows, func(f accounts.FlowChoice) bool { return f.Kind == provider.Device && f.Unavailable == "" }); device != c.device {
			t.Errorf("%s: flows %+v", c.name, got.Flows)
		}
		if (c.verdict == accounts.ClientRefuted) != (got.Diagnosis != nil) {
			t.Errorf("%s: %+v", c.name, got.Diagnosis)
		}
	}
	if after, err := r.Revision(t.Context()); err != nil || after != before {
		t.Errorf("the book went from %d to %d, %v", before, after, err)
	}
	r.server.Close()
	if got, err := r.TestKeptClient(t.Context(), "demo", accounts.ClientFromConfig); err != nil || got.Verdict != accounts.ClientUnknown || got.Diagnosis == nil {
		t.Errorf("with the provider down: %+v, %v", got, err)
	}
}

// What a kind cannot do is said before anybody tries.
func TestTheWrongKindIsPointedOut(t *testing.T) {
	t.Parallel()
	google := builtin(t, "google")
	for _, c := range []struct {
		kind      string
		redirects []string
		says      string
	}{
		{"desktop", nil, "cannot do the device flow"},
		{"tv", nil, "cannot do the browser flow"},
		{"web", []string{"https://example.com/back"}, "none of this one leads to a port of this machine"},
		{"web", []string{"http://localhost"}, "none of this one leads to a port of this machine"},
		{"web", []string{"http://127.0.0.1:8765/cb"}, "the sign-in waits at http://127.0.0.1:8765/cb"},
	} {
		notes := strings.Join(accounts.ClientNotes(google, accounts.ClientInfo{Kind: c.kind, Redirects: c.redirects, Auth: provider.AuthPost}), "\n")
		if !strings.Contains(notes, c.says) {
			t.Errorf("%s: %q", c.kind, notes)
		}
	}
	if notes := accounts.ClientNotes(google, accounts.ClientInfo{Kind: "desktop", Testing: true}); !slices.ContainsFunc(notes, func(s string) bool { return strings.Contains(s, "7 days") && strings.Contains(s, "Publish") }) {
		t.Errorf("%q", notes)
	}
}

// Whoever writes an entry of config.toml may do so in any language.
func TestNotesBeginWithACapitalOfAnyAlphabet(t *testing.T) {
	t.Parallel()
	p := provider.Provider{Deaths: map[string]provider.Death{"testing": {If: provider.IfTesting, Words: "übungen enden nach 7 Tagen", Fix: "öffentlich schalten"}}}
	notes := strings.Join(accounts.ClientNotes(p, accounts.ClientInfo{Testing: true}), "\n")
	if notes != "Übungen enden nach 7 Tagen. Öffentlich schalten." {
		t.Errorf("%q", notes)
	}
}
