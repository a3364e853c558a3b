package accounts_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
)

// The configuration is changed to point at another server, which must not see a single request before it is accepted.
func TestMovedConfigurationIsBlockedUntilAccepted(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	ids := r.plant(t, 2)
	r.change(t, ids[1], func(a *store.Account) { a.Provider = "acme" }) // another provider's account is left alone
	other, err := sandbox.Start(sandbox.Options{Rotation: sandbox.RotationSingleUse})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	r.configure(t, other.ProviderTOML("demo"))

	_, err = r.Refresh(t.Context(), ids[0], accounts.Now(true))
	blocked, ok := errors.AsType[*accounts.BlockedError](err)
	if !ok || len(blocked.Drift) != 1 || blocked.Drift[0] != (accounts.Drift{What: "issuer", Old: r.server.URL(), New: other.URL()}) || blocked.Remedy() != "fix_machine" {
		t.Fatalf("error %v", err)
	}
	if _, err := r.Token(t.Context(), ids[0], 0); !isA[*accounts.BlockedError](err) {
		t.Errorf("token: %v", err)
	}
	if h := r.look(t, ids[0]).Health; h.State != accounts.Blocked || h.Remedy != "fix_machine" || !strings.Contains(h.Title, r.server.URL()+" → "+other.URL()) {
		t.Errorf("health %+v", h)
	}
	if len(other.Requests()) != 0 || r.refreshes() != 0 {
		t.Fatalf("something was sent: %+v", other.Requests())
	}
	names, err := r.AcceptProvider(t.Context(), "demo")
	if err != nil || !slices.Equal(names, []string{"account-0000"}) {
		t.Fatalf("accepted %v, %v", names, err)
	}
	a := r.look(t, ids[0])
	if a.Generation != 2 || a.Server.Issuer != other.URL() || !strings.HasPrefix(a.Server.Token, other.URL()) || a.Health.State == accounts.Blocked {
		t.Errorf("account %+v, health %+v", a.Account, a.Health)
	}
	if _, err := r.Refresh(t.Context(), ids[0], accounts.Now(true)); err == nil || other.Stats().Tokens["refresh_token"] != 1 {
		t.Errorf("%v, stats %+v", err, other.Stats())
	}
	if names, err := r.AcceptProvider(t.Context(), "demo"); err != nil || len(names) != 0 {
		t.Errorf("accepted twice: %v, %v", names, err)
	}
	if _, err := r.AcceptProvider(t.Context(), "nobody"); err == nil {
		t.Error("accepted a provider that does not exist")
	}
}

func TestDriftLooksAtOrigins(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		extra   func(url string) string
		blocked string
	}{
		{"another path on the same server", func(url string) string { return `token_endpoint = "` + url + `/v2/token"` }, ""},
		{"a revocation endpoint beside the token endpoint", func(url string) string { return `revocation_endpoint = "` + url + `/elsewhere"` }, ""},
		{"a revocation endpoint on another server", func(string) string { return `revocation_endpoint = "https://elsewhere.example/revoke"` }, "revocation endpoint"},
		{"a revoke address beside the token endpoint", func(url string) string { return `revoke = { url = "` + url + `/me/revoke" }` }, ""},
		{"a revoke address on another server", func(string) string { return `revoke = { url = "https://elsewhere.example/revoke" }` }, "revocation address"},
		{"an introspection endpoint on another server", func(string) string { return `introspection_endpoint = "https://elsewhere.example/introspect"` }, "introspection endpoint"},
		{"another port", func(string) string { return `token_endpoint = "http://127.0.0.1:9/token"` }, "token endpoint"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{})
			id := r.plant(t, 1)[0]
			r.configure(t, r.server.ProviderTOML("demo", tt.extra(r.server.URL())))
			h := r.look(t, id).Health
			if (h.State == accounts.Blocked) != (tt.blocked != "") || !strings.Contains(h.Title, tt.blocked) {
				t.Errorf("health %+v", h)
			}
		})
	}
}

