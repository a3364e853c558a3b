package provider_test

import (
	"slices"
	"strings"
	"testing"

	"fettle/oauthflow/provider"
)

// RFC 6749 §3.3: a scope is printable ASCII. What a provider sends beside that would be shown and compared as if it were one.
func TestWhatIsNoScopeTokenIsLeftOut(t *testing.T) {
	t.Parallel()
	p := provider.Provider{ID: "acme"}
	got := p.Normalise([]string{"read:org", "https://a.example/auth/x.y", "a\u009b31m", "b\u202e", "c d", `e"f`, `g\h`, "i\x1b[2J", "\x7f", "j\xff", " k\n"})
	if want := []string{"https://a.example/auth/x.y", "k", "read:org"}; !slices.Equal(got, want) {
		t.Errorf("scopes %q, want %q", got, want)
	}
	config := "[providers.acme]\nissuer = \"https://a.example\"\n[providers.acme.services.x]\nscopes = [\"a b\"]\n"
	if _, err := builtin(t).With("c.toml", []byte(config)); err == nil || !strings.Contains(err.Error(), "c.toml:4: providers.acme.services.x.scopes") {
		t.Errorf("a scope with a space: %v", err)
	}
}
