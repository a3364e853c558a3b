package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fettle/oauthflow/provider"
)

func builtin(t *testing.T) *provider.Catalogue {
	t.Helper()
	c, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t *testing.T, c *provider.Catalogue, id string) provider.Provider {
	t.Helper()
	p, ok := c.Get(id)
	if !ok {
		t.Fatalf("no provider %s", id)
	}
	return p
}

func TestBuiltinEntriesAreSoundAndComplete(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	var ids []string
	for _, p := range c.All() {
		ids = append(ids, p.ID)
		if p.FromConfig {
			t.Errorf("%s claims to come from a config", p.ID)
		}
		if p.Client.ID != "" || !p.Client.Secret.Empty() {
			t.Errorf("%s ships a client", p.ID)
		}
		for _, s := range p.ServiceList() {
			if s.Probe.URL == "" && s.Probe.Blocked == "" {
				t.Errorf("%s/%s has no probe", p.ID, s.ID)
			}
			for _, scope := range s.Scopes {
				if s.Permissions[scope] == "" {
					t.Errorf("%s/%s: no consent words for %s", p.ID, s.ID, scope)
				}
			}
		}
	}
	if want := []string{"dropbox", "github", "google", "linkedin", "linkedin-native", "meta", "microsoft", "salesforce"}; !slices.Equal(ids, want) {
		t.Errorf("built in: %v, want %v", ids, want)
	}
}

func TestVarsAreFilledInAndCanBeOverridden(t *testing.T) {
	t.Parallel()
	c, err := builtin(t).With("config.toml", []byte("[providers.microsoft.vars]\ntenant = \"contoso.example\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := get(t, c, "microsoft")
	if want := "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"; p.Token != want {
		t.Errorf("token endpoint %s, want %s", p.Token, want)
	}
	if !strings.Contains(p.Issuer, "{tenantid}") {
		t.Errorf("issuer %s lost its template", p.Issuer)
	}
	if !p.FromConfig {
		t.Error("an overridden entry does not say so")
	}
}

func TestConfigIsLaidOverFieldByField(t *testing.T) {
	t.Parallel()
	before := builtin(t)
	c, err := before.With("config.toml", []byte(`
[health]
soon = "14d"
[providers.google.client]
id = "me"
secret = "s{x}t"
[providers.google.services.ads.resources]
url = "https://googleads.googleapis.com/v25/customers:listAccessibleCustomers"
items = "resourceNames"
headers = { developer-token = "T" }
[providers.google.services.analytics]
name = "GA4"
`))
	if err != nil {
		t.Fatal(err)
	}
	p := get(t, c, "google")
	if p.Client.ID != "me" || p.Client.Secret.Reveal() != "s{x}t" || p.Client.Auth != provider.AuthPost {
		t.Errorf("client not merged: id %q auth %q", p.Client.ID, p.Client.Auth)
	}
	if ga := p.Services["analytics"]; ga.Name != "GA4" || len(ga.Scopes) != 1 || ga.Resources.Children == nil {
		t.Errorf("service not merged: %+v", ga)
	}
	if ads := p.Services["ads"]; ads.Resources.Headers["developer-token"] != "T" || ads.Probe.URL == "" {
		t.Errorf("ads not merged: %+v", ads)
	}
	if old := get(t, before, "google"); old.Client.ID != "" || old.Services["analytics"].Name != "Google Analytics" {
		t.Error("With changed the catalogue it was called on")
	}
}

func TestANewProviderNeedsLittle(t *testing.T) {
	t.Parallel()
	c, err := builtin(t).With("config.toml", []byte("[providers.acme]\nissuer = \"https://login.acme.example\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := get(t, c, "acme")
	if p.Name != "acme" || p.Rotation != provider.RotationSingleUse || p.ScopeSeparator != " " || !p.UsesPKCE() || !p.IsPortable() {
		t.Errorf("defaults: %+v", p)
	}
	if !slices.Equal(p.Redirects, []string{"http://127.0.0.1:0/callback", "http://[::1]:0/callback"}) || !slices.Equal(p.Flows, []provider.FlowKind{provider.Browser}) {
		t.Errorf("defaults: %v %v", p.Redirects, p.Flows)
	}
}

func TestL12_TwoProvidersMayNotShareAnIssuer(t *testing.T) {
	t.Parallel()
	_, err := builtin(t).With("c.toml", []byte("[providers.gmail]\nissuer = \"https://accounts.google.com\"\n"))
	if err == nil || !strings.Contains(err.Error(), "same issuer") {
		t.Errorf("got %v", err)
	}
}

func FuzzCatalogue(f *testing.F) {
	f.Add("[providers.acme]\nissuer = \"https://a.example\"\n[providers.acme.services.x]\nscopes = [\"a\"]\n")
	f.Add("[providers.google.vars]\nx = \"{x}\"\n[providers.google]\nchildren = [[1],\"a\"]\n")
	f.Add("providers = 3")
	base, err := provider.Builtin()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := base.With("c.toml", []byte(text))
		if err != nil {
			return
		}
		for _, p := range c.All() {
			if err := p.Validate(); err != nil {
				t.Fatalf("accepted, then refused: %v", err)
			}
			p.BearerOrigins(p.Endpoints, map[string]string{"instance_url": text})
		}
	})
}

// What a command pays that uses one provider, and one that lists them all.
func BenchmarkOneProvider(b *testing.B) {
	for b.Loop() {
		c, err := provider.Builtin()
		if err != nil {
			b.Fatal(err)
		}
		if _, ok := c.Get("google"); !ok {
			b.Fatal("no google")
		}
	}
}

func BenchmarkAllProviders(b *testing.B) {
	for b.Loop() {
		c, err := provider.Builtin()
		if err != nil {
			b.Fatal(err)
		}
		if len(c.All()) == 0 {
			b.Fatal("none")
		}
	}
}

// TestNoTwoEntriesHaveOneIssuer: neither two built-in ones nor one of a config and a built-in one, whose issuer may be a template.
func TestNoTwoEntriesHaveOneIssuer(t *testing.T) {
	t.Parallel()
	owner := map[string]string{}
	for _, p := range builtin(t).All() {
		if p.Issuer == "" {
			continue
		}
		if other, taken := owner[p.Issuer]; taken {
			t.Errorf("%s and %s share %s", p.ID, other, p.Issuer)
		}
		owner[p.Issuer] = p.ID
	}
	if len(owner) < 4 {
		t.Errorf("only %v have an issuer", owner)
	}
	for issuer, id := range owner {
		if _, err := builtin(t).With("c.toml", fmt.Appendf(nil, "[providers.twin]\nissuer = %q\n", issuer)); err == nil || !strings.Contains(err.Error(), "providers."+id+" has the same issuer") {
			t.Errorf("%s: %v", id, err)
		}
		other := "google"
		if id == other {
			other = "linkedin"
		}
		if _, err := builtin(t).With("c.toml", fmt.Appendf(nil, "[providers.%s]\nissuer = %q\n", other, issuer)); err == nil || !strings.Contains(err.Error(), "providers."+id+" has the same issuer") {
			t.Errorf("%s takes that of %s: %v", other, id, err)
		}
		if _, err := builtin(t).With("c.toml", fmt.Appendf(nil, "[providers.%s]\nname = \"Ours\"\n", id)); err != nil {
			t.Errorf("%s with another name: %v", id, err)
		}
	}
}