// Another client secret is fine, but password files carry the old one.
func TestClientSecretSources(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(sandbox.PostSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte(sandbox.PostSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, line, refused string }{
		{"in the configuration", `secret = "` + sandbox.PostSecret + `"`, ""},
		{"in a file", `secret_file = "` + file + `"`, ""},
		{"in a file that others can read", `secret_file = "` + open + `"`, "others can read it"},
		{"in a file that is not there", `secret_file = "/nowhere/secret"`, "secret_file"},
		{"from a command", `secret_command = ["cat", "` + file + `"]`, ""},
		{"from a command, without any shell", `secret_command = ["echo", "$(cat ` + file + `)"]`, "invalid_client"},
		{"from a command that fails", `secret_command = ["false"]`, "secret_command"},
		{"from a command that says nothing", `secret_command = ["true"]`, "it is empty"},
		{"two lines", `secret_command = ["printf", "a\\nb\\n"]`, "one line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{})
			toml := r.server.ProviderTOMLFor("demo", sandbox.PostClient)
			r.configure(t, strings.Replace(toml, `secret = "`+sandbox.PostSecret+`"`, tt.line, 1))
			id := r.plantConfidential(t)
			_, err := r.Refresh(t.Context(), id, accounts.Now(true))
			if tt.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				if a := r.look(t, id); a.Generation != 2 {
					t.Errorf("generation %d, want 2: the secret differs from the one that was authorized with", a.Generation)
				}
				r.must(t, id, accounts.Now(true))
				if a := r.look(t, id); a.Generation != 2 {
					t.Errorf("generation %d after another refresh, want 2", a.Generation)
				}
				return
			}
			said := errorText(err)
			if err == nil || !strings.Contains(said, tt.refused) || strings.Contains(said, sandbox.PostSecret) {
				t.Errorf("error %v, want %q", err, tt.refused)
			}
		})
	}
}

// errorText is everything a chain of errors says.
func errorText(err error) string {
	var said []string
	for ; err != nil; err = errors.Unwrap(err) {
		said = append(said, err.Error())
	}
	return strings.Join(said, "\n")
}

// plantConfidential is an account authorized through the client that has a secret, which was another then.
func (r *rig) plantConfidential(t *testing.T) string {
	t.Helper()
	id := r.plantWith(t, sandbox.PostClient, sandbox.PostSecret)
	r.change(t, id, func(a *store.Account) { a.ClientHash = "another" })
	return id
}

// exchange makes the provider one whose access tokens are exchanged for newer ones; the token to exchange
// goes where the demo provider expects a refresh token.
const exchange = "renew = \"exchange\"\nrenew_params = { grant_type = \"refresh_token\", refresh_token = \"{access_token}\" }"

func TestDue(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		extra  string
		change func(*store.Account)
		before time.Duration // not yet due
		after  time.Duration // due
	}{
		{"a third of the idle term", "idle_days = 30", nil, 9 * oneDay, 10 * oneDay},
		{"at most 25 days", "idle_days = 180", nil, 24 * oneDay, 25 * oneDay},
		{"no idle term known", "", nil, 24 * oneDay, 25 * oneDay},
		{"a third of the stated term", "", func(a *store.Account) { a.RefreshExpiresAt = a.AuthorizedAt.Add(15 * oneDay) }, 4 * oneDay, 5 * oneDay},
		{"a fixed term is not prolonged", "max_days = 15", func(a *store.Account) { a.RefreshExpiresAt = a.AuthorizedAt.Add(15 * oneDay) }, 5 * oneDay, 0},
		{"two thirds of an access-only term", exchange, func(a *store.Account) { a.HasRefresh, a.AccessExpiresAt = false, a.AuthorizedAt.Add(60*oneDay) }, 39 * oneDay, 40 * oneDay},
		{"access only, nothing to renew it with", "", func(a *store.Account) { a.HasRefresh, a.AccessExpiresAt = false, a.AuthorizedAt.Add(60*oneDay) }, 50 * oneDay, 0},
		{"held by a file", "", func(a *store.Account) { a.Holder = "file:f1" }, 30 * oneDay, 0},
		{"removed", "", func(a *store.Account) { a.ToRevoke = true }, 30 * oneDay, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{}, tt.extra)
			id := r.plant(t, 1)[0]
			if tt.change != nil {
				r.change(t, id, tt.change)
			}
			r.clock.pass(tt.before)
			if due, err := r.Due(t.Context()); err != nil || len(due) != 0 {
				t.Errorf("after %v: %d due, %v", tt.before, len(due), err)
			}
			if tt.after == 0 {
				return
			}
			r.clock.pass(tt.after - tt.before)
			if due, err := r.Due(t.Context()); err != nil || len(due) != 1 {
				t.Errorf("after %v: %d due, %v", tt.after, len(due), err)
			}
		})
	}
}

