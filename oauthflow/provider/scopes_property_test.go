package provider_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fettle/oauthflow/provider"
)

// scopesOf are all scopes an entry knows, in the catalogue's spelling.
func scopesOf(p provider.Provider) []string {
	var all []string
	for _, s := range p.ServiceList() {
		all = append(all, s.Scopes...)
	}
	all = append(all, p.DeviceScopes...)
	for _, wide := range slices.Sorted(maps.Keys(p.ScopeImplies)) {
		all = append(append(all, wide), p.ScopeImplies[wide]...)
	}
	return p.Normalise(slices.Concat(all, p.IdentityScopes, p.GrantScopes))
}

// rewritten writes a scope as some server or library might: other capitals, an alias, a resource in front.
func rewritten(t *rapid.T, p provider.Provider, scope string) string {
	var forms []string
	for alias, name := range p.ScopeAliases {
		if name == scope {
			forms = append(forms, alias)
		}
	}
	slices.Sort(forms)
	if !strings.Contains(scope, "://") {
		for _, prefix := range p.ScopePrefixes {
			forms = append(forms, prefix+scope)
		}
	}
	form := rapid.SampledFrom(append(forms, scope)).Draw(t, "form")
	switch rapid.IntRange(0, 3).Draw(t, "capitals") {
	case 0:
		return strings.ToUpper(form)
	case 1:
		return strings.ToLower(form)
	}
	return form
}

// answer writes scopes as an answer might hold them: rewritten, in any order, twice, with spaces or commas.
func answer(t *rapid.T, p provider.Provider, scopes []string) []string {
	list := []string{}
	for _, s := range scopes {
		list = append(list, rewritten(t, p, s))
		if rapid.Bool().Draw(t, "twice") {
			list = append(list, rewritten(t, p, s))
		}
	}
	list = rapid.Permutation(list).Draw(t, "order")
	separator := rapid.SampledFrom([]string{" ", ",", ", ", "  ", "\n", "\t", ",,"}).Draw(t, "separator")
	return p.SplitScopes(strings.Join(list, separator))
}

// For each built-in provider: what was granted is compared by what it means, however the answer writes it.
func TestScopesAreComparedByWhatTheyMean(t *testing.T) {
	t.Parallel()
	for _, p := range builtin(t).All() {
		t.Run(p.ID, func(t *testing.T) {
			t.Parallel()
			known := scopesOf(p)
			rapid.Check(t, func(t *rapid.T) {
				some := rapid.SliceOfNDistinct(rapid.SampledFrom(known), 1, min(6, len(known)), rapid.ID).Draw(t, "scopes")
				required := p.Normalise(some)
				granted := answer(t, p, some)
				if got := p.Normalise(granted); !slices.Equal(got, required) {
					t.Fatalf("%q is %q, not %q", granted, got, required)
				}
				if again := p.Normalise(required); !slices.Equal(again, required) {
					t.Fatalf("normalising twice: %q, then %q", required, again)
				}
				if missing := p.Missing(required, granted); len(missing) != 0 {
					t.Fatalf("granted %q, missing %+v", granted, missing)
				}
				extra := append(slices.Clone(granted), rapid.SampledFrom(known).Draw(t, "extra"), "unheard.of")
				if missing := p.Missing(required, extra); len(missing) != 0 {
					t.Fatalf("with more granted (%q) %+v is missing", extra, missing)
				}
				if n := len(p.Missing(required, nil)); n != len(required) {
					t.Fatalf("nothing granted, %d of %d missing", n, len(required))
				}
			})
		})
	}
}

// Whoever leaves one box unticked is told that one, unless something wider was granted.
func TestTheOneThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	for _, p := range builtin(t).All() {
		t.Run(p.ID, func(t *testing.T) {
			t.Parallel()
			for _, svc := range p.ServiceList() {
				required, err := p.RequiredScopes([]string{svc.ID})
				if err != nil {
					t.Fatal(err)
				}
				rapid.Check(t, func(t *rapid.T) {
					left := rapid.SampledFrom(required).Draw(t, "left out")
					rest := slices.DeleteFunc(slices.Clone(required), func(s string) bool { return s == left })
					granted := answer(t, p, append(rest, p.IdentityScopes...))
					missing := p.Missing(required, granted)
					covered := len(p.Missing([]string{left}, rest)) == 0
					if covered && len(missing) != 0 || !covered && (len(missing) != 1 || missing[0].Scope != left || missing[0].Words != svc.Permissions[left]) {
						t.Fatalf("granted %q without %q: missing %+v", granted, left, missing)
					}
				})
			}
		})
	}
}

