package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/internal/lookalike"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// biography is what the life of an account at one provider looks like.
type biography struct {
	name     string
	provider string // id
	options  lookalike.Options
	services []string

	device    bool   // the device flow carries these services
	without   string // a permission that a person can keep back
	words     string // and what the consent page calls it
	resources []string

	renews  bool          // by a refresh or an exchange
	rotates bool          // a refresh brings another refresh token
	after   time.Duration // when the access token is over; 0 = never
	notices string        // what notices that a permission was taken back later: refresh, verify, or the API
	loss    string        // what has to come of it where the API notices

	byHand string // part of the page where access is taken back, where no program can
}

func biographies() []biography {
	const hour = time.Hour
	return []biography{
		{
			name: "Google", provider: "google", services: []string{"analytics", "sheets"},
			without: lookalike.Spreadsheets, words: "See, edit, create, and delete all your Google Sheets spreadsheets",
			resources: []string{"Blog", "Budget 2026", "Example Blog", "Example Labs", "Example Shop", "Forecast", "Leads", "Orders", "Shop, app", "Shop, web", "Stock"},
			renews:    true, after: hour, notices: "verify",
		},
		{
			name: "Google, by device", provider: "google", services: []string{"youtube"}, device: true,
			without: "https://www.googleapis.com/auth/youtube.readonly", words: "View your YouTube account",
			resources: []string{"Example Channel"}, renews: true, after: hour, notices: "verify",
		},
		{
			name: "Microsoft, OneDrive", provider: "microsoft", services: []string{"onedrive"}, device: true,
			without: "Files.ReadWrite", words: "Have full access to your files",
			resources: []string{"Budget.xlsx", "Forecast.xlsx", "Leads.xlsx"}, renews: true, rotates: true, after: hour, notices: "refresh",
			byHand: "myapps.microsoft.com",
		},
		{
			name: "Microsoft, Advertising with a secret", provider: "microsoft", services: []string{"advertising"},
			options: lookalike.Options{Confidential: true, Vars: map[string]string{"developer_token": "made-up"}}, device: true,
			without: "https://ads.microsoft.com/msads.manage", words: "Manage your Microsoft Advertising accounts",
			resources: []string{"Example Shop"}, renews: true, rotates: true, after: hour, notices: "refresh", byHand: "myapps.microsoft.com",
		},
		{
			name: "Meta", provider: "meta", services: []string{"ads"},
			without: "ads_read", words: "Access your Facebook ads and related stats",
			resources: []string{"Example Blog", "Example Labs", "Example Shop"}, renews: true, after: 2 * hour, notices: "verify",
		},
		{
			name: "LinkedIn", provider: "linkedin", services: []string{"ads"},
			without: "r_ads", words: "Retrieve your advertising accounts",
			resources: []string{"Example Blog", "Example Labs", "Example Shop"}, after: 61 * 24 * hour, byHand: "linkedin.com",
			notices: "the API", loss: "missing_permissions missing_permissions grant_permissions",
		},
		{
			name: "LinkedIn, partner", provider: "linkedin", services: []string{"ads"}, options: lookalike.Options{Partner: true},
			without: "r_ads", words: "Retrieve your advertising accounts",
			resources: []string{"Example Blog", "Example Labs", "Example Shop"}, renews: true, after: 61 * 24 * hour, notices: "refresh", byHand: "linkedin.com",
		},
		{
			name: "LinkedIn, native app", provider: "linkedin-native", services: []string{"ads"},
			without: "r_ads", words: "Retrieve your advertising accounts",
			resources: []string{"Example Blog", "Example Labs", "Example Shop"}, after: 61 * 24 * hour, byHand: "linkedin.com",
			notices: "the API", loss: "missing_permissions missing_permissions grant_permissions",
		},
		{
			name: "Dropbox", provider: "dropbox", services: []string{"files"},
			without: "files.metadata.read", words: "View information about your Dropbox files and folders",
			resources: []string{"Budget.xlsx", "Leads.csv", "Reports"}, renews: true, after: 5 * hour,
			notices: "the API", loss: "blocked scope_refused fix_client",
		},
		{
			name: "Salesforce", provider: "salesforce", services: []string{"data"},
			without: "api", words: "Manage user data via APIs",
			resources: []string{"Account", "Lead", "Opportunity"}, renews: true, rotates: true, after: 3 * hour, notices: "refresh",
		},
		{
			name: "GitHub", provider: "github", services: []string{"repositories"}, device: true,
			without: "repo", words: "Repositories: public and private",
			resources: []string{"ana/notes", "example/blog", "example/shop"}, notices: "verify",
		},
		{
			name: "GitHub, expiring", provider: "github", services: []string{"repositories"}, device: true,
			options: lookalike.Options{Expiring: true}, without: "repo", words: "Repositories: public and private",
			resources: []string{"ana/notes", "example/blog", "example/shop"}, renews: true, rotates: true, after: 9 * hour, notices: "verify",
		},
	}
}