// A clock that was a year ahead when an account was authorized, and was put right since, does not keep it from being
// refreshed until its grant has died unused.
func TestAClockThatWasPutBackMakesAnAccountDueOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	id := r.plant(t, 1)[0]
	r.clock.pass(-365 * oneDay)
	due, err := r.Due(t.Context())
	if err != nil || len(due) != 1 {
		t.Fatalf("%d due, %v", len(due), err)
	}
	if h := r.look(t, id).Health; h.State != accounts.Unproven {
		t.Errorf("%s: %s", h.State, h.Title)
	}
	if err := r.KeepAlive(t.Context(), []string{id}, nil); err != nil || r.refreshes() != 1 {
		t.Fatalf("%d refreshes, %v", r.refreshes(), err)
	}
	if due, err = r.Due(t.Context()); err != nil || len(due) != 0 {
		t.Errorf("after the refresh %d due, %v", len(due), err)
	}
	if h := r.look(t, id).Health; h.State != accounts.Healthy {
		t.Errorf("after the refresh %s: %s", h.State, h.Title)
	}
}

func TestAccountByName(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	r.plant(t, 3)
	a, err := r.Account(t.Context(), "account-0001")
	if err != nil || a.ID != "a0001" || a.ProviderName != "Demo" || a.Health.State != accounts.Healthy || a.ClientLabel != "from config" {
		t.Errorf("account %+v, %v", a, err)
	}
	_, err = r.Account(t.Context(), "acount-0002")
	unknown, ok := errors.AsType[*accounts.UnknownAccountError](err)
	if !ok || len(unknown.Nearest) == 0 || unknown.Nearest[0] != "account-0002" {
		t.Errorf("error %v", err)
	}
	if _, err := r.Account(t.Context(), "something-else-altogether"); !isA[*accounts.UnknownAccountError](err) || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("error %v", err)
	}
}

// A snapshot needs no key, and puts the worst first.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	ids := r.plant(t, 3)
	r.change(t, ids[2], func(a *store.Account) { a.Granted = nil })
	err := r.store.Update(t.Context(), func(w store.Writer) error {
		return w.PutCanvas(&store.Canvas{ID: "c1", Name: "weekly", Path: "/jobs/weekly.acc", AccountIDs: ids[:1]})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.vault.Lock()
	s, err := r.Snapshot(t.Context())
	if err != nil || !s.Locked || len(s.Accounts) != 3 || s.Pending == nil {
		t.Fatalf("snapshot %+v, %v", s, err)
	}
	worst := s.Accounts[0]
	if worst.ID != ids[2] || worst.Health.State != accounts.MissingPermissions || len(worst.Missing) != 1 || !strings.Contains(worst.Health.Title, "See your reports") {
		t.Errorf("worst %+v", worst)
	}
	if s.Accounts[1].Name != "account-0000" || !slices.Equal(s.Accounts[1].Canvases, []string{"weekly"}) || s.Accounts[1].ServiceNames[0].Name != "Demo Reports" {
		t.Errorf("second %+v", s.Accounts[1])
	}
	before, err := r.Revision(t.Context())
	if err != nil || before != s.Revision {
		t.Errorf("revision %d, snapshot of %d, %v", before, s.Revision, err)
	}
	r.change(t, ids[0], func(a *store.Account) { a.Name = "renamed" })
	if after, err := r.Revision(t.Context()); err != nil || after <= before {
		t.Errorf("revision %d, then %d, %v", before, after, err)
	}
}