// Each scope more can only take from what is missing, and what is missing is always among what is required.
func TestMoreGrantedIsNeverMoreMissing(t *testing.T) {
	t.Parallel()
	for _, p := range builtin(t).All() {
		t.Run(p.ID, func(t *testing.T) {
			t.Parallel()
			pool := append(scopesOf(p), "unheard.of", "a:b", "https://example.com/scope")
			rapid.Check(t, func(t *rapid.T) {
				draw := func(label string) []string {
					return rapid.SliceOfN(rapid.SampledFrom(pool), 0, 6).Draw(t, label)
				}
				required, granted, more := draw("required"), draw("granted"), draw("more")
				before, after := names(p.Missing(required, granted)), names(p.Missing(required, append(granted, more...)))
				for _, s := range after {
					if !slices.Contains(before, s) || !slices.Contains(p.Normalise(required), s) {
						t.Fatalf("%q is missing after more was granted: before %q", s, before)
					}
				}
			})
		})
	}
}

func names(missing []provider.Permission) []string {
	out := []string{}
	for _, m := range missing {
		out = append(out, m.Scope)
	}
	return out
}

// The answers that providers are documented to give.
func TestDocumentedScopeAnswers(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	for _, tt := range []struct {
		name, provider, service, answer string
		missing                         []string
	}{
		{"Google names sign-in scopes in full", "google", "analytics", "openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/analytics.readonly", nil},
		{"Google, include_granted_scopes brings more", "google", "analytics", "openid https://www.googleapis.com/auth/analytics.edit https://www.googleapis.com/auth/drive", nil},
		{"Google, one of two boxes", "google", "sheets", "openid https://www.googleapis.com/auth/spreadsheets", []string{"https://www.googleapis.com/auth/drive.metadata.readonly"}},
		{"Google, all of Drive covers both", "google", "sheets", "https://www.googleapis.com/auth/drive", nil},
		{"Google, all of the cloud covers BigQuery", "google", "bigquery", "https://www.googleapis.com/auth/cloud-platform", nil},
		{"Microsoft, the resource in front", "microsoft", "onedrive", "https://graph.microsoft.com/User.Read https://graph.microsoft.com/Files.ReadWrite", nil},
		{"Microsoft, Graph's number in front", "microsoft", "onedrive", "00000003-0000-0000-c000-000000000000/User.Read 00000003-0000-0000-c000-000000000000/Files.ReadWrite.All", nil},
		{"Microsoft, no offline_access in the answer", "microsoft", "onedrive", "email openid profile user.read files.readwrite", nil},
		{"Microsoft, the other resource's answer", "microsoft", "advertising", "https://ads.microsoft.com/msads.manage", nil},
		{"Microsoft, one resource is not the other", "microsoft", "advertising", "User.Read Files.ReadWrite", []string{"https://ads.microsoft.com/msads.manage"}},
		{"Microsoft, through two wider ones", "microsoft", "onedrive", "User.ReadWrite.All Files.ReadWrite.All", nil},
		{"LinkedIn, commas", "linkedin", "ads", "r_ads,r_ads_reporting,openid,profile,email", nil},
		{"LinkedIn, the wider one", "linkedin", "ads", "rw_ads,r_ads_reporting", nil},
		{"GitHub, comma and space of the header", "github", "repositories", "repo, read:org, read:user", nil},
		{"GitHub, through two steps", "github", "repositories", "repo, admin:org", nil},
		{"GitHub, public repositories only", "github", "repositories", "public_repo, read:org", []string{"repo"}},
		{"Salesforce, full", "salesforce", "data", "full refresh_token", nil},
		{"Salesforce, no api", "salesforce", "data", "id openid refresh_token", []string{"api"}},
		{"Dropbox, one too few", "dropbox", "files", "account_info.read files.metadata.read files.content.read", []string{"files.content.write"}},
		{"Meta, declined", "meta", "ads", "public_profile", []string{"ads_read"}},
		{"Meta, managing covers reading", "meta", "ads", "public_profile ads_management", nil},
		{"nothing at all", "meta", "ads", "", []string{"ads_read"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := get(t, c, tt.provider)
			required, err := p.RequiredScopes([]string{tt.service})
			if err != nil {
				t.Fatal(err)
			}
			if got := names(p.Missing(required, p.SplitScopes(tt.answer))); !slices.Equal(got, append([]string{}, tt.missing...)) {
				t.Errorf("missing %q, want %q", got, tt.missing)
			}
		})
	}
}

// A chain of aliases ends at its last name, and scopes that differ in capitals alone stay apart where the entry knows neither.
func TestAliasesChainAndUnknownCapitalsStay(t *testing.T) {
	t.Parallel()
	c, err := builtin(t).With("c.toml", []byte(acmeTOML+"scope_aliases = { old = \"older\", older = \"reports.read\" }\n[providers.acme.services.x]\nscopes = [\"reports.read\"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := get(t, c, "acme")
	if got := p.Normalise([]string{"OLD", "Reports.Read", "Other", "other"}); !slices.Equal(got, []string{"Other", "other", "reports.read"}) {
		t.Errorf("got %q", got)
	}
}