// each runs a chapter of every life.
func each(t *testing.T, chapter func(t *testing.T, b biography, l *life)) {
	t.Helper()
	t.Parallel()
	for _, b := range biographies() {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			chapter(t, b, newLife(t, b.provider, b.options, b.services...))
		})
	}
}

// TestAnAccountIsAuthorizedAtEachProvider ends with an account that is proven, and whose resources are known to the last page.
func TestAnAccountIsAuthorizedAtEachProvider(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		a := l.account(t, "sales")
		if a.Identity.Subject == "" || !strings.Contains(a.Identity.Email+a.Identity.Subject, "ana") && !strings.HasSuffix(a.Identity.Subject, "1001") {
			t.Errorf("belongs to %+v, want Ana", a.Identity)
		}
		if names := l.names(t, a.ID, false); !slices.Equal(names, b.resources) {
			t.Errorf("lists %q, want %q", names, b.resources)
		}
		report, err := l.Verify(t.Context(), a.ID, nil)
		if err != nil || !report.OK {
			t.Errorf("verified: %v, %v", states(report.Checks), err)
		}
		if names := l.names(t, a.ID, true); !slices.Equal(names, b.resources) {
			t.Errorf("lists %q the second time", names)
		}
	})
}

// TestWhatIsNotGrantedIsNamedAndRepaired in the words of the consent page, where the person can find the box.
func TestWhatIsNotGrantedIsNamedAndRepaired(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		result := l.signIn(t, "sales", provider.Browser, lookalike.Consent{Without: []string{b.without}})
		if result.End != accounts.EndPartial || len(result.Missing) != 1 || result.Missing[0].Words != b.words {
			t.Fatalf("ended as %s, missing %+v; %s", result.End, result.Missing, states(result.Checks))
		}
		a := l.look(t, result.AccountID)
		if h := a.Health; h.State != accounts.MissingPermissions || h.Remedy != diagnose.GrantPermissions || !strings.Contains(h.Title, b.words) {
			t.Errorf("is %s, %s: %s", h.State, h.Remedy, h.Title)
		}
		repaired := l.account(t, "sales")
		if repaired.ID != a.ID || repaired.Generation <= a.Generation {
			t.Errorf("repaired as %s, generation %d after %d", repaired.ID, repaired.Generation, a.Generation)
		}
	})
}

// TestARefreshGoesAsTheProviderDoesIt: what is stored afterwards works, and the access token before it is over.
func TestARefreshGoesAsTheProviderDoesIt(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		a := l.account(t, "sales")
		if !b.renews {
			var ends *accounts.NotRenewableError
			if _, err := l.Refresh(t.Context(), a.ID, accounts.Now(true)); !errors.As(err, &ends) {
				t.Errorf("refreshed: %v, want a word that the account cannot be", err)
			}
			return
		}
		before, _ := l.secrets(t, a.ID)
		for range 3 { // the third works only if what the second brought was stored
			o := l.must(t, a.ID, accounts.Now(true))
			if !o.Requested || o.Rotated != b.rotates {
				t.Fatalf("requested %t, rotated %t", o.Requested, o.Rotated)
			}
		}
		after, _ := l.secrets(t, a.ID)
		if after.Access.Hash() == before.Access.Hash() {
			t.Error("the access token is the same")
		}
		if (after.Refresh.Hash() != before.Refresh.Hash()) != b.rotates {
			t.Errorf("the refresh token changed: %t", !b.rotates)
		}
		h := l.look(t, a.ID)
		if h.Health.State != accounts.Healthy || len(h.Missing) > 0 {
			t.Errorf("is %s: %s", h.Health.State, h.Health.Title)
		}
		l.clock.pass(b.after)
		if report, err := l.Verify(t.Context(), a.ID, nil); err != nil || !report.OK {
			t.Errorf("verified after %s: %v, %v", b.after, states(report.Checks), err)
		}
	})
}
