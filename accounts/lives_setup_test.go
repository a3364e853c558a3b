package accounts_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/vault"
	"fettle/internal/lookalike"
	"fettle/oauthflow/provider"
)

// life is a book beside the lookalike of a provider, whose built-in catalogue entry it uses: nothing but the
// hosts is overridden, and a client added, by config.toml.
type life struct {
	*rig
	like     *lookalike.Server
	entry    provider.Provider // as configured
	services []string
}

// newLife starts both.
func newLife(t *testing.T, id string, o lookalike.Options, services ...string) *life {
	t.Helper()
	r := &rig{dir: filepath.Join(t.TempDir(), "data"), clock: newClock()}
	o.Clock, o.Interval = r.clock.now, 1
	like, err := lookalike.Start(id, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := like.Close(); err != nil {
			t.Error(err)
		}
	})
	r.open(t)
	t.Cleanup(func() { r.close(t) })
	if r.vault, err = vault.Init(t.Context(), vault.Settings{Dir: r.dir, Holder: vault.HolderFile}, vault.InitOptions{}); err != nil {
		t.Fatal(err)
	}
	r.config.Vault, r.config.Actor, r.config.Now = r.vault, "tester", r.clock.now
	r.configure(t, like.Config())
	l := &life{rig: r, like: like, services: services}
	var ok bool
	if l.entry, ok = r.config.Catalogue.Get(id); !ok || !l.entry.FromConfig {
		t.Fatalf("%s is not redirected", id)
	}
	return l
}

func (l *life) request(name string, kind provider.FlowKind) accounts.AuthorizeRequest {
	return accounts.AuthorizeRequest{Name: name, Provider: l.entry.ID, Services: l.services, Kind: kind}
}

// signIn goes through an authorization; the person decides by c and pastes the address the browser ends on.
func (l *life) signIn(t *testing.T, name string, kind provider.FlowKind, c lookalike.Consent) accounts.FlowResult {
	t.Helper()
	result, _, err := l.drive(t, l.start(t, l.request(name, kind)).FlowID, func(p *accounts.Prompt, paste chan<- string) {
		if p.UserCode != "" {
			if err := l.like.ApproveDevice(p.UserCode, c); err != nil {
				t.Error(err)
			}
			return
		}
		back, err := l.like.Approve(p.AuthorizationURL, c)
		if err != nil {
			t.Error(err)
		}
		paste <- back
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// account authorizes an account that must come out whole.
func (l *life) account(t *testing.T, name string) accounts.Account {
	t.Helper()
	result := l.signIn(t, name, provider.Browser, lookalike.Consent{})
	if result.End != accounts.EndAuthorized {
		t.Fatalf("%s ended as %s: %s\n%+v", name, result.End, result.Why, result.Checks)
	}
	a := l.look(t, result.AccountID)
	if a.Health.State != accounts.Healthy {
		t.Fatalf("%s is %s: %s", name, a.Health.State, a.Health.Title)
	}
	return a
}

// names are the names of everything that was listed, in the listing's order.
func (l *life) names(t *testing.T, id string, refresh bool) []string {
	t.Helper()
	list, err := l.Resources(t.Context(), id, refresh)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, svc := range list.Services {
		for _, r := range svc.Items {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

// states shows the checks in short, for messages.
func states(checks []accounts.Check) string {
	var b strings.Builder
	for _, c := range checks {
		b.WriteString(string(c.ID) + "=" + string(c.State) + " (" + c.Detail + "); ")
	}
	return b.String()
}
